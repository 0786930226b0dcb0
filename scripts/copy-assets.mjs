/** Takes what tsc does not compile along into dist/: the SQL functions and the Lua scripts. */
import { cpSync } from 'node:fs'

for (const folder of ['db/sql', 'queue/lua', 'redis/lua']) {
  cpSync(new URL(`../src/${folder}`, import.meta.url), new URL(`../dist/${folder}`, import.meta.url), {
    recursive: true,
  })
}
