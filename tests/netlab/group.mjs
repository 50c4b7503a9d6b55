#!/usr/bin/env node
// A group over real processes on a bad network: everybody writes while members join, leave and are removed,
// and nodes are killed with -9 and come back. Nothing written is lost, nothing comes twice, all read one order.
// Run by netlab, in its namespace 0:
//   netlab SCENARIO NODES node group.mjs [--members N] [--seconds N] [--rate MESSAGES_PER_S] [--kills N]
//     [--type group|crowd] [--settle SECONDS]
// Members are accounts, spread over the processes; each process hosts up to 16 of them.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, openSync, closeSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { binary, sleep } from '../lib/node.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' }, rate: { type: 'string', default: '10' }, kills: { type: 'string', default: '2' },
    type: { type: 'string', default: 'group' }, settle: { type: 'string', default: '120' }, members: { type: 'string' }
  }
})
const hosts = process.env.NETLAB_HOSTS.split(' ')
const pids = process.env.NETLAB_PIDS.split(' ')
const dir = mkdtempSync(join(tmpdir(), 'sotto-group-'))
const from = Date.now()
const say = text => console.log(`${((Date.now() - from) / 1000).toFixed(1).padStart(6)} s  ${text}`)

class Node {
  constructor (i) {
    this.i = i
    this.name = `n${i}`
    this.folder = join(dir, this.name)
    this.base = `http://${hosts[i]}:8645`
    this.members = []
    this.cpu = 0
  }

  async start (statics) {
    this.statics = statics
    const log = openSync(join(dir, `${this.name}.log`), 'a')
    this.process = spawn('nsenter', ['-t', pids[this.i], '-n', binary, 'node', ...this.members.map(m => `--chat=${m.name}`), '--chat-create',
      `--data-dir=${this.folder}`, `--listen-address=${hosts[this.i]}`, '--tcp-port=60000', `--rest-address=${hosts[this.i]}`,
      '--rest-port=8645', '--rest-rate=0', '--cluster-id=66', '--num-shards-in-network=8', '--nat=none', '--private-addresses',
      '--ip-colocation-limit=0', `--store=${this.i < 2}`, '--log-level=WARN', ...statics.map(a => `--staticnode=${a}`)],
    { stdio: ['ignore', log, log] })
    closeSync(log)
    await until(60000, `${this.name} starts`, async () => {
      const info = await (await fetch(`${this.base}/debug/v1/info`, { signal: AbortSignal.timeout(2000) })).json()
      this.address = `/ip4/${hosts[this.i]}/tcp/60000/p2p/${/\/p2p\/([^/]+)$/.exec(info.listenAddresses[0])[1]}`
      this.token = readFileSync(join(this.folder, 'chat', 'token'), 'utf8').trim()
      return true
    })
  }

  async kill () {
    this.cpu += this.spent()
    const gone = new Promise(resolve => this.process.once('close', resolve))
    this.process.kill('SIGKILL')
    await gone
  }

  /** CPU seconds of the process that runs now */
  spent () {
    try {
      const fields = readFileSync(`/proc/${this.process.pid}/stat`, 'utf8').split(') ')[1].split(' ')
      return (Number(fields[11]) + Number(fields[12])) / 100
    } catch { return 0 }
  }

  /** bytes held now */
  memory () {
    try { return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.process.pid}/status`, 'utf8'))[1]) * 1024 } catch { return 0 }
  }
}

class Member {
  constructor (i, node) {
    this.i = i
    this.name = `m${i}`
    this.node = node
    node.members.push(this)
  }

  async ask (method, path, body) {
    const r = await fetch(`${this.node.base}/chat/v1${path}${path.includes('?') ? '&' : '?'}account=${this.name}`, {
      method, signal: AbortSignal.timeout(30000), headers: { authorization: `Bearer ${this.node.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? method === 'GET' ? {} : { body: '{}' } : { body: JSON.stringify(body) })
    })
    const text = await r.text()
    if (!r.ok) throw new Error(`${this.name} ${method} ${path}: ${r.status} ${text}`)
    return text === '' || text === 'OK' ? null : JSON.parse(text)
  }

  get = path => this.ask('GET', path)
  post = (path, body) => this.ask('POST', path, body)

  async talk (id) { return (await this.get('/conversations')).find(c => c.conversation === id) }

  /** all that was written with a number, in the order that is shown */
  async texts (id) {
    const all = []
    for (let before = ''; ;) {
      const page = await this.get(`/conversations/${id}/entries?limit=100${before}`)
      const list = Array.isArray(page) ? page : page.entries
      if (list.length === 0) return all
      all.unshift(...list.map(e => e.text).filter(t => / of m\d+$/.test(t)))
      before = `&before=${list[0].entry}`
    }
  }
}

async function until (ms, what, fn, every = 250) {
  let why = 'false'
  for (const end = Date.now() + ms; ;) {
    try { const got = await fn(); if (got) return got } catch (e) { why = e.message }
    if (Date.now() > end) throw new Error(`${what}: not within ${ms / 1000} s (${why})`)
    await sleep(every)
  }
}

const nodes = hosts.map((_, i) => new Node(i))
const members = Array.from({ length: Number(values.members ?? hosts.length) }, (_, i) => new Member(i, nodes[i % nodes.length]))
const [owner, ...others] = members
const pace = members.length > 40 ? 1000 : 250 /* ms between two looks at one account */
let failed = null

async function meet () {
  for (const n of nodes) {
    await n.start([nodes[0], nodes[1], nodes[n.i - 1], nodes[n.i >> 1]].filter(p => p != null && p.address != null && p.i < n.i)
      .map(p => p.address).filter((a, i, all) => all.indexOf(a) === i))
  }
  say(`${nodes.length} processes run, with ${members.length} accounts`)
  for (const m of members) m.account = (await m.get('/self')).account
  for (const m of others) m.direct = (await owner.post('/contacts', { card: (await m.get('/card')).card })).conversation
  for (const m of others) await owner.post(`/conversations/${m.direct}/entries`, { text: `hello ${m.name}` })
  await Promise.all(others.map(m => until(240000, `${m.name} is found`, async () => {
    const list = (await m.get('/conversations')).filter(c => c.type === 'direct')
    for (const c of list) if (c.state === 'requested') await m.post(`/conversations/${c.conversation}/accept`)
    return list.some(c => c.state === 'joined')
  }, pace)))
  say('all have met the owner')
}

async function joined (m, id, ms = 240000) {
  await until(ms, `${m.name} is in the ${values.type}`, async () => {
    const c = await m.talk(id)
    if (c?.state === 'requested') await m.post(`/conversations/${id}/accept`)
    if (c?.state !== 'joined') throw new Error(c?.state ?? 'not heard of it yet')
    return true
  }, pace)
}

/** until each of `list` counts these members, and none of those */
async function agreed (list, id, there, gone = []) {
  await Promise.all(list.map(m => until(120000, `${m.name} knows who is in it`, async () => {
    const now = new Set((await m.get(`/conversations/${id}/members`)).map(x => x.person.account))
    return there.every(x => now.has(x.account)) && !gone.some(x => now.has(x.account))
  }, pace)))
}

async function run () {
  await meet()
  const seconds = Number(values.seconds); const rate = Number(values.rate)
  // 1 of 20 comes later; 1 of 30 leaves, as many are removed
  const share = part => members.length >= 6 ? Math.max(1, Math.round(members.length / part)) : 0
  const late = others.slice(-Math.max(1, share(20) + (members.length >= 8 && members.length < 40)))
  const leavers = others.slice(0, share(30)); const thrown = others.slice(share(30), 2 * share(30))
  const first = others.filter(m => !late.includes(m))
  const stayed = [owner, ...first.filter(m => !leavers.includes(m) && !thrown.includes(m))]
  const id = (await owner.post('/conversations', { name: 'all of us', type: values.type, accounts: first.map(m => m.account) })).conversation
  await Promise.all(first.map(m => joined(m, id)))
  say(`${first.length + 1} are in the ${values.type}`)

  // everybody who may write does; what was answered with 200 counts
  const writers = new Set([owner, ...first]); const away = new Set(); const written = []; const events = []
  const begun = Date.now()
  const quiet = async list => { for (const m of list) writers.delete(m); const at = Date.now(); await sleep(10000); return at }
  const plan = [
    [0.15, async () => {
      await owner.post(`/conversations/${id}/members`, late.map(m => m.account))
      say(`added ${late.map(m => m.name)}`)
      await Promise.all(late.map(m => joined(m, id)))
      await agreed([...stayed, ...late], id, late)
      for (const m of late) { writers.add(m); m.since = Date.now() }
      say('they are in, and all know it')
    }],
    [0.45, async () => {
      const at = await quiet(leavers)
      for (const m of leavers) { m.until = at; await m.ask('DELETE', `/conversations/${id}`) }
      if (leavers.length > 0) say(`${leavers.map(m => m.name)} left`)
    }],
    [0.6, async () => {
      const at = await quiet(thrown)
      for (const m of thrown) { m.until = at; await owner.ask('DELETE', `/conversations/${id}/members/${m.account}`) }
      if (thrown.length > 0) say(`${thrown.map(m => m.name)} were removed`)
      await agreed([...stayed, ...late.filter(m => m.since != null)], id, [], [...thrown, ...leavers]).then(() => {
        for (const m of thrown) m.gone = Date.now()
        if (thrown.length > 0) say('all know who has gone')
      }, e => say(`who has gone is not known to all yet: ${e.message}`))
    }]
  ]
  const kills = Number(values.kills)
  for (let k = 0; k < kills; k++) { // the owner's last, when he has nothing to add or to remove
    plan.push([k === kills - 1 && k > 0 ? 0.85 : (k + 0.5) / kills * 0.75, async () => {
      const n = k === kills - 1 && k > 0 ? nodes[0] : nodes[1 + k % (nodes.length - 1)]
      away.add(n); await n.kill(); say(`${n.name} killed, with ${n.members.length} accounts`)
      await sleep(3000); await n.start(n.statics); say(`${n.name} is back`); away.delete(n)
    }])
  }
  plan.sort((a, b) => a[0] - b[0])
  let refused = 0; let why
  const posts = []
  const start = Date.now()
  for (let n = 0; Date.now() - start < seconds * 1000; n++) {
    while (plan.length > 0 && (Date.now() - start) / 1000 >= plan[0][0] * seconds) events.push(plan.shift()[1]().catch(e => { say(`failed: ${e.message}`); failed ??= e }))
    const can = [...writers].filter(m => !away.has(m.node))
    const m = can[n * 7 % can.length]; const text = `${n} of ${m.name}`; const at = Date.now()
    posts.push(m.post(`/conversations/${id}/entries`, { text }).then(() => written.push({ text, at }), e => { refused++; why = e.message }))
    await sleep(Math.max(0, start + (n + 1) * 1000 / rate - Date.now()))
  }
  await Promise.all([...events, ...posts])
  say(`${written.length} written, ${refused} refused${refused > 0 ? ` (a node was down: ${why})` : ''}`)

  // each reads everything that was written while it was a member
  const owed = m => written.filter(w => (m.since == null || w.at > m.since) && (m.until == null || w.at < m.until))
  const read = new Map()
  const missing = async m => {
    read.set(m, await m.texts(id))
    const have = new Set(read.get(m))
    m.missing = owed(m).filter(w => !have.has(w.text)).length
    return m.missing
  }
  const all = [...stayed, ...late, ...leavers, ...thrown]
  const settled = Date.now()
  let left = all
  await until(Number(values.settle) * 1000, 'all read everything', async () => {
    for (const m of left) await missing(m)
    left = left.filter(m => m.missing > 0)
    return left.length === 0
  }, pace).catch(e => { failed ??= new Error(`${e.message}; missing at ${left.map(m => `${m.name}: ${m.missing} of ${owed(m).length}`).join(', ')}`) })
  say(`read after ${((Date.now() - settled) / 1000).toFixed(1)} s more`)
  for (let i = 0; i < 10; i++) { // what came in between the readings
    const order = read.get(owner)
    const at = new Map(order.map((t, k) => [t, k]))
    const wrong = all.filter(m => {
      const t = read.get(m).filter(x => at.has(x))
      return (stayed.includes(m) && t.length !== order.length) || t.some((x, k) => k > 0 && at.get(t[k - 1]) > at.get(x))
    })
    if (wrong.length === 0) break
    if (i === 9) failed ??= new Error(`another order, or others' words, at ${wrong.map(m => m.name)}`)
    await sleep(1000)
    for (const m of new Set([owner, ...wrong])) await missing(m)
  }
  const twice = all.filter(m => new Set(read.get(m)).size !== read.get(m).length)
  if (twice.length > 0) failed ??= new Error(`something came twice to ${twice.map(m => m.name)}`)
  const afterwards = thrown.flatMap(m => { const t = new Set(read.get(m)); return written.filter(w => w.at > m.gone && t.has(w.text)).map(w => `${m.name}: ${w.text}, ${w.at - m.gone} ms`) })
  if (afterwards.length > 0) failed ??= new Error(`read after their removal was known: ${afterwards.join('; ')}`)
  console.log(`figures ${JSON.stringify({
    processes: nodes.length, members: members.length, type: values.type, founded_s: Math.round((begun - from) / 1000), seconds, rate,
    written: written.length, refused, late: late.length, left: leavers.length, removed: thrown.length, kills,
    owed: all.reduce((s, m) => s + owed(m).length, 0), read: all.reduce((s, m) => s + owed(m).length - m.missing, 0), settled_s: (Date.now() - settled) / 1000,
    cpu_s: Math.round(nodes.reduce((s, n) => s + n.cpu + n.spent(), 0)), memory_mb: Math.round(nodes.reduce((s, n) => s + n.memory(), 0) / 1e6)
  })}`)
}

try { await run() } catch (e) { failed ??= e }
for (const n of nodes) n.process?.kill('SIGKILL')
const broken = nodes.filter(n => { try { return /Sanitizer|runtime error|assert/.test(readFileSync(join(dir, `${n.name}.log`), 'utf8')) } catch { return false } })
if (broken.length > 0) failed ??= new Error(`broken: ${broken.map(n => n.name)}`)
if (failed != null) console.log(`failed: ${failed.message}`)
if (process.env.SOTTO_KEEP) console.log(dir); else rmSync(dir, { recursive: true, force: true })
process.exit(failed == null ? 0 : 1)
