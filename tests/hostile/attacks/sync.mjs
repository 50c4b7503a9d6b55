// Stores that lie in store sync. Each lies in its own way from a peer of its own; the node must give
// the session up in 30 s with an error, keep its archive as it was, and its memory.
import { randomBytes } from 'node:crypto'
import { pushable } from 'it-pushable'
import { makePeer, connectIdentified } from '../../interop/lib/net.mjs'
import { varint, framed } from '../lib/raw.mjs'
import { message } from '../../lib/dump.mjs'
import { sleep } from '../../lib/node.mjs'

const RECONCILIATION = '/vac/waku/reconciliation/1.0.0'
const TRANSFER = '/vac/waku/transfer/1.0.0'
const S = 1000000000n
const SKIP = 0
const FINGERPRINT = 1
const ITEMS = 2

const topic = shard => `/waku/2/rs/66/${shard}`
const named = text => Buffer.concat([varint(text.length), Buffer.from(text)])
const now = () => BigInt(Date.now()) * 1000000n

/** a payload of one range over the last hour */
function payload (kind, body) {
  const to = now() - 25n * S
  const from = to - 3500n * S
  return Buffer.concat([varint(1), named(topic(0)), varint(0), varint(from), varint(to - from), Buffer.from([kind]), body])
}

/** an item set of { time, hash } */
function items (ids, resolved = true) {
  let before = 0n
  const parts = [varint(ids.length)]
  for (const { time, hash } of ids) {
    parts.push(varint(time - before), hash)
    before = time
  }
  return payload(ITEMS, Buffer.concat([...parts, Buffer.from([resolved ? 1 : 0])]))
}

const transfer = (topicText, bytes) => Buffer.concat([Buffer.from([10]), named(topicText), Buffer.from([18]), varint(bytes.length), bytes])
const fresh = (more = {}) => message(randomBytes(100), { topic: topic(0), time: now() - 100n * S, ...more })

async function metrics (node) {
  const text = await (await fetch(`${node.rest}/metrics`)).text()
  return name => Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1])
}

const failed = async node => (await metrics(node))('sotto_sync_sessions_total{end="failed"}')

class Liar {
  static async join (t) {
    const l = new Liar()
    l.peer = await makePeer(t.ctx)
    await l.peer.handle(TRANSFER, ({ stream }) => { (async () => { for await (const _ of stream.source); })().catch(() => {}) })
    l.conn = (await connectIdentified(t.ctx, l.peer)).conn
    l.stream = await l.open(RECONCILIATION)
    return l
  }

  async open (protocol) {
    const stream = await this.conn.newStream(protocol)
    const out = pushable()
    stream.sink(out).catch(() => {})
    stream.read = 0
    stream.over = (async () => { try { for await (const b of stream.source) { stream.read += b.length; stream.heard?.() } } catch {} })()
    return { say: bytes => out.push(bytes), heard: () => new Promise(resolve => { stream.heard = resolve }), over: stream.over }
  }

  say (bytes) { this.stream.say(framed(bytes)) }
}

const LIES = { // four at a time: as many as the node has sessions for; the slow ones are the last four
  'another hash than it announced': async l => {
    l.say(items([{ time: now() - 100n * S, hash: randomBytes(32) }]))
    const m = fresh()
    ;(await l.open(TRANSFER)).say(framed(transfer(m.topic, m.bytes)))
  },
  'a message of another shard': async l => {
    const m = fresh({ topic: topic(900) })
    l.say(items([m]))
    ;(await l.open(TRANSFER)).say(framed(transfer(m.topic, m.bytes)))
  },
  'a message of another cluster': async l => {
    const m = fresh({ topic: '/waku/2/rs/1/0' })
    l.say(items([m]))
    ;(await l.open(TRANSFER)).say(framed(transfer(m.topic, m.bytes)))
  },
  'a message of last year': async l => {
    const m = fresh({ time: now() - 31536000n * S })
    l.say(items([{ time: now() - 100n * S, hash: m.hash }]))
    ;(await l.open(TRANSFER)).say(framed(transfer(m.topic, m.bytes)))
  },
  'messages it never announced': async l => {
    l.say(items([{ time: now() - 100n * S, hash: randomBytes(32) }], false))
    const s = await l.open(TRANSFER)
    for (let i = 0; i < 2000; i++) { const m = fresh(); s.say(framed(transfer(m.topic, m.bytes))) }
    l.say(Buffer.from([0]))
  },
  'a message of 1 MB': async l => {
    const m = message(randomBytes(1000000), { topic: topic(0), time: now() - 100n * S })
    l.say(items([m]))
    ;(await l.open(TRANSFER)).say(framed(transfer(m.topic, m.bytes)))
  },
  'endless ranges': async l => {
    (async () => { for (let i = 0; i < 5000; i++) { const heard = l.stream.heard(); l.say(payload(FINGERPRINT, randomBytes(32))); await Promise.race([heard, l.stream.over]) } })().catch(() => {})
  },
  'a payload of 10^6 ids': async l => {
    const set = items(Array.from({ length: 100000 }, (_, i) => ({ time: now() - 100n * S + BigInt(i), hash: Buffer.alloc(32, i) })))
    l.stream.say(Buffer.concat([varint(41000000), set]))
    for (let i = 0; i < 9; i++) l.stream.say(set)
  },
  'a set that says it has 2^60 ids': async l => { l.say(payload(ITEMS, varint(1n << 60n))) },
  garbage: async l => { l.say(randomBytes(5000)) },
  'what it announced never comes': async l => {
    l.say(items(Array.from({ length: 20000 }, (_, i) => ({ time: now() - 100n * S + BigInt(i), hash: randomBytes(32) }))))
  },
  'ranges that are skipped for ever': async l => {
    (async () => { for (let i = 0; i < 40; i++) { l.say(payload(FINGERPRINT, randomBytes(32))); await sleep(8000) } })().catch(() => {})
  },
  'a payload that never ends': async l => { l.stream.say(Buffer.concat([varint(1000000), randomBytes(1000)])) },
  silence: async () => {}
}

export const lyingSync = async t => {
  let ms = 0
  const archive = (await metrics(t.node))('waku_archive_messages')
  const memory = t.node.memory()
  let most = memory
  const names = Object.keys(LIES)
  const groups = [names.slice(0, 4), names.slice(4, 8), names.slice(8, -4), names.slice(-4)]
  for (const some of groups) {
    const before = await failed(t.node)
    const from = Date.now()
    for (const name of some) await LIES[name](await Liar.join(t))
    while (await failed(t.node) < before + some.length) {
      most = Math.max(most, t.node.memory())
      if (Date.now() - from > 30000) throw new Error(`${await failed(t.node) - before} of ${some.length} sessions failed in 30 s: ${some.join('; ')}`)
      await sleep(200)
    }
    ms = Math.max(ms, Date.now() - from)
  }
  const m = await metrics(t.node)
  if (m('waku_archive_messages') !== archive) throw new Error(`the archive went from ${archive} to ${m('waku_archive_messages')} messages`)
  if (m('sotto_sync_sessions_total{end="done"}') !== 0) throw new Error('a session with a liar is called done')
  if (most - memory > 64e6) throw new Error(`RssAnon rose by ${((most - memory) / 1e6).toFixed(0)} MB meanwhile`)
  return `${names.length} lies, the slowest was an error after ${(ms / 1000).toFixed(1)} s; RssAnon rose by ${((most - memory) / 1e6).toFixed(1)} MB meanwhile`
}
