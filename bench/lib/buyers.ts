/** Does one thing for many people, so many at a time, through the API; from a process of its own. */
import { sendBatch, type RequestBatch } from './request-batch.ts'
import { readTask } from './programs.ts'

const done = await sendBatch(await readTask<RequestBatch>())
process.stdout.write(JSON.stringify(done), () => process.exit())
