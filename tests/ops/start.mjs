// Starting: what a person sees, and what is said when something is wrong.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { binary, freePort, SottoNode } from '../lib/node.mjs'
import { check, inFolder, sotto, withNode } from './lib.mjs'

/** every line of "try next" works when pasted */
export const firstRun = () => inFolder(async folder => {
  const [tcp, rest] = [await freePort(), await freePort()]
  const p = spawn(binary, ['node', `--data-dir=${folder}/d`, `--tcp-port=${tcp}`, `--rest-port=${rest}`], { stdio: ['ignore', 'pipe', 'ignore'] })
  let out = ''
  const told = new Promise(resolve => p.stdout.on('data', d => { out += d; if (out.includes('sotto probe ')) resolve() }))
  const ended = new Promise(resolve => p.once('close', resolve))
  try {
    await Promise.race([told, ended])
    check(/^peer id +16Uiu2/m.test(out) && /^addresses +\/ip4\//m.test(out) && out.includes(`http://127.0.0.1:${rest}`), `it says: ${out}`)
    const commands = out.split('try next:\n')[1].replace(/\\\n\s*/g, '').trim().split('\n').map(l => l.trim())
    check(commands.length === 4, `${commands.length} commands`)
    let answer = ''
    for (const c of commands) {
      const r = await new Promise(resolve => {
        const sh = spawn('sh', ['-c', c.replace(/^\S*sotto /, `${binary} `)], { stdio: ['ignore', 'pipe', 'pipe'] })
        let text = ''
        sh.stdout.on('data', d => { text += d })
        sh.once('close', code => resolve({ code, text }))
      })
      check(r.code === 0 && r.text !== '', `${c}: ${r.code} ${r.text}`)
      answer = r.text
      if (c.includes('/store/v3')) check(answer.includes('"aGVsbG8="'), `the message is not in the store: ${answer}`)
      await new Promise(resolve => setTimeout(resolve, 200)) // a person types more slowly than a commit takes
    }
  } finally { p.kill('SIGTERM') }
  check(await ended === 0, 'SIGTERM does not end it with 0')
})

export const mistakes = () => inFolder(async folder => {
  const taken = createServer()
  await new Promise(resolve => taken.listen(0, '127.0.0.1', resolve))
  const port = taken.address().port
  mkdirSync(join(folder, 'd'))
  writeFileSync(join(folder, 'file'), '')
  writeFileSync(join(folder, 'bad.toml'), 'tcp-port = 60000\nlog-levle = "INFO"\n')
  const here = [`--data-dir=${folder}/d`, '--listen-address=127.0.0.1']
  const cases = [
    [['--tcp-prt=1'], 2, /did you mean --tcp-port\?/],
    [['--tcp-port=70000'], 2, /0\.\.65535/],
    [['stray'], 2, /flags begin with --/],
    [[`--config-file=${folder}/bad.toml`], 2, /bad\.toml:2: log-levle: no such option; did you mean --log-level/],
    [[`--config-file=${folder}/none.toml`], 1, /none\.toml: No such file/],
    [[`--data-dir=${folder}/file`], 1, /data folder .*Not a directory/],
    [[...here, `--tcp-port=${port}`], 1, new RegExp(`port ${port} .*taken.*--tcp-port`)],
    [[...here, '--tcp-port=0', `--rest-port=${port}`], 1, new RegExp(`port ${port} .*taken.*--rest-port`)],
    [[...here, '--tcp-port=0', '--rest-address=192.0.2.77'], 2, /no address of this machine \(--rest-address\)/],
    [['--listen-address=192.0.2.77', here[0]], 2, /no address of this machine \(--listen-address\)/],
    [[...here, '--staticnode=/ip4/192.0.2.1/tcp/1'], 2, /--staticnode=.*\/p2p/],
    [['--entry-node=enrtree://AM@nodes.example'], 2, /enrtree:\/\/<key>@<domain>/],
    [['--entry-node=enr:-abc'], 2, /no node record/],
    [['--store-message-retention-policy=forever'], 2, /time:<seconds>/],
    [['--rest-port=65000', '--ports-shift=1000'], 2, /over 65535/],
    [['--rln-relay=true'], 2, /refused: .*RLN/],
    [['--rln-relay-dynamic=true'], 2, /refused: .*RLN/],
    [['--store-message-db-url=postgres://a@b/c'], 2, /refused: .*postgres/],
    [['--mix=true'], 2, /refused: .*mix/],
    [['--protected-shard=0:02ab'], 2, /refused: .*signed shards/],
    [['--cluster-id=1'], 2, /RLN/],
    [['--preset=twn'], 2, /twn .*needs RLN/],
    [['--shard=8'], 2, /0\.\.7/],
    [['--nodekey=12'], 2, /^(?!.*=12).*64 hexadecimal digits/]
  ]
  try {
    for (const [flags, code, says] of cases) {
      const r = await sotto(['node', ...(flags.some(f => f.startsWith('--data-dir')) ? [] : [`--data-dir=${folder}/d`]), ...flags], { ms: 5000 })
      check(r.code === code && says.test(r.err.trim()), `${flags.join(' ')}: ${r.code} ${r.err}`)
      check(r.err.trim().split('\n').length === 1, `${flags.join(' ')} is told in more than one line: ${r.err}`)
    }
  } finally { taken.close() }
  return `${cases.length} mistakes`
})

export const unwritableFolder = () => inFolder(async folder => {
  if (process.getuid() === 0) return 'skipped: root may write everywhere'
  mkdirSync(join(folder, 'd'))
  chmodSync(join(folder, 'd'), 0o500)
  const r = await sotto(['node', `--data-dir=${folder}/d/x`])
  check(r.code === 1 && /Permission denied/.test(r.err), r.err)
})

export const oneNodeAFolder = () => withNode({}, async node => {
  const r = await sotto(['node', `--data-dir=${node.dataDir}`, '--tcp-port=0', '--rest-port=0'])
  check(r.code === 1 && /in use by another process/.test(r.err), `${r.code} ${r.err}`)
  const s = await sotto(['store', 'stats', `--data-dir=${node.dataDir}`])
  check(s.code === 1 && /in use/.test(s.err), `${s.code} ${s.err}`)
  check((readFileSync(join(node.dataDir, 'nodekey'), 'utf8')).trim().length === 64, 'no node key')
})

export const warningsOnce = () => inFolder(async folder => {
  const node = await SottoNode.start({ dataDir: folder, flags: ['--quic-support=true', '--quic-support=true', '--legacy-store=true'] })
  await node.stop()
  const log = readFileSync(join(folder, 'node.log'), 'utf8')
  for (const flag of ['--quic-support', '--legacy-store']) {
    const n = log.split('\n').filter(l => l.includes(`${flag} has no effect`)).length
    check(n === 1, `${flag} is warned about ${n} times`)
  }
})

export const precedence = () => inFolder(async folder => {
  writeFileSync(join(folder, 'c.toml'), 'agent-string = "of-file"\nmax-connections = 77\n[rest]\nadmin = false\n')
  const asked = async (env, flags) => {
    Object.assign(process.env, env)
    const node = await SottoNode.start({ flags: [`--config-file=${folder}/c.toml`, ...flags] })
    for (const k of Object.keys(env)) delete process.env[k]
    try {
      check((await fetch(`${node.rest}/admin/v1/peers`)).status === 200, 'the flag --rest-admin does not beat the file')
      return (await sotto(['probe', node.addr])).out.match(/^agent +(\S+)/m)[1]
    } finally { await node.stop() }
  }
  const got = [await asked({}, []), await asked({ WAKUNODE2_AGENT_STRING: 'of-variable' }, []), await asked({ WAKUNODE2_AGENT_STRING: 'of-variable' }, ['--agent-string=of-flag'])]
  check(got.join() === 'of-file,of-variable,of-flag', got.join())
})

export const helps = async () => {
  for (const [args, says] of [[[], 'sotto node'], [['--help'], 'sotto node'], [['node', '--help'], '--tcp-port'], [['probe', '--help'], 'exit status'], [['store', '--help'], 'exit status'], [['load', '--help'], '--rate'], [['help', 'probe'], '--cluster-id'], [['version'], 'sotto ']]) {
    const r = await sotto(args)
    check(r.code === 0 && r.out.includes(says) && r.err === '', `sotto ${args.join(' ')}: ${r.code} ${r.err}`)
    const long = r.out.split('\n').filter(l => l.length > 130)
    check(long.length === 0, `a line of ${long[0]?.length} characters in sotto ${args.join(' ')}`)
  }
  check((await sotto(['frob'])).code === 2, 'an unknown command is not 2')
  check(!existsSync('nohup.out'), '')
}
