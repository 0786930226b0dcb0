import type { Fault } from '../cluster/types.ts'
import { clientFaults } from './clients.ts'
import { networkFaults } from './network.ts'
import { postgresFaults } from './postgres.ts'
import { redisFaults } from './redis.ts'
import { serverFaults } from './servers.ts'
import { switchoverFaults } from './switchovers.ts'

/** Everything that goes wrong in a fault run. */
export const faults: readonly Fault[] = [
  ...serverFaults,
  ...postgresFaults,
  ...redisFaults,
  ...switchoverFaults,
  ...networkFaults,
  ...clientFaults,
]
