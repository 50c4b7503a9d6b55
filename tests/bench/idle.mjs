#!/usr/bin/env node
// What connections at rest cost a node: COUNT of them, each of another peer, identified, over each
// transport; memory before and after, and the seconds that it took.
//   idle.mjs [COUNT]
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { makeCa } from '../lib/certs.mjs'
import { SottoNode, freePort, root, sleep } from '../lib/node.mjs'

const COUNT = Number(process.argv[2] ?? 10000)
const LIMIT = 400e6 * COUNT / 10000 // of RssAnon, over TCP
const HOLD_MS = 40000 // longer than a keep-alive of yamux

const figure = (metric, unit, value) => console.log(JSON.stringify({ bench: 'idle', metric, value: Number(value.toPrecision(4)), unit, peer: 'sotto', runs: 1, min: value, max: value }))

async function once (kind, certs) {
  const ws = await freePort()
  const flags = { tcp: [], ws: ['--websocket-support=true'], wss: ['--websocket-secure-support=true', `--websocket-secure-key-path=${certs.key}`, `--websocket-secure-cert-path=${certs.cert}`] }[kind]
  const node = await SottoNode.start({ flags: [...flags, `--websocket-port=${ws}`, `--max-connections=${COUNT + 100}`] })
  const before = node.memory()
  const client = spawn(join(root, 'build/release/bench_idle_client'), [kind, String(kind === 'tcp' ? node.tcp : ws), String(COUNT)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise(resolve => client.once('close', resolve))
  const lines = createInterface(client.stdout)[Symbol.asyncIterator]()
  const up = (await lines.next()).value
  await sleep(HOLD_MS)
  const after = node.memory()
  const cpu = node.cpu()
  await sleep(10000)
  const idle = (node.cpu() - cpu) / 10
  client.stdin.end()
  const held = (await lines.next()).value
  const code = await ended
  figure(`${kind}_${COUNT}_rss_anon`, 'MB', after / 1e6)
  figure(`${kind}_per_connection`, 'KB', (after - before) / COUNT / 1e3)
  figure(`${kind}_connected_in`, 's', Number(up?.split(' ')[1]))
  figure(`${kind}_cpu_at_rest`, 'cpu-s/s', Math.max(idle, 1e-4))
  await sleep(1500)
  figure(`${kind}_rss_anon_when_they_left`, 'MB', node.memory() / 1e6)
  const end = await node.stop()
  if (code !== 0 || held !== `held ${COUNT}` || end?.code !== 0) { console.error(`${kind}: ${up}, ${held}, exit status ${code}, node ${JSON.stringify(end)}`); process.exitCode = 1 }
  if (kind === 'tcp' && after > LIMIT) { console.error(`over ${LIMIT / 1e6} MB`); process.exitCode = 1 }
}

const folder = mkdtempSync(join(tmpdir(), 'sotto-idle-'))
const certs = makeCa(folder).issue('node', { names: ['localhost'] })
for (const kind of ['tcp', 'ws', 'wss']) await once(kind, certs)
rmSync(folder, { recursive: true, force: true })
