// Starts a sotto node in a folder of its own, tells where it listens, watches and ends it.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, readFileSync, openSync, closeSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
export const binary = process.env.SOTTO_NODE ?? join(root, 'build', 'release', 'sotto')
export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
export const CLUSTER = 66

/** A TCP port that was free a moment ago. */
export async function freePort () {
  const server = createServer()
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise(resolve => server.close(resolve))
  return port
}

/** What every test node is told: loopback only, a test cluster, all shards, no limit on peers of one address. */
export function testFlags ({ tcp, rest, dataDir }) {
  return [
    '--listen-address=127.0.0.1', `--tcp-port=${tcp}`, '--nat=none',
    '--rest=true', `--rest-port=${rest}`, '--rest-admin=true',
    `--cluster-id=${CLUSTER}`, '--num-shards-in-network=8', '--ip-colocation-limit=0', '--max-connections=3000',
    '--relay=true', '--store=true', `--data-dir=${dataDir}`
  ]
}

/** a line of /proc/PID/status in bytes, RssAnon by default */
export function memoryOf (pid, name = 'RssAnon') {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
}

export class SottoNode {
  /** options: flags (more of them), dataDir (kept afterwards), wrap (a command that runs the binary), tcp, rest */
  static async start ({ flags = [], dataDir, wrap = [], tcp, rest, wait = 15000 } = {}) {
    const node = new SottoNode()
    node.keepsData = dataDir != null
    node.dataDir = dataDir ?? mkdtempSync(join(tmpdir(), 'sotto-test-'))
    node.tcp = tcp ?? await freePort()
    do node.restPort = rest ?? await freePort()
    while (rest == null && node.restPort === node.tcp)
    node.rest = `http://127.0.0.1:${node.restPort}`
    node.logFile = join(node.dataDir, 'node.log')
    const argv = [...wrap, binary, 'node', ...testFlags({ tcp: node.tcp, rest: node.restPort, dataDir: node.dataDir }), ...flags]
    const log = openSync(node.logFile, 'a')
    node.process = spawn(argv[0], argv.slice(1), { stdio: ['ignore', log, log] })
    closeSync(log)
    node.exited = new Promise(resolve => node.process.once('close', (code, signal) => { node.exit = { code, signal }; resolve(node.exit) }))
    node.process.once('error', e => { node.exit = { code: e.message } })
    try { await node.ready(wait) } catch (e) { await node.kill(); throw e }
    return node
  }

  /** wait until the REST API names the addresses */
  async ready (ms) {
    const end = Date.now() + ms
    for (;;) {
      if (this.exit != null) throw new Error(`the node ended at once (${JSON.stringify(this.exit)}):\n${this.log(2000)}`)
      try {
        const { listenAddresses } = await (await fetch(`${this.rest}/debug/v1/info`, { signal: AbortSignal.timeout(2000) })).json()
        this.peerId = /\/p2p\/([^/]+)$/.exec(listenAddresses[0])[1]
        this.addr = `/ip4/127.0.0.1/tcp/${this.tcp}/p2p/${this.peerId}`
        const ws = listenAddresses.filter(a => /\/wss?\/p2p\//.test(a)) // with --websocket-support
        this.ws = ws.find(a => a.startsWith('/dns4/')) ?? ws[0]
        return
      } catch (e) {
        if (Date.now() > end) throw new Error(`the node was not ready after ${ms} ms (${e.message}):\n${this.log(2000)}`)
        await sleep(20)
      }
    }
  }

  /** process id of the node itself, also when it runs under strace or the like */
  get pid () {
    let pid = this.process.pid
    for (;;) {
      const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]
      if (child === '') return pid
      pid = Number(child)
    }
  }

  memory (name) { return memoryOf(this.pid, name) }

  /** user and system time spent so far, in seconds */
  cpu () {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  }

  get alive () { return this.exit == null }
  log (bytes = 4000) { try { return readFileSync(this.logFile, 'utf8').slice(-bytes) } catch { return '' } }

  /** SIGTERM, as an operator stops it; the exit status must be 0 */
  async stop (ms = 10000) {
    if (this.alive) process.kill(this.pid, 'SIGTERM')
    const result = await Promise.race([this.exited, sleep(ms)])
    if (result == null) await this.kill()
    this.forget()
    return result
  }

  async kill () {
    if (this.alive) { try { process.kill(this.pid, 'SIGKILL') } catch {} }
    await Promise.race([this.exited, sleep(5000)])
    this.forget()
  }

  forget () { if (!this.keepsData && !process.env.SOTTO_KEEP) rmSync(this.dataDir, { recursive: true, force: true }) }
}
