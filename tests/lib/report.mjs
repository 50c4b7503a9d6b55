// How every driver of ours reports: a line a test, and the count at the end.
import { parseArgs } from 'node:util'

/** thrown by a test that cannot be made here; says why */
export class Skip extends Error {}

export class Report {
  constructor () { this.passed = 0; this.failed = []; this.skipped = [] }

  add (name, ok, ms, detail = '') {
    if (ok) this.passed++; else this.failed.push(`${name}: ${detail}`)
    console.log(`${ok ? 'pass' : 'FAIL'} ${name.padEnd(26)} ${String(Math.round(ms)).padStart(6)} ms  ${detail}`)
  }

  /** run one test: what it returns is the detail of a pass, what it throws that of a failure */
  async run (name, fn) {
    const from = performance.now()
    try {
      const detail = String(await fn() ?? '')
      this.add(name, true, performance.now() - from, detail)
    } catch (e) {
      if (e instanceof Skip) {
        this.skipped.push(`${name}: ${e.message}`)
        console.log(`skip ${name.padEnd(26)}            ${e.message}`)
        return
      }
      this.add(name, false, performance.now() - from, process.env.TRACE ? e.stack : e.message)
    }
  }

  /** the closing line; ends the process */
  end () {
    for (const line of this.failed) console.log(`failed: ${line}`)
    if (this.skipped.length > 0) console.log(`${this.skipped.length} skipped: ${this.skipped.join('; ')}`)
    console.log(`${this.passed} passed, ${this.failed.length} failed`)
    process.exit(this.failed.length === 0 ? 0 : 1)
  }
}

/** the tests that the command line names; without any, the usual ones */
export function chosen (usual, { options = {}, more = [] } = {}) {
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const all = [...usual, ...more]
  for (const name of positionals) {
    if (!all.includes(name)) { console.error(`no such test: ${name}; there are: ${all.join(' ')}`); process.exit(2) }
  }
  return { values, names: positionals.length > 0 ? positionals : usual }
}
