// Queries that no honest client sends.
import { randomBytes } from 'node:crypto'
import { proto_store as ps } from '@waku/proto'
import { makePeer, connectIdentified } from '../../interop/lib/net.mjs'
import { CODEC } from '../../interop/lib/services.mjs'
import { varint, framed } from '../lib/raw.mjs'
import { sleep } from '../../lib/node.mjs'

const MAX = 2n ** 64n - 1n
const encode = q => ps.StoreQueryRequest.encode({ requestId: 'h', includeData: true, contentTopics: [], messageHashes: [], paginationForward: true, ...q })

/** send a frame, collect what comes within ms; a reset is an answer too */
async function ask (conn, bytes, ms = 3000) {
  const stream = await conn.newStream(CODEC.store)
  let got = 0
  const read = (async () => { try { for await (const b of stream.source) got += b.length } catch {} })()
  stream.sink([bytes]).catch(() => {})
  await Promise.race([read, sleep(ms)])
  stream.abort(new Error('enough'))
  return got
}

export const absurdQueries = async t => {
  const c = await makePeer(t.ctx)
  const { conn } = await connectIdentified(t.ctx, c)
  const queries = {
    'a page of 2^64': { paginationLimit: MAX },
    'a cursor of one byte': { paginationCursor: randomBytes(1) },
    'a cursor of 100 kB': { paginationCursor: randomBytes(100000) },
    'a cursor nobody has': { paginationCursor: randomBytes(32) },
    'time backwards': { timeStart: 2n ** 62n, timeEnd: 1n },
    'negative time': { timeStart: -(2n ** 63n), timeEnd: 2n ** 63n - 1n },
    '10,000 content topics': { pubsubTopic: t.topic, contentTopics: Array.from({ length: 10000 }, (_, i) => `/a/1/${i}/proto`) },
    '10,000 hashes': { messageHashes: Array.from({ length: 10000 }, () => randomBytes(32)) },
    'hashes of odd lengths': { messageHashes: [randomBytes(0), randomBytes(31), randomBytes(33), randomBytes(5000)] },
    'hashes and topics at once': { messageHashes: [randomBytes(32)], contentTopics: ['/a/1/b/c'] },
    'a topic of 50 kB': { pubsubTopic: 'x'.repeat(50000), contentTopics: ['y'.repeat(50000)] },
    'a request id of 50 kB': { requestId: 'r'.repeat(50000) }
  }
  let answered = 0
  for (const [what, q] of Object.entries(queries)) {
    if (conn.status !== 'open') throw new Error(`the node hung up before "${what}"; a bad query is worth an error, not a connection`)
    if (await ask(conn, framed(Buffer.from(encode(q)))) > 0) answered++
  }
  for (const raw of [randomBytes(3000), framed(randomBytes(3000)), Buffer.concat([varint(2n ** 40n), randomBytes(100)]), framed(Buffer.alloc(0)), Buffer.from('ffffffffffffffffffffff', 'hex')]) {
    if (conn.status === 'open') await ask(conn, raw, 500)
  }
  await c.stop()
  return `${Object.keys(queries).length} queries, ${answered} answered; five frames of garbage`
}

/** requests that are begun and never finished, answers that are never read */
export const stalledQueries = async t => {
  const c = await makePeer(t.ctx)
  const { conn } = await connectIdentified(t.ctx, c)
  let begun = 0
  for (let i = 0; i < 200; i++) {
    try {
      const s = await conn.newStream(CODEC.store, { maxOutboundStreams: 10000 })
      if (i % 2) s.sink((async function * () { yield varint(1000); yield randomBytes(10); await sleep(20000) })()).catch(() => {})
      else s.sink([framed(Buffer.from(encode({ paginationLimit: 100n })))]).catch(() => {})
      begun++
    } catch { break }
  }
  t.until(() => c.stop())
  t.during = async () => ''
  return `${begun} requests half sent or not read`
}

export const queryFlood = async t => {
  const c = await makePeer(t.ctx)
  const { conn } = await connectIdentified(t.ctx, c)
  let answered = 0
  const end = Date.now() + 4000
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (Date.now() < end && conn.status === 'open') { try { if (await ask(conn, framed(Buffer.from(encode({ paginationLimit: 100n })))) > 0) answered++ } catch { await sleep(50) } }
  }))
  await c.stop()
  return `${answered} queries in 4 s`
}
