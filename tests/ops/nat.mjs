// Two nodes behind two NATs (network namespaces, nftables) meet through a relay, then directly.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, openSync, closeSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EnrDecoder } from '@waku/enr'
import { createSocket } from 'node:dgram'
import { binary, sleep } from '../lib/node.mjs'
import { Skip } from '../lib/report.mjs'
import { check, withNode } from './lib.mjs'

const id = `s${process.pid % 100000}`
const ns = name => `${id}${name}`
const run = (...argv) => execFileSync(argv[0], argv.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
const inside = (name, ...argv) => run('ip', 'netns', 'exec', ns(name), ...argv)

// what a home router does: one public address, ports kept, nobody gets in who was not called
const router = `
table ip home {
  chain out { type nat hook postrouting priority srcnat; oifname "out" masquerade; }
  chain pass { type filter hook forward priority filter; policy drop; ct state established,related accept; iifname "in" accept; }
  chain self { type filter hook input priority filter; policy accept; iifname "out" drop; }
}`

/** two namespaces joined by a link: [namespace, interface, address] at each end */
function join2 ([a, ia, aa], [b, ib, ab]) {
  run('ip', 'link', 'add', ia, 'netns', ns(a), 'type', 'veth', 'peer', 'name', ib, 'netns', ns(b))
  for (const [n, i, address] of [[a, ia, aa], [b, ib, ab]]) {
    if (address != null) inside(n, 'ip', 'address', 'add', address, 'dev', i)
    inside(n, 'ip', 'link', 'set', i, 'up')
  }
}

function build () {
  try {
    for (const n of ['P', 'GA', 'GB', 'A', 'B']) { run('ip', 'netns', 'add', ns(n)); inside(n, 'ip', 'link', 'set', 'lo', 'up') }
    inside('P', 'ip', 'link', 'add', 'br0', 'type', 'bridge')
    inside('P', 'ip', 'address', 'add', '203.0.113.1/24', 'dev', 'br0')
    inside('P', 'ip', 'link', 'set', 'br0', 'up')
    for (const [g, h, i] of [['GA', 'A', 1], ['GB', 'B', 2]]) {
      join2(['P', `to${g}`], [g, 'out', `203.0.113.1${i}/24`])
      inside('P', 'ip', 'link', 'set', `to${g}`, 'master', 'br0')
      join2([g, 'in', `192.168.${i}.1/24`], [h, 'eth', `192.168.${i}.2/24`])
      inside(h, 'ip', 'route', 'add', 'default', 'via', `192.168.${i}.1`)
      inside(g, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward')
      inside(g, 'nft', router)
    }
  } catch (e) {
    throw new Skip(`no network namespaces or nftables here: ${String(e.stderr ?? e.message).trim().split('\n')[0]}`)
  }
}

function tearDown () {
  for (const n of ['P', 'GA', 'GB', 'A', 'B']) try { run('ip', 'netns', 'del', ns(n)) } catch {}
}

class Hidden {
  constructor (name, folder, ip, flags) {
    this.name = name
    this.logFile = join(folder, `${name}.log`)
    const log = openSync(this.logFile, 'a')
    this.process = spawn('ip', ['netns', 'exec', ns(name), binary, 'node', `--data-dir=${join(folder, name)}`, `--listen-address=${ip}`, '--tcp-port=60000', '--rest-admin=true', '--store=false', '--log-level=DEBUG', ...flags], { stdio: ['ignore', log, log] })
    closeSync(log)
  }

  get (path) { return inside(this.name, 'curl', '-s', '--max-time', '5', `http://127.0.0.1:8645${path}`) }
  post (path, body) { return inside(this.name, 'curl', '-s', '--max-time', '60', '-H', 'content-type: application/json', '-d', JSON.stringify(body), `http://127.0.0.1:8645${path}`) }
  addresses () { try { return JSON.parse(this.get('/debug/v1/info')).listenAddresses } catch { return [] } }
  metric (name) { return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(this.get('/metrics'))?.[1]) }
  log () { return readFileSync(this.logFile, 'utf8').split('\n').filter(l => /dcutr|circuit|swarm|nat/.test(l)).slice(-30).join('\n') }
}

async function until (fn, ms, what) {
  for (const end = Date.now() + ms; ;) {
    const got = fn()
    if (got) return got
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`)
    await sleep(200)
  }
}

export async function nat () {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-nat-'))
  const nodes = []
  const start = (...args) => { const n = new Hidden(...args); nodes.push(n); return n }
  try {
    build()
    const relay = start('P', folder, '203.0.113.1', ['--nat=none'])
    const at = (await until(() => relay.addresses().find(a => a.startsWith('/ip4/203.0.113.1/')), 15000, 'the relay'))
    const behind = ['--nat=none', '--relay-client=true', `--staticnode=${at}`]
    const a = start('A', folder, '192.168.1.2', behind)
    const b = start('B', folder, '192.168.2.2', behind)
    const place = await until(() => a.addresses().find(x => x.includes('/p2p-circuit')), 15000, 'a place at the relay')
    await until(() => b.addresses().find(x => x.includes('/p2p-circuit')), 15000, 'a place at the relay')
    b.post('/admin/v1/peers', [place])
    const from = Date.now()
    const direct = await until(() => a.metric('sotto_dcutr_direct_total') === 1 && b.metric('sotto_dcutr_direct_total') === 1, 30000, 'a direct connection').catch(e => { throw new Error(`${e.message}\nA:\n${a.log()}\nB:\n${b.log()}`) })
    check(direct, 'no direct connection')
    const ms = Date.now() - from
    await until(() => relay.metric('libp2p_relay_circuits_active') === 0, 15000, 'the end of the circuit')
    const peers = JSON.parse(b.get('/admin/v1/peers/connected')).map(p => p.multiaddr)
    check(peers.some(m => m.startsWith('/ip4/203.0.113.11/tcp/60000/') && !m.includes('p2p-circuit')), `B knows A at ${peers.join(' ')}`)
    return `direct after ${ms} ms`
  } finally {
    for (const n of nodes) n.process.kill('SIGTERM')
    await sleep(500)
    for (const n of nodes) n.process.kill('SIGKILL')
    tearDown()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A NAT-PMP gateway (RFC 6886) on loopback that gives other ports than it is asked for. */
async function gateway (asked) {
  const socket = createSocket('udp4')
  socket.on('message', (m, from) => {
    const answer = Buffer.alloc(m[1] === 0 ? 12 : 16)
    answer[1] = m[1] | 128
    if (m[1] === 0) {
      Buffer.from([11, 22, 33, 44]).copy(answer, 8)
    } else {
      const lease = m.readUInt32BE(8)
      asked.push({ udp: m[1] === 1, internal: m.readUInt16BE(4), lease })
      m.copy(answer, 8, 4, 6)
      answer.writeUInt16BE(lease === 0 ? 0 : 61234, 10)
      answer.writeUInt32BE(lease === 0 ? 0 : 120, 12)
    }
    socket.send(answer, from.port, from.address)
  })
  await new Promise((resolve, reject) => { socket.once('error', e => reject(new Skip(`no gateway on port 5351: ${e.code}`))); socket.bind(5351, '127.0.0.1', resolve) })
  return socket
}

export async function mappedPort () {
  const asked = []
  const socket = await gateway(asked)
  try {
    await withNode({ flags: ['--nat=pmp:127.0.0.1', '--discv5-discovery=true', '--discv5-udp-port=0'] }, async node => {
      const addresses = async () => (await (await fetch(`${node.rest}/debug/v1/info`)).json()).listenAddresses
      const end = Date.now() + 10000
      while (!(await addresses()).some(a => a.startsWith('/ip4/11.22.33.44/tcp/61234/p2p/'))) {
        check(Date.now() < end, `announced: ${(await addresses()).join(' ')}`)
        await sleep(100)
      }
      check(asked.some(q => !q.udp && q.internal === node.tcp && q.lease === 3600), `asked: ${JSON.stringify(asked)}`)
      const udp = async () => (await EnrDecoder.fromString((await (await fetch(`${node.rest}/debug/v1/info`)).json()).enrUri)).udp
      while (await udp() !== 61234) {
        check(Date.now() < end, `the record says UDP ${await udp()}`)
        await sleep(100)
      }
    })
    check(asked.at(-1).lease === 0, `not taken back: ${JSON.stringify(asked)}`)
    return `${asked.length} requests, the last one takes it back`
  } finally { socket.close() }
}
