// `sotto load`: a sender and a receiver that are relay nodes themselves, with nodes between them.
import { spawn } from 'node:child_process'
import { binary, CLUSTER, sleep } from './node.mjs'

/** one `sotto load ROLE`; its result resolves to its JSON line, with `ok` false when the exit status says so */
export function load (role, to, options) {
  const flags = Object.entries({ 'cluster-id': CLUSTER, ...options }).filter(([, v]) => v != null).flatMap(([k, v]) => [`--${k}`, String(v)])
  const p = spawn(binary, ['load', role, '--to', to, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let complaint = ''
  p.stdout.on('data', d => { out += d })
  p.stderr.on('data', d => { complaint += d })
  const result = new Promise((resolve, reject) => {
    p.once('error', reject)
    p.once('close', code => {
      try { resolve({ ...JSON.parse(out.trim().split('\n').pop()), ok: code === 0 }) } catch { reject(new Error(`sotto load ${role} ended with ${code}: ${complaint.slice(-500)}`)) }
    })
  })
  result.catch(() => {})
  return { process: p, result }
}

/**
 * Send `count` messages of `bytes` into `first` and count them behind `last` (the same node for a line of three).
 * Returns what both ends report, and the CPU seconds that each of `watch` spent meanwhile.
 */
export async function line ({ first, last = first, watch = [], count, bytes = 1024, rate, seconds, ms = 120000 }) {
  const receiver = load('receive', last.addr, { count, seconds })
  await sleep(1500) // it is in the mesh when the first message comes
  const before = watch.map(n => n.cpu())
  const sender = load('send', first.addr, { count, bytes, rate })
  const limit = setTimeout(() => { sender.process.kill('SIGTERM'); receiver.process.kill('SIGTERM') }, ms)
  const sent = await sender.result
  const stop = setTimeout(() => receiver.process.kill('SIGTERM'), 20000) // what has not come by now is lost
  const received = await receiver.result
  clearTimeout(limit)
  clearTimeout(stop)
  return { sent, received, cpu: watch.map((n, i) => n.cpu() - before[i]) }
}
