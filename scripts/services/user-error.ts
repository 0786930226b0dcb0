/** Something the person at the keyboard can put right. Its message is all they are shown, so it is a full sentence. */
export class UserError extends Error {
  override name = 'UserError'
}
