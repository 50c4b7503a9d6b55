#!/usr/bin/env node
// Is a case worth anything? Each must pass against the sound stand-in and fail against one broken on purpose.
//   run.mjs [CASE...]
import { chosen, Report } from '../../lib/report.mjs'
import { runCaseFile } from '../lib/run.mjs'
import { startStandin } from './start.mjs'

const FAULTS = {
  identify: ['identify-no-agent', 'identify-bad-key', 'identify-missing-protocol'],
  ping: ['ping-bad-echo', 'ping-once'],
  'identity-keys': ['reject-ed25519'],
  'noise-yamux-tcp': ['no-yamux', 'yamux-no-window-update'],
  'noise-mplex-tcp': ['no-mplex'],
  'noise-mplex-ws': ['no-mplex'],
  metadata: ['metadata-wrong-cluster', 'metadata-no-shards', 'metadata-no-eof', 'metadata-packed'],
  'relay-js-to-node': ['relay-drop', 'relay-not-subscribed', 'rest-no-clear', 'rest-unsubscribe-noop'],
  'relay-node-to-js': ['relay-no-publish', 'publish-drops-meta', 'publish-wrong-timestamp', 'relay-signed'],
  'relay-message-id': ['msgid-waku-hash', 'iwant-ignored', 'ihave-ignored', 'no-ihave'],
  'relay-mesh3': ['relay-duplicate', 'relay-echo', 'relay-no-forward', 'max-size-64k'],
  'store-query': ['store-ignore-time', 'store-ignore-content-topic', 'store-keeps-ephemeral', 'store-wrong-request-id', 'store-hash-miss', 'store-no-eof', 'store-always-data'],
  'store-pagination': ['store-cursor-inclusive', 'store-no-cap', 'store-backward-descending', 'store-no-cursor'],
  'message-hash': ['hash-no-timestamp', 'hash-no-meta', 'store-wrong-hash'],
  autosharding: ['autoshard-wrong'],
  'rest-relay': ['rest-bad-is-200', 'rest-unsubscribe-noop'],
  'rest-store': ['rest-store-base64-hash', 'rest-store-ignores-peer', 'rest-lossy-timestamp'],
  'rest-info': ['rest-no-health', 'rest-info-no-addresses', 'rest-bad-enr', 'rest-no-metrics'],
  'light-node': ['filter-no-push', 'filter-no-pubsub-topic', 'lightpush-no-relay', 'store-no-eof'],
  browser: ['filter-no-push', 'lightpush-no-relay'],
  'rest-admin': ['rest-peers-empty', 'rest-peers-no-protocols'],
  filter: ['filter-no-push', 'filter-push-all', 'filter-ignore-unsubscribe', 'filter-ping-always-ok', 'filter-no-eof', 'filter-once', 'filter-dup-push', 'filter-no-pubsub-topic'],
  'rest-filter': ['rest-filter-always-200', 'rest-filter-no-request-id', 'rest-filter-not-forwarded']
}

/** one case against a fresh stand-in */
async function against (name, ...faults) {
  const node = await startStandin(...faults)
  try {
    return await runCaseFile(name, ['--addr', node.addr, '--ws', node.ws, '--rest', node.rest])
  } finally { await node.stop() }
}

const { names } = chosen(Object.keys(FAULTS))
const report = new Report()
for (const name of names) {
  const sound = await against(name)
  report.add(name, sound.ok, sound.ms, sound.detail)
  for (const fault of FAULTS[name]) {
    const r = await against(name, fault)
    report.add(`${name} sees ${fault}`, !r.ok, r.ms, r.ok ? 'it passed' : r.detail.slice(0, 100))
  }
}
report.end()
