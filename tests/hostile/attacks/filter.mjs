// Subscribers that no honest client is.
import { randomBytes } from 'node:crypto'
import { proto_filter_v2 as pf } from '@waku/proto'
import { makePeer, makeRelayPeer, connect, connectIdentified, joinMesh } from '../../interop/lib/net.mjs'
import { CODEC } from '../../interop/lib/services.mjs'
import { makeMessage, encodeMessage } from '../../interop/lib/waku.mjs'
import { until } from '../../interop/lib/case.mjs'
import { varint, framed } from '../lib/raw.mjs'
import { sleep } from '../../lib/node.mjs'

const T = pf.FilterSubscribeRequest.FilterSubscribeType
const encode = q => Buffer.from(pf.FilterSubscribeRequest.encode({ requestId: 'h', filterSubscribeType: T.SUBSCRIBE, contentTopics: [], ...q }))

/** send bytes, and the status code of what comes within ms; 0: a reset or nothing */
async function ask (conn, bytes, ms = 3000) {
  const stream = await conn.newStream(CODEC.filter)
  const chunks = []
  const read = (async () => { try { for await (const b of stream.source) chunks.push(Buffer.from(b.subarray())) } catch {} })()
  stream.sink([bytes]).catch(() => {})
  await Promise.race([read, sleep(ms)])
  stream.abort(new Error('enough'))
  const all = Buffer.concat(chunks)
  if (all.length === 0) return { status: 0, answers: 0 }
  const n = all[0] // answers are short
  return { status: pf.FilterSubscribeResponse.decode(all.subarray(1, 1 + n)).statusCode ?? 0, rest: all.length - 1 - n }
}

const topics = (n, from = 0) => Array.from({ length: n }, (_, i) => `/hostile/1/${from + i}/proto`)

export const absurdSubscriptions = async t => {
  const c = await makePeer(t.ctx)
  const { conn } = await connectIdentified(t.ctx, c)
  const one = { pubsubTopic: t.topic, contentTopics: ['/a/1/b/proto'] }
  const requests = {
    'no topics': [{ pubsubTopic: t.topic }, [400]],
    'no pubsub topic': [{ contentTopics: ['/a/1/b/proto'] }, [400]],
    '101 topics': [{ pubsubTopic: t.topic, contentTopics: topics(101) }, [400]],
    '10,000 topics': [{ pubsubTopic: t.topic, contentTopics: topics(10000) }, [0, 400]],
    'a topic of 50 kB': [{ pubsubTopic: t.topic, contentTopics: ['x'.repeat(50000)] }, [400]],
    'a pubsub topic of 50 kB': [{ ...one, pubsubTopic: 'x'.repeat(50000) }, [400]],
    'a request id of 50 kB': [{ ...one, requestId: 'r'.repeat(50000) }, [400]],
    'an empty request id': [{ ...one, requestId: '' }, [400]],
    'unsubscribe from nothing': [{ ...one, filterSubscribeType: T.UNSUBSCRIBE }, [404]],
    'a ping of a stranger': [{ filterSubscribeType: T.SUBSCRIBER_PING }, [404]]
  }
  for (const [what, [q, wanted]] of Object.entries(requests)) {
    if (conn.status !== 'open') throw new Error(`the node hung up before "${what}"`)
    const { status, rest } = await ask(conn, framed(encode(q)))
    if (!wanted.includes(status)) throw new Error(`"${what}" was answered ${status}`)
    if (rest > 0) throw new Error(`"${what}" got ${rest} bytes more than an answer`)
  }
  for (const raw of [randomBytes(3000), framed(randomBytes(3000)), Buffer.concat([varint(2n ** 40n), randomBytes(100)]), framed(Buffer.alloc(0)), Buffer.from('ffffffffffffffffffffff', 'hex')]) {
    if (conn.status === 'open') await ask(conn, raw, 500)
  }
  await c.stop()
  return `${Object.keys(requests).length} requests, each with one answer at most; five frames of garbage`
}

/** many identities, each with as many and as long topics as it is let */
export const subscribeFlood = async t => {
  const codes = {}
  const filler = 'y'.repeat(900)
  await Promise.all(Array.from({ length: 20 }, async (_, i) => {
    const c = await makePeer(t.ctx)
    const { conn } = await connectIdentified(t.ctx, c)
    for (let k = 0; k < 40 && conn.status === 'open'; k++) {
      const list = Array.from({ length: 100 }, (_, j) => `/h/1/${i}-${k}-${j}-${filler}/p`)
      const { status } = await ask(conn, framed(encode({ pubsubTopic: t.topic, contentTopics: list })))
      codes[status] = (codes[status] ?? 0) + 1
    }
    await c.stop()
  }))
  if (!codes[429]) throw new Error(`nobody was told 429: ${JSON.stringify(codes)}`)
  // whoever left is forgotten after a minute; until then it may cost what the index may
  t.until(() => sleep(0))
  return `answers ${JSON.stringify(codes)}`
}

/** subscribers that let the node push and never read, beside one that does */
export const neverReadPushes = async t => {
  const ct = '/hostile/1/never/proto'
  const deaf = []
  for (let i = 0; i < 20; i++) {
    const c = await makePeer(t.ctx)
    // takes the stream and leaves it: no byte is read, no end is sent
    await c.handle(CODEC.push, () => {}, { maxInboundStreams: 100000 })
    const { conn } = await connectIdentified(t.ctx, c)
    const { status } = await ask(conn, framed(encode({ pubsubTopic: t.topic, contentTopics: [ct] })))
    if (status !== 200) throw new Error(`subscribe was answered ${status}`)
    deaf.push(c)
  }
  const good = await makePeer(t.ctx)
  let got = 0
  await good.handle(CODEC.push, async ({ stream }) => { for await (const b of stream.source) if (b.length > 0) got += b.length; await stream.close() }, { maxInboundStreams: 10000 })
  const { conn } = await connectIdentified(t.ctx, good)
  await ask(conn, framed(encode({ pubsubTopic: t.topic, contentTopics: [ct] })))
  const p = await makeRelayPeer(t.ctx, [t.topic])
  await connect(t.ctx, p.node)
  await joinMesh(t.ctx, p, t.topic)
  const size = 100000
  const count = 150
  const before = t.node.memory()
  let most = 0
  for (let i = 0; i < count; i++) {
    const payload = randomBytes(size)
    await p.gs.publish(t.topic, encodeMessage(makeMessage(ct, '', { payload })))
    most = Math.max(most, t.node.memory() - before)
    await sleep(40)
  }
  await until(() => got >= count * size, 15000, `the pushes at the subscriber that reads (${got} of ${count * size} bytes)`)
  if (most > 120e6) throw new Error(`the node grew by ${(most / 1e6).toFixed(0)} MB`)
  for (const c of deaf) await c.stop()
  await good.stop()
  return `${count} messages of ${size} bytes to 20 that do not read; one that does got all; at most ${(most / 1e6).toFixed(0)} MB more`
}

/** requests that are begun and never finished, and pushes to us from somebody we never asked */
export const filterStalls = async t => {
  const c = await makePeer(t.ctx)
  const { conn } = await connectIdentified(t.ctx, c)
  let begun = 0
  let reset = 0
  for (let i = 0; i < 200; i++) {
    try {
      const s = await conn.newStream(CODEC.filter, { maxOutboundStreams: 10000 })
      s.sink((async function * () { yield varint(100000); yield randomBytes(10000); await sleep(20000) })()).catch(() => {})
      begun++
    } catch { break }
  }
  for (let i = 0; i < 50; i++) {
    try {
      const s = await conn.newStream(CODEC.push, { maxOutboundStreams: 10000 })
      const push = framed(Buffer.from(pf.MessagePush.encode({ wakuMessage: makeMessage('/a/1/b/proto', 'unwanted'), pubsubTopic: t.topic })))
      s.sink([push]).catch(() => {})
      await Promise.race([(async () => { for await (const b of s.source) if (b.length > 0) throw new Error('the node answered a push') })().catch(e => { if (/answered/.test(e.message)) throw e; reset++ }), sleep(300)])
    } catch (e) { if (/answered/.test(e.message)) throw e; reset++ }
  }
  t.until(() => c.stop())
  t.during = async () => ''
  return `${begun} requests half sent; ${reset} of 50 unwanted pushes reset`
}
