import { expect } from 'vitest'
import type { QueueTicket } from '../../src/domain/queue.ts'
import type { QueueHarness } from '../support/queue-harness.ts'

type TicketState =
  'waiting' | 'admitted' | 'absent' | 'Finished' | 'LEFT' | 'NOT_CLAIMED' | 'ADMISSION_EXPIRED'

interface Ticket extends QueueTicket {
  state: TicketState
  present: boolean
  claimed: boolean
  ranOut: boolean
}

/** The rules of the queue in their simplest form. Holds every ticket ever issued. */
export class QueueModel {
  readonly tickets: Ticket[] = []
  capacity = 1
  paused = false
  version = 1

  at(place: TicketState): Ticket[] {
    return this.tickets.filter((ticket) => ticket.state === place).sort((a, b) => a.number - b.number)
  }

  live(userId: string): Ticket | undefined {
    const places = ['waiting', 'admitted', 'absent']
    return this.tickets.find((ticket) => ticket.userId === userId && places.includes(ticket.state))
  }

  /** An expired admission ends with the next access to its user. @returns whether this ended it */
  lapse(userId: string): boolean {
    const ticket = this.live(userId)
    if (ticket?.state !== 'admitted' || !ticket.ranOut) return false
    ticket.state = ticket.claimed ? 'ADMISSION_EXPIRED' : 'NOT_CLAIMED'
    return true
  }

  admitNext(): void {
    this.at('admitted').forEach(({ userId }) => this.lapse(userId))
    if (this.paused) return
    for (const next of this.at('waiting')) {
      if (this.at('admitted').length >= this.capacity) return
      next.state = next.present ? 'admitted' : 'absent'
    }
  }

  /** The status of a ticket is read. */
  read(ticket: Ticket): void {
    const slotFreed = this.lapse(ticket.userId)
    const returned = ticket.state === 'absent'
    if (returned) ticket.state = 'waiting'
    if (ticket.state === 'waiting') ticket.present = true
    if (returned || slotFreed) this.admitNext()
  }

  leave(ticket: Ticket): void {
    const slotFreed = this.lapse(ticket.userId)
    const isLive = this.live(ticket.userId) === ticket
    if (isLive) ticket.state = 'LEFT'
    if (isLive || slotFreed) this.admitNext()
  }

  join(userId: string, number: number, concertId: string): Ticket {
    const live = this.live(userId)
    if (live) this.read(live)
    // Unless the read has ended it.
    if (live && this.live(userId) === live) return live
    expect(number).toBeGreaterThan(Math.max(0, ...this.tickets.map((ticket) => ticket.number)))
    const state = 'waiting'
    const ticket = { userId, concertId, number, state, present: true, claimed: false, ranOut: false } as const
    this.tickets.push({ ...ticket })
    this.admitNext()
    return this.tickets.at(-1) as Ticket
  }

  /** Compares the model with the members of the queue in Redis, and with its statistics. */
  async compare(harness: QueueHarness): Promise<void> {
    const places = ['waiting', 'absent', 'admitted'] as const
    const [stats, ...found] = await Promise.all([
      harness.queue.stats(harness.concertId),
      ...places.map((place) => harness.members(place)),
    ])
    for (const [index, place] of places.entries()) {
      const users = this.at(place).map(({ userId }) => userId)
      const members = found[index] ?? []
      if (place === 'admitted') expect(members.sort()).toEqual(users.sort())
      else expect(members).toEqual(users)
    }
    expect(stats).toMatchObject(this.stats())
  }

  stats() {
    const count = (...places: TicketState[]): number =>
      places.reduce((sum, place) => sum + this.at(place).length, 0)
    const runOut = this.at('admitted').filter(({ ranOut }) => ranOut).length
    return {
      issued: this.tickets.length,
      waiting: count('waiting', 'absent'),
      admitted: count('admitted') - runOut,
      finished: count('Finished'),
      lapsed: count('LEFT', 'NOT_CLAIMED', 'ADMISSION_EXPIRED') + runOut,
    }
  }

  expectStatus(ticket: Ticket, status: { kind: string }): void {
    const position = this.at('waiting').indexOf(ticket) + 1
    if (ticket.state === 'waiting')
      expect(status).toMatchObject({ kind: 'Waiting', position, paused: this.paused })
    else if (ticket.state === 'admitted') expect(status).toMatchObject({ kind: 'Admitted' })
    else if (ticket.state === 'Finished') expect(status).toMatchObject({ kind: 'Finished' })
    else expect(status).toEqual({ kind: 'Lapsed', reason: ticket.state })
  }
}
