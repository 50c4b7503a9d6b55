// Load for a store node, and a reader that notes what the node has called stored.
import { Ctx, until } from '../interop/lib/case.mjs'
import { makePeer, makeRelayPeer, connect, connectIdentified, joinMesh, request } from '../interop/lib/net.mjs'
import { CODEC } from '../interop/lib/services.mjs'
import { ps } from '../interop/lib/storecase.mjs'
import { pubsubTopic, makeMessage, encodeMessage, messageHash, contentTopicFor, hex, unique } from '../interop/lib/waku.mjs'
import { CLUSTER, sleep } from '../lib/node.mjs'

export const TOPIC = pubsubTopic(CLUSTER, 0)

/** Peers of one node's life: a publisher in the mesh and a store client. */
export class Load {
  static async join (node) {
    const load = new Load()
    load.ctx = new Ctx({ addr: node.addr, rest: node.rest, cluster: CLUSTER, shards: [0], numShards: 8, maxMsg: 153600 }, new AbortController().signal)
    load.contentTopic = contentTopicFor(load.ctx, 0)
    load.publisher = await makeRelayPeer(load.ctx, [TOPIC])
    await connect(load.ctx, load.publisher.node)
    await joinMesh(load.ctx, load.publisher, TOPIC)
    load.reader = await makePeer(load.ctx)
    load.id = (await connectIdentified(load.ctx, load.reader)).id
    load.published = 0
    return load
  }

  message (payload = `${unique()} ${'x'.repeat(1000)}`) { return makeMessage(this.contentTopic, payload) }

  /** hex hash of what was sent */
  async publish (message = this.message()) {
    await this.publisher.gs.publish(TOPIC, encodeMessage(message))
    this.published++
    return hex(messageHash(TOPIC, message))
  }

  /** publish without pause until stopped or the node is gone */
  async pour () {
    this.pouring = true
    while (this.pouring && this.publisher.node.getConnections().length > 0) {
      for (let i = 0; i < 20; i++) await this.publish()
      await sleep(1)
    }
  }

  async query (q, ms = 5000) {
    const frame = await request(this.reader, this.id, CODEC.store, ps.StoreQueryRequest.encode({ requestId: unique(), includeData: false, contentTopics: [], messageHashes: [], paginationForward: true, ...q }), { ms })
    if (frame == null) throw new Error('the store closed without an answer')
    const r = ps.StoreQueryResponse.decode(frame)
    if (r.statusCode !== 200) throw new Error(`the store answered ${r.statusCode} ${r.statusDesc ?? ''}`)
    return r.messages.map(m => hex(m.messageHash))
  }

  /** note the newest page again and again: these messages the node has reported as stored */
  async watch (reported) {
    this.pouring = true
    while (this.pouring) {
      try { for (const h of await this.query({ paginationForward: false, paginationLimit: 100n }, 2000)) reported.add(h) } catch { if (this.pouring) await sleep(5) }
    }
  }

  /** those of `hashes` that the archive does not have */
  async missing (hashes) {
    const list = [...hashes]
    const gone = []
    for (let i = 0; i < list.length; i += 100) {
      const part = list.slice(i, i + 100)
      const have = new Set(await this.query({ messageHashes: part.map(h => Buffer.from(h, 'hex')), paginationLimit: 100n }))
      gone.push(...part.filter(h => !have.has(h)))
    }
    return gone
  }

  async leave () {
    this.pouring = false
    for (const c of this.ctx.cleanups.splice(0).reverse()) { try { await Promise.race([c(), sleep(1500)]) } catch {} }
  }
}
export { until, sleep }
