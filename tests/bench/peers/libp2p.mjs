#!/usr/bin/env node
// js-libp2p (TCP, Noise, yamux, gossipsub), one process a node on loopback, in a line A -> B -> C.
//   libp2p.mjs relay|connections|streams      JSON lines as tests/bench/run.mjs gathers them
import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const version = name => JSON.parse(readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url))).version
const PEER = `js-libp2p ${version('libp2p')}`
const RUNS = 3
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const now = () => performance.now() / 1e3

const order = a => [...a].sort((x, y) => x - y)
const quantile = (a, p) => order(a)[Math.min(a.length - 1, Math.floor(a.length * p))]
function emit (bench, metric, unit, values) {
  const s = order(values)
  const m = s.length >> 1
  const value = s.length % 2 ? s[m] : (s[m - 1] + s[m]) / 2
  const round = x => Number(x.toPrecision(4))
  console.log(JSON.stringify({ bench, metric, value: round(value), unit, peer: PEER, runs: s.length, min: round(s[0]), max: round(s.at(-1)) }))
}

/** a node process; p.call(order, arg) resolves to its answer */
async function start () {
  const p = fork(fileURLToPath(new URL('libp2p_node.mjs', import.meta.url)), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const waiting = new Map()
  let next = 0
  await new Promise(resolve => p.once('message', resolve))
  p.on('message', m => {
    if (m.event) return p.onGot?.(m.got)
    const [resolve, reject] = waiting.get(m.id)
    waiting.delete(m.id)
    if (m.error) reject(new Error(m.error)); else resolve(m.result)
  })
  p.call = (order, arg) => new Promise((resolve, reject) => { waiting.set(next, [resolve, reject]); p.send({ id: next++, order, arg }) })
  return p
}

async function line () {
  const [a, b, c] = [await start(), await start(), await start()]
  const middle = await b.call('address')
  for (const p of [a, b, c]) await p.call('subscribe')
  await a.call('dial', middle)
  await c.call('dial', middle)
  for (let i = 0; i < 100; i++) {
    if (await a.call('meshed') >= 1 && await b.call('meshed') >= 2 && await c.call('meshed') >= 1) return [a, b, c]
    await sleep(100)
  }
  throw new Error('no mesh after 10 s')
}

/** one round as fast as the window lets them: { perSecond, cpu } */
async function pour ([a, b, c], { size, count, window }) {
  const step = Math.max(1, window >> 3)
  for (const p of [a, b, c]) await p.call('reset', p === c ? step : 0)
  const cpu = (await b.call('stats')).cpu
  const from = now()
  const arrived = new Promise(resolve => { c.onGot = n => { a.call('credit', n); if (n >= count - count % step) resolve() } })
  await Promise.race([Promise.all([a.call('pour', { count, size, window }), arrived]), sleep(25000)])
  const took = now() - from
  await sleep(300)
  const { got } = await c.call('stats')
  if (got < count) throw new Error(`${got} of ${count} messages arrived`)
  return { perSecond: got / took, cpu: ((await b.call('stats')).cpu - cpu) / got * 1e4 }
}

async function pace ([a, b, c], { size, rate, paced }) {
  for (const p of [a, b, c]) await p.call('reset', 0)
  await a.call('pace', { count: paced, size, rate })
  await sleep(500)
  return (await c.call('stats')).latencies
}

async function relay () {
  const nodes = await line()
  const loads = [
    { label: '1KB', size: 1024, count: 5000, window: 256, rate: 100, paced: 500 },
    { label: '150KB', size: 150 * 1024, count: 200, window: 16, rate: 10, paced: 50 }
  ]
  for (const load of loads) {
    await pour(nodes, load) // the first round warms the compiler up
    const rounds = []
    for (let i = 0; i < RUNS; i++) rounds.push(await pour(nodes, load))
    emit('relay', `line3_throughput_${load.label}`, 'msg/s', rounds.map(r => r.perSecond))
    emit('relay', `line3_middle_cpu_per_10k_${load.label}`, 'cpu-s', rounds.map(r => r.cpu))
    const series = []
    for (let i = 0; i < RUNS; i++) series.push(await pace(nodes, load))
    emit('relay', `line3_latency_p50_${load.label}`, 'ms', series.map(l => quantile(l, 0.5)))
    emit('relay', `line3_latency_p99_${load.label}`, 'ms', series.map(l => quantile(l, 0.99)))
  }
  emit('relay', 'line3_middle_rss', 'MB', [(await nodes[1].call('stats')).rss])
}

async function connections () {
  const [a, b] = [await start(), await start()]
  const to = await b.call('address')
  for (const parallel of [1, 8]) {
    await a.call('connections', { to, count: 20, parallel })
    const values = []
    for (let i = 0; i < RUNS; i++) values.push(await a.call('connections', { to, count: 100, parallel }))
    emit('connections', `opened_and_closed_par${parallel}`, 'conn/s', values)
  }
}

async function streams () {
  const [a, b] = [await start(), await start()]
  const to = await b.call('address')
  for (const parallel of [1, 32]) {
    await a.call('streams', { to, count: 200, parallel })
    const values = []
    for (let i = 0; i < RUNS; i++) values.push(await a.call('streams', { to, count: 1000, parallel }))
    emit('streams', `open_echo_close_par${parallel}`, 'stream/s', values)
  }
  const values = []
  for (let i = 0; i < RUNS; i++) values.push(await a.call('sink', { to, bytes: 64 << 20 }))
  emit('streams', 'one_stream', 'MB/s', values)
}

const benches = { relay, connections, streams }
try {
  await benches[process.argv[2]]()
  process.exit(0)
} catch (e) {
  console.error(e)
  process.exit(1)
}
