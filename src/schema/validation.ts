/** The limits of every input. A value outside of them is answered with BAD_INPUT. */
import { z } from 'zod'
import { displayTextProblem, normalizedText } from '../domain/display-text.ts'
import { parseGlobalId, type NodeName } from './ids.ts'

/** Text without control characters and unpaired surrogates, which PostgreSQL cannot store. */
const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(max, `must be at most ${max} characters long`)
    .refine((value) => !/[\p{Cc}\p{Cs}]/u.test(value), 'must not contain control characters')

/** A name or a title, in NFC, of at most `max` characters. */
const displayText = (max: number) =>
  z
    .string()
    // Checked first, because the text may be as long as a request, and normalising it takes time.
    .max(4 * max, `must be at most ${max} characters long`)
    .transform(normalizedText)
    .pipe(
      z
        .string()
        .min(1, 'must not be empty')
        .max(max, `must be at most ${max} characters long`)
        .superRefine((value, context) => {
          const problem = displayTextProblem(value)
          if (problem !== null) context.addIssue(problem)
        }),
    )

const integer = (min: number, max: number) =>
  z.number().int().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`)

export const userName = displayText(100)
export const concertTitle = displayText(200)
export const idempotencyKey = text(128)
export const ticketToken = z.string().max(1_024, 'is too long to be a queue ticket')

export const botCheckToken = z.string().max(4_096, 'is too long to be a token of the bot check')

/** A global id of this type, which the resolver gets as a plain UUID. */
export const idOf = (typename: NodeName) =>
  z.string().transform((value, context) => {
    const parsed = value.length <= 200 ? parseGlobalId(value) : null
    if (parsed?.typename === typename) return parsed.id
    context.addIssue(`must be the id of a ${typename}`)
    return z.NEVER
  })

export const nodeIds = z.array(z.unknown()).max(100, 'must have at most 100 ids')

export const seatNumbers = z
  .array(z.number().int())
  .min(1, 'must name at least one seat')
  .max(50, 'must name at most 50 seats')
  .refine((numbers) => new Set(numbers).size === numbers.length, 'must not name a seat twice')

export const statusList = z.array(z.unknown()).max(5, 'must have at most 5 statuses')

/** The last eight hexadecimal digits of a reservation's UUID, with or without a space or a hyphen. */
export const bookingCode = z
  .string()
  .max(20, 'is too long to be a booking code')
  .transform((value, context) => {
    const digits = value.replace(/[\s-]/g, '').toLowerCase()
    if (/^[0-9a-f]{8}$/.test(digits)) return digits
    context.addIssue('must be the eight letters and digits on a ticket')
    return z.NEVER
  })

export const chargeAmount = integer(1, Number.MAX_SAFE_INTEGER)
export const seatPrice = integer(0, 1_000_000_000)
export const seatCount = integer(1, 10_000)
export const queueCapacity = integer(0, 1_000_000)
export const queueRate = z.number().min(0.01, 'must be at least 0.01').max(100_000, 'must be at most 100000')
export const performanceList = z
  .array(z.unknown())
  .min(1, 'must have at least one date')
  .max(100, 'must have at most 100 dates')

/** The size of a page of a list, in items. */
export const page = { defaultSize: 20, maxSize: 100 }
