// Nodes that find each other, by every way that needs no list of all of them.
import { found } from '../lib/found.mjs'
import { SottoNode, sleep } from '../lib/node.mjs'
import { check, inFolder, metric } from './lib.mjs'

const TOPIC = '/found/1/each-other/proto'

const call = (node, method, path, body) => fetch(node.rest + path, {
  method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body)
})

const connected = async node => (await (await call(node, 'GET', '/admin/v1/peers/connected')).json()).map(p => p.multiaddr.split('/').pop())

async function until (what, ms, done) {
  const began = Date.now()
  while (!await done()) {
    if (Date.now() - began > ms) throw new Error(`after ${ms} ms: ${typeof what === 'function' ? what() : what}`)
    await sleep(100)
  }
  return Date.now() - began
}

export const tenNodesFindEachOther = async () => {
  const group = await found(10)
  try {
    for (const n of group.nodes) await call(n, 'POST', '/relay/v1/auto/subscriptions', [TOPIC])
    await sleep(2000) // meshes are made at heartbeats
    const got = group.nodes.map(() => new Set())
    for (const [i, n] of group.nodes.entries()) {
      const r = await call(n, 'POST', '/relay/v1/auto/messages', { payload: btoa(`of ${i}`), contentTopic: TOPIC })
      check(r.status === 200, `publishing at node ${i}: ${r.status}`)
    }
    const relayed = await until(() => `not all have all ten messages: ${got.map(s => s.size).join(' ')}`, 10000, async () => {
      for (const [i, n] of group.nodes.entries()) {
        const list = await (await call(n, 'GET', `/relay/v1/auto/messages/${encodeURIComponent(TOPIC)}`)).json()
        for (const m of list) got[i].add(atob(m.payload))
      }
      return got.every(s => s.size === 10)
    })
    return `all connected with all after ${group.ms} ms; ten messages everywhere ${relayed} ms later`
  } finally { await group.stop() }
}

export const peerExchangeIsEnough = async () => {
  const group = await found(5)
  let late
  try {
    late = await SottoNode.start({ flags: [`--peer-exchange-node=${group.nodes[0].addr}`, '--store=false'] })
    const ms = await until('not all were told by peer exchange', 30000, async () => (await connected(late)).length === 5)
    check(await metric(late, 'waku_px_peers_received_total') >= 4, 'no records were received')
    return `five peers after ${ms} ms, one of them known`
  } finally { await Promise.all([group.stop(), late?.stop()]) }
}

export const meetingPointsAreEnough = async () => {
  const nodes = []
  try {
    nodes.push(await SottoNode.start({ flags: ['--peer-exchange=false', '--store=false'] }))
    for (let i = 0; i < 3; i++) nodes.push(await SottoNode.start({ flags: ['--peer-exchange=false', '--store=false', `--staticnode=${nodes[0].addr}`] }))
    const ms = await until('not all met', 30000, async () => (await Promise.all(nodes.map(connected))).every(p => p.length === 3))
    return `four nodes that know one are connected with all after ${ms} ms`
  } finally { await Promise.all(nodes.map(n => n.stop())) }
}

export const peersAreRememberedOverARestart = () => inFolder(async dataDir => {
  const other = await SottoNode.start({ flags: ['--store=false'] })
  let node
  try {
    node = await SottoNode.start({ dataDir, flags: ['--store=false', `--staticnode=${other.addr}`] })
    await until('the static peer is not there', 10000, async () => (await connected(node)).includes(other.peerId))
    await node.stop()
    node = await SottoNode.start({ dataDir, flags: ['--store=false'] })
    const ms = await until('the peer was forgotten', 10000, async () => (await connected(node)).includes(other.peerId))
    await node.stop()
    node = await SottoNode.start({ dataDir, flags: ['--store=false', '--peer-persistence=false'] })
    await sleep(2000)
    check((await connected(node)).length === 0, 'it was remembered although it should not')
    return `connected again after ${ms} ms`
  } finally { await Promise.all([other.stop(), node?.stop()]) }
})

// Three nodes that know nothing but the network they are on; a fourth did not ask for it.
export const neighboursFindEachOther = async () => {
  const flags = ['--mdns=true', '--store=false']
  const nodes = []
  try {
    for (let i = 0; i < 3; i++) nodes.push(await SottoNode.start({ flags }))
    nodes.push(await SottoNode.start({ flags: ['--store=false'] }))
    const ms = await until('not all found all', 15000, async () => (await Promise.all(nodes.slice(0, 3).map(connected))).every(p => p.length === 2))
    check((await connected(nodes[3])).length === 0, 'who did not ask was found')
    return `three nodes are connected after ${ms} ms`
  } finally { await Promise.all(nodes.map(n => n.stop())) }
}
