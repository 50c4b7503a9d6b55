// A name server on loopback: answers A, AAAA and TXT from a table, NXDOMAIN for other names.
import { createSocket } from 'node:dgram'

const TYPES = { A: 1, TXT: 16, AAAA: 28 }

function nameOf (message, at) {
  const labels = []
  while (message[at] !== 0) { labels.push(message.toString('latin1', at + 1, at + 1 + message[at])); at += 1 + message[at] }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}

const address6 = text => Buffer.from(text.split('::').map((half, i, all) => {
  const words = half === '' ? [] : half.split(':')
  return i === 0 ? words : [...Array(8 - words.length - (all[0] === '' ? 0 : all[0].split(':').length)).fill('0'), ...words]
}).flat().flatMap(w => [parseInt(w, 16) >> 8, parseInt(w, 16) & 255]))

const DATA = {
  A: text => Buffer.from(text.split('.').map(Number)),
  AAAA: address6,
  TXT: text => Buffer.concat(text.match(/.{1,100}/g).map(part => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)]))) // several strings
}

function answer (query, table) {
  const { name, end } = nameOf(query, 12)
  const type = query.readUInt16BE(end)
  const kind = Object.keys(TYPES).find(k => TYPES[k] === type)
  const values = table[name]?.[kind] ?? []
  const head = Buffer.from(query.subarray(0, 12))
  head.writeUInt16BE(table[name] == null ? 0x8183 : 0x8180, 2)
  head.writeUInt16BE(values.length, 6)
  head.writeUInt32BE(0, 8)
  const records = values.map(v => {
    const data = DATA[kind](v)
    const r = Buffer.alloc(12)
    r.writeUInt16BE(0xc00c, 0)
    r.writeUInt16BE(type, 2)
    r.writeUInt16BE(1, 4)
    r.writeUInt32BE(60, 6)
    r.writeUInt16BE(data.length, 10)
    return Buffer.concat([r, data])
  })
  return Buffer.concat([head, query.subarray(12, end + 4), ...records])
}

/** table: { name: { A: [...], AAAA: [...], TXT: [...] } } */
export async function startDns (table) {
  const socket = createSocket('udp4')
  const asked = []
  socket.on('message', (query, from) => {
    asked.push(nameOf(query, 12).name)
    socket.send(answer(query, table), from.port, from.address)
  })
  await new Promise((resolve, reject) => socket.once('error', reject).bind(0, '127.0.0.1', resolve))
  return { server: `127.0.0.1:${socket.address().port}`, asked, table, close: () => socket.close() }
}
