/** A process that sends a batch of requests. */
import { sendBatch, type RequestBatch } from './request-batch.ts'
import { readTask } from './programs.ts'

const done = await sendBatch(await readTask<RequestBatch>())
process.stdout.write(JSON.stringify(done), () => process.exit())
