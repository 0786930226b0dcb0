/** An error that the user can fix. Only its message is shown: a full sentence. */
export class UserError extends Error {
  override name = 'UserError'
}
