// Store sync and resume between real nodes.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SottoNode, sleep } from '../lib/node.mjs'
import { message, writeDump, importDump, digest } from '../lib/dump.mjs'
import { check, inFolder, metric } from './lib.mjs'

const S = 1000000000n
const now = () => BigInt(Date.now()) * 1000000n

/** `total` messages of `bytes` payload, evenly over `from`..`to` seconds ago, in all eight shards */
function messages (total, bytes, from, to) {
  const end = now() - BigInt(to) * S
  const span = BigInt(from - to) * S
  return Array.from({ length: total }, (_, i) => message(randomBytes(bytes), {
    topic: `/waku/2/rs/66/${i % 8}`, content: `/sotto/1/sync-${i % 20}/bin`, time: end - span + span * BigInt(i) / BigInt(total)
  }))
}

async function until (what, ms, fn) {
  const end = Date.now() + ms
  for (;;) {
    if (await fn()) return
    if (Date.now() > end) throw new Error(`not in ${ms} ms: ${what}`)
    await sleep(100)
  }
}

async function folders (base, names, fn) {
  const dirs = names.map(n => { const d = join(base, n); mkdirSync(d); return d })
  return fn(...dirs)
}

const SYNC = ['--store-sync=true', '--store-message-retention-policy=none']
const bytesOf = async (node, protocol, direction) => metric(node, `total_bytes_exchanged_total{protocol="${protocol}",direction="${direction}"}`)
const done = node => metric(node, 'sotto_sync_sessions_total{end="done"}')
const kb = n => `${(n / 1000).toFixed(0)} kB`

async function equal (base, a, b, entries) {
  const [x, y] = [await digest(a, join(base, 'a.dump')), await digest(b, join(base, 'b.dump'))]
  check(x.entries === entries && y.entries === entries, `the archives have ${x.entries} and ${y.entries} messages, not ${entries}`)
  check(x.sum === y.sum, 'the archives differ')
}

/** 100,000 messages of 1 KB each, 1,000 of them in one archive only, half in either, scattered */
export const syncLarge = () => inFolder(base => folders(base, ['a', 'b'], async (a, b) => {
  const total = 100000, only = 1000, bytes = 1000
  const all = messages(total, bytes, 3400, 150)
  const stride = total / only
  const missing = i => i % stride === Math.floor(i / stride) % stride // scattered, not in step with the shards
  await writeDump(join(base, 'a.dump'), all.filter((_, i) => !missing(i) || Math.floor(i / stride) % 2 === 0))
  await writeDump(join(base, 'b.dump'), all.filter((_, i) => !missing(i) || Math.floor(i / stride) % 2 === 1))
  await importDump(join(base, 'a.dump'), a)
  await importDump(join(base, 'b.dump'), b)
  const first = await SottoNode.start({ dataDir: a, flags: [...SYNC, '--store-sync-interval=0'] })
  try {
    const second = await SottoNode.start({ dataDir: b, flags: [...SYNC, '--store-sync-interval=4', `--staticnode=${first.addr}`] })
    try {
      await until('both have read their ids', 60000, async () => await metric(first, 'sotto_sync_ready') === 1 && await metric(second, 'sotto_sync_ready') === 1)
      const before = second.memory()
      await until('a session to be done', 60000, async () => await done(first) > 0 && await done(second) > 0)
      await until('500 to be stored in each', 20000, async () => await metric(first, 'sotto_archive_stored_total') === 500 && await metric(second, 'sotto_archive_stored_total') === 500)
      const ids = await bytesOf(second, 'reconciliation', 'sent') + await bytesOf(second, 'reconciliation', 'receive')
      const sent = [await bytesOf(first, 'transfer', 'sent'), await bytesOf(second, 'transfer', 'sent')]
      const rounds = await metric(second, 'reconciliation_roundtrips_sum')
      check(await metric(second, 'reconciliation_differences_sum') === only, 'not 1,000 differences')
      const differing = only * bytes
      const overhead = ids + sent[0] + sent[1] - differing
      check(overhead <= 2 * differing, `overhead ${kb(overhead)} of ${kb(differing)} that differ`)
      const grown = second.memory() - before
      await first.stop()
      await second.stop()
      await equal(base, a, b, total)
      return `${rounds} payloads each; reconciliation ${kb(ids)} both ways, transfer ${kb(sent[0])} and ${kb(sent[1])}; overhead ${kb(overhead)} of ${kb(differing)} that differ; RssAnon +${kb(Math.max(0, grown))}; archives equal`
    } finally { await second.kill() }
  } finally { await first.kill() }
}))

/** an empty archive beside a full one: everything comes, by as many sessions as it takes */
export const syncEmpty = () => inFolder(base => folders(base, ['a', 'b'], async (a, b) => {
  const total = 40000
  await writeDump(join(base, 'a.dump'), messages(total, 200, 3000, 200))
  await importDump(join(base, 'a.dump'), a)
  const first = await SottoNode.start({ dataDir: a, flags: [...SYNC, '--store-sync-interval=0'] })
  try {
    const second = await SottoNode.start({ dataDir: b, flags: [...SYNC, '--store-sync-interval=11', `--staticnode=${first.addr}`] })
    try {
      const begun = Date.now()
      await until(`${total} to be stored`, 90000, async () => await metric(second, 'sotto_archive_stored_total') === total)
      const s = ((Date.now() - begun) / 1000).toFixed(1)
      check(await metric(second, 'waku_node_messages_total{type="relay"}') === 0, 'what came by sync was taken for relayed')
      await first.stop()
      await second.stop()
      await equal(base, a, b, total)
      return `${total} messages in ${s} s, the interval of 11 s included`
    } finally { await second.kill() }
  } finally { await first.kill() }
}))

const RESUME = ['--store-resume=true', '--store-message-retention-policy=none']
const complete = node => /resume: complete|resume\s+complete|complete: \d+ messages/.test(node.log(1e6))

/** away, back, and what came meanwhile is there: also when the node dies while it fetches */
export const resumeAfterOutage = () => inFolder(base => folders(base, ['a', 'b'], async (a, b) => {
  const early = await SottoNode.start({ dataDir: b, flags: RESUME })
  await sleep(1500) // its time is on disk
  await early.stop()
  await sleep(1500)
  const total = 60000
  await writeDump(join(base, 'a.dump'), messages(total, 1000, 3, 0))
  await importDump(join(base, 'a.dump'), a)
  const first = await SottoNode.start({ dataDir: a })
  const flags = [...RESUME, `--staticnode=${first.addr}`]
  try {
    let node = await SottoNode.start({ dataDir: b, flags })
    let kills = 0
    for (const share of [0, 0.3]) { // kill -9, twice
      await until('some of it is stored', 60000, async () => (await metric(node, 'waku_archive_messages')) > total * share)
      check(!complete(node), 'it was over before it could be killed')
      await node.kill()
      kills++
      node = await SottoNode.start({ dataDir: b, flags })
    }
    try {
      await until('the gap is filled', 60000, () => complete(node))
      await until('all is stored', 20000, async () => await metric(node, 'waku_archive_messages') === total)
      await node.stop()
      await first.stop()
      await equal(base, a, b, total)
      const lines = readFileSync(node.logFile, 'utf8').split('\n').filter(l => /complete: \d+/.test(l))
      return `${total} messages, killed ${kills} times; the last run: ${/complete: (.*)$/.exec(lines.at(-1))[1]}`
    } finally { await node.kill() }
  } finally { await first.kill() }
}))
