// A relay peer that speaks correct libp2p and then floods, lies or hoards.
import { randomBytes } from 'node:crypto'
import { RawGossip } from '../../interop/lib/rawgossip.mjs'
import { encodeMessage, makeMessage, messageOfSize, contentTopicFor, nowNs, utf8, sha256, unique } from '../../interop/lib/waku.mjs'
import { varint } from '../lib/raw.mjs'
import { sleep } from '../../lib/node.mjs'

async function peer (t, opts) {
  const g = await RawGossip.open(t.ctx, opts)
  t.until(() => { g.stop(); return g.node.stop() })
  return g
}

/** push frames until `count` are out or the node has had enough */
async function flood (g, count, make, pause = 0) {
  let sent = 0
  for (; sent < count && !g.closed && g.conn.status === 'open'; sent++) {
    g.send(make(sent))
    while (g.out.readableLength > 200 && !g.closed && g.conn.status === 'open') await sleep(2)
    if (pause) await sleep(pause)
    else if (sent % 50 === 0) await sleep(0)
  }
  return sent
}
const control = c => ({ control: { ihave: [], iwant: [], graft: [], prune: [], idontwant: [], ...c } })

export const malformedRpc = async t => {
  for (let i = 0; i < 30; i++) {
    const g = await peer(t)
    for (let k = 0; k < 10 && !g.closed; k++) g.frame(randomBytes(1 + Math.floor(Math.random() * 3000)))
    g.frame(Buffer.from('12ffffffff0f00', 'hex')) // a message of 4 GiB inside a small frame
    g.frame(Buffer.from('0a0a0a0a0a0a0a0a0a0a0a0a', 'hex'))
    g.frame(Buffer.alloc(0))
    await sleep(20)
    await g.node.stop()
  }
  return '30 peers with random RPCs'
}

export const giantRpc = async t => {
  for (const length of [2n ** 20n * 5n, 2n ** 31n, 2n ** 62n]) {
    const g = await peer(t)
    g.rawBytes(varint(length))
    for (let i = 0; i < 80 && !g.closed && g.conn.status === 'open'; i++) { g.rawBytes(Buffer.alloc(65536)); await sleep(2) }
  }
  const g = await peer(t)
  g.frame(Buffer.alloc(16 * 1024 * 1024))
  await sleep(500)
  return 'four giant frames'
}

export const subscriptions100000 = async t => {
  const g = await peer(t)
  let n = 0
  const sent = await flood(g, 100, () => ({ subscriptions: Array.from({ length: 1000 }, () => ({ subscribe: true, topic: `/waku/2/rs/66/x${n++}-${'y'.repeat(60)}` })) }))
  t.during = async () => ''
  return `${sent * 1000} subscriptions`
}

export const longTopics = async t => {
  const g = await peer(t)
  await flood(g, 20, i => ({ subscriptions: [{ subscribe: true, topic: i + 'z'.repeat(100000) }], ...control({ graft: [{ topicID: 'q'.repeat(100000) }], prune: [{ topicID: 'r'.repeat(100000), peers: [], backoff: 2 ** 31 }] }) }))
  return '20 topics of 100 kB'
}

export const ihaveFlood = async t => {
  const g = await peer(t)
  g.subscribe(t.topic)
  const sent = await flood(g, 200, () => control({ ihave: [{ topicID: t.topic, messageIDs: Array.from({ length: 1000 }, () => randomBytes(32)) }] }))
  await sleep(500)
  const asked = g.iwants.reduce((n, w) => n + (w.messageIDs?.length ?? 0), 0)
  if (asked > 20000) throw new Error(`the node asked for ${asked} messages of the ${sent * 1000} advertised`)
  return `${sent * 1000} ids advertised, ${asked} asked for`
}

export const iwantFlood = async t => {
  const data = encodeMessage(messageOfSize(contentTopicFor(t.ctx, 0), 50000))
  const g = await peer(t)
  g.subscribe(t.topic)
  await t.client.publishRaw(data)
  const id = sha256(data)
  await sleep(300)
  const sent = await flood(g, 300, () => control({ iwant: [{ messageIDs: Array.from({ length: 100 }, () => id) }, { messageIDs: Array.from({ length: 200 }, () => randomBytes(32)) }] }))
  await sleep(500)
  const got = g.messages.filter(m => m.data?.length === data.length).length
  if (got > 50) throw new Error(`one message was sent ${got} times to a peer that asked again and again`)
  return `${sent * 300} ids wanted, ${got} copies came`
}

export const graftFlood = async t => {
  const g = await peer(t)
  g.subscribe(t.topic)
  const sent = await flood(g, 500, i => control(i % 2 ? { graft: Array.from({ length: 50 }, () => ({ topicID: t.topic })) } : { prune: Array.from({ length: 50 }, () => ({ topicID: t.topic, peers: [{ peerID: randomBytes(38), signedPeerRecord: randomBytes(300) }], backoff: 0 })) }))
  return `${sent * 50} GRAFT and PRUNE`
}

export const idontwantFlood = async t => {
  const g = await peer(t)
  g.subscribe(t.topic)
  const sent = await flood(g, 300, () => control({ idontwant: [{ messageIDs: Array.from({ length: 1000 }, () => randomBytes(32)) }] }))
  return `${sent * 1000} ids not wanted`
}

export const oversizeMessages = async t => {
  const g = await peer(t)
  g.subscribe(t.topic)
  const ct = contentTopicFor(t.ctx, 0)
  const before = t.client.delivered.length
  const sent = await flood(g, 40, () => ({ messages: [{ topic: t.topic, data: encodeMessage(messageOfSize(ct, 153600 + 2048)) }] }), 5)
  await sleep(500)
  if (t.client.delivered.slice(before).some(d => d.data.length > 153600)) throw new Error('an oversize message was relayed')
  return `${sent} messages of 152 KiB, none relayed`
}

export const expiredMessages = async t => {
  const g = await peer(t)
  g.subscribe(t.topic)
  const ct = contentTopicFor(t.ctx, 0)
  const stamps = [1n, nowNs() - 3600n * 1000000000n, nowNs() + 3600n * 1000000000n, -(2n ** 62n), 2n ** 62n]
  await flood(g, 200, i => ({ messages: [{ topic: t.topic, data: encodeMessage(makeMessage(ct, `old ${unique()}`, { timestamp: stamps[i % stamps.length] })) }] }), 2)
  await sleep(500)
  const r = await (await fetch(`${t.node.rest}/store/v3/messages?${new URLSearchParams({ contentTopics: ct, pageSize: '100' })}`)).json()
  if (r.messages.length > 0) throw new Error(`${r.messages.length} messages far off the clock were archived`)
  return '200 messages, none archived'
}

/** messages on topics nobody serves, signed ones, empty ones */
export const oddMessages = async t => {
  const g = await peer(t)
  const ct = contentTopicFor(t.ctx, 0)
  const good = () => encodeMessage(makeMessage(ct, unique()))
  const odd = [
    () => ({ topic: '/waku/2/rs/66/9999', data: good() }),
    () => ({ topic: '', data: good() }),
    () => ({ topic: t.topic, data: good(), from: randomBytes(38), seqno: randomBytes(8), signature: randomBytes(64), key: randomBytes(36) }),
    () => ({ topic: t.topic, data: new Uint8Array() }),
    () => ({ topic: t.topic, data: randomBytes(500) }),
    () => ({ topic: t.topic, data: encodeMessage(makeMessage('', utf8('x'))) }),
    () => ({ topic: t.topic, data: encodeMessage(makeMessage(ct, new Uint8Array())) })
  ]
  const before = t.client.seen.length
  await flood(g, 700, i => ({ messages: [odd[i % odd.length]()] }), 1)
  await sleep(300)
  const passed = t.client.seen.slice(before).filter(m => m.raw.signature?.length > 0 || m.data == null || m.data.length === 0)
  if (passed.length > 0) throw new Error(`${passed.length} messages that StrictNoSign or the validator forbids were relayed`)
  return '700 messages'
}

/** a mesh peer that never reads must not slow the others, nor fill the node's memory */
export const deafMeshPeer = async t => {
  const g = await peer(t, { deaf: true })
  g.subscribe(t.topic)
  g.control({ graft: [{ topicID: t.topic }] })
  await sleep(500)
  const from = Date.now()
  const sent = []
  for (let i = 0; i < 300; i++) {
    sent.push(encodeMessage(messageOfSize(contentTopicFor(t.ctx, 0), 100000)))
    await t.client.publishRaw(sent.at(-1))
    if (i % 10 === 9) await sleep(5)
  }
  await t.client.allRelayed(sent, 15000)
  return `30 MB past a deaf peer in ${Date.now() - from} ms`
}
