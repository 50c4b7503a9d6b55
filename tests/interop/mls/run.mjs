#!/usr/bin/env node
// A live conversation between crypto/mls and ts-mls: members of both in one group, random steps by seed;
// after each commit every epoch authenticator agrees.
//   run.mjs [--driver PATH] [--steps N] [--seed N] [SUITE...]      last line: N passed, N failed
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { p256 } from '@noble/curves/nist.js'
import * as M from 'ts-mls'

const SUITES = {
  1: 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
  2: 'MLS_128_DHKEMP256_AES128GCM_SHA256_P256',
  3: 'MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519',
  83: 'MLS_256_XWING_AES256GCM_SHA512_Ed25519'
}
const MEMBERS_MAX = 12
const REFUSED = 'must list leaf node in its unmerged_leaves'

const { values, positionals } = parseArgs({
  options: { driver: { type: 'string', default: 'build/release/interop_mls' }, steps: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true
})

const hex = b => b.length === 0 ? '-' : Buffer.from(b).toString('hex')
const bytes = h => h === '-' ? new Uint8Array() : new Uint8Array(Buffer.from(h, 'hex'))
const text = s => new TextEncoder().encode(s)

/** the C side: commands and answers, one line each */
class Driver {
  constructor (path) {
    this.process = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.waiting = []
    createInterface({ input: this.process.stdout }).on('line', line => this.waiting.shift()(line))
    this.process.on('exit', code => this.waiting.forEach(give => give(`error exit ${code}`)))
  }

  async ask (...words) {
    const line = await new Promise(resolve => { this.waiting.push(resolve); this.process.stdin.write(words.join(' ') + '\n') })
    const [verdict, ...rest] = line.split(' ')
    if (verdict !== 'ok') throw new Error(`driver ${words.slice(0, 2).join(' ')}: ${line}`)
    return rest
  }

  end () { this.process.stdin.end() }
}

/** deterministic dice */
function dice (seed) {
  let state = BigInt(seed)
  return n => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n)
    return Number((state >> 33n) % BigInt(n))
  }
}

const pskOf = id => new Uint8Array(createHash('sha256').update(id).digest())
const psks = { findPsk: id => id.psktype === 'external' ? pskOf(id.pskId) : undefined }

/** one member on the C side */
class Ours {
  kind = 'C'
  constructor (driver, id) { this.driver = driver; this.id = id }
  async born (suite) { [this.package] = await this.driver.ask('new', this.id, suite); return this }
  async create (group) { [this.auth] = await this.driver.ask('create', this.id, hex(group)); this.leaf = 0 }
  async join (welcome) {
    const [auth, leaf] = await this.driver.ask('join', this.id, welcome, '-')
    this.auth = auth; this.leaf = Number(leaf)
  }

  async joinExternal (info, oldLeaf) {
    const [commit, auth, leaf] = await this.driver.ask('external', this.id, info, oldLeaf ?? '-')
    this.auth = auth; this.leaf = Number(leaf)
    return commit
  }

  async info () { return (await this.driver.ask('info', this.id))[0] }
  async send (words) { return (await this.driver.ask('send', this.id, hex(words)))[0] }
  async propose (proposal, isPublic) { return (await this.driver.ask('propose', this.id, isPublic ? 1 : 0, proposal)) [0] }
  async commit (list, isPublic, path) {
    const [commit, welcome, auth] = await this.driver.ask('commit', this.id, isPublic ? 1 : 0, path ? 1 : 0, ...list)
    this.auth = auth
    return { commit, welcome }
  }

  async receive (message) {
    const [kind, ...rest] = await this.driver.ask('receive', this.id, message)
    if (kind === 'commit') this.auth = rest[0]
    return kind === 'application' ? { kind, text: bytes(rest[1]) } : { kind }
  }

  async where (identity) { return Number((await this.driver.ask('where', this.id, hex(text(identity))))[0]) }
  async export () { return (await this.driver.ask('export', this.id, hex(text('probe')), hex(text('context'))))[0] }
}

/** one member of ts-mls */
class Theirs {
  kind = 'ts'
  constructor (cs, id) { this.cs = cs; this.id = id }
  async born () {
    const pair = await this.cs.signature.keygen()
    if (pair.publicKey.length === 33) pair.publicKey = p256.getPublicKey(pair.signKey, false) // ts-mls compresses; RFC 9420 5.1.1 wants it whole
    this.keys = await M.generateKeyPackageWithKey({ credentialType: 'basic', identity: text(`ts-${this.id}`) }, M.defaultCapabilities(), M.defaultLifetime, [], pair, this.cs)
    this.package = hex(M.encodeMlsMessage({ keyPackage: this.keys.publicPackage, wireformat: 'mls_key_package', version: 'mls10' }))
    return this
  }

  get auth () { return hex(this.state.keySchedule.epochAuthenticator) }
  get leaf () { return this.state.privatePath.leafIndex }
  async create (group) { this.state = await M.createGroup(group, this.keys.publicPackage, this.keys.privatePackage, [], this.cs) }
  async join (welcome) {
    const message = M.decodeMlsMessage(bytes(welcome), 0)[0]
    this.state = await M.joinGroup(message.welcome, this.keys.publicPackage, this.keys.privatePackage, psks, this.cs)
  }

  async joinExternal (info, oldLeaf) {
    const message = M.decodeMlsMessage(bytes(info), 0)[0]
    const { publicMessage, newState } = await M.joinGroupExternal(message.groupInfo, this.keys.publicPackage, this.keys.privatePackage, oldLeaf !== undefined, this.cs)
    this.state = newState
    return hex(M.encodeMlsMessage({ version: 'mls10', wireformat: 'mls_public_message', publicMessage }))
  }

  async info () {
    const groupInfo = await M.createGroupInfoWithExternalPubAndRatchetTree(this.state, [], this.cs)
    return hex(M.encodeMlsMessage({ version: 'mls10', wireformat: 'mls_group_info', groupInfo }))
  }

  async send (words) {
    const { newState, privateMessage } = await M.createApplicationMessage(this.state, words, this.cs)
    this.state = newState
    return hex(M.encodeMlsMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage }))
  }

  #proposal (word) {
    const [type, value] = word.split(':')
    if (type === 'add') return { proposalType: 'add', add: { keyPackage: M.decodeMlsMessage(bytes(value), 0)[0].keyPackage } }
    if (type === 'remove') return { proposalType: 'remove', remove: { removed: Number(value) } }
    return { proposalType: 'psk', psk: { preSharedKeyId: { psktype: 'external', pskId: bytes(value), pskNonce: this.cs.rng.randomBytes(this.cs.kdf.size) } } }
  }

  async propose (word, isPublic) {
    const { newState, message } = await M.createProposal(this.state, isPublic, this.#proposal(word), this.cs)
    this.state = newState
    return hex(M.encodeMlsMessage(message))
  }

  async commit (list, isPublic) {
    const { newState, welcome, commit } = await M.createCommit({ state: this.state, cipherSuite: this.cs, pskIndex: psks },
      { extraProposals: list.map(word => this.#proposal(word)), wireAsPublicMessage: isPublic, ratchetTreeExtension: true })
    this.state = newState
    return {
      commit: hex(M.encodeMlsMessage(commit)),
      welcome: welcome ? hex(M.encodeMlsMessage({ welcome, wireformat: 'mls_welcome', version: 'mls10' })) : '-'
    }
  }

  async receive (message) {
    const epoch = this.state.groupContext.epoch
    const m = M.decodeMlsMessage(bytes(message), 0)[0]
    const result = m.wireformat === 'mls_public_message' // processMessage would forget the PSKs of private ones
      ? await M.processPublicMessage(this.state, m.publicMessage, psks, this.cs)
      : await M.processPrivateMessage(this.state, m.privateMessage, psks, this.cs)
    this.state = result.newState
    if (result.kind === 'applicationMessage') return { kind: 'application', text: result.message }
    if (this.state.groupActiveState.kind === 'removedFromGroup') return { kind: 'removed' }
    return { kind: this.state.groupContext.epoch > epoch ? 'commit' : 'proposal' }
  }

  async where (identity) {
    const named = n => n?.nodeType === 'leaf' && Buffer.compare(n.leaf.credential.identity, text(identity)) === 0
    return this.state.ratchetTree.findIndex(named) / 2
  }

  async export () { return hex(await M.mlsExporter(this.state.keySchedule.exporterSecret, 'probe', text('context'), 32, this.cs)) }
}

class Conversation {
  constructor (suite, cs, seed) {
    this.suite = suite; this.cs = cs; this.roll = dice(seed)
    this.driver = new Driver(values.driver)
    this.members = []; this.born = 0; this.counts = {}
  }

  async newborn () {
    const id = this.born++
    return await (this.roll(2) ? new Ours(this.driver, id) : new Theirs(this.cs, id)).born(this.suite)
  }

  pick () { return this.members[this.roll(this.members.length)] }

  async deliver (message, author, wanted) {
    for (const m of [...this.members]) {
      if (m === author) continue
      const { kind } = await m.receive(message)
      if (kind === 'removed') this.members.splice(this.members.indexOf(m), 1)
      else if (kind !== wanted) throw new Error(`${m.kind} ${m.id} took a ${wanted} of ${author.kind} ${author.id} for ${kind}`)
    }
  }

  async check (what) {
    const wanted = this.members[0]
    for (const m of this.members) {
      if (m.auth !== wanted.auth) throw new Error(`${what}: ${m.kind} ${m.id} and ${wanted.kind} ${wanted.id} are in different epochs`)
    }
    const secrets = await Promise.all(this.members.map(m => m.export()))
    if (new Set(secrets).size > 1) throw new Error(`${what}: exporters differ`)
  }

  async commit () {
    const author = this.pick(); const list = []; const fresh = []
    const victim = this.pick()
    if (this.members.length > 3 && this.roll(3) === 0 && victim !== author) list.push('remove:' + victim.leaf)
    const room = MEMBERS_MAX - this.members.length
    // a ts-mls member whose leaf goes to somebody new in the same commit does not notice that it was removed
    const adds = list.length > 0 && victim.kind === 'ts' ? 0 : this.roll(3)
    for (let n = adds; n > 0 && fresh.length < room; n--) { const p = await this.newborn(); fresh.push(p); list.push('add:' + p.package) }
    if (this.roll(4) === 0) list.push('psk:' + hex(text('shared')))
    const { commit, welcome } = await author.commit(list, this.roll(2) === 1, this.roll(2) === 1)
    await this.deliver(commit, author, 'commit')
    const refused = []
    for (const p of fresh) {
      try { await p.join(welcome); this.members.push(p) } catch (e) {
        if (p.kind !== 'ts' || !e.message.includes(REFUSED)) throw e
        refused.push(p)
      }
    }
    await this.check(`commit of ${author.kind}`)
    this.count(`${author.kind} commits`)
    for (const p of refused) await this.remove(p)
  }

  /** ts-mls refused to join: its leaf goes out again */
  async remove (p) {
    const author = this.pick()
    const { commit } = await author.commit(['remove:' + await author.where(`ts-${p.id}`)], true, true)
    await this.deliver(commit, author, 'commit')
    await this.check('removal')
    this.count('ts refuses a sound tree')
  }

  async propose () {
    const author = this.pick()
    const word = author.kind === 'C' && this.roll(2) ? 'update' : 'psk:' + hex(text('later'))
    await this.deliver(await author.propose(word, this.roll(2) === 1), author, 'proposal')
    this.count(`${author.kind} proposes`)
    let committer = this.pick() // whoever proposed an update cannot commit it himself
    while (committer === author) committer = this.pick()
    const { commit } = await committer.commit([], this.roll(2) === 1, true)
    await this.deliver(commit, committer, 'commit')
    await this.check(`commit by reference of ${committer.kind}`)
  }

  async external () {
    if (this.members.length >= MEMBERS_MAX) return await this.talk()
    // ts-mls writes and reads external_pub without the vector header of RFC 9420 12.4.3.2, so a GroupInfo
    // goes to its own kind only; everybody follows the commit.
    const host = this.pick()
    const p = await (host.kind === 'C' ? new Ours(this.driver, this.born++) : new Theirs(this.cs, this.born++)).born(this.suite)
    let commit
    try { commit = await p.joinExternal(await host.info()) } catch (e) {
      if (p.kind !== 'ts' || !e.message.includes(REFUSED)) throw e
      return this.count('ts refuses a sound tree')
    }
    await this.deliver(commit, p, 'commit')
    this.members.push(p)
    await this.check(`external commit of ${p.kind}`)
    this.count(`${p.kind} joins alone`)
  }

  async talk () {
    const author = this.pick(); const words = text('x'.repeat(this.roll(500)))
    const message = await author.send(words)
    for (const m of this.members) {
      if (m === author) continue
      const { kind, text } = await m.receive(message)
      if (kind !== 'application' || Buffer.compare(text, words) !== 0) throw new Error(`${m.kind} ${m.id} read something else from ${author.kind} ${author.id}`)
    }
    this.count(`${author.kind} speaks`)
  }

  count (what) { this.counts[what] = (this.counts[what] ?? 0) + 1 }

  async run (steps) {
    const first = await this.newborn()
    await first.create(text('a live group'))
    this.members.push(first)
    for (let i = 0; i < steps; i++) {
      const roll = this.roll(10)
      if (this.members.length < 2 || roll < 4) await this.commit()
      else if (roll < 6) await this.propose()
      else if (roll < 7) await this.external()
      else await this.talk()
    }
    this.driver.end()
    return Object.entries(this.counts).map(([k, v]) => `${k} ${v}`).join(', ')
  }
}

let passed = 0; let failed = 0
for (const suite of positionals.length ? positionals : Object.keys(SUITES)) {
  const cs = await M.getCiphersuiteImpl(M.getCiphersuiteFromName(SUITES[suite]))
  const conversation = new Conversation(suite, cs, values.seed)
  try {
    console.log(`mls suite ${suite}: ${await conversation.run(Number(values.steps))}`)
    passed++
  } catch (e) {
    console.log(`mls suite ${suite} seed ${values.seed}: ${process.env.TRACE ? e.stack : e.message}`)
    conversation.driver.end()
    failed++
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed ? 1 : 0
