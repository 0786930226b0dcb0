/** Loaded into a server that is measured: on SIGWINCH, which nobody else wants, it collects its garbage, so that its memory is what it needs. */
const { setFlagsFromString } = require('node:v8')
const { runInNewContext } = require('node:vm')

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
process.on('SIGWINCH', () => collect())
