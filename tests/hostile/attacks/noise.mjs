// The handshake and the sealed channel, forged.
import { randomBytes } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { open, write, closes, secured, greeting, line } from '../lib/raw.mjs'

const frame = body => { const h = Buffer.alloc(2); h.writeUInt16BE(body.length); return Buffer.concat([h, body]) }

export const noiseGarbage = async t => {
  for (const body of [Buffer.alloc(0), randomBytes(31), Buffer.alloc(32), Buffer.alloc(32, 0xff), randomBytes(65535)]) {
    const s = await open(t)
    await write(s, Buffer.concat([greeting, frame(body), frame(randomBytes(200)), frame(Buffer.alloc(0))]))
    if (!await closes(s, 5000)) throw new Error(`a first message of ${body.length} bytes and a random third were not refused`)
  }
  return 'five handshakes of noise'
}

// js-libp2p signs with whatever object we hand it
const forge = (key, more) => ({ publicKey: key.publicKey, type: key.type, sign: d => key.sign(d), ...more })

export const forgedNoise = async t => {
  const [ours, other] = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')]
  const secp = await generateKeyPair('secp256k1')
  const cases = {
    'a random signature': forge(ours, { sign: async () => randomBytes(64) }),
    'an empty signature': forge(ours, { sign: async () => new Uint8Array() }),
    'a signature of 60 kB': forge(ours, { sign: async () => randomBytes(60000) }),
    'the signature of another key': forge(ours, { sign: d => other.sign(d) }),
    'a signature over other bytes': forge(ours, { sign: () => ours.sign(Buffer.from('noise-libp2p-static-key:')) }),
    'a secp256k1 signature of zeros': forge(secp, { sign: async () => new Uint8Array(70) }),
    'an identity key of 10 kB': forge(ours, { publicKey: { type: 'Ed25519', raw: randomBytes(10000) } }),
    'an identity key of one byte': forge(ours, { publicKey: { type: 'Ed25519', raw: randomBytes(1) } }),
    'an RSA key of random bytes': forge(ours, { publicKey: { type: 'RSA', raw: randomBytes(300) } })
  }
  for (const [what, privateKey] of Object.entries(cases)) {
    let c
    try { c = await secured(t, { privateKey }) } catch { continue }
    await c.send(Buffer.concat([line('/multistream/1.0.0'), line('/yamux/1.0.0')]))
    if (!await closes(c, 5000)) throw new Error(`${what} was accepted`)
  }
  // and many at once: each costs the node a verification, none may stay behind
  await Promise.all(Array.from({ length: 50 }, async () => { try { await secured(t, { privateKey: cases['a random signature'] }) } catch {} }))
  return `${Object.keys(cases).length} forgeries refused, then 50 at once`
}

export const tamperedFrames = async t => {
  for (const junk of [frame(randomBytes(16)), frame(randomBytes(5)), frame(Buffer.alloc(0)), frame(randomBytes(65535))]) {
    const c = await secured(t)
    await write(c.socket, junk)
    if (!await closes(c, 5000)) throw new Error('an unsealed frame after the handshake did not end the connection')
  }
  return 'four connections ended'
}

export const handshakeFlood = async t => {
  let done = 0
  const end = Date.now() + 5000
  await Promise.all(Array.from({ length: 20 }, async () => {
    while (Date.now() < end) { try { const c = await secured(t); done++; c.socket.destroy() } catch {} }
  }))
  return `${done} handshakes thrown away`
}
