/* global performance, setInterval */
// Loaded into a server process with --import. Logs when the event loop was blocked, for how long, and the CPU time of all
// threads meanwhile, which includes compilation and garbage collection. Reported, never asserted.
const INTERVAL_MS = 5
const LOGGED_MS_MIN = 10
let [at, cpu] = [performance.now(), process.cpuUsage()]
setInterval(() => {
  const ms = Math.round(performance.now() - at) - INTERVAL_MS
  const { user, system } = process.cpuUsage(cpu)
  const cpuMs = Math.round((user + system) / 1_000)
  if (ms > LOGGED_MS_MIN) console.log(JSON.stringify({ msg: 'event loop delay', ms, cpuMs }))
  ;[at, cpu] = [performance.now(), process.cpuUsage()]
}, INTERVAL_MS).unref()
