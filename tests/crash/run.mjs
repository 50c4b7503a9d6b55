#!/usr/bin/env node
// Nothing may be lost: on the way through a line of nodes, and, once it was called stored, by kill -9,
// slow, failing and full disks, or a second process.
//   run.mjs [TEST...] [--long]      --long: a million messages, a hundred kills
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { chosen, Report } from '../lib/report.mjs'
import { SottoNode, binary, testFlags, freePort } from '../lib/node.mjs'
import { Load, until, sleep } from './lib.mjs'
import { lossless, losslessStored } from './line.mjs'

process.on('unhandledRejection', () => {}) // peers of a killed node reject in the background
process.on('uncaughtException', e => { if (process.env.TRACE) console.error(e) })

/** run fn with a data folder that is removed afterwards */
async function inFolder (fn) {
  const dir = mkdtempSync(join(tmpdir(), 'sotto-crash-'))
  try { return await fn(dir) } finally { if (!process.env.SOTTO_KEEP) rmSync(dir, { recursive: true, force: true }) }
}

/** a node under strace with a fault injected into its calls from the start: strace(1), --inject */
const straced = (dataDir, ...inject) => SottoNode.start({
  dataDir,
  wrap: ['strace', '-f', '-qqq', '-o', join(dataDir, 'strace.log'), '--seccomp-bpf', `--trace=${inject.map(i => i.split(':')[0]).join(',')}`, ...inject.map(i => `--inject=${i}`)],
  wait: 30000
})

/** the same fault, but from now on: strace attaches to the running node; `paths` limits it to these files */
async function injectNow (node, what, paths = []) {
  const only = paths.flatMap(p => ['-P', p])
  const p = spawn('strace', ['-f', '-qqq', '-o', join(node.dataDir, 'attach.log'), `--trace=${what.split(':')[0]}`, `--inject=${what}`, ...only, '-p', String(node.pid)], { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  p.stderr.on('data', d => { complaint += d })
  await sleep(500)
  if (p.exitCode != null) throw new Error(`strace could not attach: ${complaint}`)
  return () => new Promise(resolve => { p.once('close', resolve); p.kill('SIGINT') })
}

const TESTS = {
  'line-lossless': () => lossless(values.long ? 1000000 : 50000),
  'line-stored': () => values.long ? losslessStored(1000000, 10000) : losslessStored(20000, 4000),

  /** every message that a query returned before a kill is there after it, without repair */
  kill9: () => inFolder(async dataDir => {
    const reported = new Set()
    let published = 0
    for (let round = 0; round < (values.long ? 100 : 10); round++) {
      const node = await SottoNode.start({ dataDir })
      const load = await Load.join(node)
      try {
        const gone = await load.missing(reported)
        if (gone.length > 0) throw new Error(`after ${round} kills ${gone.length} of ${reported.size} messages that were reported stored are gone`)
        const work = [load.pour(), load.watch(reported)]
        await sleep(400 + Math.random() * 900)
        await node.kill()
        load.pouring = false
        await Promise.race([Promise.all(work), sleep(3000)])
        published += load.published
      } finally { await load.leave(); await node.kill() }
    }
    const node = await SottoNode.start({ dataDir })
    const load = await Load.join(node)
    try {
      const gone = await load.missing(reported)
      if (gone.length > 0) throw new Error(`${gone.length} of ${reported.size} messages are gone`)
      if (reported.size < 100) throw new Error(`only ${reported.size} of ${published} messages were ever reported: no load, no test`)
    } finally { await load.leave() }
    const end = await node.stop()
    if (end?.code !== 0) throw new Error(`the node did not stop cleanly: ${JSON.stringify(end)}`)
    return `${reported.size} of ${published} published messages were reported stored; all are there`
  }),

  /** the sync of a commit is held back for two seconds: no query may show the message before */
  'sync-before-report': () => inFolder(async dataDir => {
    const DELAY_MS = 2000
    const node = await straced(dataDir, `fdatasync:delay_enter=${DELAY_MS * 1000}`)
    const load = await Load.join(node)
    try {
      const from = Date.now()
      const hash = await load.publish()
      const entered = Date.now() // the commit cannot have begun before the message was sent
      await until(async () => (await load.missing([hash])).length === 0, 20000, 'the message to be stored', 50)
      const after = Date.now() - from
      if (Date.now() - entered < DELAY_MS - 100) throw new Error(`reported stored ${after} ms after it was sent, while its fdatasync takes ${DELAY_MS} ms`)
      return `its fdatasync took ${DELAY_MS} ms, it was reported after ${after} ms`
    } finally { await load.leave(); await node.kill() }
  }),

  /** a sync that fails: the message is never reported, the error is clear, relay goes on */
  'sync-fails': () => inFolder(dataDir => failing(dataDir, 'fdatasync:error=EIO')),

  /** a disk that is full, for writes of every kind */
  'full-disk': () => inFolder(dataDir => failing(dataDir, 'pwrite64,pwritev,writev,fallocate:error=ENOSPC', /space|ENOSPC|full/i)),

  /** SIGTERM in the middle of the load: exit status 0, and what was sent before is there */
  sigterm: () => inFolder(async dataDir => {
    let node = await SottoNode.start({ dataDir })
    let load = await Load.join(node)
    const sent = []
    for (let i = 0; i < 500; i++) sent.push(await load.publish())
    await until(async () => (await load.missing(sent.slice(-1))).length === 0, 10000, 'the last message to be stored', 50)
    load.pour()
    await sleep(300)
    const end = await node.stop()
    await load.leave()
    if (end?.code !== 0) throw new Error(`it ended with ${JSON.stringify(end ?? 'nothing in 10 s')}: ${node.log(1000)}`)
    node = await SottoNode.start({ dataDir })
    load = await Load.join(node)
    try {
      const gone = await load.missing(sent)
      if (gone.length > 0) throw new Error(`${gone.length} of ${sent.length} messages are gone`)
      return `${sent.length} messages are there after a clean stop`
    } finally { await load.leave(); await node.kill() }
  }),

  /** a second process on the same folder must be refused, and harm nothing */
  'second-process': () => inFolder(async dataDir => {
    const node = await SottoNode.start({ dataDir })
    try {
      const flags = testFlags({ tcp: await freePort(), rest: await freePort(), dataDir })
      const second = spawnSync(binary, ['node', ...flags], { timeout: 8000, encoding: 'utf8' })
      if (second.status == null || second.status === 0) throw new Error(`the second process was not refused (status ${second.status}, signal ${second.signal})`)
      const load = await Load.join(node)
      try {
        const hash = await load.publish()
        await until(async () => (await load.missing([hash])).length === 0, 8000, 'the first node to store', 50)
      } finally { await load.leave() }
      return `refused: ${(second.stderr + second.stdout).trim().split('\n').pop().slice(0, 120)}`
    } finally { await node.kill() }
  })
}

/** a node whose disk begins to fail while it runs */
async function failing (dataDir, fault, wanted = /./) {
  const node = await SottoNode.start({ dataDir })
  const load = await Load.join(node)
  const witness = await Load.join(node)
  try {
    const before = await load.publish()
    await until(async () => (await load.missing([before])).length === 0, 8000, 'a message to be stored while the disk works', 50)
    const logged = node.log(1e7).length
    const archive = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter(f => f.isFile() && !f.name.endsWith('.log')).map(f => join(f.parentPath, f.name))
    const heal = await injectNow(node, fault, fault.startsWith('fdatasync') ? [] : [...archive, ...archive.map(f => join(dirname(f), 'probe'))])
    const lost = await load.publish()
    await until(() => witness.publisher.delivered.length >= 2, 5000, 'the message to be relayed although it cannot be stored')
    await sleep(1500)
    if (!node.alive) throw new Error(`the node ended: ${node.log(1500)}`)
    if ((await load.missing([lost])).length === 0) throw new Error('a message was reported stored although its commit cannot have reached the disk')
    await heal()
    const after = await load.publish()
    await until(async () => (await load.missing([after, before])).length === 0, 15000, 'messages to be stored again once the disk works', 100)
    const line = node.log(1e7).slice(logged).split('\n').find(l => /store|archive/i.test(l) && /fail|error|full|space|EIO|ENOSPC|unusual/i.test(l) && wanted.test(l))
    if (line == null) throw new Error('the log does not say what is wrong')
    return `relayed on, not reported, stored again afterwards; the log says: ${(line ?? '').slice(0, 120)}`
  } finally { await load.leave(); await witness.leave(); await node.kill() }
}

const { values, names } = chosen(Object.keys(TESTS), { options: { long: { type: 'boolean' } } })
const report = new Report()
for (const name of names) await report.run(name, TESTS[name])
report.end()
