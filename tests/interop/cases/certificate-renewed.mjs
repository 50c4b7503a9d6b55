#!/usr/bin/env node
import { dirname, basename } from 'node:path'
import { renameSync } from 'node:fs'
import { connect as tlsConnect } from 'node:tls'
import { runCase, check, until, within } from '../lib/case.mjs'
import { makePeer, connect } from '../lib/net.mjs'
import { runCaseFile } from '../lib/run.mjs'
import { openCa, SUBJECT } from '../../lib/certs.mjs'

const COUNT = 100

runCase('certificate-renewed', { timeout: 60000, about: 'replaces the certificate of the wss listener while 100 connections are open (--ca, --certificate); each must stay usable' }, async ctx => {
  ctx.need('ws', 'ca', 'certificate')
  const [key, cert] = ctx.args.certificate
  const port = Number(/\/tcp\/(\d+)/.exec(ctx.args.ws)[1])
  const serial = () => new Promise((resolve, reject) => {
    const socket = tlsConnect({ host: '127.0.0.1', port, servername: 'localhost' }, () => { resolve(socket.getPeerCertificate().serialNumber); socket.destroy() })
    socket.once('error', reject)
  })
  const peers = []
  for (let i = 0; i < COUNT; i += 20) {
    peers.push(...await Promise.all(Array.from({ length: 20 }, async () => {
      const node = await makePeer(ctx, { metadata: false })
      return { node, conn: await connect(ctx, node, ctx.args.ws) }
    })))
  }
  const pingAll = async what => {
    for (let i = 0; i < COUNT; i += 20) await within(Promise.all(peers.slice(i, i + 20).map(p => p.node.services.ping.ping(p.conn.remotePeer))), 15000, `pings ${what}`)
    check(peers.every(p => p.conn.status === 'open'), `a connection ended ${what}`)
  }
  await pingAll('before the renewal')
  const before = await serial()

  const renewed = openCa(dirname(cert), basename(ctx.args.ca, '.pem')).issue('renewed', SUBJECT)
  renameSync(renewed.key, key)
  renameSync(renewed.cert, cert)
  await until(async () => await serial() !== before, 10000, 'the renewed certificate to be shown', 200)
  await pingAll('after the renewal')

  // who comes now meets the new one: the app developer's journey when the services are there, else a muxer check
  const journey = ['lightpush', 'filter'].every(s => ctx.args.services.includes(s)) ? 'light-node' : 'noise-mplex-ws'
  const again = await runCaseFile(journey, ['--addr', ctx.args.addr, '--ws', ctx.args.ws])
  check(again.ok, `${journey} after the renewal: ${again.detail}`)
  await pingAll('after newcomers')
  return `${COUNT} connections open throughout; ${journey} with the renewed certificate: ${again.detail}`
})
