// Finding nodes: discv5 from one bootstrap record, records of js-waku, signed lists in DNS.
import { secp256k1 } from '@noble/curves/secp256k1'
import { keccak_256 } from '@noble/hashes/sha3'
import { EnrDecoder, EnrCreator } from '@waku/enr'
import { multiaddr } from '@multiformats/multiaddr'
import { enrText, makeEnr } from '../interop/lib/enr.mjs'
import { SottoNode, sleep } from '../lib/node.mjs'
import { startDns } from './dns.mjs'
import { check, inFolder, metric, sotto } from './lib.mjs'

const DISCV5 = ['--discv5-discovery=true', '--discv5-udp-port=0', '--discv5-table-ip-limit=0', '--discv5-bucket-ip-limit=0']
const NODES = 10

const recordOf = async node => (await (await fetch(`${node.rest}/debug/v1/info`)).json()).enrUri

async function within (ms, what, done) {
  const end = Date.now() + ms
  for (;;) {
    const left = await done()
    if (left === 0) return ms - (end - Date.now())
    check(Date.now() < end, `${what} after ${ms} ms: ${left} missing`)
    await sleep(200)
  }
}

/** lines of the log that tell of a candidate: source and peer id */
const candidates = node => [...node.log(1e6).matchAll(/candidate source=(\d) peer=(\w+)/g)].map(m => ({ source: Number(m[1]), peer: m[2] }))

async function withNodes (count, flagsOf, fn) {
  const nodes = []
  try {
    for (let i = 0; i < count; i++) nodes.push(await SottoNode.start({ flags: await flagsOf(i, nodes) }))
    return await fn(nodes)
  } finally { await Promise.all(nodes.map(n => n.stop())) }
}

// Ten nodes that know the record of one find each other.
export const discv5TenNodes = () => withNodes(NODES,
  async (i, nodes) => [...DISCV5, '--log-level=DEBUG', ...i === 0 ? [] : [`--discv5-bootstrap-node=${await recordOf(nodes[0])}`]],
  async nodes => {
    const ms = await within(30000, 'not all found all', async () => {
      let left = 0
      for (const n of nodes) {
        const found = new Set(candidates(n).filter(c => c.source === 1).map(c => c.peer))
        left += nodes.filter(other => other !== n && !found.has(other.peerId)).length
      }
      return left
    })
    for (const n of nodes) check(await metric(n, 'sotto_discv5_answers_bad_total') < 20, 'answers went wrong')
    return `${NODES * (NODES - 1)} of ${NODES * (NODES - 1)} found ${ms} ms after the last one was up`
  })

// The record follows the subscriptions, and its number grows.
export const recordFollowsShards = () => withNodes(1, () => ['--shard=1', '--log-level=DEBUG'], async ([node]) => {
  const before = await EnrDecoder.fromString(await recordOf(node))
  check(before.shardInfo.shards.join() === '1' && before.shardInfo.clusterId === 66, `shards ${JSON.stringify(before.shardInfo)}`)
  const r = await fetch(`${node.rest}/relay/v1/subscriptions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(['/waku/2/rs/66/2000', '/waku/2/rs/66/5']) })
  check(r.ok, `subscribe: ${r.status}`) // no record can name 2000: it is relayed all the same
  await sleep(100)
  const after = await EnrDecoder.fromString(await recordOf(node))
  check(after.shardInfo.shards.join() === '1,5', `shards ${JSON.stringify(after.shardInfo)}`)
  check(after.seq > before.seq, `seq ${before.seq}, then ${after.seq}`)
  check(after.peerId.toString() === node.peerId && after.waku2.relay && after.waku2.store, 'peer id or capabilities')
  check(after.tcp === node.tcp && after.ip === '127.0.0.1', `endpoint ${after.ip} ${after.tcp}`)
})

// What @waku/enr writes is read here.
export const recordsOfJsWaku = () => inFolder(async () => {
  const privateKey = secp256k1.utils.randomPrivateKey()
  const theirs = await EnrCreator.fromPublicKey(secp256k1.getPublicKey(privateKey, true))
  theirs.ip = '127.0.0.1'
  theirs.tcp = 80 // js-waku writes it in two bytes
  theirs.udp = 9
  theirs.waku2 = { relay: true, store: false, filter: false, lightPush: true, sync: false }
  theirs.multiaddrs = [multiaddr('/dns4/a.example/tcp/443/wss')]
  theirs.set('rs', Buffer.from([0, 66, 2, 0, 1, 0, 7]))
  const { EnrEncoder } = await import('../node_modules/@waku/enr/dist/encoder.js') // not in its index
  const text = await EnrEncoder.toString(theirs, privateKey)
  const small = enrText(makeEnr({ privateKey: secp256k1.utils.randomPrivateKey(), tcp: 9, cluster: 66, shards: [0] }))
  const broken = enrText(makeEnr({ privateKey: secp256k1.utils.randomPrivateKey(), tcp: 9, cluster: 66, shards: [0], breakSignature: true }))
  const node = await SottoNode.start({ flags: [`--entry-node=${text}`, `--entry-node=${small}`, '--log-level=DEBUG'] })
  try {
    const found = candidates(node).filter(c => c.source === 0).map(c => c.peer)
    check(found.includes(theirs.peerId.toString()), `${theirs.peerId} is not among ${found}`)
    check(found.length === 2, `${found.length} records taken`)
  } finally { await node.stop() }
  const r = await sotto(['node', `--discv5-bootstrap-node=${broken}`, '--discv5-discovery=true', '--data-dir=/nowhere'])
  check(r.code !== 0, 'a forged record was taken')
  return text
})

// ---- lists in DNS ----

function base32 (bytes) {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  let bits = '', text = ''
  for (const b of bytes) bits += b.toString(2).padStart(8, '0')
  for (let i = 0; i < bits.length; i += 5) text += digits[parseInt(bits.slice(i, i + 5).padEnd(5, '0'), 2)]
  return text
}

/** a signed list as table for startDns; links: URLs */
function tree (domain, key, records, links = [], seq = 1) {
  const table = {}
  const put = text => {
    const hash = base32(keccak_256(text).subarray(0, 16))
    table[`${hash}.${domain}`.toLowerCase()] = { TXT: [text] }
    return hash
  }
  const branch = texts => put('enrtree-branch:' + texts.map(put).join(','))
  const branches = []
  for (let i = 0; i < records.length; i += 10) branches.push('enrtree-branch:' + records.slice(i, i + 10).map(put).join(','))
  const content = `enrtree-root:v1 e=${branch(branches)} l=${branch(links)} seq=${seq}`
  const sig = secp256k1.sign(keccak_256(content), key).toCompactRawBytes()
  table[domain] = { TXT: ['v=spf1 -all', `${content} sig=${Buffer.concat([sig, Buffer.from([0])]).toString('base64url')}`] }
  return { table, url: `enrtree://${base32(secp256k1.getPublicKey(key, true))}@${domain}` }
}

const records = n => Array.from({ length: n }, () => enrText(makeEnr({ privateKey: secp256k1.utils.randomPrivateKey(), tcp: 9, cluster: 66, shards: [0] })))
const peerIds = texts => Promise.all(texts.map(async t => (await EnrDecoder.fromString(t)).peerId.toString()))

export const dnsList = async () => {
  const a = records(25), b = records(3)
  const other = tree('more.test', secp256k1.utils.randomPrivateKey(), b)
  const list = tree('nodes.test', secp256k1.utils.randomPrivateKey(), a, [other.url])
  const dns = await startDns({ ...list.table, ...other.table })
  const flags = [`--dns-discovery=true`, `--dns-discovery-url=${list.url}`, `--dns-discovery-name-server=${dns.server}`, '--log-level=DEBUG']
  const node = await SottoNode.start({ flags })
  try {
    const wanted = await peerIds([...a, ...b])
    const ms = await within(15000, 'the list was not read', () => {
      const found = new Set(candidates(node).filter(c => c.source === 2).map(c => c.peer))
      return wanted.filter(p => !found.has(p)).length
    })
    check(await metric(node, 'sotto_dns_discovery_forged_total') === 0, 'something was forged')
    return `${wanted.length} records of two lists in ${ms} ms, ${dns.asked.length} questions`
  } finally { await node.stop(); dns.close() }
}

// A name server that lies: another signer, an exchanged entry.
export const dnsForged = async () => {
  const key = secp256k1.utils.randomPrivateKey()
  const mine = tree('nodes.test', key, records(3))
  const theirs = tree('nodes.test', secp256k1.utils.randomPrivateKey(), records(3))
  const exchanged = tree('other.test', key, records(1))
  const leaf = Object.keys(exchanged.table).find(n => exchanged.table[n].TXT[0].startsWith('enr:'))
  exchanged.table[leaf] = { TXT: records(1) }
  const dns = await startDns({ ...theirs.table, ...exchanged.table })
  const node = await SottoNode.start({ flags: [`--entry-node=${mine.url}`, `--entry-node=${exchanged.url}`, `--dns-addrs-name-server=${dns.server}`, '--log-level=DEBUG'] })
  try {
    await within(10000, 'not noticed', async () => 2 - Math.min(2, await metric(node, 'sotto_dns_discovery_forged_total')))
    check(candidates(node).length === 0, 'a forged record was taken')
  } finally { await node.stop(); dns.close() }
}
