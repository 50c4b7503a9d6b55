// Running the binary as a person does.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { binary } from '../lib/node.mjs'

export function check (ok, what) { if (!ok) throw new Error(what) }

/** sotto ARGS... to its end: { code, out, err } */
export function sotto (args, { ms = 20000, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const p = spawn(binary, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const got = { out: '', err: '' }
    p.stdout.on('data', d => { got.out += d })
    p.stderr.on('data', d => { got.err += d })
    const timer = setTimeout(() => { p.kill('SIGKILL'); reject(new Error(`sotto ${args.join(' ')} did not end in ${ms} ms: ${got.err}`)) }, ms)
    p.once('close', code => { clearTimeout(timer); resolve({ code, ...got }) })
  })
}

export async function inFolder (fn) {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-ops-'))
  try { return await fn(folder) } finally { rmSync(folder, { recursive: true, force: true }) }
}

/** a number of /metrics; labels as written there */
export async function metric (node, name) {
  const text = await (await fetch(`${node.rest}/metrics`)).text()
  const line = text.split('\n').find(l => l.startsWith(`${name} `))
  check(line != null, `/metrics has no ${name}`)
  return Number(line.slice(name.length + 1))
}

export async function withNode (options, fn) {
  const { SottoNode } = await import('../lib/node.mjs')
  const node = await SottoNode.start(options)
  try { return await fn(node) } finally { await node.stop() }
}
