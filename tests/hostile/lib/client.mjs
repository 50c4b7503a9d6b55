// The well-behaved client: dials, meshes, publishes, hears a second peer, finds its message in the store.
import { storeSetup, ps } from '../../interop/lib/storecase.mjs'
import { makeRelayPeer, connect, joinMesh } from '../../interop/lib/net.mjs'
import { Ctx, until } from '../../interop/lib/case.mjs'
import { encodeMessage } from '../../interop/lib/waku.mjs'
import { sleep } from '../../lib/node.mjs'

/** a context as the interop library wants it */
export function context (node) {
  return new Ctx({ addr: node.addr, rest: node.rest, cluster: 66, shards: [0, 1, 2, 3, 4, 5, 6, 7], numShards: 8, maxMsg: 153600 }, new AbortController().signal)
}

export async function clean (ctx) {
  for (const c of ctx.cleanups.splice(0).reverse()) { try { await Promise.race([c(), sleep(2000)]) } catch {} }
}

/** Two peers with the node between them; they stay through an attack. */
export class Client {
  static async join (ctx, topic) {
    const c = new Client()
    c.topic = topic
    c.a = await makeRelayPeer(ctx, [topic])
    await connect(ctx, c.a.node)
    await joinMesh(ctx, c.a, topic)
    c.b = await makeRelayPeer(ctx, [topic])
    await connect(ctx, c.b.node)
    await joinMesh(ctx, c.b, topic)
    return c
  }

  get delivered () { return this.b.delivered }
  get seen () { return this.b.seen }
  async publishRaw (data) { await this.a.gs.publish(this.topic, data) }

  /** every one of these messages has reached the second peer */
  async allRelayed (list, ms) {
    const key = d => Buffer.from(d.subarray(-48)).toString('hex') + d.length
    await until(() => { const have = new Set(this.b.delivered.map(d => key(d.data))); return list.every(d => have.has(key(d))) }, ms, `${list.length} messages at the second peer`)
  }
}

/** the whole round with fresh peers, as anybody would meet the node now */
export async function served (node) {
  const ctx = context(node)
  const from = Date.now()
  try {
    const s = await storeSetup(ctx)
    const message = s.make(s.ct(), 1)
    await s.publish(message)
    await s.waitStored(s.hash(message), 8000)
    const health = await fetch(`${node.rest}/health`, { signal: AbortSignal.timeout(5000) })
    if (health.status !== 200) throw new Error(`/health answers ${health.status}`)
    return Date.now() - from
  } finally { await clean(ctx) }
}
export { encodeMessage, ps }
