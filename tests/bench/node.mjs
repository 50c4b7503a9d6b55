#!/usr/bin/env node
// What a node costs that does nothing: time until REST answers, memory when idle.
//   node.mjs [BINARY]      another Waku node with the same flags, for comparison
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join, basename } from 'node:path'
import { binary, testFlags, freePort, memoryOf, sleep } from '../lib/node.mjs'

const RUNS = 5
const other = process.argv[2]
const peer = other ? `${basename(other)} (reference)` : 'sotto'

/** resolves once the port answers with 200 */
const answers = port => new Promise(resolve => {
  const ask = () => get({ host: '127.0.0.1', port, path: '/health', agent: false }, r => { r.resume(); r.statusCode === 200 ? resolve() : setTimeout(ask, 1) })
    .on('error', () => setTimeout(ask, 0.5))
  ask()
})

async function once () {
  const dataDir = mkdtempSync(join(tmpdir(), 'sotto-bench-'))
  const rest = await freePort()
  const flags = testFlags({ tcp: await freePort(), rest, dataDir })
  const argv = other ? flags.filter(f => !f.startsWith('--data-dir')) : ['node', ...flags]
  const from = performance.now()
  const p = spawn(other ?? binary, argv, { cwd: dataDir, stdio: 'ignore' })
  await Promise.race([answers(rest), sleep(10000)])
  const ready = performance.now() - from
  await sleep(3000)
  const row = { ready, anon: memoryOf(p.pid) / 1e6, rss: memoryOf(p.pid, 'VmRSS') / 1e6 }
  p.kill()
  await new Promise(resolve => p.once('close', resolve))
  rmSync(dataDir, { recursive: true, force: true })
  return row
}

const rows = []
for (let i = 0; i < RUNS; i++) rows.push(await once())
for (const [key, metric, unit] of [['ready', 'start_until_rest_answers', 'ms'], ['anon', 'idle_rss_anon', 'MB'], ['rss', 'idle_vm_rss', 'MB']]) {
  const v = rows.map(r => Number(r[key].toPrecision(4))).sort((a, b) => a - b)
  console.log(JSON.stringify({ bench: 'node', metric, value: v[RUNS >> 1], unit, peer, runs: RUNS, min: v[0], max: v.at(-1) }))
}
