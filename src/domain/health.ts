/** Whether a store serves a read and a write right now: what /health reports. */
export interface StoreHealth {
  read: boolean
  write: boolean
  /** Why not: one of a few fixed sentences, without addresses or data, because /health is public. */
  reason?: string
}

/**
 * Reads and writes at the same time; never rejects.
 * @param onError called with each failure, for the log
 * @param describeFailure the public reason for a failure
 */
export async function probeStore(probes: {
  read: () => Promise<unknown>
  write: () => Promise<unknown>
  describeFailure: (error: unknown) => string
  onError?: (error: unknown) => void
}): Promise<StoreHealth> {
  const [read, write] = await Promise.allSettled([probes.read(), probes.write()])
  const failures = [write, read].flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  )
  failures.forEach((failure) => probes.onError?.(failure))
  return {
    read: read.status === 'fulfilled',
    write: write.status === 'fulfilled',
    ...(failures.length > 0 && { reason: probes.describeFailure(failures[0]) }),
  }
}
