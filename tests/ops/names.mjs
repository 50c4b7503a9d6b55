// Multiaddrs with names, through a name server of our own.
import { SottoNode } from '../lib/node.mjs'
import { startDns } from './dns.mjs'
import { check, sotto, withNode } from './lib.mjs'

async function probed (node, dns, address) {
  const r = await sotto(['probe', address, `--dns-addrs-name-server=${dns.server}`])
  check(r.code === 0, `probe ${address}: ${r.code} ${r.err}`)
  check(r.out.includes(node.peerId), `probe ${address} does not name the peer`)
}

const id = node => `/p2p/${node.peerId}`

export const dnsMultiaddrs = () => withNode({ flags: ['--listen-address=::1'] }, async node => {
  const other = '16Uiu2HAmPLe7Mzm8TsYUubgCAW1aJoeFScxrLj8ppHFivPo97bUZ'
  const dns = await startDns({
    'four.test': { A: ['127.0.0.1'] },
    'six.test': { AAAA: ['::1'] },
    'both.test': { A: ['127.0.0.1'], AAAA: ['::1'] },
    '_dnsaddr.boot.test': { TXT: ['something else', `dnsaddr=/ip4/127.0.0.9/tcp/1/p2p/${other}`, `dnsaddr=/dnsaddr/deeper.test${id(node)}`] },
    '_dnsaddr.deeper.test': { TXT: [`dnsaddr=/dns4/four.test/tcp/${node.tcp}${id(node)}`] }
  })
  try {
    const tcp = `/tcp/${node.tcp}${id(node)}`
    for (const a of [`/dns4/four.test${tcp}`, `/dns6/six.test${tcp}`, `/dns/both.test${tcp}`, `/dnsaddr/boot.test${id(node)}`]) await probed(node, dns, a)
    const none = await sotto(['probe', `/dns4/nobody.test${tcp}`, `--dns-addrs-name-server=${dns.server}`])
    check(none.code === 1 && /nobody\.test|not found|no such/i.test(none.err), `a name that is not there: ${none.code} ${none.err}`)
    return `${dns.asked.length} questions`
  } finally { dns.close() }
})

export const dnsStaticNode = () => withNode({}, async node => {
  const dns = await startDns({ 'peer.test': { A: ['127.0.0.1'] } })
  const second = await SottoNode.start({ flags: [`--staticnode=/dns4/peer.test/tcp/${node.tcp}${id(node)}`, `--dns-addrs-name-server=${dns.server}`] })
  try {
    for (let i = 0; i < 50; i++) {
      const peers = await (await fetch(`${second.rest}/admin/v1/peers/connected`)).json()
      if (peers.some(p => p.multiaddr.includes(node.peerId))) return
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    throw new Error('the static node was not reached by its name')
  } finally { await second.stop(); dns.close() }
})

export const badNameServers = async () => {
  for (const bad of ['dns.example', '1.2.3', '1.2.3.4:0', '1.2.3.4:70000', '::1]:53', '[1.2.3.4]:53']) {
    const r = await sotto(['node', `--dns-addrs-name-server=${bad}`])
    check(r.code === 2 && r.err.includes('--dns-addrs-name-server'), `${bad}: ${r.code} ${r.err}`)
  }
}
