// The REST port, abused by whoever reaches it.
import { connect } from 'node:net'
import { randomBytes } from 'node:crypto'
import { sleep } from '../../lib/node.mjs'

/** send raw bytes, collect the answer until the node closes or ms are over */
function raw (t, bytes, ms = 3000, hold = false) {
  return new Promise(resolve => {
    const s = connect(t.node.restPort, '127.0.0.1')
    t.sockets.push(s)
    let got = ''
    const finish = () => { if (!hold) s.destroy(); resolve({ text: got, socket: s, status: Number(/^HTTP\/1\.[01] (\d+)/.exec(got)?.[1] ?? 0) }) }
    const timer = setTimeout(finish, ms)
    s.on('data', d => { if (got.length < 100000) got += d; if (!hold && /\r\n\r\n/.test(got)) { clearTimeout(timer); setTimeout(finish, 20) } })
    s.on('error', () => {})
    s.on('close', () => { clearTimeout(timer); finish() })
    s.write(bytes)
  })
}
const head = (method, path, more = '') => `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}\r\n`
const json = (path, body, more = '') => head('POST', path, `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}`) + body

export const restGarbage = async t => {
  for (const bytes of [randomBytes(5000), Buffer.alloc(5000), 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', '\r\n'.repeat(5000), `GET /${'a'.repeat(200000)} HTTP/1.1\r\nHost: x\r\n\r\n`, head('GET', '/health', `X: ${'b'.repeat(200000)}\r\n`), head('GET', '/health', 'X: y\r\n'.repeat(20000)), head('DELETE', '/health'), head('BREW', '/health'), head('GET', '/%00%ff%zz/../../etc/passwd'), head('GET', '/relay/v1/messages/' + '%2F'.repeat(5000))]) {
    await raw(t, bytes, 1000)
  }
  return 'twelve requests that are none'
}

export const restBodies = async t => {
  const big = 'x'.repeat(3 << 20)
  const deep = '['.repeat(200000) + ']'.repeat(200000)
  const cases = {
    'a body of 3 MiB': json('/relay/v1/auto/messages', JSON.stringify({ payload: big, contentTopic: '/a/1/b/c' })),
    'a body said to have 4 GB': head('POST', '/relay/v1/auto/messages', 'Content-Type: application/json\r\nContent-Length: 4000000000\r\n') + big,
    'a negative length': head('POST', '/relay/v1/auto/messages', 'Content-Type: application/json\r\nContent-Length: -1\r\n') + 'x',
    'two lengths': head('POST', '/relay/v1/auto/messages', 'Content-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3000\r\n') + '{}',
    '200,000 brackets': json('/relay/v1/subscriptions', deep),
    'a list of 100,000 topics': json('/relay/v1/subscriptions', JSON.stringify(Array.from({ length: 100000 }, (_, i) => `/waku/2/rs/66/${i}`))),
    'no JSON': json('/relay/v1/subscriptions', '{"a":'),
    'broken UTF-8': json('/relay/v1/auto/messages', '{"payload":"YQ==","contentTopic":"/a/1/\\ud800/c"}'),
    'a timestamp of 40 digits': json('/relay/v1/auto/messages', '{"payload":"YQ==","contentTopic":"/a/1/b/c","timestamp":' + '9'.repeat(40) + '}'),
    'an endless chunked body': head('POST', '/relay/v1/auto/messages', 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n') + '100000\r\n'.concat('y'.repeat(0x100000), '\r\n').repeat(4)
  }
  for (const [what, bytes] of Object.entries(cases)) {
    const { status } = await raw(t, bytes)
    if (status >= 200 && status < 300) throw new Error(`${what} was answered ${status}`)
  }
  return `${Object.keys(cases).length} bodies refused`
}

/** a page in somebody's browser must not drive the node */
export const restForeignOrigin = async t => {
  const body = JSON.stringify({ payload: 'YQ==', contentTopic: '/a/1/b/c' })
  const cases = {
    'a foreign Host': `POST /relay/v1/auto/messages HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    'a foreign Origin': json('/relay/v1/auto/messages', body, 'Origin: http://evil.example\r\n'),
    'a form': head('POST', '/relay/v1/auto/messages', `Content-Type: text/plain\r\nContent-Length: ${body.length}\r\n`) + body
  }
  for (const [what, bytes] of Object.entries(cases)) {
    const { status } = await raw(t, bytes)
    if (status < 400) throw new Error(`${what} was answered ${status || 'with nothing'}`)
  }
  return 'Host, Origin and content type are looked at'
}

export const restSlowloris = async t => {
  const held = []
  for (let i = 0; i < 300; i++) { const r = raw(t, 'GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ', 30000, true); r.catch(() => {}); held.push(r) }
  await sleep(500)
  t.during = async () => ''
  return '300 requests that never end'
}

export const restFlood = async t => {
  let served = 0
  let limited = 0
  const end = Date.now() + 4000
  await Promise.all(Array.from({ length: 32 }, async () => {
    while (Date.now() < end) {
      try {
        const r = await fetch(`${t.node.rest}/health`, { signal: AbortSignal.timeout(3000) })
        await r.arrayBuffer()
        if (r.status === 200) served++; else limited++
      } catch { limited++ }
    }
  }))
  await sleep(1100) // a rate limit, if there is one, lets us in again
  return `${served} served, ${limited} refused in 4 s`
}
