// Starts the stand-in node, with faults if wanted; looks like a SottoNode to the drivers.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { memoryOf } from '../../lib/node.mjs'

export async function startStandin (...faults) {
  const file = fileURLToPath(new URL('standin.mjs', import.meta.url))
  const p = spawn(process.execPath, [file, ...(faults.length > 0 ? ['--fault', faults.join(',')] : [])], { stdio: ['ignore', 'pipe', 'ignore'] })
  const node = { alive: true, log: () => '' }
  p.once('close', () => { node.alive = false })
  const line = await new Promise((resolve, reject) => {
    createInterface(p.stdout).once('line', resolve)
    p.once('close', code => reject(new Error(`the stand-in ended with ${code}`)))
  })
  Object.assign(node, JSON.parse(line))
  node.tcp = Number(/\/tcp\/(\d+)/.exec(node.addr)[1])
  node.restPort = Number(new URL(node.rest).port)
  node.memory = name => memoryOf(p.pid, name)
  node.stop = async () => { p.kill(); return { code: 0 } }
  node.kill = node.stop
  return node
}
