#!/usr/bin/env node
// Starts the built node and runs the cases against it, each with fresh js-waku and js-libp2p peers.
//   run.mjs [CASE...] [--standin]     --standin: against selftest/standin.mjs in place of the node
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCa, SUBJECT } from '../lib/certs.mjs'
import { chosen, Report } from '../lib/report.mjs'
import { SottoNode } from '../lib/node.mjs'
import { runCaseFile } from './lib/run.mjs'
import { found } from '../lib/found.mjs'
import { startStandin } from './selftest/start.mjs'

// What the node does today. The other files in cases/ wait for the service they test.
const CASES = [
  'identify', 'ping', 'identity-keys', 'noise-yamux-tcp', 'noise-mplex-tcp', 'metadata',
  'relay-js-to-node', 'relay-node-to-js', 'relay-message-id', 'relay-mesh3',
  'noise-mplex-ws', 'noise-yamux-ws', 'store-query', 'store-pagination', 'message-hash', 'autosharding', 'rest-relay', 'rest-store', 'rest-info', 'enr', 'rest-admin',
  'peer-exchange', 'lightpush-v2', 'lightpush-v3', 'lightpush-errors', 'rest-lightpush', 'filter', 'rest-filter', 'light-node', 'browser', 'circuit'
]
const WAITING = []
// Cases that ask for peers get a node that has found some.
const AMONG = { 'peer-exchange': { count: 6, args: ['--pex-min', '4'] } }
const SERVICES = 'relay,store,lightpush,filter,enr'
// Over wss, with a node of their own: the case's file, and the flags it needs besides.
const SECURE = {
  'noise-mplex-wss': 'noise-mplex-ws',
  'noise-yamux-wss': 'noise-yamux-ws',
  'light-node-wss': 'light-node',
  'browser-wss': 'browser',
  'certificate-renewed': 'certificate-renewed' // the last: it replaces the certificate
}

const { values, names } = chosen([...CASES, ...Object.keys(SECURE)], { options: { standin: { type: 'boolean' } }, more: WAITING })
const report = new Report()

async function among (name) {
  const { count, args } = AMONG[name]
  let group
  try { group = await found(count) } catch (e) { return { ok: false, ms: 0, detail: e.message } }
  const [node] = group.nodes
  const r = await runCaseFile(name, ['--addr', node.addr, '--rest', node.rest, '--services', 'relay', ...args])
  await group.stop()
  return r
}

/** the cases against one node; file: the one in cases/ that a name means */
async function run (node, cases, { args = [], env } = {}) {
  for (const [name, file] of cases) {
    const all = ['--addr', node.addr, '--rest', node.rest, '--services', SERVICES, ...(node.ws ? ['--ws', node.ws] : []), ...args]
    const { ok, ms, detail } = AMONG[name] && !values.standin ? await among(name) : await runCaseFile(file, all, env)
    report.add(name, ok, ms, detail)
    if (!node.alive) { report.add('node', false, 0, `it ended during ${name}: ${node.log()}`); break }
  }
  if (report.failed.length > 0 && process.env.TRACE) console.log(node.log())
  const end = await node.stop()
  if (end?.code !== 0) report.add('stop', false, 0, `SIGTERM ended it with ${JSON.stringify(end ?? 'nothing in 10 s')}\n${node.log(3000)}`)
}

const plain = names.filter(name => SECURE[name] == null).map(name => [name, name])
if (plain.length > 0) await run(await (values.standin ? startStandin() : SottoNode.start({ flags: ['--websocket-support=true', '--websocket-port=0'] })), plain)

const overTls = names.filter(name => SECURE[name] != null).map(name => [name, SECURE[name]])
if (overTls.length > 0) {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-interop-'))
  const ca = makeCa(folder)
  const { key, cert } = ca.issue('node', SUBJECT)
  // by name: js-libp2p in a browser refuses private addresses
  const node = await SottoNode.start({ flags: ['--websocket-secure-support=true', '--websocket-port=0', '--dns4-domain-name=localhost', `--websocket-secure-key-path=${key}`, `--websocket-secure-cert-path=${cert}`] })
  await run(node, overTls, { args: ['--ca', ca.cert, '--certificate', `${key},${cert}`], env: { NODE_EXTRA_CA_CERTS: ca.cert } })
  rmSync(folder, { recursive: true, force: true })
}
report.end()
