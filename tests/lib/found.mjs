// Nodes that know one record and find each other through discv5: what a case needs that asks for peers.
import { SottoNode, sleep } from './node.mjs'

const FLAGS = ['--discv5-discovery=true', '--discv5-udp-port=0', '--store=false']

const get = async (node, path) => (await fetch(node.rest + path)).json()
const connected = async node => (await get(node, '/admin/v1/peers/connected')).length

/** Start `count` nodes; resolves when all are connected with all, or throws after `ms`.
 * { nodes, ms (how long it took), stop() } */
export async function found (count, { flags = [], ms = 30000 } = {}) {
  const nodes = [await SottoNode.start({ flags: [...FLAGS, ...flags] })]
  const stop = () => Promise.all(nodes.map(n => n.stop()))
  try {
    const { enrUri } = await get(nodes[0], '/info')
    const began = Date.now()
    nodes.push(...await Promise.all(Array.from({ length: count - 1 }, () =>
      SottoNode.start({ flags: [...FLAGS, `--discv5-bootstrap-node=${enrUri}`, ...flags] }))))
    for (;;) {
      const degrees = await Promise.all(nodes.map(connected))
      if (degrees.every(d => d === count - 1)) return { nodes, ms: Date.now() - began, stop }
      if (Date.now() - began > ms) throw new Error(`after ${ms} ms the ${count} nodes have ${degrees.join(' ')} peers`)
      await sleep(100)
    }
  } catch (e) {
    await stop()
    throw e
  }
}
