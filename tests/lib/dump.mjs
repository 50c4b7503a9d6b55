// Archives made and compared without a network: the dump format of store/README.md.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { sotto } from '../ops/lib.mjs'

const varint = v => { const out = []; for (v = BigInt(v); v > 127n; v >>= 7n) out.push(Number(v & 127n) | 128); return Buffer.from([...out, Number(v)]) }
const field = (n, bytes) => Buffer.concat([varint(n << 3 | 2), varint(bytes.length), bytes])
const be64 = v => { const b = Buffer.alloc(8); b.writeBigInt64BE(v); return b }

/** { topic, content, time (bigint ns), bytes (WakuMessage), hash } of a payload */
export function message (payload, { topic = '/waku/2/rs/66/0', content = '/sotto/1/dump/bin', time }) {
  const bytes = Buffer.concat([field(1, payload), field(2, Buffer.from(content)), varint(10 << 3), varint(time << 1n)])
  const hash = createHash('sha256').update(topic).update(payload).update(content).update(be64(time)).digest()
  return { topic, content, time, bytes, hash }
}

export async function writeDump (file, messages) {
  const out = createWriteStream(file)
  const put = async b => { if (!out.write(b)) await once(out, 'drain') }
  let count = 0n
  await put('sotto-archive 1\n')
  for (const m of messages) {
    const head = Buffer.alloc(8)
    head.writeUInt16BE(m.topic.length, 0)
    head.writeUInt16BE(m.content.length, 2)
    head.writeUInt32BE(m.bytes.length, 4)
    const time = Buffer.alloc(8)
    time.writeBigUInt64BE(BigInt.asUintN(64, m.time) ^ (1n << 63n))
    await put(Buffer.concat([Buffer.from('e'), m.hash, time, head, Buffer.from(m.topic), Buffer.from(m.content), m.bytes]))
    count++
  }
  await put(Buffer.concat([Buffer.from('z'), be64(count)]))
  out.end()
  await once(out, 'close')
}

async function store (args, dataDir) {
  const r = await sotto(['store', ...args, `--data-dir=${dataDir}`], { ms: 120000 })
  if (r.code !== 0) throw new Error(`sotto store ${args.join(' ')}: ${r.err}`)
  return r.err
}

export const importDump = (file, dataDir) => store(['import', file], dataDir)

/** Entries and digest of an archive; equal archives have equal ones. The node must not run. */
export async function digest (dataDir, file) {
  const said = await store(['export', file], dataDir)
  const sum = createHash('sha256')
  for await (const chunk of createReadStream(file)) sum.update(chunk)
  return { entries: Number(/written\s+(\d+)/.exec(said)[1]), sum: sum.digest('hex') }
}
