// Frames that break the rules of yamux and mplex.
import { randomBytes } from 'node:crypto'
import { muxed, closes, yamux, line, varint, SYN, FIN, RST } from '../lib/raw.mjs'
import { sleep } from '../../lib/node.mjs'

const hello = Buffer.concat([line('/multistream/1.0.0'), line('/ipfs/ping/1.0.0')])
const openStream = id => Buffer.concat([yamux(1, SYN, id, 0), yamux(0, 0, id, hello.length, hello)])

const VIOLATIONS = {
  'version 1': () => yamux(0, 0, 1, 0, Buffer.alloc(0), 1),
  'type 9': () => yamux(9, 0, 0, 0),
  'a frame of 4 GiB': () => yamux(0, SYN, 1, 0xffffffff, randomBytes(1000)),
  'more than the window': () => Buffer.concat([openStream(1), yamux(0, 0, 1, 600000, randomBytes(600000))]),
  'a stream id of the listener': () => Buffer.concat([yamux(1, SYN, 2, 0), yamux(0, 0, 2, 4, randomBytes(4))]),
  'stream 0 with data': () => yamux(0, SYN, 0, 4, randomBytes(4)),
  'one id opened twice': () => Buffer.concat([openStream(1), openStream(1)]),
  'data after FIN': () => Buffer.concat([openStream(1), yamux(0, FIN, 1, 0), yamux(0, 0, 1, 4, randomBytes(4))]),
  'a window that overflows': () => Buffer.concat([openStream(1), ...Array.from({ length: 8 }, () => yamux(1, 0, 1, 0xffffffff))]),
  'every flag': () => yamux(0, 0xffff, 1, 4, randomBytes(4)),
  'data for a stream that never was': () => Buffer.concat(Array.from({ length: 1000 }, (_, i) => yamux(0, 0, 2001 + 2 * i, 4, randomBytes(4)))),
  'go away with an odd reason': () => yamux(3, 0, 0, 77),
  'random frames': () => Buffer.concat(Array.from({ length: 2000 }, () => yamux(Math.floor(Math.random() * 5), Math.floor(Math.random() * 16), Math.floor(Math.random() * 10), Math.floor(Math.random() * 8), randomBytes(8))))
}

// Whether the node closes or ignores is its choice where the specification leaves one; that it serves on is the test.
export const yamuxViolations = async t => {
  let closed = 0
  for (const bytes of Object.values(VIOLATIONS)) {
    const c = await muxed(t)
    c.drain()
    for (let i = 0; i < 3; i++) await Promise.race([c.send(bytes()), sleep(1000)])
    if (await closes(c, 300)) closed++
    c.socket.destroy()
  }
  for (const must of ['version 1', 'a frame of 4 GiB', 'more than the window']) {
    const c = await muxed(t)
    c.drain()
    await Promise.race([c.send(VIOLATIONS[must]()), sleep(1000)])
    await sleep(200)
    const before = c.received ?? 0
    await Promise.race([c.send(Buffer.concat([yamux(0, 0, 1, 65536, randomBytes(65536)), yamux(2, SYN, 0, 7)])), sleep(500)])
    if (!await closes(c, 2000) && (c.received ?? 0) === before && must === 'version 1') throw new Error(`${must}: neither closed nor answering`)
    c.socket.destroy()
  }
  return `${Object.keys(VIOLATIONS).length} violations, ${closed} closed the connection`
}

export const streamFlood = async t => {
  const c = await muxed(t)
  c.drain()
  let opened = 0
  for (let batch = 0; batch < 100; batch++) {
    const frames = []
    for (let i = 0; i < 1000; i++) frames.push(openStream(2 * opened++ + 1))
    if (!await Promise.race([c.send(Buffer.concat(frames)), sleep(2000)])) break
  }
  t.during = async () => ''
  return `${opened} streams opened`
}

export const resetFlood = async t => {
  const c = await muxed(t)
  c.drain()
  let opened = 0
  for (let batch = 0; batch < 100; batch++) {
    const frames = []
    for (let i = 0; i < 1000; i++, opened++) frames.push(openStream(2 * opened + 1), yamux(1, RST, 2 * opened + 1, 0))
    if (!await Promise.race([c.send(Buffer.concat(frames)), sleep(2000)])) break
  }
  return `${opened} streams opened and reset`
}

/** pings whose answers nobody reads */
export const pingFlood = async t => {
  const c = await muxed(t)
  c.socket.pause()
  const pings = Buffer.concat(Array.from({ length: 5000 }, (_, i) => yamux(2, SYN, 0, i)))
  let sent = 0
  while (sent < 400 && await Promise.race([c.send(pings), sleep(500)])) sent++
  t.during = async () => ''
  return `${sent * 5000} pings, no answer read`
}

/** many streams, each with a full window of bytes that no protocol asked for */
export const windowHoard = async t => {
  const c = await muxed(t)
  c.drain()
  let sent = 0
  for (let i = 0; i < 400; i++) {
    const id = 2 * i + 1
    const body = Buffer.alloc(262144)
    const frames = Buffer.concat([yamux(1, SYN, id, 0), yamux(0, 0, id, body.length, body)])
    if (!await Promise.race([c.send(frames), sleep(1000)])) break
    sent++
  }
  t.during = async () => ''
  return `${sent} streams with 256 KiB each, held open`
}

export const mplexViolations = async t => {
  const frame = (id, flag, body) => Buffer.concat([varint(BigInt(id) << 3n | BigInt(flag)), varint(body.length), body])
  const cases = [
    Buffer.from('ffffffffffffffffffffff', 'hex'),
    Buffer.concat([varint(1 << 3 | 2), varint(2n ** 31n), randomBytes(1000)]),
    frame(5, 2, randomBytes(100)),
    Buffer.concat([frame(1, 0, Buffer.from('x')), frame(1, 0, Buffer.from('x'))]),
    frame(2, 7, randomBytes(10)),
    Buffer.concat(Array.from({ length: 5000 }, (_, i) => frame(i, 0, Buffer.from('s')))),
    Buffer.concat(Array.from({ length: 8 }, () => frame(1, 2, randomBytes(1000000))))
  ]
  for (const bytes of cases) {
    const c = await muxed(t, '/mplex/6.7.0')
    c.drain()
    await Promise.race([c.send(bytes), sleep(1500)])
    await sleep(100)
    c.socket.destroy()
  }
  return `${cases.length} violations`
}
