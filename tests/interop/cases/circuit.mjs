#!/usr/bin/env node
// Circuit relay v2 and AutoNAT against js-libp2p.
import { circuitRelayTransport, circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { Message } from '../../node_modules/@libp2p/autonat/dist/src/pb/index.js'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import * as lp from 'it-length-prefixed'
import { SottoNode } from '../../lib/node.mjs'
import { runCase, check, within, until } from '../lib/case.mjs'
import { makePeer, connect } from '../lib/net.mjs'

const transports = { transports: [tcp(), circuitRelayTransport()] }

/** one question and its answer on a fresh stream */
async function exchange (conn, protocol, bytes) {
  const stream = await conn.newStream(protocol)
  const answer = (async () => { for await (const m of lp.decode(stream.source)) return m.subarray() })()
  await stream.sink(lp.encode([bytes]))
  return within(answer, 20000, `an answer on ${protocol}`)
}

async function autonat (ctx) {
  const node = await makePeer(ctx, { listen: ['/ip4/127.0.0.1/tcp/0'] })
  const conn = await connect(ctx, node)
  const dial = Message.encode({
    type: Message.MessageType.DIAL,
    dial: { peer: { id: node.peerId.toMultihash().bytes, addrs: node.getMultiaddrs().map(m => m.decapsulateCode(421).bytes) } }
  })
  const { dialResponse } = Message.decode(await exchange(conn, '/libp2p/autonat/1.0.0', dial))
  check(dialResponse.status === Message.ResponseStatus.E_DIAL_REFUSED, `loopback is not dialed for anybody: ${dialResponse.status}`)
}

runCase('circuit', { timeout: 60000, about: 'js peers meet through the node; the node is met through a js relay' }, async ctx => {
  await autonat(ctx)

  // two js peers, the node between them
  const hidden = await makePeer(ctx, { ...transports, listen: [`${ctx.args.addr}/p2p-circuit`] })
  await until(() => hidden.getMultiaddrs().some(m => m.toString().includes('/p2p-circuit')), 10000, 'a reservation with the node')
  const caller = await makePeer(ctx, transports)
  const conn = await connect(ctx, caller, `${ctx.args.addr}/p2p-circuit/p2p/${hidden.peerId}`)
  check(conn.limits.bytes > 100000n && conn.limits.bytes <= 131072n && conn.limits.seconds <= 120, `limits of the circuit: ${conn.limits.bytes} bytes, ${conn.limits.seconds} s`)
  const stream = await conn.newStream('/ipfs/ping/1.0.0', { runOnLimitedConnection: true }).catch(e => e)
  check(conn.remotePeer.equals(hidden.peerId) && conn.status === 'open', `the circuit leads to the hidden peer (${stream?.message ?? 'ping stream open'})`)
  await conn.close()

  // a js relay, our node behind it
  const relay = await makePeer(ctx, { listen: ['/ip4/127.0.0.1/tcp/0'], services: { relay: circuitRelayServer() } })
  const ours = await SottoNode.start({ flags: ['--relay-client=true', '--private-addresses=true', `--staticnode=${relay.getMultiaddrs()[0]}`] })
  ctx.defer(() => ours.stop())
  const info = async () => (await (await fetch(`${ours.rest}/debug/v1/info`)).json()).listenAddresses
  await until(async () => (await info()).some(a => a.includes('/p2p-circuit')), 15000, 'our node to announce its place at the js relay')
  const through = (await info()).find(a => a.includes('/p2p-circuit'))
  check(through.startsWith(`${relay.getMultiaddrs()[0]}/p2p-circuit/p2p/`), `announced as ${through}`)
  const far = await connect(ctx, caller, through)
  check(far.remotePeer.toString() === ours.peerId, 'reached our node through the js relay')
  await until(async () => (await caller.peerStore.get(far.remotePeer)).protocols.length > 0, 8000, 'identify over the circuit')

  // and our node dials a js peer through the js relay
  const other = await makePeer(ctx, { ...transports, listen: [`${relay.getMultiaddrs()[0]}/p2p-circuit`] })
  await until(() => other.getMultiaddrs().length > 0, 10000, 'a reservation with the js relay')
  const answer = await fetch(`${ours.rest}/admin/v1/peers`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify([`${relay.getMultiaddrs()[0]}/p2p-circuit/p2p/${other.peerId}`]) })
  check(answer.status === 200, `our node reached a js peer through the js relay: ${answer.status}`)
  await until(() => other.getConnections().some(c => c.remotePeer.toString() === ours.peerId), 5000, 'the js peer to see our node')
  return `announced ${through}`
})
