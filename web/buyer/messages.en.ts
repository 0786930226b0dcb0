/** The messages of the buyer's page. */
import { formatNumber } from '../shared/i18n.ts'

export const en = {
  title: 'Stagedoor',
  concerts: 'Concerts',
  noConcerts: 'Nothing is on sale at the moment.',
  noConcert: 'There is no such concert.',
  badLink:
    'The link may be incomplete or out of date. Open it again where you found it, or choose from all concerts.',
  unknownLink: 'This link leads to no concert. It may be incomplete. Here are all concerts.',
  noStorage:
    'This browser does not let the page store anything. Your place in the queue and your tickets are lost when you close or reload this tab.',
  signInEnded: 'Your sign-in has expired.',
  signInAgain:
    'Your place in the queue and your tickets are still here. Sign in again where you signed in before, then come back: this page goes on by itself.',
  joinAsNewUser: 'Join as somebody new',
  joinAsNewUserSure:
    'Join as somebody new? This device then forgets your place in the queue and your tickets. It cannot be undone.',
  loading: 'One moment …',
  notLoaded: 'This could not be loaded.',
  tryAgain: 'Try again',
  inQueue: (count: number) => (count === 0 ? 'nobody in the queue' : `${formatNumber(count)} in the queue`),
  back: 'All concerts',
  join: 'Join the queue',
  joinText:
    'Buyers are admitted in the order in which they join. Your place is the same in every tab of this device.',
  waiting: 'You are in the queue',
  place: 'Your place in the queue',
  ahead: (count: number) => (count === 0 ? 'You are next.' : `${formatNumber(count)} ahead of you`),
  estimate: (minutes: number) =>
    minutes < 1
      ? 'Less than a minute, as it looks now'
      : `About ${formatNumber(minutes)} min, as it looks now`,
  noEstimate: 'It is too early to say how long it takes.',
  paused: 'Admission is paused. Nobody loses their place.',
  keepOpen: 'Keep this page open, or come back within a few minutes: your place is kept.',
  beHere: 'Be here when it is your turn: you have a minute.',
  notify: 'Tell me when it is my turn',
  leave: 'Give up my place',
  leaveSure: 'Really give it up? It cannot be undone.',
  leaveTurn: 'Give up my turn',
  leaveTurnSure: 'Really give up your turn? Seats that you hold are released. It cannot be undone.',
  yes: 'Yes',
  no: 'No',
  yourTurn: 'It is your turn!',
  turnUntil: 'Choose your seats before the time is up',
  turnHeld: 'Your seats are held. Pay for them, and they are yours.',
  chooseDate: 'Choose a date',
  available: (count: number) => (count === 0 ? 'sold out' : `${formatNumber(count)} free`),
  chooseSeats: 'Choose your seats',
  points: (count: number) => `${formatNumber(count)} P`,
  prices: (least: number, most: number) =>
    least === most ? `${formatNumber(least)} P` : `from ${formatNumber(least)} P`,
  seat: (number: number) => `Seat ${number}`,
  seats: (numbers: readonly number[]) => `${numbers.length === 1 ? 'Seat' : 'Seats'} ${numbers.join(', ')}`,
  stage: 'Stage',
  statusOf: { AVAILABLE: 'free', HELD: 'held by somebody', SOLD: 'sold', CHOSEN: 'chosen', MINE: 'yours' },
  hold: (count: number) =>
    count === 0 ? 'Hold seats' : count === 1 ? 'Hold this seat' : `Hold these ${count} seats`,
  holdHint: 'Tap a free seat. With the keyboard: arrow keys and space.',
  full: (limit: number) => `${limit} seats at the most. To choose another one, let go of one first.`,
  taken: (numbers: readonly number[]) =>
    `Somebody was faster: ${numbers.join(', ')} ${numbers.length === 1 ? 'is' : 'are'} taken.`,
  nearby: (numbers: readonly number[]) =>
    numbers.length === 0 ? 'No seat is free at the moment.' : `Free nearby: ${numbers.join(', ')}`,
  held: 'These seats are yours for now',
  payWithin: 'Pay within',
  balance: 'Your balance',
  charge: (points: number) => `Charge ${formatNumber(points)} P`,
  pointsElsewhere: (points: number) =>
    `You need ${formatNumber(points)} P more. Points are sold by the organiser; they appear here as soon as you have them.`,
  checkBalance: 'Check my balance again',
  pay: (points: number) => `Pay ${formatNumber(points)} P`,
  release: 'Release these seats',
  expired: 'The time ran out, and the seats are free again.',
  bought: 'See you there!',
  ticket: 'Your ticket',
  code: 'Booking code',
  admitOne: (count: number) => (count === 1 ? 'Admits one' : `Admits ${count}`),
  finished: 'You have your seats, and the next buyer has been admitted.',
  joinAgain: 'Join the queue again',
  lapsed: {
    ADMISSION_EXPIRED: 'Your turn ran out.',
    LEFT: 'You gave up your place.',
    NOT_CLAIMED: 'It was your turn, but you were not there.',
  },
  offline: 'The connection is lost. We keep trying, and your place is kept.',
  failed: 'That did not work. Please try again.',
  /** By the type of a refusal, or the code of an error. */
  refusals: {
    AlreadyPaid: 'These seats are paid for already.',
    BalanceLimitExceeded: 'That is more than a balance can hold.',
    HoldExpired: 'The time ran out, and the seats are free again.',
    InsufficientPoints: 'Your balance is too low.',
    ReservationNotFound: 'These seats are no longer yours.',
    SalesClosed: 'This concert is no longer on sale.',
    SeatLimitExceeded: 'That is more seats than one person may have.',
    SeatNotFound: 'There is no such seat.',
    SeatTaken: 'Somebody was faster.',
    UNAUTHENTICATED: 'Your sign-in has expired.',
    QUEUE_TICKET_INVALID: 'Your place in the queue is no longer valid. Join the queue again.',
    NOT_ADMITTED: 'It is not your turn any more. Join the queue again.',
    RATE_LIMITED: 'That was very often. Please try again in a moment.',
    OVERLOADED: 'Very many people are here. Please try again in a moment.',
    NOT_FOUND: 'This no longer exists.',
    INTERNAL: 'Something went wrong on our side. Please try again.',
    NO_SIGN_UP:
      'This page cannot make an account for you here. Please join where you have yours: on the organiser’s own page.',
    BOT_CHECK:
      'This sale asks for proof that you are not a robot, which this page cannot show. Please join on the organiser’s own page.',
  },
  language: '한국어',
}
