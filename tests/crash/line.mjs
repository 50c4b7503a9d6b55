// Nothing is lost on the way: each message arrives once, and is stored once, by every node of a line.
import { SottoNode, sleep } from '../lib/node.mjs'
import { line } from '../lib/load.mjs'

function whole ({ sent, received }, count) {
  if (sent.messages !== count) throw new Error(`only ${sent.messages} of ${count} messages were sent: ${JSON.stringify(sent)}`)
  if (received.messages !== count || received.twice > 0) throw new Error(`${received.messages} of ${count} arrived, ${received.twice} twice`)
  if (sent.sum !== received.sum) throw new Error('what arrived is not what was sent: the sums of their SHA-256 differ')
}

/** three processes, full Noise and yamux, as fast as they go */
export async function lossless (count) {
  const node = await SottoNode.start({ flags: ['--store=false'] })
  try {
    const r = await line({ first: node, count, ms: 60000 + count / 5 })
    whole(r, count)
    return `${count} messages once each, ${Math.round(r.received.per_second)} a second`
  } finally { await node.kill() }
}

/** how many messages a node says it has committed */
async function stored (node) {
  const text = await (await fetch(`${node.rest}/metrics`)).text()
  const line = /^sotto_archive_stored_total\S* (\S+)$/m.exec(text)
  if (line == null) throw new Error('no sotto_archive_stored_total in /metrics')
  return Number(line[1])
}

/** three nodes with stores in a line, at a rate that they sustain */
export async function losslessStored (count, rate) {
  const nodes = []
  try {
    for (let i = 0; i < 3; i++) nodes.push(await SottoNode.start({ flags: i > 0 ? [`--staticnode=${nodes[i - 1].addr}`] : [] }))
    await sleep(3000)
    const r = await line({ first: nodes[0], last: nodes[2], count, rate, ms: 60000 + count / rate * 3000 })
    whole(r, count)
    for (let i = 0; i < 100 && (await Promise.all(nodes.map(stored))).some(n => n < count); i++) await sleep(100)
    const have = await Promise.all(nodes.map(stored))
    if (have.some(n => n !== count)) throw new Error(`of ${count} messages the stores committed ${have.join(', ')}`)
    return `${count} messages delivered once and stored once by each of three, at ${rate} a second`
  } finally { for (const n of nodes) await n.kill() }
}
