// Below libp2p: what strangers send to an open port.
import { randomBytes } from 'node:crypto'
import { open, write, closes, line, framed, varint, greeting } from '../lib/raw.mjs'
import { sleep } from '../../lib/node.mjs'

const HELLOS = [
  () => Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  () => Buffer.from('16030100c8010000c40303', 'hex'), // a TLS client hello begins so
  () => Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'),
  () => Buffer.alloc(4096),
  () => Buffer.alloc(4096, 0xff),
  () => randomBytes(1 + Math.floor(Math.random() * 5000))
]

export const garbage = async t => {
  for (let round = 0; round < 20; round++) {
    await Promise.all(HELLOS.map(async hello => { const s = await open(t); await write(s, hello()); s.end() }))
  }
  const s = await open(t)
  await write(s, Buffer.alloc(4096, 0xff))
  if (!await closes(s, 3000)) throw new Error('ten 0xff are no varint, yet the connection stays open')
  return '121 connections'
}

export const oversizedNegotiation = async t => {
  const lengths = [varint(2n ** 31n), varint(2n ** 63n), varint(100000), Buffer.from('ffffffffffffffffffff01', 'hex'), Buffer.from('808080808000', 'hex')]
  for (const length of lengths) {
    const s = await open(t)
    await write(s, Buffer.concat([line('/multistream/1.0.0'), length, Buffer.alloc(70000, 0x61)]))
    if (!await closes(s, 3000)) throw new Error(`a line that begins with ${length.toString('hex')} was not refused`)
  }
  return `${lengths.length} lengths refused`
}

export const endlessNegotiation = async t => {
  const s = await open(t)
  await write(s, line('/multistream/1.0.0'))
  let sent = 0
  const end = Date.now() + 8000
  while (Date.now() < end && await write(s, Buffer.concat(Array.from({ length: 100 }, () => line('/x/' + sent++))))) await sleep(1)
  if (!s.destroyed && sent > 100000) throw new Error(`${sent} proposals and still listening`)
  return `${sent} proposals${s.destroyed ? ', then closed' : ''}`
}

export const emptyLines = async t => {
  const s = await open(t)
  await write(s, line('/multistream/1.0.0'))
  for (let i = 0; i < 200 && await write(s, Buffer.alloc(1000)); i++);
  return s.destroyed ? 'closed' : 'still open'
}

/** held open while the well-behaved client is served */
export const halfOpen500 = async t => {
  const all = []
  for (let i = 0; i < 500; i++) {
    let s
    try { s = await open(t) } catch { continue } // the node may refuse some of one address
    all.push(s)
    if (i % 3 === 1) await write(s, line('/multistream/1.0.0'))
    if (i % 3 === 2) await write(s, Buffer.concat([greeting, Buffer.from([0, 32]), randomBytes(16)]))
  }
  t.during = async () => `${all.filter(s => !s.destroyed).length} still open`
  return `${all.length} opened`
}

export const slowWriters = async t => {
  const all = await Promise.all(Array.from({ length: 100 }, () => open(t)))
  t.until(async () => { for (const b of greeting) { await Promise.all(all.map(s => write(s, Buffer.from([b])))); await sleep(300) } })
  t.during = async () => ''
  return '100 connections at three bytes a second'
}

/** asks much, reads nothing: the answers must not pile up without bound */
export const slowReaders = async t => {
  let sent = 0
  for (let i = 0; i < 20; i++) {
    const s = await open(t)
    s.removeAllListeners('data')
    s.pause()
    await write(s, line('/multistream/1.0.0'))
    const asks = Buffer.concat(Array.from({ length: 1000 }, () => framed(Buffer.from('/unknown/protocol\n'))))
    const end = Date.now() + 300
    while (Date.now() < end && await Promise.race([write(s, asks), sleep(200)])) sent++
  }
  t.during = async () => ''
  return `${sent} thousand proposals, no answer read`
}
