/** Loaded into a measured server: collects garbage on SIGWINCH, an otherwise unused signal, so that its memory is what it needs. */
const { setFlagsFromString } = require('node:v8')
const { runInNewContext } = require('node:vm')

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
process.on('SIGWINCH', () => collect())
