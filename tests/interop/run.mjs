#!/usr/bin/env node
// Starts the built node and runs the cases against it, each with fresh js-waku and js-libp2p peers.
//   run.mjs [CASE...] [--standin]     --standin: against selftest/standin.mjs in place of the node
import { chosen, Report } from '../lib/report.mjs'
import { SottoNode } from '../lib/node.mjs'
import { runCaseFile } from './lib/run.mjs'
import { startStandin } from './selftest/start.mjs'

// What the node does today. The other files in cases/ wait for the service they test.
const CASES = [
  'identify', 'ping', 'identity-keys', 'noise-yamux-tcp', 'noise-mplex-tcp', 'metadata',
  'relay-js-to-node', 'relay-node-to-js', 'relay-message-id', 'relay-mesh3',
  'noise-mplex-ws', 'noise-yamux-ws', 'store-query', 'store-pagination', 'message-hash', 'autosharding', 'rest-relay', 'rest-store', 'rest-info', 'rest-admin',
  'lightpush-v2', 'lightpush-v3', 'lightpush-errors', 'rest-lightpush'
]
const WAITING = [
  'filter', 'rest-filter', 'light-node', 'peer-exchange'
]
const SERVICES = 'relay,store,lightpush'

const { values, names } = chosen(CASES, { options: { standin: { type: 'boolean' } }, more: WAITING })
const node = await (values.standin ? startStandin() : SottoNode.start({ flags: ['--websocket-support=true', '--websocket-port=0'] }))
const report = new Report()
for (const name of names) {
  const args = ['--addr', node.addr, '--rest', node.rest, '--services', SERVICES]
  const { ok, ms, detail } = await runCaseFile(name, node.ws ? [...args, '--ws', node.ws] : args)
  report.add(name, ok, ms, detail)
  if (!node.alive) { report.add('node', false, 0, `it ended during ${name}: ${node.log()}`); break }
}
if (report.failed.length > 0 && process.env.TRACE) console.log(node.log())
const end = await node.stop()
if (end?.code !== 0) report.add('stop', false, 0, `SIGTERM ended it with ${JSON.stringify(end ?? 'nothing in 10 s')}\n${node.log(3000)}`)
report.end()
