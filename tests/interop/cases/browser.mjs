#!/usr/bin/env node
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { runCase, check, until, within } from '../lib/case.mjs'
import { openPage, outputs } from '../lib/browser.mjs'
import { makeRelayPeer, connect, joinMesh } from '../lib/net.mjs'
import { pubsubTopic, mainShard, contentTopicFor, encodeMessage, makeMessage, unique, utf8 } from '../lib/waku.mjs'

runCase('browser', { timeout: 60000, about: 'a page in Chromium, with the node as js-waku\'s only peer over ws or wss (--ca FILE): sends by lightpush, receives by filter' }, async ctx => {
  ctx.need('ws', 'addr')
  const shard = mainShard(ctx)
  const topic = pubsubTopic(ctx.args.cluster, shard)
  const contentTopic = contentTopicFor(ctx, shard)
  const relay = await makeRelayPeer(ctx, [topic])
  await connect(ctx, relay.node)
  await joinMesh(ctx, relay, topic)

  const page = await openPage(ctx, ctx.args.ca)
  const started = await within(page.evaluate(o => window.app.start(o), { address: ctx.args.ws, cluster: ctx.args.cluster, shards: ctx.args.numShards, contentTopic }), 30000, 'the page to connect and subscribe')
  check(started.subscribed, 'filter.subscribe returned false in the page')
  check(started.address === ctx.args.ws, `the page is connected through ${started.address}`)

  // out: lightpush, seen at a relay peer, and pushed back
  const mine = `from the page ${unique()}`
  const sent = await within(page.evaluate(t => window.app.send(t), mine), 10000, 'lightPush.send in the page')
  check(sent.successes === 1, `lightPush.send in the page: ${sent.failures.join(', ')}`)
  await until(() => relay.delivered.find(m => Buffer.from(m.data).includes(mine)), 8000, 'the page\'s message at a relay peer')
  // in: from the network by filter; the subscription is made in the background, so publish until one arrives
  const theirs = `from the network ${unique()}`
  await until(async () => {
    await relay.gs.publish(topic, encodeMessage({ ...makeMessage(contentTopic, utf8(theirs)) })).catch(() => {})
    await new Promise(resolve => setTimeout(resolve, 300))
    return page.evaluate(t => window.app.received.includes(t), theirs)
  }, 12000, 'a message of the network in the page', 10)
  const received = await page.evaluate(() => window.app.received)
  check(await page.locator('#received li', { hasText: theirs }).count() > 0, 'the page does not show what it received')

  mkdirSync(outputs, { recursive: true })
  const picture = join(outputs, /\/wss\//.test(ctx.args.ws) ? 'wss.png' : 'ws.png')
  await page.screenshot({ path: picture })
  await within(page.evaluate(() => window.app.stop()), 5000, 'the page to stop').catch(e => ctx.note(e.message))
  return `${started.muxer}; ${received.length} received; ${picture.replace(/^.*\/build\//, 'build/')}`
})
