#!/usr/bin/env node
// ts-mls in the scenario of tests/bench/bench_mls.c ("bare" tree), for ./check bench.  bench.mjs [SIZE...]
import { readFileSync } from 'node:fs'
import * as M from 'ts-mls'

const PEER = 'ts-mls ' + JSON.parse(readFileSync(new URL('./node_modules/ts-mls/package.json', import.meta.url))).version
const SIZES = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [2, 10, 100, 1000]
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

async function suite (name, tag, sizes) {
  const cs = await M.getCiphersuiteImpl(M.getCiphersuiteFromName(name))
  let number = 0
  const client = () => M.generateKeyPackage({ credentialType: 'basic', identity: new TextEncoder().encode(`member-${number++}`) }, M.defaultCapabilities(), M.defaultLifetime, [], cs)
  const add = k => ({ proposalType: 'add', add: { keyPackage: k.publicPackage } })
  const bytes = m => M.encodeMlsMessage(m)
  const follow = async (state, commit) => (await M.processPrivateMessage(state, M.decodeMlsMessage(commit, 0)[0].privateMessage, M.emptyPskIndex, cs)).newState
  const commit = (state, list) => M.createCommit({ state, cipherSuite: cs }, { extraProposals: list, ratchetTreeExtension: true })

  const pool = []
  const t = now()
  for (let i = 0; i < Math.max(...sizes); i++) pool.push(await client())
  emit('keypackage_generate' + tag, 'op/s', pool.length / (now() - t) * 1e3)
  for (const n of sizes) {
    const metric = m => `${m}${tag}_${n}`
    const reps = n >= 1000 ? 2 : 5
    const create = []; const join = []; const update = []; const process = []; const single = []; const singleProcess = []; const seal = []; const open = []
    const a = await client(); const b = await client()
    let A = await M.createGroup(new TextEncoder().encode(`g${n}`), a.publicPackage, a.privatePackage, [], cs)
    const r = await timed(create, () => commit(A, [b, ...pool.slice(0, n - 2)].map(add)))
    A = r.newState
    const welcome = bytes({ welcome: r.welcome, wireformat: 'mls_welcome', version: 'mls10' })
    let B = await timed(join, () => M.joinGroup(M.decodeMlsMessage(welcome, 0)[0].welcome, b.publicPackage, b.privatePackage, M.emptyPskIndex, cs))
    let size = 0
    for (let i = 0; i < reps; i++) {
      const c = await timed(update, () => commit(A, []))
      A = c.newState
      const encoded = bytes(c.commit); size = encoded.length
      B = await timed(process, () => follow(B, encoded))
    }
    for (let i = 0; i < reps; i++) {
      const k = await client()
      const c = await timed(single, () => commit(A, [add(k)]))
      A = c.newState
      const encoded = bytes(c.commit)
      B = await timed(singleProcess, () => follow(B, encoded))
    }
    for (let q = 0; q < 3; q++) {
      const sent = []; const count = 30
      let from = now()
      for (let i = 0; i < count; i++) {
        const c = await M.createApplicationMessage(A, words, cs)
        A = c.newState
        sent.push(bytes({ privateMessage: c.privateMessage, wireformat: 'mls_private_message', version: 'mls10' }))
      }
      seal.push(count / (now() - from) * 1e3)
      from = now()
      for (const m of sent) B = await follow(B, m)
      open.push(count / (now() - from) * 1e3)
    }
    emit(metric('create_group_bulk_add'), 'ms', create)
    emit(metric('bulk_add_commit_bytes'), 'B', bytes(r.commit).length)
    emit(metric('welcome_bytes_incl_tree'), 'B', welcome.length)
    emit(metric('join_from_welcome'), 'ms', join)
    emit(metric('update_commit_create'), 'ms', update)
    emit(metric('update_commit_bytes'), 'B', size)
    emit(metric('commit_process'), 'ms', process)
    emit(metric('single_add_commit_create'), 'ms', single)
    emit(metric('single_add_process'), 'ms', singleProcess)
    emit(metric('app_encrypt_1KB'), 'msg/s', seal)
    emit(metric('app_decrypt_1KB'), 'msg/s', open)
  }
}

await suite('MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519', '', SIZES)
if (process.argv.length <= 2) await suite('MLS_256_XWING_AES256GCM_SHA512_Ed25519', '_xwing', [2, 100])
