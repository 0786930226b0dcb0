/** Does one thing for many people, so many at a time, through the API; from a process of its own. */
import { sendErrands, type Errands } from './errands.ts'
import { readTask } from './programs.ts'

const done = await sendErrands(await readTask<Errands>())
process.stdout.write(JSON.stringify(done), () => process.exit())
