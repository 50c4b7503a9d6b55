#!/usr/bin/env node
// sotto in a line of three processes on loopback: `sotto load send`, a node, `sotto load receive`.
//   line.mjs relay|overload      JSON lines as run.mjs gathers them
import { SottoNode, sleep } from '../lib/node.mjs'
import { line, load } from '../lib/load.mjs'

const RUNS = 3
const SENDERS = 4
const OVERLOAD_S = 30
const LOADS = [
  { label: '1KB', bytes: 1024, count: 200000, rate: 100, paced: 500 },
  { label: '150KB', bytes: 150000, count: 3000, rate: 10, paced: 50 }
]

const round = x => Number(x.toPrecision(4))
function emit (bench, metric, unit, values) {
  const s = [...values].sort((a, b) => a - b)
  console.log(JSON.stringify({ bench, metric, value: round(s[s.length >> 1]), unit, peer: 'sotto', runs: s.length, min: round(s[0]), max: round(s.at(-1)) }))
}

/** a fresh middle node for each round: figures of one do not lean on another's caches */
async function rounds (options) {
  const out = []
  for (let i = 0; i < RUNS; i++) {
    const node = await SottoNode.start({ flags: ['--store=false'] })
    try {
      const r = await line({ first: node, watch: [node], ...options })
      if (!r.sent.ok || !r.received.ok) throw new Error(`lost: ${JSON.stringify(r)}`)
      out.push({ ...r, anon: node.memory() / 1e6, rss: node.memory('VmRSS') / 1e6 })
    } finally { await node.kill() }
  }
  return out
}

async function relay () {
  for (const { label, bytes, count, rate, paced } of LOADS) {
    const full = await rounds({ bytes, count })
    emit('relay', `line3_throughput_${label}`, 'msg/s', full.map(r => r.received.per_second))
    emit('relay', `line3_middle_cpu_per_10k_${label}`, 'cpu-s', full.map(r => r.cpu[0] / count * 1e4))
    emit('relay', `line3_middle_rss_${label}`, 'MB', full.map(r => r.rss))
    emit('relay', `line3_middle_rss_anon_${label}`, 'MB', full.map(r => r.anon))
    const slow = await rounds({ bytes, count: paced, rate })
    emit('relay', `line3_latency_p50_${label}`, 'ms', slow.map(r => r.received.p50_us / 1e3))
    emit('relay', `line3_latency_p99_${label}`, 'ms', slow.map(r => r.received.p99_us / 1e3))
  }
}

/**
 * What arrives a second from four senders, who are relays as well: a message goes to the receiver and to the three
 * others. `rate`: they offer so much together, open loop; without it as much as they are let.
 */
async function carried (rate) {
  const node = await SottoNode.start({ flags: ['--store=false'] })
  try {
    const receiver = load('receive', node.addr, { count: 100000000, seconds: OVERLOAD_S })
    await sleep(1500)
    const share = rate == null ? undefined : Math.round(rate / SENDERS)
    const count = share == null ? 100000000 : share * (OVERLOAD_S + 5)
    const senders = Array.from({ length: SENDERS }, () => load('send', node.addr, { count, rate: share }))
    const { messages, twice } = await receiver.result // the senders use the same numbers: "twice" are arrivals too
    for (const s of senders) s.process.kill('SIGTERM')
    await Promise.allSettled(senders.map(s => s.result))
    return (messages + twice) / OVERLOAD_S
  } finally { await node.kill() }
}

async function overload () {
  const sustained = []
  for (let i = 0; i < RUNS; i++) sustained.push(await carried())
  const median = [...sustained].sort((a, b) => a - b)[RUNS >> 1]
  const under = []
  for (let i = 0; i < RUNS; i++) under.push(await carried(2 * median))
  emit('overload', 'carried_of_4_as_they_are_let', 'msg/s', sustained)
  emit('overload', 'carried_of_4_when_offered_twice_that', 'msg/s', under)
}

const benches = { relay, overload }
try { await benches[process.argv[2]](); process.exit(0) } catch (e) { console.error(e); process.exit(1) }
