#!/usr/bin/env node
// Hostile input. After each attack a well-behaved client must be served and the node's own memory
// (RssAnon) be within 16 MB of what it was before; the node must not have ended or logged a bug.
//   run.mjs [ATTACK...] [--patient | --brisk] [--standin]
//     --patient, --brisk: only those that mostly wait, only the others (two runs can share the cores)
//     --standin: the attacks themselves are tried on a js-libp2p node
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCa, SUBJECT } from '../lib/certs.mjs'
import { chosen, Report } from '../lib/report.mjs'
import { SottoNode, sleep } from '../lib/node.mjs'
import { pubsubTopic } from '../interop/lib/waku.mjs'
import { startStandin } from '../interop/selftest/start.mjs'
import { Client, context, clean, served } from './lib/client.mjs'
import * as transport from './attacks/transport.mjs'
import * as websocket from './attacks/websocket.mjs'
import * as noise from './attacks/noise.mjs'
import * as muxer from './attacks/muxer.mjs'
import * as gossip from './attacks/gossip.mjs'
import * as store from './attacks/store.mjs'
import * as filter from './attacks/filter.mjs'
import * as lightpush from './attacks/lightpush.mjs'
import * as rest from './attacks/rest.mjs'
import * as sync from './attacks/sync.mjs'

const ATTACKS = { ...transport, ...websocket, ...noise, ...muxer, ...gossip, ...store, ...lightpush, ...filter, ...rest, ...sync }
const PATIENT = ['lyingSync', 'slowUpgrades', 'slowReaders', 'blackHole']
const MEMORY_SLACK = 16e6
const ATTACK_MS = 45000

process.on('unhandledRejection', () => {}) // peers that the node hangs up on reject in the background
process.on('uncaughtException', e => { if (process.env.TRACE) console.error(e) })

const within = (promise, ms, what) => Promise.race([promise, sleep(ms).then(() => { throw new Error(`${what} took over ${ms} ms`) })])

/** what an attack gets: the address, a client that was there before, a place to leave sockets open */
function stage (node, ctx, client) {
  const t = { node, ctx, client, host: '127.0.0.1', port: node.tcp, topic: client.topic, sockets: [], endings: [] }
  // `until` takes what goes on beside the well-behaved client, and what ends it
  t.until = fn => { if (fn.constructor.name === 'AsyncFunction') fn().catch(() => {}); else t.endings.push(fn) }
  return t
}

async function settle (node, before) {
  for (let i = 0; i < 40; i++) {
    if (node.memory() - before <= MEMORY_SLACK) return
    await sleep(250)
  }
  throw new Error(`RssAnon grew from ${mb(before)} to ${mb(node.memory())} MB and stays there`)
}
const mb = bytes => (bytes / 1e6).toFixed(1)

async function survive (node, attack) {
  const ctx = context(node)
  const broken = () => (node.log(1e7).match(/ BROKEN /g) ?? []).length
  const brokenBefore = broken()
  let t
  try {
    const client = await Client.join(ctx, pubsubTopic(66, 0))
    const before = node.memory()
    t = stage(node, ctx, client)
    const detail = await within(attack(t), ATTACK_MS, 'the attack')
    const during = t.during == null ? null : await t.during().then(async text => `${text && text + ', '}served meanwhile in ${await served(node)} ms`)
    for (const s of t.sockets) s.destroy()
    for (const end of t.endings) await Promise.race([end(), sleep(2000)])
    const after = await served(node)
    await settle(node, before)
    if (broken() > brokenBefore) throw new Error('the node logged a bug of its own')
    return [detail, during, `then served in ${after} ms, RssAnon ${mb(before)} to ${mb(node.memory())} MB`].filter(Boolean).join('; ')
  } finally {
    for (const s of t?.sockets ?? []) s.destroy()
    await clean(ctx)
  }
}

const folder = mkdtempSync(join(tmpdir(), 'sotto-hostile-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const { key, cert } = makeCa(folder).issue('node', SUBJECT)
const secure = ['--websocket-secure-support=true', '--websocket-port=0', `--websocket-secure-key-path=${key}`, `--websocket-secure-cert-path=${cert}`]

/** a node that has served a client once: what it allocates for the first one is no growth */
async function fresh () {
  const node = await (values.standin ? startStandin() : SottoNode.start({ flags: [...secure, '--store-sync=true'] }))
  await served(node)
  return node
}

const flag = { type: 'boolean' }
const { values, names } = chosen(Object.keys(ATTACKS), { options: { standin: flag, patient: flag, brisk: flag } })
const wanted = name => PATIENT.includes(name) ? !values.brisk : !values.patient
const report = new Report()
let node = await fresh()
for (const name of names.filter(wanted)) {
  await report.run(name, async () => {
    try { return await survive(node, ATTACKS[name]) } catch (e) {
      if (!node.alive) throw new Error(`the node ended (${JSON.stringify(node.exit)}): ${node.log(1500)}`)
      throw e
    }
  })
  if (report.failed.length > 0 && report.failed.at(-1).startsWith(name + ':')) { // a fresh node for the next
    await node.kill()
    node = await fresh()
  }
}
const end = await node.stop()
if (end?.code !== 0) report.add('stop', false, 0, `SIGTERM ended it with ${JSON.stringify(end ?? 'nothing in 10 s')}`)
report.end()
