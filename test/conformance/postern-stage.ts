/**
 * Everything that the kit can be given of Postern: the service, the Exchange-like mail server, a second server that acts for
 * people, five clients and two people of whom no second factor is asked.
 *
 * It owns the setting. What must hold in it is for the kit; what is skipped in it is listed in skipped-on-purpose.ts.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { KnownClient, TargetOptions } from '@postern/conformance'
import { walkToMailbox } from '@postern/example-contoso/mail-client'
import { createMailServer } from '@postern/example-contoso/mail-server'
import type { Client, ClientId, Resource, ResourceId } from '@postern/storage'
import { startSts, type TestClient, type TestSts } from '@postern/sts/testing'
import { redeem, signInOnce } from '../support/person-browser.ts'
import { close, listen } from './listening.ts'

const CLOUD = 'https://cloud.contoso.com/'
const BYE = 'https://app.contoso.com/bye'

export interface PosternStage extends AsyncDisposable {
  /** Complete but for the clock. */
  readonly target: TargetOptions
}

/** An address of this machine at which nobody listens yet: the kit will. */
async function reserve(path: string): Promise<string> {
  const server = createServer()
  const base = await listen(server)
  await close(server)
  return `${base}${path}`
}

const known = (client: TestClient): KnownClient => ({
  clientId: client.clientId,
  redirectUri: client.redirectUri,
  ...(client.clientSecret !== undefined && { secret: client.clientSecret }),
  ...(client.privateKey !== undefined && { privateKey: client.privateKey, keyId: 'test' }),
})

async function change(sts: TestSts, clientId: string, by: Partial<Client>): Promise<void> {
  const client = await sts.kept.clients.find(clientId as ClientId) // a brand has no runtime part
  if (!client || !(await sts.kept.clients.replace({ ...client, ...by }))) throw new TypeError('no such client')
}

/** Another client like this one, with a secret of its own. */
async function addAnother(sts: TestSts, like: TestClient, by: Partial<Client>): Promise<KnownClient> {
  const client = await sts.kept.clients.find(like.clientId as ClientId) // a brand has no runtime part
  if (!client) throw new TypeError('no such client')
  const id = randomUUID() as string as ClientId // a brand has no runtime part
  const secret = randomBytes(32).toString('base64url')
  await sts.kept.clients.add({ ...client, id, displayName: 'Contoso Reports', ...by })
  const digest = new Uint8Array(createHash('sha256').update(secret).digest())
  await sts.kept.clients.addCredential({ id: randomUUID(), clientId: id, createdAt: client.createdAt, kind: 'secret', digest })
  return { clientId: id, redirectUri: like.redirectUri, secret }
}

/** A server of its own that people use, and that may act for them at the mail server and, for what a chain would need, at itself. */
async function addCloud(sts: TestSts, { mailUrl, principalId }: { mailUrl: string; principalId: string }) {
  const scopes = ['EAS.AccessAsUser.All', 'EWS.AccessAsUser.All', 'Mail.Read']
  const cloudId = randomUUID() as string as ClientId // a brand has no runtime part
  const own: Resource = {
    ...sts.resource,
    id: randomUUID() as string as ResourceId, // a brand has no runtime part
    displayName: 'Cloud',
    audience: CLOUD,
    names: [CLOUD],
    principalId: cloudId,
    scopes,
  }
  const added = await sts.kept.resources.add(own)
  const atMail = `${principalId}/mail.contoso.com`
  const named = { ...sts.resource, principalId: principalId as ClientId, names: [...sts.resource.names, atMail] } // a brand has no runtime part
  const replaced = await sts.kept.resources.replace(named)
  if (added !== 'added' || replaced !== 'replaced') throw new TypeError(`the second server has no place: ${added}, ${replaced}`)
  const access = [sts.resource, own].map(({ id }) => ({ resourceId: id, scopes }))
  const delegated = ['EAS.AccessAsUser.All']
  const { clientId, certificate, privateKey } = await sts.addPrincipal({
    clientId: cloudId,
    access,
    delegations: [sts.resource, own].map(({ id }) => ({ resourceId: id, scopes: delegated })),
  })
  await change(sts, sts.clients.mail.clientId, { access })
  const browser = await signInOnce(sts, sts.joe, { scope: 'openid' })
  const code = await browser.code({ scope: `openid ${CLOUD}EAS.AccessAsUser.All ${CLOUD}Mail.Read` })
  const { body } = await redeem(`${sts.issuer}/oauth2/v2.0/token`, code)
  return {
    clientId,
    certificate,
    privateKey,
    resource: `${atMail}@${sts.realm.id}`,
    person: {
      token: String(body.access_token),
      resource: `${mailUrl}/`,
      scope: delegated.map((scope) => `${mailUrl}/${scope}`).join(' '),
    },
  }
}

/** Lets apps register themselves, and gives the kit a token for it: Postern takes confidential clients from the invited alone. */
async function invite(sts: TestSts, clock: () => Date): Promise<string> {
  const realm = await sts.store.realms.find(sts.realm.id)
  if (!realm) throw new TypeError('no realm')
  await sts.store.realms.change(realm.id, { settings: { ...realm.settings, clientRegistration: 'token' } })
  const token = randomBytes(32).toString('base64url')
  const [createdAt, clients] = [clock(), 1000]
  await sts.kept.clientRegistrations.invite({
    id: randomUUID(),
    digest: new Uint8Array(createHash('sha256').update(token).digest()),
    label: 'conformance',
    clients,
    clientsLeft: clients,
    createdAt,
    createdBy: 'conformance',
    expiresAt: new Date(createdAt.getTime() + 365 * 86_400_000),
  })
  return token
}

/** Nobody at the kit can answer for a telephone: these people sign in by password alone. */
async function exempt(sts: TestSts, names: readonly string[]): Promise<void> {
  for (const policy of await sts.kept.policies.list())
    await sts.kept.policies.put({ ...policy, definition: { ...policy.definition, except: { account: names } } })
}

export async function startPosternStage(clock: () => Date): Promise<PosternStage> {
  const mail = createServer()
  const mailUrl = await listen(mail)
  const sts = await startSts({ clock, audience: `${mailUrl}/` })
  const john = await sts.addPerson({ name: 'john', factor: false })
  await exempt(sts, [sts.joe.upn, john.upn])
  // With a certificate of its own: whoever pretends to be it must fail for theirs.
  const { clientId: principalId } = await sts.addPrincipal()
  const audience = [`${mailUrl}/`, mailUrl]
  mail.on(
    'request',
    createMailServer({ issuer: sts.issuer, audience, baseUrl: mailUrl, principalId, domain: 'contoso.com', clock }),
  )
  const { mail: app, confidential, keyed } = sts.clients
  const walk = await walkToMailbox({
    address: sts.joe.upn,
    autodetect: mailUrl,
    client: { clientId: app.clientId },
    redirectUri: app.redirectUri,
    issuerAllowed: (issuer) => issuer === sts.issuer,
    account: sts.joe,
    say: () => undefined,
  })
  const server = { ...(await addCloud(sts, { mailUrl, principalId })), clock }
  const backchannelLogoutUri = await reserve('/signed-out')
  await change(sts, app.clientId, { postLogoutRedirectUris: [BYE] })
  await change(sts, confidential.clientId, { backchannelLogoutUri })
  const second = await addAnother(sts, confidential, { authenticationMethod: 'client_secret_post' })
  const initialAccessToken = await invite(sts, clock)
  const access = { scope: `openid offline_access ${mailUrl}/EAS.AccessAsUser.All`, resource: `${mailUrl}/` }
  return {
    target: {
      issuer: sts.issuer,
      clients: {
        public: { ...known(app), ...access, postLogoutRedirectUri: BYE },
        confidential: { ...known(confidential), ...access, postLogoutRedirectUri: BYE, backchannelLogoutUri },
        second: { ...second, ...access, authentication: 'client_secret_post' },
        keyed: { ...known(keyed), ...access },
        device: { ...known(app), ...access },
      },
      person: { username: sts.joe.upn, password: sts.joe.password },
      secondPerson: { username: john.upn, password: john.password },
      resource: {
        url: `${mailUrl}/api/v1/me/messages`,
        token: walk.tokens.accessToken,
        audience: `${mailUrl}/`,
        scope: `openid ${mailUrl}/EAS.AccessAsUser.All`,
        otherAudience: CLOUD,
      },
      server,
      registration: { initialAccessToken },
    },
    async [Symbol.asyncDispose]() {
      await close(mail)
      await sts.close()
    },
  }
}
