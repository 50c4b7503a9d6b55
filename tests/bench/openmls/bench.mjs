#!/usr/bin/env node
// OpenMLS, as a native library, in the scenario of tests/bench/bench_mls.c ("bare" tree).  bench.mjs [SIZE...]
// Needs a newer glibc than Debian 12 has: start.sh brings it along. The undeclared @ubjs packages are what it loads by.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as C from '@wireapp/core-crypto/native'

const PEER = `OpenMLS (core-crypto ${JSON.parse(readFileSync(new URL('./node_modules/@wireapp/core-crypto/package.json', import.meta.url))).version}, native)`
const SUITE = C.CipherSuite.Mls128Dhkemx25519Aes128gcmSha256Ed25519
const SIZES = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [2, 10, 100, 1000, 5000]
const words = new Uint8Array(1024).fill(7)
const now = () => { const used = process.cpuUsage(); return (used.user + used.system) / 1e3 } // ms of CPU, as bench_mls counts

function emit (metric, unit, values) {
  const s = [values].flat().sort((a, b) => a - b)
  const round = x => Number(x.toPrecision(4))
  console.log(JSON.stringify({ bench: 'mls', metric, value: round(s[s.length >> 1]), unit, peer: PEER, runs: s.length, min: round(s[0]), max: round(s.at(-1)) }))
}

async function timed (into, work) {
  const t = now()
  const result = await work()
  into.push(now() - t)
  return result
}

const resident = () => Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024

let sent // what the library hands to its transport
const transport = {
  async sendCommitBundle (b) { sent = b },
  async prepareForTransport () { return new Uint8Array() }
}
let device = 1n

/** a client with a database in memory; `does` runs one transaction of it */
async function client () {
  const id = new C.ClientId(new C.Uuid(randomUUID()), new C.DeviceId(device++), 'bench.test')
  const database = await C.Database.inMemory()
  const core = C.CoreCrypto.new(database)
  const does = work => core.transaction(work)
  const credential = await does(async x => { await x.mlsInit(id, transport); return await x.addCredential(C.Credential.basic(SUITE, id)) })
  return { id, does, credential, package: () => does(x => x.generateKeyPackage(credential)), close () { core.uniffiDestroy?.(); database.uniffiDestroy?.() } }
}

const a = await client(); const b = await client(); const extra = await client()
{
  const rate = []
  for (let r = 0; r < 5; r++) {
    const t = now()
    for (let i = 0; i < 100; i++) await extra.package()
    rate.push(100 / (now() - t) * 1e3)
  }
  emit('keypackage_generate', 'op/s', rate)
  emit('keypackage_bytes', 'B', (await extra.package()).serialize().length)
}
const others = []
while (others.length < Math.max(...SIZES) - 2) {
  const c = await client()
  others.push((await c.package()).serialize())
  c.close()
}

for (const n of SIZES) {
  const metric = m => `${m}_${n}`
  const reps = n >= 1000 ? 3 : 7
  const before = resident()
  const group = new C.ConversationId(new TextEncoder().encode(`g${n}-${randomUUID()}`))
  const create = []; const join = []; const update = []; const process = []; const add = []; const addProcess = []; const remove = []
  const follow = (who, commit, into = []) => timed(into, () => who.does(x => x.decryptMessage(group, commit)))

  const packages = [await b.package(), ...others.slice(0, n - 2).map(k => new C.KeyPackage(k))]
  await timed(create, async () => {
    await a.does(x => x.createConversation(group, a.credential))
    await a.does(x => x.addClientsToConversation(group, packages))
  })
  const welcome = sent.welcome.serialize()
  emit(metric('create_group_bulk_add'), 'ms', create)
  emit(metric('bulk_add_commit_bytes'), 'B', sent.commit.length)
  emit(metric('welcome_bytes_incl_tree'), 'B', welcome.length)
  await timed(join, () => b.does(x => x.processWelcomeMessage(new C.Welcome(welcome))))
  emit(metric('join_from_welcome'), 'ms', join)
  emit(metric('resident_two_members'), 'MB', resident() - before)

  const seal = []; const open = []; const count = n >= 1000 ? 20 : 100
  for (let r = 0; r < 5; r++) { // one transaction for many messages, which suits the peer
    const messages = []
    let t = now()
    await a.does(async x => { for (let i = 0; i < count; i++) messages.push(await x.encryptMessage(group, words)) })
    seal.push(count / (now() - t) * 1e3)
    t = now()
    await b.does(async x => { for (const m of messages) await x.decryptMessage(group, m) })
    open.push(count / (now() - t) * 1e3)
    if (r === 0) emit(metric('app_overhead'), 'B', messages[0].length - words.length)
  }
  emit(metric('app_encrypt_1KB'), 'msg/s', seal)
  emit(metric('app_decrypt_1KB'), 'msg/s', open)

  for (let r = 0; r < reps; r++) {
    await timed(update, () => a.does(x => x.updateKeyingMaterial(group)))
    await follow(b, sent.commit, process)
  }
  emit(metric('update_commit_create'), 'ms', update)
  emit(metric('commit_process'), 'ms', process)
  emit(metric('update_commit_bytes'), 'B', sent.commit.length)

  let size = 0
  for (let r = 0; r < reps; r++) {
    const k = await extra.package()
    await timed(add, () => a.does(x => x.addClientsToConversation(group, [k])))
    size = sent.commit.length
    await follow(b, sent.commit, addProcess)
    await timed(remove, () => a.does(x => x.removeClientsFromConversation(group, [extra.id])))
    await follow(b, sent.commit)
  }
  emit(metric('single_add_commit_create'), 'ms', add)
  emit(metric('single_add_process'), 'ms', addProcess)
  emit(metric('single_add_commit_bytes'), 'B', size)
  emit(metric('remove_commit_create'), 'ms', remove)
}
process.exit(0)
