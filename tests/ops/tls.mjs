// Secure WebSockets as an operator has them: certificates that are renewed, mistakes, who trusts whom.
import { readFileSync, writeFileSync, copyFileSync, renameSync } from 'node:fs'
import { connect } from 'node:tls'
import { join } from 'node:path'
import { SottoNode, sleep } from '../lib/node.mjs'
import { makeCa } from '../lib/certs.mjs'
import { check, inFolder, sotto } from './lib.mjs'

const flags = (key, cert) => ['--websocket-secure-support=true', '--websocket-port=0',
  `--websocket-secure-key-path=${key}`, `--websocket-secure-cert-path=${cert}`]

/** a TLS handshake: serial number of the certificate, or the error's code */
function handshake (port, options = {}) {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ...options })
    socket.once('secureConnect', () => { resolve({ serial: socket.getPeerCertificate().serialNumber, protocol: socket.getProtocol(), socket }); if (!options.keep) socket.destroy() })
    socket.once('error', e => resolve({ error: e.code ?? e.message }))
  })
}

const portOf = node => Number(/\/tcp\/(\d+)\/wss/.exec(node.ws)[1])

async function until (fn, ms, what) {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) if (await fn()) return
  throw new Error(`timed out: ${what}`)
}

export const certificateRenewed = () => inFolder(async folder => {
  const ca = makeCa(folder)
  const live = ca.issue('live', { names: ['localhost'], ips: ['127.0.0.1'] })
  const next = ca.issue('next', { names: ['localhost'], ips: ['127.0.0.1'] })
  const node = await SottoNode.start({ flags: flags(live.key, live.cert) })
  try {
    const port = portOf(node)
    const trusted = { ca: readFileSync(ca.cert) }
    const first = await handshake(port, { ...trusted, keep: true })
    check(first.serial != null && /^TLSv1\.3$/.test(first.protocol), JSON.stringify(first.error ?? first.protocol))
    // half of a renewal does not fit together, and changes nothing
    copyFileSync(next.key, live.key + '.new')
    renameSync(live.key + '.new', live.key)
    await until(() => node.log().includes('certificate not changed'), 8000, 'a log line about the pair that does not fit')
    check((await handshake(port, trusted)).serial === first.serial, 'the former certificate is not shown any more')
    copyFileSync(next.cert, live.cert + '.new')
    renameSync(live.cert + '.new', live.cert)
    await until(async () => (await handshake(port, trusted)).serial !== first.serial, 8000, 'the renewed certificate to be shown')
    check(!first.socket.destroyed, 'a connection ended with the renewal')
    first.socket.destroy()
    // rubbish, told by SIGHUP at once
    const second = (await handshake(port, trusted)).serial
    writeFileSync(live.cert, 'rubbish')
    process.kill(node.pid, 'SIGHUP')
    await until(() => node.log().split('certificate not changed').length > 2, 1900, 'a log line about rubbish right after SIGHUP')
    check((await handshake(port, trusted)).serial === second, 'rubbish replaced the certificate')
    const said = node.log(100000).split('certificate not changed').length
    await sleep(4500)
    check(node.log(100000).split('certificate not changed').length <= said + 1, 'the same rubbish is told again and again')
  } finally { await node.stop() }
})

export const oldVersionsRefused = () => inFolder(async folder => {
  const ca = makeCa(folder)
  const live = ca.issue('live', { names: ['localhost'], ips: ['127.0.0.1'] })
  const node = await SottoNode.start({ flags: flags(live.key, live.cert) })
  try {
    const trusted = { ca: readFileSync(ca.cert) }
    const v12 = await handshake(portOf(node), { ...trusted, maxVersion: 'TLSv1.2' })
    check(v12.protocol === 'TLSv1.2', `TLS 1.2: ${v12.error}`)
    const v11 = await handshake(portOf(node), { ...trusted, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' })
    check(v11.error != null, 'TLS 1.1 is accepted')
  } finally { await node.stop() }
})

export const certificateMistakes = () => inFolder(async folder => {
  const ca = makeCa(folder)
  const one = ca.issue('one', { names: ['localhost'] })
  const two = ca.issue('two', { names: ['localhost'] })
  const missing = join(folder, 'missing.pem')
  const cases = [
    [['--websocket-secure-support=true'], /needs --websocket-secure-key-path and --websocket-secure-cert-path/],
    [flags(one.key, missing), /missing\.pem: No such file/],
    [flags(missing, one.cert), /missing\.pem: No such file/],
    [flags(two.key, one.cert), /two\.key: key values mismatch/],
    [flags(one.cert, one.cert), /one\.pem: /],
    [[`--websocket-secure-ca-path=${missing}`], /websocket-secure-ca-path: .*missing\.pem/]
  ]
  for (const [args, says] of cases) {
    const r = await sotto(['node', `--data-dir=${folder}/data`, '--tcp-port=0', '--rest-port=0', '--listen-address=127.0.0.1', ...args])
    check(r.code !== 0 && says.test(r.err), `${args.join(' ')}: ${r.code} ${r.err}`)
  }
  const node = await SottoNode.start({ flags: ['--websocket-support=true', '--websocket-port=0'] })
  try {
    const port = /\/tcp\/(\d+)\/ws/.exec(node.ws)[1]
    const r = await sotto(['node', `--data-dir=${folder}/other`, '--tcp-port=0', '--rest-port=0', '--listen-address=127.0.0.1', '--websocket-support=true', `--websocket-port=${port}`])
    check(r.code === 1 && r.err.includes(`port ${port} at 127.0.0.1 is taken; choose another with --websocket-port`), r.err)
  } finally { await node.stop() }
})

export const wssDialed = () => inFolder(async folder => {
  const ca = makeCa(folder)
  const other = makeCa(folder, 'other')
  const server = ca.issue('server', { names: ['localhost'], ips: ['127.0.0.1'] })
  const stranger = other.issue('stranger', { names: ['localhost'], ips: ['127.0.0.1'] })
  const misnamed = ca.issue('misnamed', { names: ['elsewhere.example'] })
  const tried = async (pair, address, trust) => {
    const node = await SottoNode.start({ flags: flags(pair.key, pair.cert) })
    const dialer = await SottoNode.start({ flags: trust ? [`--websocket-secure-ca-path=${ca.cert}`] : [] })
    try {
      const port = portOf(node)
      const answer = await fetch(`${dialer.rest}/admin/v1/peers`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify([address(port, node.peerId)]) })
      for (let i = 0; i < 40; i++) {
        const peers = await (await fetch(`${node.rest}/admin/v1/peers`)).json()
        if (JSON.stringify(peers).includes(dialer.peerId) && answer.ok) return true
        if (!answer.ok && i > 10) return false
        await sleep(50)
      }
      return false
    } finally { await dialer.stop(); await node.stop() }
  }
  const byName = (port, id) => `/dns4/localhost/tcp/${port}/wss/p2p/${id}`
  const bySni = (port, id) => `/ip4/127.0.0.1/tcp/${port}/tls/sni/localhost/ws/p2p/${id}`
  const byIp = (port, id) => `/ip4/127.0.0.1/tcp/${port}/tls/ws/p2p/${id}`
  check(await tried(server, byName, true), 'a trusted name is refused')
  check(await tried(server, bySni, true), 'a trusted sni is refused')
  check(await tried(server, byIp, true), 'a trusted address is refused')
  check(!await tried(server, byName, false), 'a CA that nobody trusts is accepted')
  check(!await tried(stranger, byName, true), 'another CA is accepted')
  check(!await tried(misnamed, byName, true), 'a certificate of another name is accepted')
  check(!await tried(misnamed, byIp, true), 'a certificate without the address is accepted')
})
