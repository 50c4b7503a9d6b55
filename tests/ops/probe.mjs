// sotto probe, at peers of several kinds; its exit status is for scripts.
import { createServer } from 'node:net'
import { makePeer } from '../interop/lib/net.mjs'
import { check, sotto, withNode } from './lib.mjs'

const ID = '16Uiu2HAmPLe7Mzm8TsYUubgCAW1aJoeFScxrLj8ppHFivPo97bUZ'

export const probeNode = () => withNode({}, async node => {
  const r = await sotto(['probe', node.addr])
  check(r.code === 0, `${r.code} ${r.err}`)
  for (const says of [node.peerId, '/vac/waku/store-query/3.0.0', 'cluster    66', 'shards     0 1 2 3 4 5 6 7', 'ping  ']) check(r.out.includes(says), `no ${says} in ${r.out}`)
  const other = await sotto(['probe', node.addr, '--cluster-id=16'])
  check(other.code === 3 && other.out.includes('cluster    66') && /another cluster/.test(other.err), `another cluster: ${other.code} ${other.out}${other.err}`)
  const wrong = await sotto(['probe', node.addr.replace(node.peerId, ID)])
  check(wrong.code === 1 && /not the peer of that id/.test(wrong.err), `another id: ${wrong.code} ${wrong.err}`)
})

export const probeJs = async () => {
  const endings = []
  const ctx = { args: { cluster: 66 }, defer: fn => endings.push(fn) }
  try {
    for (const metadata of [false, true]) {
      for (const muxer of ['yamux', 'mplex']) {
        const peer = await makePeer(ctx, { listen: ['/ip4/127.0.0.1/tcp/0'], metadata, muxer, agent: 'js-probed' })
        const r = await sotto(['probe', peer.getMultiaddrs()[0].toString()])
        check(r.code === 0 && r.out.includes('js-probed') && r.out.includes('/ipfs/ping/1.0.0') && r.out.includes('ping  '), `${muxer}: ${r.code} ${r.out}${r.err}`)
        check(r.out.includes(metadata ? 'cluster    66' : 'metadata   none'), r.out)
      }
    }
  } finally { for (const end of endings) await end() }
}

export const probeNobody = async () => {
  const silent = createServer(s => { s.on('error', () => {}) })
  await new Promise(resolve => silent.listen(0, '127.0.0.1', resolve))
  const port = silent.address().port
  try {
    const from = Date.now()
    const r = await sotto(['probe', `/ip4/127.0.0.1/tcp/${port}/p2p/${ID}`], { ms: 40000 })
    check(r.code === 1 && /connect/.test(r.err), `a silent port: ${r.code} ${r.err}`)
    check(Date.now() - from < 20000, 'a silent port took over 20 s')
  } finally { silent.close() }
  const refused = await sotto(['probe', `/ip4/127.0.0.1/tcp/1/p2p/${ID}`])
  check(refused.code === 1 && /refused/.test(refused.err), `a closed port: ${refused.code} ${refused.err}`)
  for (const args of [[], ['nonsense'], ['/ip4/127.0.0.1/tcp/1']]) check((await sotto(['probe', ...args])).code === 2, `probe ${args}: not 2`)
}
