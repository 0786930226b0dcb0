/* global performance, setInterval */
// Loaded into a server process with --import: tells in its log when its event loop was blocked, for how long, and how much CPU
// time the process took meanwhile: of all its threads, so with those that compile and collect garbage beside the event loop.
// Reported, never asserted.
const INTERVAL_MS = 5
const TOLD_MS_MIN = 10
let [at, cpu] = [performance.now(), process.cpuUsage()]
setInterval(() => {
  const ms = Math.round(performance.now() - at) - INTERVAL_MS
  const { user, system } = process.cpuUsage(cpu)
  const cpuMs = Math.round((user + system) / 1_000)
  if (ms > TOLD_MS_MIN) console.log(JSON.stringify({ msg: 'event loop delay', ms, cpuMs }))
  ;[at, cpu] = [performance.now(), process.cpuUsage()]
}, INTERVAL_MS).unref()
