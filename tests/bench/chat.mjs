// A first message from a cold start: two nodes on loopback that have met; one is killed and started again, and
// the time runs from its start until the other has what it then wrote. Memory of a node with 1,000 messages more.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SottoNode, memoryOf, sleep } from '../lib/node.mjs'

const figure = (metric, unit, values) => {
  const v = [...values].sort((a, b) => a - b)
  console.log(JSON.stringify({ bench: 'chat', metric, value: Number(v[v.length >> 1].toPrecision(4)), unit, peer: 'direct', runs: v.length, min: v[0], max: v.at(-1) }))
}
const flags = name => [`--chat=${name}`, '--chat-create', '--private-addresses', '--log-level=WARN', '--rest-rate=0']
const ask = async (node, method, path, body) => {
  const token = readFileSync(join(node.dataDir, 'chat', 'token'), 'utf8').trim()
  const r = await fetch(`${node.rest}/chat/v1${path}`, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }) })
  const text = await r.text()
  if (!r.ok) throw new Error(`${path}: ${r.status} ${text}`)
  return /^[[{]/.test(text) ? JSON.parse(text) : null
}
const until = async (what, fn, wait = 100) => {
  for (const end = Date.now() + 60000; ;) {
    try { if (await fn()) return } catch {}
    if (Date.now() > end) throw new Error(`${what}: not within a minute`)
    await sleep(wait)
  }
}
const said = async (node, id) => (await ask(node, 'GET', `/conversations/${id}`)).lastText

const there = await SottoNode.start({ flags: flags('sam') })
const folder = mkdtempSync(join(tmpdir(), 'sotto-bench-'))
let here = await SottoNode.start({ dataDir: folder, flags: [...flags('raya'), `--staticnode=${there.addr}`] })
try {
  const id = (await ask(here, 'POST', '/contacts', await ask(there, 'GET', '/card'))).conversation
  await ask(here, 'POST', `/conversations/${id}/entries`, { text: 'hello' })
  await until('first contact', async () => (await ask(there, 'GET', '/conversations')).some(c => c.conversation === id))
  await ask(there, 'POST', `/conversations/${id}/accept`)
  await ask(there, 'POST', `/conversations/${id}/entries`, { text: 'hello yourself' })
  await until('an answer', async () => await said(here, id) === 'hello yourself')

  const times = []
  for (let i = 0; i < 7; i++) {
    const { tcp, restPort } = here
    await here.kill()
    const from = performance.now()
    here = await SottoNode.start({ tcp, rest: restPort, dataDir: folder, flags: [...flags('raya'), `--staticnode=${there.addr}`] })
    await ask(here, 'POST', `/conversations/${id}/entries`, { text: `cold ${i}` })
    await until('a first message', async () => await said(there, id) === `cold ${i}`, 5)
    times.push(performance.now() - from)
  }
  figure('first_message_from_a_cold_start', 'ms', times)

  const before = [memoryOf(here.pid), memoryOf(there.pid)]
  for (let i = 0; i < 1000; i++) await ask(here, 'POST', `/conversations/${id}/entries`, { text: String(i).padStart(100, '.') })
  await until('a thousand', async () => (await said(there, id)).endsWith('.999'))
  figure('memory_of_1000_messages_written', 'B', [memoryOf(here.pid) - before[0]])
  figure('memory_of_1000_messages_read', 'B', [memoryOf(there.pid) - before[1]])
} finally {
  await here.kill()
  await there.kill()
  rmSync(folder, { recursive: true, force: true })
}
process.exit(0)
