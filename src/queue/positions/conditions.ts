import { estimateWait } from '../replies.ts'
import type { QueueConditions } from '../replies.ts'
import type { Waiting } from './throttle.ts'

/** What holds for all waiting tickets. Reads and deltas arrive over two connections, so the older of two is ignored. */
export class LatestConditions {
  private paused = false
  private msPerPosition: number | null = null
  /** The version of the queue that `paused` is of. */
  private version = -Infinity

  /** @returns whether the queue was paused or resumed */
  setPaused(paused: boolean, version: number): boolean {
    const changed = version >= this.version && paused !== this.paused
    this.version = Math.max(this.version, version)
    if (changed) this.paused = paused
    return changed
  }

  /** @returns whether it has changed */
  setRate(msPerPosition: QueueConditions['msPerPosition']): boolean {
    const changed = msPerPosition !== this.msPerPosition
    this.msPerPosition = msPerPosition
    return changed
  }

  /** Redis may have restarted from an older file, and so with older versions. */
  forgetVersion(): void {
    this.version = -Infinity
  }

  waitingAt(position: number): Waiting {
    const { paused, msPerPosition } = this
    return {
      kind: 'Waiting',
      position,
      estimatedWaitSeconds: estimateWait(position, msPerPosition),
      paused,
    }
  }
}
