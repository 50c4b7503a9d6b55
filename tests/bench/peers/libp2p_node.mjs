// One js-libp2p node in a process of its own, told what to do by libp2p.mjs over IPC.
import { createHash } from 'node:crypto'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify } from '@libp2p/identify'
import { gossipsub } from '@libp2p/gossipsub'
import { multiaddr } from '@multiformats/multiaddr'

const TOPIC = '/waku/2/rs/0/0'
const ECHO = '/bench/echo/1'
const SINK = '/bench/sink/1'
const MANY = { maxInboundStreams: 100000, maxOutboundStreams: 100000 }
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const seconds = () => Number(process.hrtime.bigint()) / 1e9

const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionMonitor: { enabled: false },
  connectionManager: { inboundConnectionThreshold: 100000, maxIncomingPendingConnections: 1000, maxConnections: 10000 },
  services: {
    identify: identify(),
    pubsub: gossipsub({
      globalSignaturePolicy: 'StrictNoSign', emitSelf: false, allowPublishToZeroTopicPeers: true, fallbackToFloodsub: false,
      msgIdFn: m => createHash('sha256').update(m.data).digest(), maxOutboundBufferSize: 64 << 20, D: 6, Dlo: 1, Dhi: 12, doPX: false
    })
  }
})
const pubsub = node.services.pubsub

let got = 0
let latencies = []
let every = 0 // report the count after so many
let credit = 0 // how many the far end has, for the window of the publisher
pubsub.addEventListener('message', e => {
  const { data } = e.detail
  got++
  latencies.push(Number(process.hrtime.bigint() - new DataView(data.buffer, data.byteOffset, 8).getBigUint64(0)) / 1e6)
  if (every > 0 && got % every === 0) process.send({ event: 'got', got })
})
await node.handle(ECHO, s => s.addEventListener('message', e => { s.send(e.data.subarray()); s.close().catch(() => {}) }), MANY)
await node.handle(SINK, s => {
  let bytes = 0n
  s.addEventListener('message', e => { bytes += BigInt(e.data.byteLength) })
  s.addEventListener('remoteCloseWrite', () => {
    const r = new Uint8Array(8)
    new DataView(r.buffer).setBigUint64(0, bytes)
    s.send(r)
    s.close().catch(() => {})
  })
}, MANY)

/** a message that names its time and cannot equal another */
function stamped (size, i) {
  const m = new Uint8Array(size).fill(1)
  const v = new DataView(m.buffer)
  v.setBigUint64(0, process.hrtime.bigint())
  v.setUint32(8, i)
  v.setUint32(12, Math.random() * 2 ** 32)
  return m
}

/** `count` calls of fn by `parallel` workers; calls a second */
async function rate (count, parallel, fn) {
  let left = count
  const from = seconds()
  await Promise.all(Array.from({ length: parallel }, async () => { while (left-- > 0) await fn() }))
  return count / (seconds() - from)
}

const orders = {
  address: () => node.getMultiaddrs()[0].toString(),
  dial: async to => { await node.dial(multiaddr(to)) },
  subscribe: () => pubsub.subscribe(TOPIC),
  meshed: () => pubsub.getMeshPeers(TOPIC).length,
  reset: n => { got = 0; latencies = []; every = n; credit = 0 },
  credit: n => { credit = n },
  stats: () => { const u = process.cpuUsage(); return { got, latencies, cpu: (u.user + u.system) / 1e6, rss: process.memoryUsage().rss / 1e6 } },
  pour: async ({ count, size, window }) => {
    for (let i = 0; i < count; i++) {
      while (i - credit >= window) await sleep(0)
      await pubsub.publish(TOPIC, stamped(size, i))
    }
  },
  pace: async ({ count, size, rate }) => {
    const from = seconds()
    for (let i = 0; i < count; i++) {
      const wait = (from + i / rate - seconds()) * 1e3
      if (wait > 0.5) await sleep(wait)
      await pubsub.publish(TOPIC, stamped(size, i))
    }
  },
  connections: async ({ to, count, parallel }) => rate(count, parallel, async () => {
    const c = await node.dial(multiaddr(to), { force: true })
    await c.close().catch(() => c.abort(new Error('closing took too long')))
  }),
  streams: async ({ to, count, parallel }) => {
    const c = await node.dial(multiaddr(to))
    return rate(count, parallel, async () => {
      const s = await c.newStream(ECHO, MANY)
      s.send(new Uint8Array([1]))
      for await (const _ of s) break // eslint-disable-line no-unused-vars
      await s.close().catch(() => {})
    })
  },
  /** MB a second through one stream */
  sink: async ({ to, bytes }) => {
    const s = await (await node.dial(multiaddr(to))).newStream(SINK)
    const chunk = new Uint8Array(65536).fill(3)
    const from = seconds()
    for (let sent = 0; sent < bytes; sent += chunk.length) if (!s.send(chunk)) await s.onDrain()
    const closed = s.close()
    let arrived = 0n
    for await (const r of s) { const b = r.subarray(); arrived = new DataView(b.buffer, b.byteOffset, 8).getBigUint64(0); break }
    await closed.catch(() => {})
    if (Number(arrived) !== bytes) throw new Error(`${arrived} of ${bytes} bytes arrived`)
    return bytes / 1e6 / (seconds() - from)
  }
}

process.on('disconnect', () => process.exit(0))
process.on('unhandledRejection', () => {})
process.on('message', async ({ id, order, arg }) => {
  try { process.send({ id, result: await orders[order](arg) }) } catch (e) { process.send({ id, error: e.stack }) }
})
process.send({ event: 'ready' })
