// Pushes that no honest client sends, and a peer that offers to publish for others and does not.
import { randomBytes } from 'node:crypto'
import { makePeer, makeRelayPeer, connect, connectIdentified, joinMesh } from '../../interop/lib/net.mjs'
import { CODEC } from '../../interop/lib/services.mjs'
import { pl } from '../../interop/lib/lightpushcase.mjs'
import { contentTopicFor, mainShard, makeMessage } from '../../interop/lib/waku.mjs'
import { varint, framed } from '../lib/raw.mjs'
import { sleep } from '../../lib/node.mjs'

/** send a frame, collect what comes within ms; a reset is an answer too */
async function ask (conn, codec, bytes, ms = 3000) {
  const stream = await conn.newStream(codec)
  const chunks = []
  const read = (async () => { try { for await (const b of stream.source) chunks.push(Buffer.from(b.subarray())) } catch {} })()
  stream.sink([bytes]).catch(() => {})
  await Promise.race([read, sleep(ms)])
  stream.abort(new Error('enough'))
  return Buffer.concat(chunks)
}

const encode = q => Buffer.from(pl.LightPushRequestV3.encode({ requestId: 'h', ...q }))
const contentTopic = t => contentTopicFor(t.ctx, mainShard(t.ctx))

export const absurdPushes = async t => {
  const c = await makePeer(t.ctx)
  const { conn } = await connectIdentified(t.ctx, c)
  const message = makeMessage(contentTopic(t), 'x')
  const bodies = {
    'no message': encode({ pubsubTopic: t.topic }),
    'a request id of 50 kB': encode({ requestId: 'r'.repeat(50000), pubsubTopic: t.topic, message }),
    'a topic of 50 kB': encode({ pubsubTopic: 'x'.repeat(50000), message }),
    'another cluster': encode({ pubsubTopic: '/waku/2/rs/65535/1023', message }),
    'no content topic': encode({ message: { ...message, contentTopic: '' } }),
    'a message of 1 MB': encode({ pubsubTopic: t.topic, message: { ...message, payload: randomBytes(1000000) } }),
    garbage: randomBytes(3000)
  }
  let answered = 0
  for (const [what, body] of Object.entries(bodies)) {
    for (const codec of [CODEC.lightpush3, CODEC.lightpush2]) {
      if (conn.status !== 'open') throw new Error(`the node hung up before "${what}"; a bad push is worth an error, not a connection`)
      if ((await ask(conn, codec, framed(body))).length === 0) throw new Error(`"${what}" was not answered`)
      answered++
    }
  }
  for (const raw of [Buffer.concat([varint(2n ** 40n), randomBytes(100)]), framed(Buffer.alloc(0)), Buffer.from('ffffffffffffffffffffff', 'hex')]) {
    if (conn.status === 'open') await ask(conn, CODEC.lightpush3, raw, 500)
  }
  await c.stop()
  return `${answered} pushes, all answered; three frames of garbage`
}

export const pushFlood = async t => {
  const c = await makePeer(t.ctx)
  const { conn } = await connectIdentified(t.ctx, c)
  let answered = 0
  const end = Date.now() + 4000
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (Date.now() < end && conn.status === 'open') {
      try { if ((await ask(conn, CODEC.lightpush3, framed(encode({ pubsubTopic: t.topic, message: makeMessage(contentTopic(t), randomBytes(1000)) })))).length > 0) answered++ } catch { await sleep(50) }
    }
  }))
  await c.stop()
  return `${answered} pushes in 4 s`
}

/** requests of a megabyte that are begun and never finished */
export const stalledPushes = async t => {
  const c = await makePeer(t.ctx)
  const { conn } = await connectIdentified(t.ctx, c)
  let begun = 0
  for (let i = 0; i < 100; i++) {
    try {
      const s = await conn.newStream(CODEC.lightpush3, { maxOutboundStreams: 10000 })
      s.sink((async function * () { yield varint(1000000); yield randomBytes(200000); await sleep(20000) })()).catch(() => {})
      begun++
    } catch { break }
  }
  t.until(() => c.stop())
  return `${begun} requests half sent`
}

/** It lists lightpush, so the stem of own messages leads to it; it says "200, six peers" and drops everything. */
export const blackHole = async t => {
  const c = await makeRelayPeer(t.ctx, [t.topic])
  let taken = 0
  await c.node.handle(CODEC.lightpush3, async ({ stream }) => {
    try {
      const chunks = []
      for await (const b of stream.source) chunks.push(Buffer.from(b.subarray()))
      const body = Buffer.concat(chunks)
      const { requestId } = pl.LightPushRequestV3.decode(body.subarray(body.findIndex(b => b < 128) + 1))
      taken++
      await stream.sink([framed(Buffer.from(pl.LightPushResponseV3.encode({ requestId, statusCode: 200, relayPeerCount: 6 })))])
    } catch {}
  })
  await connect(t.ctx, c.node)
  await joinMesh(t.ctx, c, t.topic)
  await sleep(1000) // identify
  const payload = randomBytes(48)
  const answer = await fetch(`${t.node.rest}/relay/v1/messages/${encodeURIComponent(t.topic)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ payload: payload.toString('base64'), contentTopic: contentTopic(t) })
  })
  if (answer.status !== 200) throw new Error(`publishing: ${answer.status}`)
  const begin = Date.now()
  while (!t.client.delivered.some(m => Buffer.from(m.data).includes(payload))) {
    if (Date.now() - begin > 6000) throw new Error('the message was lost')
    await sleep(50)
  }
  const ms = Date.now() - begin
  if (taken === 0) throw new Error('nothing went along the stem')
  await c.node.stop()
  return `${taken} messages swallowed, the last one was published after ${ms} ms all the same`
}
