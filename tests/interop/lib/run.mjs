// Runs one case as a process of its own: a check that hangs or crashes cannot take the others along.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** resolves to { ok, detail, ms }; env: variables besides ours */
export function runCaseFile (name, args, env = {}) {
  return new Promise(resolve => {
    const file = fileURLToPath(new URL(`../cases/${name}.mjs`, import.meta.url))
    const p = spawn(process.execPath, [file, ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] })
    let out = ''
    p.stdout.on('data', d => { out += d })
    const hard = setTimeout(() => p.kill('SIGKILL'), 70000)
    p.on('close', code => {
      clearTimeout(hard)
      let r
      try { r = JSON.parse(out.trim().split('\n').pop()) } catch {}
      if (r == null) r = { ok: false, detail: `no result line (exit status ${code})`, ms: 0 }
      if (r.ok && code !== 0) { r.ok = false; r.detail = `result says ok, exit status is ${code}` }
      resolve(r)
    })
  })
}
