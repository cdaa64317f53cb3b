/**
 * The outside view: the conformance kit against the real service, the Exchange-like mail server and a second server that acts
 * for people there, as anybody could run it against theirs. Each module is a test here, so that a behaviour that breaks is named.
 */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTarget, modules, type Report, renderResult, runModules } from '@postern/conformance'
import { walkToMailbox } from '@postern/example-contoso/mail-client'
import { createMailServer } from '@postern/example-contoso/mail-server'
import type { ClientId, Resource, ResourceId } from '@postern/storage'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { authorization, codeOf, signedIn, startWorld, type World } from '../acceptance/support/world.ts'
import { redeem } from '../support/person-browser.ts'

const CLOUD = 'https://cloud.contoso.com/'

let world: World
let report: Report
const mail = createServer()

beforeAll(async () => {
  await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', resolve))
  const mailUrl = `http://127.0.0.1:${(mail.address() as AddressInfo).port}` // a TCP listener has an address with a port
  world = await startWorld({ audience: `${mailUrl}/` })
  const { sts } = world
  const { mail: client } = sts.clients
  // With a certificate of its own: whoever pretends to be it must fail for theirs.
  const { clientId: principalId } = await sts.addPrincipal()
  mail.on(
    'request',
    createMailServer({
      issuer: sts.issuer,
      audience: [`${mailUrl}/`, mailUrl],
      baseUrl: mailUrl,
      principalId,
      domain: 'contoso.com',
    }),
  )
  const walk = await walkToMailbox({
    address: sts.mary.upn,
    autodetect: mailUrl,
    client: { clientId: client.clientId },
    redirectUri: client.redirectUri,
    issuerAllowed: (issuer) => issuer === sts.issuer,
    account: sts.mary,
    say: () => undefined,
  })
  const target = createTarget({
    issuer: sts.issuer,
    client: { clientId: client.clientId, redirectUri: client.redirectUri },
    resource: { url: `${mailUrl}/api/v1/me/messages`, token: walk.tokens.accessToken },
    server: { ...(await addCloud(world, { mailUrl, principalId })), clock: () => new Date() },
  })
  report = await runModules(modules, target, { clock: () => new Date() })
})

afterAll(async () => {
  mail.closeAllConnections()
  await new Promise((resolve) => mail.close(resolve))
  await world.close()
})

/** A server of its own that people use, and that may act for them at the mail server and, for what a chain would need, at itself. */
async function addCloud(world: World, { mailUrl, principalId }: { mailUrl: string; principalId: string }) {
  const { sts } = world
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
  expect(await sts.kept.resources.add(own)).toBe('added')
  const atMail = `${principalId}/mail.contoso.com`
  const named = { ...sts.resource, principalId: principalId as ClientId, names: [...sts.resource.names, atMail] } // a brand has no runtime part
  expect(await sts.kept.resources.replace(named)).toBe('replaced')
  const access = [sts.resource, own].map(({ id }) => ({ resourceId: id, scopes }))
  const delegated = ['EAS.AccessAsUser.All']
  const { clientId, certificate, privateKey } = await sts.addPrincipal({
    clientId: cloudId,
    access,
    delegations: [sts.resource, own].map(({ id }) => ({ resourceId: id, scopes: delegated })),
  })
  await world.changeClient(sts.clients.mail, { access })
  const asked = authorization(world, { change: { scope: `openid ${CLOUD}EAS.AccessAsUser.All ${CLOUD}Mail.Read` } })
  const { body } = await redeem(world.token, await codeOf(await signedIn(world), asked))
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

test.each(modules.map((one) => ({ claim: one.claim })))('$claim', ({ claim }) => {
  const result = report.results.find((one) => one.claim === claim)
  expect(result && { verdict: result.verdict, said: result.verdict === 'pass' ? '' : renderResult(result) }).toEqual({
    verdict: 'pass',
    said: '',
  })
})

test('nothing was skipped', () => {
  const findings = report.results.flatMap((one) => one.findings)
  expect(findings.filter(({ verdict }) => verdict === 'skip')).toEqual([])
  expect(report.counts).toEqual({ pass: modules.length, warn: 0, fail: 0, skip: 0 })
})
