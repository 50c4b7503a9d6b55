// The port of secure WebSockets: TLS that is none, upgrades that never end, frames that break the rules.
import { connect as tlsConnect } from 'node:tls'
import { randomBytes } from 'node:crypto'
import { open as openTcp, write, closes } from '../lib/raw.mjs'
import { sleep } from '../../lib/node.mjs'

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

const port = t => Number(/\/tcp\/(\d+)\/wss/.exec(t.node.ws)[1])
const tcp = t => openTcp({ host: t.host, port: port(t), sockets: t.sockets })

/** TLS on top; `text` gathers what the node says */
function open (t) {
  return new Promise((resolve, reject) => {
    const s = tlsConnect({ host: t.host, port: port(t), servername: 'localhost', rejectUnauthorized: false })
    t.sockets.push(s)
    s.got = Buffer.alloc(0)
    s.on('data', d => { if (s.got.length < 65536) s.got = Buffer.concat([s.got, d]) })
    s.ended = new Promise(end => { s.on('close', end) })
    s.on('error', reject)
    s.on('secureConnect', () => { s.off('error', reject); s.on('error', () => {}); resolve(s) })
  })
}

async function upgraded (t) {
  const s = await open(t)
  await write(s, Buffer.from(GET + KEY + '\r\n'))
  for (let i = 0; i < 100 && !s.got.includes('\r\n\r\n'); i++) await sleep(20)
  if (!s.got.toString('latin1').startsWith('HTTP/1.1 101 ')) throw new Error(`no upgrade: ${s.got}`)
  s.got = Buffer.alloc(0)
  return s
}

/** first byte, declared length, mask or none, payload */
function frame (first, length, payload = Buffer.alloc(0), mask = Buffer.from([1, 2, 3, 4])) {
  const bit = mask == null ? 0 : 0x80
  const size = length < 126 ? Buffer.from([bit | length]) : length < 65536 ? Buffer.from([bit | 126, length >> 8, length & 255]) : Buffer.concat([Buffer.from([bit | 127]), (() => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(length)); return b })()])
  return Buffer.concat([Buffer.from([first]), size, mask ?? Buffer.alloc(0), mask == null ? payload : payload.map((b, i) => b ^ mask[i % 4])])
}

export const tlsGarbage = async t => {
  const hellos = [Buffer.from(GET), Buffer.alloc(4096), Buffer.from('16030100c8010000c40303', 'hex'), Buffer.from('1503010002020a', 'hex'), Buffer.from('16030140000100', 'hex')]
  for (let round = 0; round < 20; round++) {
    await Promise.all([...hellos, randomBytes(1 + round * 200)].map(async h => { const s = await tcp(t); await write(s, h); s.end() }))
  }
  const s = await tcp(t)
  await write(s, Buffer.from(GET))
  if (!await closes(s, 3000)) throw new Error('HTTP without TLS is not hung up on')
  return '121 connections'
}

/** two thousand that begin TLS, or do not even that, and stay */
export const tlsHalfOpen = async t => {
  let opened = 0
  for (let i = 0; i < 2000; i += 50) {
    await Promise.all(Array.from({ length: 50 }, async (_, k) => {
      const s = await tcp(t).catch(() => null) // refused is as good
      if (s == null) return
      opened++
      if (k % 2) await write(s, Buffer.from('16030100c8010000c40303', 'hex'))
    }))
  }
  t.during = async () => {
    const from = Date.now()
    const s = await upgraded(t) // the door is open for others
    s.destroy()
    return `${t.sockets.filter(s => !s.destroyed).length} still open, a newcomer is upgraded in ${Date.now() - from} ms`
  }
  return `${opened} opened`
}

export const slowUpgrades = async t => {
  const all = await Promise.all(Array.from({ length: 60 }, () => open(t)))
  const head = Buffer.from(GET)
  t.until(async () => { for (const b of head) { await Promise.all(all.map(s => write(s, Buffer.from([b])))); await sleep(400) } })
  t.during = async () => { const s = await upgraded(t); s.destroy(); return '' }
  const [one] = all
  if (!await closes(one, 20000)) throw new Error('an upgrade of two bytes a second goes on after 20 s')
  return '60 upgrades of two bytes a second, ended within 20 s'
}

export const badHeads = async t => {
  const cases = [
    [GET + KEY + 'X: ' + 'a'.repeat(20000), '431'], [GET + KEY + 'X: y\r\n'.repeat(200) + '\r\n', '431'],
    [GET + '\r\n', '400'], [GET + 'Sec-WebSocket-Key: short\r\n\r\n', '400'], [GET.replace('13', '99') + KEY + '\r\n', '426'],
    [GET.replace('GET', 'POST') + KEY + '\r\n', '405'], ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '426'], ['\x13/multistream/1.0.0\n', '400'],
    [GET.replace('Host: localhost\r\n', '') + KEY + '\r\n', '400']
  ]
  for (const [head, status] of cases) {
    const s = await open(t)
    await write(s, Buffer.from(head))
    if (!await closes(s, 3000)) throw new Error(`not hung up on: ${head.slice(0, 60)}`)
    if (s.got.length > 0 && !s.got.toString('latin1').startsWith(`HTTP/1.1 ${status} `)) throw new Error(`${s.got.toString('latin1').slice(0, 40)} in place of ${status}: ${head.slice(0, 60)}`)
  }
  return `${cases.length} heads refused`
}

export const badFrames = async t => {
  const text = Buffer.from('x')
  const cases = [
    ['unmasked', frame(0x82, 1, text, null), 1002], ['text', frame(0x81, 1, text), 1003], ['reserved bit', frame(0xc2, 1, text), 1002],
    ['reserved opcode', frame(0x83, 1, text), 1002], ['continuation of nothing', frame(0x80, 1, text), 1002],
    ['2^62 bytes', Buffer.concat([Buffer.from([0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]), text]), 1009],
    ['ping in pieces', frame(0x09, 1, text), 1002], ['long ping', frame(0x89, 126, Buffer.alloc(126)), 1002], ['close of one byte', frame(0x88, 1, text), 1002],
    ['message in message', Buffer.concat([frame(0x02, 1, Buffer.from('\x13')), frame(0x82, 1, text)]), 1002]
  ]
  for (const [what, bytes, code] of cases) {
    const s = await upgraded(t)
    await write(s, bytes)
    if (!await closes(s, 3000)) throw new Error(`${what}: not hung up on`)
    if (s.got[0] !== 0x88 || s.got.readUInt16BE(2) !== code) throw new Error(`${what}: ${s.got.toString('hex')} in place of ${code}`)
  }
  return `${cases.length} frames refused`
}

/** pings without end from who reads no answer */
export const pingFlood = async t => {
  let sent = 0
  await Promise.all(Array.from({ length: 10 }, async () => {
    const s = await upgraded(t)
    s.removeAllListeners('data')
    s.pause()
    const pings = Buffer.concat(Array.from({ length: 500 }, () => frame(0x89, 125, Buffer.alloc(125))))
    const end = Date.now() + 4000
    while (Date.now() < end && await Promise.race([write(s, pings), sleep(500)])) sent += 500
  }))
  t.during = async () => ''
  return `${sent} pings`
}

/** frames of one byte and of none, and messages that never end */
export const crumbs = async t => {
  let sent = 0
  await Promise.all(Array.from({ length: 10 }, async () => {
    const s = await upgraded(t)
    const first = frame(0x02, 0)
    const empty = Buffer.concat(Array.from({ length: 2000 }, () => frame(0x00, 0)))
    await write(s, first)
    const end = Date.now() + 3000
    while (Date.now() < end && await Promise.race([write(s, empty), sleep(500)])) sent += 2000
  }))
  t.during = async () => ''
  return `${sent} empty fragments`
}
