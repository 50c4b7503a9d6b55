// Headless Chromium from Debian, driven by playwright-core, and the page's bundle, made by esbuild.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'browser')
export const outputs = join(source, '..', '..', '..', 'build', 'browser')

// No request of Chromium's own leaves the machine.
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-domain-reliability']

/** serve page.html and its bundle at http://127.0.0.1; returns its URL */
async function servePage (ctx) {
  const { outputFiles: [{ text }] } = await build({
    entryPoints: [join(source, 'page.mjs')], bundle: true, format: 'esm', platform: 'browser', target: 'chrome120', write: false, logLevel: 'silent'
  })
  const files = { '/': ['text/html', readFileSync(join(source, 'page.html'))], '/page.js': ['text/javascript', text] }
  const server = createServer((request, response) => {
    const [type, body] = files[request.url] ?? []
    response.writeHead(body == null ? 404 : 200, { 'content-type': type ?? 'text/plain' }).end(body)
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  ctx.defer(() => server.close())
  return `http://127.0.0.1:${server.address().port}/`
}

/** trust a CA as a person does who imports it: in the NSS database of the browser's home */
function importCa (home, ca) {
  const folder = join(home, '.pki', 'nssdb')
  mkdirSync(folder, { recursive: true })
  execFileSync('certutil', ['-d', `sql:${folder}`, '-N', '--empty-password'], { stdio: 'pipe' })
  execFileSync('certutil', ['-d', `sql:${folder}`, '-A', '-t', 'C,,', '-n', 'test', '-i', ca], { stdio: 'pipe' })
}

/** a fresh browser with the page open; ca: PEM file to trust besides the usual ones */
export async function openPage (ctx, ca) {
  const home = mkdtempSync(join(tmpdir(), 'sotto-browser-'))
  ctx.defer(() => rmSync(home, { recursive: true, force: true }))
  if (ca != null) importCa(home, ca)
  const context = await chromium.launchPersistentContext(join(home, 'profile'), {
    executablePath: '/usr/bin/chromium', headless: true, args: ARGS, env: { ...process.env, HOME: home, XDG_DATA_HOME: '', XDG_CONFIG_HOME: '' }, viewport: { width: 900, height: 700 }
  })
  ctx.defer(() => context.close())
  const page = context.pages()[0] ?? await context.newPage()
  page.on('pageerror', e => ctx.note(`page: ${e.message}`))
  if (process.env.INTEROP_TRACE) page.on('console', m => ctx.note(`console: ${m.text()}`))
  await page.goto(await servePage(ctx))
  await page.waitForFunction(() => window.app != null)
  return page
}
