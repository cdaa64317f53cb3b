/**
 * mail-world is the whole service behind https, with a certificate of an authority of its own, as mail servers of the system
 * reach it; and a mail server that it knows, with people who sign in and hold tokens.
 *
 * It owns addresses, certificates and tokens. What a mail server makes of them is each story's business.
 * @module
 */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  beginAuthorization,
  fetchEndpoints,
  readAuthorizationResponse,
  redeemCode,
  type Tokens,
} from '@postern/example-contoso/authorization-code'
import type { Resource, ResourceId } from '@postern/storage'
import type { TestPerson, TestSts, TestStsOptions } from '@postern/sts/testing'
import { type ServiceUnderTest, startService } from '../../clients/service-under-test.ts'

const run = promisify(execFile)

/** PEM files of one server on loopback, which vouches for itself. */
export interface Certificate {
  readonly folder: string
  readonly certificateFile: string
  readonly keyFile: string
}

export async function makeCertificate(): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-certificate-'))
  await run('chmod', ['755', folder])
  const made = { folder, certificateFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await run('openssl', [
    'req',
    '-x509',
    ...curve,
    '-days',
    '2',
    ...subject,
    '-keyout',
    made.keyFile,
    '-out',
    made.certificateFile,
  ])
  return made
}

export interface MailWorld {
  readonly sts: TestSts
  readonly issuer: string
  readonly certificate: Certificate
  /** Credentials of the mail server: its resource is that of the realm. */
  readonly mailServer: Readonly<{ clientId: string; clientSecret: string }>
  /** Mary's, unless somebody else is named. `resource`: default is the mail server's. */
  token(asked?: { person?: TestPerson; scope?: string; resource?: string }): Promise<Tokens>
  addResource(change: Partial<Resource>): Promise<Resource>
  close(): Promise<void>
}

export const MAIL_SCOPES = ['IMAP.AccessAsUser.All', 'POP.AccessAsUser.All', 'SMTP.Send']

export async function startMailWorld(options: TestStsOptions & { certificate?: Certificate } = {}): Promise<MailWorld> {
  const { certificate = await makeCertificate(), ...stsOptions } = options
  const front = createServer({ key: await readFile(certificate.keyFile), cert: await readFile(certificate.certificateFile) })
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  const { port } = front.address() as AddressInfo // a TCP listener has an address with a port
  const service = await startService({ ...stsOptions, baseUrl: `https://localhost:${port}` })
  front.on('request', service.sts.service.handle)
  const { sts } = service
  const { clientId, clientSecret = '' } = sts.clients.server
  return {
    sts,
    issuer: sts.issuer,
    certificate,
    mailServer: { clientId, clientSecret },
    token: (asked = {}) => takeToken(service, asked),
    addResource: async (change) => {
      const resource = { ...sts.resource, id: randomUUID() as string as ResourceId, ...change } // a brand has no runtime part
      await sts.kept.resources.add(resource)
      return resource
    },
    close: async () => {
      await closeServer(front)
      await service.close()
      await rm(certificate.folder, { recursive: true, force: true })
    },
  }
}

async function takeToken(
  { sts, signIn, fetch: reach }: ServiceUnderTest,
  asked: { person?: TestPerson; scope?: string; resource?: string },
): Promise<Tokens> {
  const { clientId, redirectUri } = sts.clients.mail
  const resource = asked.resource ?? sts.resource.audience
  const scope = asked.scope ?? ['openid', 'offline_access', ...MAIL_SCOPES.map((name) => `${resource}${name}`)].join(' ')
  const endpoints = await fetchEndpoints(sts.issuer, reach)
  const request = { endpoints, client: { clientId }, redirectUri }
  const pending = beginAuthorization({ ...request, scope, resource })
  const back = await signIn(pending.url, redirectUri, asked.person)
  return redeemCode({ ...request, pending, code: readAuthorizationResponse(back, pending, endpoints), fetch: reach })
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
