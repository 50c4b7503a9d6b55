// The stem among real nodes: pushes are answered in time and arrive everywhere, own messages are there at once,
// and a node without relay publishes through another one.
import { SottoNode, sleep } from '../lib/node.mjs'
import { check, metric } from './lib.mjs'

const TOPIC = '/waku/2/rs/66/3'
const NODES = 5
const ANSWER_MS = 3500 // the stem's own time-out is 3 s

const post = (node, path, body) => fetch(node.rest + path, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body)
})

async function until (what, ms, test) {
  for (const end = Date.now() + ms; ; await sleep(50)) {
    if (await test()) return
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`)
  }
}

async function stored (node, payload) {
  const { messages } = await (await fetch(`${node.rest}/store/v3/messages?includeData=true&ascending=false&pageSize=100`)).json()
  return messages.some(m => m.message.payload === payload)
}

async function push (node, text) {
  const payload = Buffer.from(text).toString('base64')
  const begin = Date.now()
  const answer = await post(node, '/lightpush/v3/message', { pubsubTopic: TOPIC, message: { payload, contentTopic: '/try/1/stem/proto' } })
  const { relayPeerCount, statusDesc } = await answer.json()
  if (answer.status !== 200 || !(relayPeerCount >= 1)) throw new Error(`${text}: ${answer.status} ${statusDesc ?? relayPeerCount}`)
  const ms = Date.now() - begin
  if (ms > ANSWER_MS) throw new Error(`${text}: answered after ${ms} ms`)
  return { payload, ms }
}

async function network () {
  const nodes = []
  for (let i = 0; i < NODES; i++) nodes.push(await SottoNode.start({ flags: nodes.map(n => `--staticnode=${n.addr}`) }))
  const light = await SottoNode.start({ flags: ['--relay=false', '--store=false', `--lightpushnode=${nodes[0].addr}`] })
  for (const node of nodes) {
    await until('all peers in the mesh', 10000, async () => {
      const { peers } = await (await fetch(`${node.rest}/admin/v1/peers/mesh/on/3`)).json()
      const known = await (await fetch(`${node.rest}/admin/v1/peers/connected`)).json()
      return peers.length >= NODES - 1 && known.filter(p => p.protocols?.includes('/vac/waku/lightpush/3.0.0')).length >= NODES - 1
    })
  }
  await until('the light node knows its service node', 10000, async () =>
    (await (await fetch(`${light.rest}/admin/v1/peers/connected`)).json()).some(p => p.protocols?.includes('/vac/waku/lightpush/3.0.0')))
  return { nodes, light }
}

export async function stem () {
  const { nodes, light } = await network()
  try {
    const times = []
    for (let i = 0; i < 20; i++) {
      const { payload, ms } = await push(nodes[0], `own ${i}`)
      times.push(ms)
      await until(`own ${i} in the author's archive`, 500, () => stored(nodes[0], payload))
      for (const node of nodes) await until(`own ${i} at another node`, 6000, () => stored(node, payload))
    }
    for (let i = 0; i < 5; i++) {
      const { payload } = await push(light, `light ${i}`)
      for (const node of nodes) await until(`light ${i} at a node`, 6000, () => stored(node, payload))
    }
    check(await metric(nodes[0], 'sotto_stem_own_total') === 20, 'not all own messages took the stem')
    check(await metric(nodes[0], 'sotto_stem_failsafe_total') === 0, 'the fail-safe was needed')
    return `20 own and 5 light pushes, answered in ${Math.min(...times)} to ${Math.max(...times)} ms`
  } finally {
    for (const node of [...nodes, light]) await node.stop()
  }
}
