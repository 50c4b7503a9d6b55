#!/usr/bin/env node
import { EnrDecoder } from '@waku/enr'
import { runCase, check } from '../lib/case.mjs'
import { rest } from '../lib/rest.mjs'

runCase('enr', { timeout: 20000, about: 'the node record of /debug/v1/info as @waku/enr reads it: signature, peer id, endpoint, shards, capabilities' }, async ctx => {
  const { json } = await rest(ctx).get('/debug/v1/info')
  check(typeof json?.enrUri === 'string' && json.enrUri.startsWith('enr:'), `enrUri is ${JSON.stringify(json?.enrUri)}`)
  const enr = await EnrDecoder.fromString(json.enrUri)
  check(enr.id === 'v4', `identity scheme ${enr.id}`)
  check(enr.peerId?.toString() === ctx.peerIdStr, `it names peer ${enr.peerId}, the node is ${ctx.peerIdStr}`)
  check(enr.shardInfo?.clusterId === ctx.args.cluster, `it names cluster ${enr.shardInfo?.clusterId}`)
  check(enr.shardInfo.shards.join(',') === ctx.args.shards.join(','), `it names shards ${enr.shardInfo.shards.join(',')}`)
  check(enr.waku2?.relay === ctx.args.services.includes('relay'), `waku2 ${JSON.stringify(enr.waku2)}`)
  check(enr.waku2.store === ctx.args.services.includes('store'), `waku2 ${JSON.stringify(enr.waku2)}`)
  const tcp = /\/ip4\/([\d.]+)\/tcp\/(\d+)\/p2p/.exec(ctx.args.addr)
  check(enr.ip === tcp[1] && enr.tcp === Number(tcp[2]), `it says ${enr.ip} ${enr.tcp}, the node is at ${ctx.args.addr}`)
  check(Buffer.from(json.enrUri.slice(4), 'base64url').length <= 300, 'over 300 bytes')
  return `seq ${enr.seq}, ${Buffer.from(json.enrUri.slice(4), 'base64url').length} bytes`
})
