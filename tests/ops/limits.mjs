// What the REST port bears: many connections, large bodies, clients that go away.
import { connect } from 'node:net'
import { readdirSync } from 'node:fs'
import { sleep } from '../lib/node.mjs'
import { check, metric, withNode } from './lib.mjs'

const CLIENTS_MAX = 512 // EVIO_HTTP_CLIENTS_MAX and its slack
const SLACK = 64

const opened = port => new Promise((resolve, reject) => {
  const s = connect(port, '127.0.0.1', () => resolve(s))
  s.once('error', reject)
  s.on('error', () => {})
})

const descriptors = node => readdirSync(`/proc/${node.pid}/fd`).length

export const restConnections = () => withNode({}, async node => {
  const before = descriptors(node)
  const sockets = []
  for (let i = 0; i < 1500; i++) {
    const s = await opened(node.restPort)
    s.write('GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ')
    sockets.push(s)
    if (i % 300 === 0) await sleep(20)
  }
  await sleep(500)
  const during = descriptors(node)
  check(during <= before + CLIENTS_MAX + SLACK, `${during - before} descriptors are taken by REST`)
  const from = performance.now()
  check((await fetch(`${node.rest}/health`)).status === 200, 'a good client is not served')
  const ms = performance.now() - from
  for (const s of sockets) s.destroy()
  for (let i = 0; descriptors(node) > before + 3; i++) { check(i < 50, `${descriptors(node) - before} descriptors are still taken`); await sleep(100) }
  return `1,500 silent ones took ${during - before} descriptors; a good one was served in ${ms.toFixed(0)} ms`
})

async function post (node, bytes, headers = {}) {
  const r = await fetch(`${node.rest}/relay/v1/auto/messages`, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: bytes })
  return r.status
}

export const restBodySizes = () => withNode({}, async node => {
  const body = n => JSON.stringify({ payload: 'A'.repeat(n), contentTopic: '/a/1/b/proto' })
  check(await post(node, body(100000)) === 200, 'a message of 75 KB is not taken')
  check(await post(node, body(400000)) === 400, 'a message over the network\'s limit is not 400')
  for (const n of [4 << 20, 6 << 20, 20 << 20]) {
    const status = await post(node, body(n))
    check(status === 413, `a body of ${n} bytes is answered ${status}, not 413`)
  }
  check((await fetch(`${node.rest}/health`)).status === 200, 'not served afterwards')
})

/** clients that leave while their answer is made: nothing of them stays */
export const restGoneClients = () => withNode({}, async node => {
  const before = descriptors(node)
  const body = JSON.stringify(['/ip4/192.0.2.1/tcp/9/p2p/16Uiu2HAmPLe7Mzm8TsYUubgCAW1aJoeFScxrLj8ppHFivPo97bUZ'])
  for (let i = 0; i < 300; i++) {
    const s = await opened(node.restPort)
    s.write(`POST /admin/v1/peers HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    if (i % 2 === 0) await sleep(2)
    s.destroy()
  }
  await sleep(500)
  check(descriptors(node) <= before + 4, `${descriptors(node) - before} descriptors are still taken`)
  check((await fetch(`${node.rest}/health`)).status === 200, 'not served afterwards')
})

export const durationsAreMeasured = () => withNode({}, async node => {
  for (let i = 0; i < 5; i++) check(await post(node, JSON.stringify({ payload: 'aGk=', contentTopic: '/a/1/b/proto' })) === 200, 'not published')
  for (let i = 0; await metric(node, 'sotto_archive_stored_total') < 5; i++) { check(i < 50, 'not stored'); await sleep(50) }
  await fetch(`${node.rest}/store/v3/messages`)
  const [inserts, seconds] = [await metric(node, 'waku_archive_insert_duration_seconds_count'), await metric(node, 'waku_archive_insert_duration_seconds_sum')]
  check(inserts >= 1 && inserts <= 5 && seconds > 0, `${inserts} commits in ${seconds} s`)
  check(await metric(node, 'waku_archive_query_duration_seconds_count') === 1, 'the query is not counted')
  check(await metric(node, 'sotto_jobs_queued{lane="store"}') === 0, 'a job is still queued')
  return `${inserts} commits took ${(seconds * 1000).toFixed(1)} ms`
})
