// SIGTERM and SIGHUP.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SottoNode, sleep } from '../lib/node.mjs'
import { check, inFolder } from './lib.mjs'

const message = text => JSON.stringify({ payload: Buffer.from(text).toString('base64'), contentTopic: '/ops/1/load/bin' })

/** publish from many clients until the node goes away; what was answered 200 */
async function publishUntilGone (node, clients) {
  const taken = new Set()
  let number = 0
  await Promise.all(Array.from({ length: clients }, async () => {
    for (;;) {
      const text = `message ${number++}`
      try {
        const r = await fetch(`${node.rest}/relay/v1/auto/messages`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: message(text), signal: AbortSignal.timeout(5000) })
        if (r.status === 200) taken.add(text); else await sleep(1)
        await r.text()
      } catch { return }
    }
  }))
  return taken
}

async function stored (node) {
  const found = new Set()
  let cursor = ''
  do {
    const page = await (await fetch(`${node.rest}/store/v3/messages?includeData=true&pageSize=100&ascending=true${cursor}`)).json()
    for (const m of page.messages) found.add(Buffer.from(m.message.payload, 'base64').toString())
    cursor = page.paginationCursor == null ? '' : `&cursor=${page.paginationCursor}`
  } while (cursor !== '')
  return found
}

/** what REST took is archived, whenever the node is told to stop */
export const termUnderLoad = () => inFolder(async folder => {
  let total = 0
  for (let round = 0; round < 3; round++) {
    const dataDir = join(folder, String(round))
    const node = await SottoNode.start({ dataDir: (await import('node:fs')).mkdirSync(dataDir, { recursive: true }) ?? dataDir })
    const publishing = publishUntilGone(node, 16)
    await sleep(300 + 200 * round)
    const from = performance.now()
    const exit = await node.stop()
    check(exit?.code === 0, `it ended with ${JSON.stringify(exit)}`)
    check(performance.now() - from < 5000, 'it took over 5 s to stop')
    const taken = await publishing
    const again = await SottoNode.start({ dataDir })
    try {
      const there = await stored(again)
      const lost = [...taken].filter(t => !there.has(t))
      check(taken.size > 50, `only ${taken.size} were taken`)
      check(lost.length === 0, `${lost.length} of ${taken.size} that were answered 200 are not stored, e.g. ${lost[0]}`)
      total += taken.size
    } finally { await again.stop() }
  }
  return `${total} messages answered 200, all stored`
})

export const hangup = () => inFolder(async folder => {
  const file = join(folder, 'c.toml')
  writeFileSync(file, 'log-level = "INFO"\n')
  const node = await SottoNode.start({ dataDir: folder, flags: [`--config-file=${file}`] })
  const log = () => readFileSync(join(folder, 'node.log'), 'utf8')
  const wait = async (says) => { for (let i = 0; !log().includes(says); i++) { check(i < 60, `the log does not say ${says}`); await sleep(50) } }
  try {
    writeFileSync(file, 'log-level = "DEBUG"\n')
    process.kill(node.pid, 'SIGHUP')
    await wait('reloaded level=DEBUG')
    writeFileSync(file, 'log-level = "LOUD"\n')
    process.kill(node.pid, 'SIGHUP')
    await wait('reload refused')
    check((await fetch(`${node.rest}/health`)).status === 200, 'not served after SIGHUP')
  } finally { await node.stop() }
})
