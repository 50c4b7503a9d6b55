#!/usr/bin/env node
// Other end-to-end encryption beside the chat: libsignal (Rust, native: PQXDH, double ratchet with SPQR, sealed sender,
// sender keys) and Olm/Megolm (C as wasm). They are libraries: no disk, no network, no order, no repair; keys are kept
// in maps of this process. What they say per message is encryption alone, beside a whole client of ours.
//   messengers.mjs      JSON lines as tests/bench/run.mjs gathers them
import Olm from '@matrix-org/olm'
import * as S from '@signalapp/libsignal-client'
import { readFileSync } from 'node:fs'

const version = name => JSON.parse(readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url))).version
const SIGNAL = `libsignal ${version('@signalapp/libsignal-client')}`
const OLM = `Olm ${version('@matrix-org/olm')}`
const TEXT = new Uint8Array(100).fill(46)
const BURST = 200
const RUNS = 5
const TO = 60 // devices of the largest group here

function emit (peer, metric, unit, values) {
  const s = [...values].sort((x, y) => x - y)
  const round = x => Number(x.toPrecision(4))
  console.log(JSON.stringify({ bench: 'chat', metric, value: round(s[s.length >> 1]), unit, peer, runs: s.length, min: round(s[0]), max: round(s.at(-1)) }))
}
const cpu = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1e6 }

/** messages a second of `one` called BURST times, RUNS times over; `got`: of what it returned */
async function rates (peer, seal, open) {
  const sent = []
  const received = []
  for (let run = 0; run < RUNS; run++) {
    const list = []
    let from = cpu()
    for (let i = 0; i < BURST; i++) list.push(await seal())
    sent.push(BURST / (cpu() - from))
    from = cpu()
    for (const m of list) await open(m)
    received.push(BURST / (cpu() - from))
  }
  emit(peer, 'send', 'messages/s', sent)
  emit(peer, 'receive', 'messages/s', received)
}

// ---- libsignal ----

const address = a => `${a.name()}.${a.deviceId()}`
class Sessions extends S.SessionStore {
  kept = new Map()
  async saveSession (a, record) { this.kept.set(address(a), record) }
  async getSession (a) { return this.kept.get(address(a)) ?? null }
  async getExistingSessions (all) { return all.map(a => this.kept.get(address(a))) }
}
class Identities extends S.IdentityKeyStore {
  pair = S.IdentityKeyPair.generate()
  kept = new Map()
  async getIdentityKey () { return this.pair.privateKey }
  async getIdentityKeyPair () { return this.pair }
  async getLocalRegistrationId () { return 5 }
  async saveIdentity (a, key) { this.kept.set(a.name(), key); return S.IdentityChange.NewOrUnchanged }
  async isTrustedIdentity () { return true }
  async getIdentity (a) { return this.kept.get(a.name()) ?? null }
}
class PreKeys extends S.PreKeyStore {
  kept = new Map()
  async savePreKey (id, record) { this.kept.set(id, record) }
  async getPreKey (id) { return this.kept.get(id) }
  async removePreKey (id) { this.kept.delete(id) }
}
class SignedPreKeys extends S.SignedPreKeyStore {
  kept = new Map()
  async saveSignedPreKey (id, record) { this.kept.set(id, record) }
  async getSignedPreKey (id) { return this.kept.get(id) }
}
class KyberPreKeys extends S.KyberPreKeyStore {
  kept = new Map()
  async saveKyberPreKey (id, record) { this.kept.set(id, record) }
  async getKyberPreKey (id) { return this.kept.get(id) }
  async markKyberPreKeyUsed () {}
}
class SenderKeys extends S.SenderKeyStore {
  kept = new Map()
  async saveSenderKey (a, id, record) { this.kept.set(address(a) + id, record) }
  async getSenderKey (a, id) { return this.kept.get(address(a) + id) ?? null }
}

const uuid = n => `9d0652a3-dcc3-4d11-975f-${String(n).padStart(12, '0')}`
let people = 0
function person () {
  return {
    address: S.ProtocolAddress.new(uuid(++people), 1),
    uuid: uuid(people),
    sessions: new Sessions(),
    identity: new Identities(),
    pre: new PreKeys(),
    signed: new SignedPreKeys(),
    kyber: new KyberPreKeys(),
    senders: new SenderKeys()
  }
}

/** a's first step to b: PQXDH with keys that b laid out */
async function meet (a, b) {
  const pair = b.identity.pair
  const [one, signed, kem] = [S.PrivateKey.generate(), S.PrivateKey.generate(), S.KEMKeyPair.generate()]
  const signature = pair.privateKey.sign(signed.getPublicKey().serialize())
  const kemSignature = pair.privateKey.sign(kem.getPublicKey().serialize())
  await b.pre.savePreKey(1, S.PreKeyRecord.new(1, one.getPublicKey(), one))
  await b.signed.saveSignedPreKey(1, S.SignedPreKeyRecord.new(1, 1, signed.getPublicKey(), signed, signature))
  await b.kyber.saveKyberPreKey(1, S.KyberPreKeyRecord.new(1, 1, kem, kemSignature))
  const bundle = S.PreKeyBundle.new(5, 1, 1, one.getPublicKey(), 1, signed.getPublicKey(), signature, pair.publicKey, 1, kem.getPublicKey(), kemSignature)
  await S.processPreKeyBundle(bundle, b.address, a.address, a.sessions, a.identity)
}

const root = S.PrivateKey.generate()
const serverKey = S.PrivateKey.generate()
const server = S.ServerCertificate.new(1, serverKey.getPublicKey(), root)
const certificate = p => S.SenderCertificate.new(p.uuid, null, 1, p.identity.pair.publicKey, 31337, server, serverKey)
const seal = (from, to, bytes, cert) => S.sealedSenderEncryptMessage(bytes, to.address, cert, from.sessions, from.identity)
const open = (to, bytes) => S.sealedSenderDecryptMessage(bytes, root.getPublicKey(), 31335, null, to.uuid, 1, to.sessions, to.identity, to.pre, to.signed, to.kyber)

async function signalDirect () {
  const [a, b] = [person(), person()]
  const [ca, cb] = [certificate(a), certificate(b)]
  await meet(a, b)
  await open(b, await seal(a, b, TEXT, ca))
  for (let turn = 0; turn < 40; turn++) { // past the first turns, whose messages are larger
    await open(a, await seal(b, a, TEXT, cb))
    await open(b, await seal(a, b, TEXT, ca))
  }
  let bytes = 0
  let receipts = 0
  for (let i = 0; i < 240; i++) { // as in bench_chat: texts by turns; who gets one says so
    const [from, to, cert, back] = i % 2 ? [a, b, ca, cb] : [b, a, cb, ca]
    const text = await seal(from, to, TEXT, cert)
    await open(to, text)
    const receipt = await seal(to, from, TEXT.subarray(0, 16), back)
    await open(from, receipt)
    bytes += text.length
    receipts += receipt.length
  }
  emit(SIGNAL, 'bytes_per_text_all', 'B', [(bytes + receipts) / 240])
  emit(SIGNAL, 'bytes_per_text_text', 'B', [bytes / 240])
  emit(SIGNAL, 'bytes_per_text_acks', 'B', [receipts / 240])
  emit(SIGNAL, 'state_of_a_conversation', 'B', [a.sessions.kept.get(address(b.address)).serialize().length])
  await rates(SIGNAL, () => seal(a, b, TEXT, ca), m => open(b, m))
}

/** one sender key, to all at once: what the sender uploads, and what one of the others gets */
async function signalGroup () {
  const a = person()
  const id = 'd1d1d1d1-7000-11eb-b32a-33b8a8a487a6'
  const others = []
  for (let i = 1; i < TO; i++) {
    const b = person()
    await meet(a, b)
    others.push(b)
  }
  const handed = await S.SenderKeyDistributionMessage.create(a.address, id, a.senders)
  const b = others[0]
  await S.processSenderKeyDistributionMessage(a.address, S.SenderKeyDistributionMessage.deserialize(handed.serialize()), b.senders)
  const upload = async to => {
    const content = S.UnidentifiedSenderMessageContent.new(await S.groupEncrypt(a.address, id, a.senders, TEXT), certificate(a), 0, null)
    return (await S.sealedSenderMultiRecipientEncrypt(content, to.map(x => x.address), a.identity, a.sessions)).length
  }
  for (const size of [5, 20, TO]) emit(SIGNAL, `group_of_${size}_upload_per_text`, 'B', [await upload(others.slice(0, size - 1))])
  await rates(`${SIGNAL}, sender key`, async () => (await S.groupEncrypt(a.address, id, a.senders, TEXT)).serialize(), m => S.groupDecrypt(a.address, b.senders, m))
}

// ---- Olm ----

async function olm () {
  await Olm.init()
  const text = '.'.repeat(100)
  const [a, b] = [new Olm.Account(), new Olm.Account()]
  a.create()
  b.create()
  b.generate_one_time_keys(1)
  const out = new Olm.Session()
  out.create_outbound(a, JSON.parse(b.identity_keys()).curve25519, Object.values(JSON.parse(b.one_time_keys()).curve25519)[0])
  const first = out.encrypt(text)
  const back = new Olm.Session()
  back.create_inbound(b, first.body)
  back.decrypt(first.type, first.body)
  const answer = back.encrypt(text)
  out.decrypt(answer.type, answer.body)
  emit(OLM, 'bytes_per_text_text', 'B', [out.encrypt(text).body.length])
  emit(OLM, 'state_of_a_conversation', 'B', [out.pickle('key').length])
  await rates(OLM, () => out.encrypt(text), m => back.decrypt(m.type, m.body))

  const group = new Olm.OutboundGroupSession()
  group.create()
  const member = new Olm.InboundGroupSession()
  member.create(group.session_key())
  await rates(`${OLM}, Megolm`, () => group.encrypt(text), m => member.decrypt(m))
}

await signalDirect()
await signalGroup()
await olm()
process.exit(0)
