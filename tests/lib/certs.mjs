// A certificate authority for a test, made by openssl: P-256, valid for two days.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** names of a node under test */
export const SUBJECT = { names: ['localhost'], ips: ['127.0.0.1'] }

const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] })

/** the authority that makeCa made in that folder: issue(name, { names, ips }) -> { key, cert }, paths of PEM files */
export function openCa (folder, name = 'ca') {
  const key = join(folder, `${name}.key`)
  const cert = join(folder, `${name}.pem`)
  return {
    cert,
    issue (of, { names = [], ips = [] }) {
      const own = { key: join(folder, `${of}.key`), cert: join(folder, `${of}.pem`) }
      const request = join(folder, `${of}.csr`)
      const extensions = join(folder, `${of}.ext`)
      writeFileSync(extensions, `subjectAltName=${[...names.map(n => `DNS:${n}`), ...ips.map(i => `IP:${i}`)].join(',')}\nextendedKeyUsage=serverAuth\n`)
      openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', own.key, '-out', request, '-subj', `/CN=${of}`)
      openssl('x509', '-req', '-in', request, '-CA', cert, '-CAkey', key, '-CAcreateserial', '-days', '2', '-extfile', extensions, '-out', own.cert)
      return own
    }
  }
}

export function makeCa (folder, name = 'ca') {
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(folder, `${name}.key`),
    '-out', join(folder, `${name}.pem`), '-days', '2', '-subj', `/CN=sotto test ${name}`,
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign')
  return openCa(folder, name)
}
