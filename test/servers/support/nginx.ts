/**
 * nginx runs the nginx of the system, with the files of examples/nginx, from a temporary folder and on free ports of loopback.
 * @module
 */
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../support/sts-process.ts'
import { fill, startChild, waitForPorts } from './child.ts'
import type { Certificate } from './mail-world.ts'

const EXAMPLES = fileURLToPath(new URL('../../../examples/nginx/', import.meta.url))

const MODULE = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules'].map((at) => `${at}/ngx_mail_module.so`).find(existsSync)

export interface NginxParts {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly certificate: Certificate
  /** Port of the HTTP server behind. */
  readonly behind: number
}

export interface Nginx {
  readonly imap: number
  readonly pop: number
  readonly smtp: number
  readonly http: number
  log(): string
  stop(): Promise<void>
}

export async function startNginx(parts: NginxParts): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-nginx-'))
  await chmod(folder, 0o755)
  const [imap, pop, smtp, http, hop] = await Promise.all([freePort(), freePort(), freePort(), freePort(), freePort()])
  const { issuer, clientId, clientSecret, certificate } = parts
  const { host } = new URL(issuer)
  const gate = {
    'https://login.contoso.com/REALM': issuer,
    'Host login.contoso.com': `Host ${host}`,
    '/etc/ssl/certs/ca-certificates.crt': certificate.certificateFile,
  }
  const own = { '/etc/nginx/mail.pem': certificate.certificateFile, '/etc/nginx/mail.key': certificate.keyFile }
  const BASE64 = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
  const put = async (name: string, values: Readonly<Record<string, string>>) =>
    writeFile(join(folder, name), fill(await readFile(join(EXAMPLES, name), 'utf8'), values), { mode: 0o600 })
  await put('postern-mail.conf', {
    ...own,
    '127.0.0.1:8084': `127.0.0.1:${hop}`,
    'Basic BASE64': `Basic ${BASE64}`,
    'listen 993': `listen 127.0.0.1:${imap}`,
    'listen 995': `listen 127.0.0.1:${pop}`,
    'listen 465': `listen 127.0.0.1:${smtp}`,
  })
  await put('postern-hop.conf', { ...gate, '127.0.0.1:8084': `127.0.0.1:${hop}` })
  await put('postern-http.conf', {
    ...own,
    ...gate,
    'Basic BASE64': `Basic ${BASE64}`,
    'client_id="CLIENT_ID"': `client_id="${clientId}"`,
    'listen 443': `listen 127.0.0.1:${http}`,
    '127.0.0.1:8090': `127.0.0.1:${parts.behind}`,
  })
  await writeFile(join(folder, 'nginx.conf'), mainFile(folder))
  const child = startChild('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'])
  try {
    await waitForPorts(child, [imap, pop, smtp, http, hop])
  } catch (error) {
    await child.stop()
    throw error
  }
  return {
    ...{ imap, pop, smtp, http },
    log: child.output,
    async stop() {
      await child.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What the package of a system sets up, here for a temporary folder. */
const mainFile = (folder: string): string => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr info;
load_module ${MODULE};
events { worker_connections 256; }
include ${folder}/postern-mail.conf;
http {
  access_log off;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${folder}/${kind};`).join('\n')}
  include ${folder}/postern-hop.conf;
  include ${folder}/postern-http.conf;
}
`
