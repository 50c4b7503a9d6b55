// A peer that keeps no rules: bare TCP, or a Noise channel with every byte above it in our hands.
import { connect as tcpConnect } from 'node:net'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { defaultLogger } from '@libp2p/logger'
import { pushable } from 'it-pushable'

const silence = { forComponent: () => Object.assign(() => {}, { error () {}, trace () {} }) }
const MULTISTREAM = '/multistream/1.0.0'

export const varint = n => { const out = []; let v = BigInt(n); for (; v > 127n; v >>= 7n) out.push(Number(v & 127n) | 128); return Buffer.from([...out, Number(v)]) }
export const framed = body => Buffer.concat([varint(body.length), body])
export const line = text => framed(Buffer.from(text + '\n'))
export const greeting = Buffer.concat([line(MULTISTREAM), line('/noise')])

/** bare TCP; every socket is noted in t.sockets, so that the driver can close what an attack leaves */
export function open (t) {
  return new Promise((resolve, reject) => {
    const s = tcpConnect({ host: t.host, port: t.port, noDelay: true })
    t.sockets.push(s)
    s.bytes = 0
    s.on('data', d => { s.bytes += d.length })
    s.ended = new Promise(end => { s.on('close', end) })
    s.on('error', reject)
    s.on('connect', () => { s.off('error', reject); s.on('error', () => {}); resolve(s) })
  })
}

/** write with backpressure; false once the peer has gone */
export function write (socket, bytes) {
  return new Promise(resolve => {
    if (socket.destroyed || socket.writableEnded || socket.errored) return resolve(false)
    socket.ended.then(() => resolve(false))
    socket.write(bytes, e => resolve(e == null))
  })
}

/** true when the node closes within ms */
export const closes = (channel, ms) => Promise.race([channel.ended.then(() => true), new Promise(resolve => setTimeout(resolve, ms, false))])

// The source and sink of a socket, as the libp2p packages want them, without their politeness.
function duplex (socket) {
  const source = pushable()
  socket.on('data', d => source.push(d))
  socket.on('close', () => source.end())
  return {
    source,
    sink: async from => { for await (const b of from) if (!await write(socket, b.subarray())) return },
    log: defaultLogger().forComponent('raw')
  }
}

/** a byte reader over an async source */
class Reader {
  constructor (source) { this.iterator = source[Symbol.asyncIterator](); this.buffer = Buffer.alloc(0); this.waiting = null }

  async more () {
    const { value, done } = await this.iterator.next()
    if (done) return false
    this.buffer = Buffer.concat([this.buffer, value.subarray()])
    return true
  }

  /** one multistream line without its newline */
  async line () {
    for (;;) {
      const n = this.buffer[0]
      if (this.buffer.length > 0 && this.buffer.length > n) {
        const text = this.buffer.subarray(1, n).toString()
        this.buffer = this.buffer.subarray(n + 1)
        return text
      }
      if (!await this.more()) throw new Error('the node closed during negotiation')
    }
  }

  async exactly (n) {
    while (this.buffer.length < n) if (!await this.more()) throw new Error(`the node closed; wanted ${n} bytes`)
    const out = this.buffer.subarray(0, n)
    this.buffer = this.buffer.subarray(n)
    return out
  }
}

/** A TCP connection that has agreed on Noise. `privateKey` and `extensions` may be forged. */
export async function secured (t, { privateKey, extensions } = {}) {
  const socket = await open(t)
  const ends = duplex(socket)
  const plain = new Reader(ends.source)
  await write(socket, greeting)
  for (const want of [MULTISTREAM, '/noise']) {
    const got = await plain.line()
    if (got !== want) throw new Error(`the node answered ${got}`)
  }
  const channel = noise({ extensions })({ privateKey: privateKey ?? await generateKeyPair('Ed25519'), logger: silence, upgrader: { getStreamMuxers: () => new Map() } })
  const rest = (async function * () { if (plain.buffer.length > 0) yield plain.buffer; yield * { [Symbol.asyncIterator]: () => plain.iterator } })()
  const { conn } = await channel.secureOutbound({ source: rest, sink: ends.sink, log: ends.log }, { signal: AbortSignal.timeout(8000), skipStreamMuxerNegotiation: true })
  const out = pushable({ objectMode: true })
  conn.sink((async function * () { for await (const item of out) { yield item.bytes; item.sent() } })()).catch(() => {})
  return {
    socket,
    ended: socket.ended,
    reader: new Reader(conn.source),
    /** seal and send; false once the peer has gone */
    send: bytes => Promise.race([new Promise(resolve => { out.push({ bytes, sent: () => resolve(true) }) }), socket.ended.then(() => false)])
  }
}

/** A secured connection that has agreed on a muxer; everything that arrives is read and dropped. */
export async function muxed (t, muxer = '/yamux/1.0.0') {
  const c = await secured(t)
  await c.send(Buffer.concat([line(MULTISTREAM), line(muxer)]))
  for (const want of [MULTISTREAM, muxer]) {
    const got = await c.reader.line()
    if (got !== want) throw new Error(`the node answered ${got}`)
  }
  c.drain = () => { c.draining = (async () => { while (await c.reader.more()) { c.received = (c.received ?? 0) + c.reader.buffer.length; c.reader.buffer = Buffer.alloc(0) } })().catch(() => {}) }
  return c
}

/** a yamux frame: version 0, type (0 data, 1 window, 2 ping, 3 go away), flags (1 SYN, 2 ACK, 4 FIN, 8 RST) */
export function yamux (type, flags, stream, length, body = Buffer.alloc(0), version = 0) {
  const h = Buffer.alloc(12)
  h[0] = version
  h[1] = type
  h.writeUInt16BE(flags, 2)
  h.writeUInt32BE(stream >>> 0, 4)
  h.writeUInt32BE(length >>> 0, 8)
  return Buffer.concat([h, body])
}
export const SYN = 1
export const FIN = 4
export const RST = 8
