#!/usr/bin/env node
// A group over real processes on a bad network: everybody writes while members join, leave and are removed,
// and nodes are killed with -9 and come back. Nothing written is lost, nothing comes twice, all read one order.
// Run by netlab, in its namespace 0:
//   netlab SCENARIO NODES node group.mjs [--seconds N] [--rate MESSAGES_PER_S] [--kills N] [--type group|crowd]
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, openSync, closeSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { binary, sleep } from '../lib/node.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' }, rate: { type: 'string', default: '10' }, kills: { type: 'string', default: '2' },
    type: { type: 'string', default: 'group' }, settle: { type: 'string', default: '120' }
  }
})
const hosts = process.env.NETLAB_HOSTS.split(' ')
const pids = process.env.NETLAB_PIDS.split(' ')
const dir = mkdtempSync(join(tmpdir(), 'sotto-group-'))
const from = Date.now()
const say = text => console.log(`${((Date.now() - from) / 1000).toFixed(1).padStart(6)} s  ${text}`)

class Member {
  constructor (i) {
    this.i = i
    this.name = `m${i}`
    this.folder = join(dir, this.name)
    this.base = `http://${hosts[i]}:8645`
  }

  async start (statics) {
    this.statics = statics
    const log = openSync(join(dir, `${this.name}.log`), 'a')
    this.process = spawn('nsenter', ['-t', pids[this.i], '-n', binary, 'node', `--chat=${this.name}`, '--chat-create',
      `--data-dir=${this.folder}`, `--listen-address=${hosts[this.i]}`, '--tcp-port=60000', `--rest-address=${hosts[this.i]}`,
      '--rest-port=8645', '--rest-rate=0', '--cluster-id=66', '--num-shards-in-network=8', '--nat=none', '--private-addresses',
      '--ip-colocation-limit=0', `--store=${this.i < 2}`, '--log-level=WARN', ...statics.map(a => `--staticnode=${a}`)],
    { stdio: ['ignore', log, log] })
    closeSync(log)
    await until(30000, `${this.name} starts`, async () => {
      const info = await (await fetch(`${this.base}/debug/v1/info`, { signal: AbortSignal.timeout(2000) })).json()
      this.address = `/ip4/${hosts[this.i]}/tcp/60000/p2p/${/\/p2p\/([^/]+)$/.exec(info.listenAddresses[0])[1]}`
      this.token = readFileSync(join(this.folder, 'chat', 'token'), 'utf8').trim()
      return true
    })
  }

  async kill () {
    const gone = new Promise(resolve => this.process.once('close', resolve))
    this.process.kill('SIGKILL')
    await gone
  }

  async ask (method, path, body) {
    const r = await fetch(`${this.base}/chat/v1${path}`, {
      method, signal: AbortSignal.timeout(15000), headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? method === 'GET' ? {} : { body: '{}' } : { body: JSON.stringify(body) })
    })
    const text = await r.text()
    if (!r.ok) throw new Error(`${this.name} ${method} ${path}: ${r.status} ${text}`)
    return text === '' || text === 'OK' ? null : JSON.parse(text)
  }

  get = path => this.ask('GET', path)
  post = (path, body) => this.ask('POST', path, body)

  async talk (id) { return (await this.get('/conversations')).find(c => c.conversation === id) }

  /** all texts of a conversation in the order that is shown */
  async texts (id) {
    const all = []
    for (let before = ''; ;) {
      const page = await this.get(`/conversations/${id}/entries?limit=100${before}`)
      const list = (Array.isArray(page) ? page : page.entries)
      if (list.length === 0) return all
      const sorted = list
      all.unshift(...sorted)
      before = `&before=${sorted[0].entry}`
    }
  }
}

async function until (ms, what, fn) {
  let why = 'false'
  for (const end = Date.now() + ms; ;) {
    try { const got = await fn(); if (got) return got } catch (e) { why = e.message }
    if (Date.now() > end) throw new Error(`${what}: not within ${ms / 1000} s (${why})`)
    await sleep(250)
  }
}

const members = hosts.map((_, i) => new Member(i))
const [owner, ...others] = members
const accountOf = new Map()
let failed = null

async function meet () {
  for (const m of members) {
    await m.start([members[0], members[1], members[m.i - 1], members[m.i >> 1]].filter(p => p != null && p.address != null && p.i < m.i)
      .map(p => p.address).filter((a, i, all) => all.indexOf(a) === i))
  }
  say(`${members.length} processes run`)
  for (const m of members) accountOf.set(m, (await m.get('/self')).account)
  const talks = new Map()
  for (const m of others) talks.set(m, (await owner.post('/contacts', { card: (await m.get('/card')).card })).conversation)
  for (const [m, id] of talks) await owner.post(`/conversations/${id}/entries`, { text: `hello ${m.name}` })
  await Promise.all(others.map(m => until(180000, `${m.name} is found`, async () => {
    for (const c of await m.get('/conversations')) if (c.type === 'direct' && c.state === 'requested') await m.post(`/conversations/${c.conversation}/accept`)
    return (await m.get('/conversations')).some(c => c.type === 'direct' && c.state === 'joined')
  })))
  say('all have met the owner')
}

async function joined (m, id, ms = 120000) {
  await until(ms, `${m.name} is in the group`, async () => {
    const c = await m.talk(id)
    if (c?.state === 'requested') await m.post(`/conversations/${id}/accept`)
    if (c?.state !== "joined") throw new Error(c?.state ?? 'no group yet')
    return true
  })
}

async function run () {
  await meet()
  const seconds = Number(values.seconds); const rate = Number(values.rate)
  const late = members.length >= 8 ? others.slice(-2) : others.slice(-1)
  const leaver = members.length >= 6 ? others[0] : null
  const thrown = members.length >= 6 ? others[1] : null
  const first = others.filter(m => !late.includes(m))
  const id = (await owner.post('/conversations', { name: 'all of us', type: values.type, accounts: first.map(m => accountOf.get(m)) })).conversation
  await Promise.all(first.map(m => joined(m, id)))
  say(`${first.length + 1} are in the ${values.type}`)

  // everybody who may write does; what was answered with 200 counts
  const writers = new Set([owner, ...first]); const away = new Set(); const written = []; const events = []
  const killable = first.filter(m => m !== leaver && m !== thrown)
  const plan = [
    [0.25, async () => { await owner.post(`/conversations/${id}/members`, late.map(m => accountOf.get(m))); say(`added ${late.map(m => m.name)}`); for (const m of late) { await joined(m, id); writers.add(m) } say('they are in') }],
    [0.5, async () => { if (leaver) { writers.delete(leaver); await sleep(1000); await leaver.ask('DELETE', `/conversations/${id}`); say(`${leaver.name} left`) } }],
    [0.6, async () => { if (thrown) { writers.delete(thrown); await sleep(1000); await owner.ask('DELETE', `/conversations/${id}/members/${accountOf.get(thrown)}`); say(`${thrown.name} was removed`) } }]
  ]
  for (let k = 0; k < Number(values.kills); k++) {
    plan.push([(k + 0.5) / Number(values.kills) * 0.8, async () => {
      const m = killable[k % killable.length]
      away.add(m); await m.kill(); say(`${m.name} killed`); await sleep(3000); await m.start(m.statics); say(`${m.name} is back`); away.delete(m)
    }])
  }
  plan.sort((a, b) => a[0] - b[0])
  const begun = Date.now()
  let refused = 0
  const posts = []
  for (let n = 0; Date.now() - begun < seconds * 1000; n++) {
    while (plan.length > 0 && (Date.now() - begun) / 1000 >= plan[0][0] * seconds) events.push(plan.shift()[1]().catch(e => { failed ??= e }))
    const can = [...writers].filter(m => !away.has(m))
    const m = can[n % can.length]; const text = `${n} of ${m.name}`
    posts.push(m.post(`/conversations/${id}/entries`, { text }).then(() => written.push(text), () => { refused++ }))
    await sleep(Math.max(0, begun + (n + 1) * 1000 / rate - Date.now()))
  }
  await Promise.all([...events, ...posts])
  say(`${written.length} written, ${refused} refused (a node was down)`)

  // who was in it all the time reads everything
  const stayed = [owner, ...killable]
  const read = new Map()
  const missing = async m => {
    read.set(m, (await m.texts(id)).map(e => e.text).filter(t => / of m\d+$/.test(t)))
    const have = new Set(read.get(m))
    return written.filter(t => !have.has(t)).length
  }
  const settled = Date.now()
  let left = []
  await until(Number(values.settle) * 1000, 'all read everything', async () => {
    left = await Promise.all(stayed.map(missing))
    return left.every(n => n === 0)
  }).catch(e => { failed ??= new Error(`${e.message}; missing at ${stayed.map((m, i) => `${m.name}:${left[i]}`).join(' ')}`) })
  say(`read after ${((Date.now() - settled) / 1000).toFixed(1)} s more`)
  const twice = stayed.filter(m => new Set(read.get(m)).size !== read.get(m).length)
  if (twice.length > 0) failed ??= new Error(`something came twice to ${twice.map(m => m.name)}`)
  const same = () => stayed.filter(m => read.get(m).join('\n') !== read.get(owner).join('\n'))
  for (let i = 0; i < 40 && same().length > 0; i++) { await sleep(500); await Promise.all(stayed.map(missing)) }
  if (same().length > 0) failed ??= new Error(`another order at ${same().map(m => m.name)}`)
  for (const m of late) await missing(m)
  const tail = late.map(m => { const t = read.get(m); return t.join('\n') === read.get(owner).filter(x => new Set(t).has(x)).join('\n') })
  if (tail.includes(false)) failed ??= new Error('another order at who joined later')
  console.log(`figures ${JSON.stringify({ processes: members.length, seconds, rate, written: written.length, refused, settled_s: (Date.now() - settled) / 1000, cpu_s: Math.round(members.reduce((s, m) => s + cpuOf(m), 0)) })}`)
}

function cpuOf (m) {
  try { const f = readFileSync(`/proc/${m.process.pid}/stat`, 'utf8').split(') ')[1].split(' '); return (Number(f[11]) + Number(f[12])) / 100 } catch { return 0 }
}

try { await run() } catch (e) { failed ??= e }
for (const m of members) m.process?.kill('SIGKILL')
const broken = members.filter(m => { try { return /Sanitizer|runtime error|assert/.test(readFileSync(join(dir, `${m.name}.log`), 'utf8')) } catch { return false } })
if (broken.length > 0) failed ??= new Error(`broken: ${broken.map(m => m.name)}`)
if (failed != null) console.log(`failed: ${failed.message}`)
if (process.env.SOTTO_KEEP) console.log(dir); else rmSync(dir, { recursive: true, force: true })
process.exit(failed == null ? 0 : 1)
