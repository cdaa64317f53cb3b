/**
 * The outside view: the conformance kit against the real service and the Exchange-like mail server, as anybody could run it
 * against theirs. Each module is a test here, so that a behaviour that breaks is named.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTarget, modules, type Report, renderResult, runModules } from '@postern/conformance'
import { walkToMailbox } from '@postern/example-contoso/mail-client'
import { createMailServer } from '@postern/example-contoso/mail-server'
import { startSts, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let sts: TestSts
let report: Report
const mail = createServer()

beforeAll(async () => {
  await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', resolve))
  const mailUrl = `http://127.0.0.1:${(mail.address() as AddressInfo).port}` // a TCP listener has an address with a port
  sts = await startSts({ audience: `${mailUrl}/` })
  const { mail: client } = sts.clients
  mail.on(
    'request',
    createMailServer({
      issuer: sts.issuer,
      audience: [`${mailUrl}/`, mailUrl],
      baseUrl: mailUrl,
      principalId: '00000002-0000-0ff1-ce00-000000000000',
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
  })
  report = await runModules(modules, target, { clock: () => new Date() })
})

afterAll(async () => {
  mail.closeAllConnections()
  await new Promise((resolve) => mail.close(resolve))
  await sts.close()
})

test.each(modules.map((one) => ({ claim: one.claim })))('$claim', ({ claim }) => {
  const result = report.results.find((one) => one.claim === claim)
  expect(result && { verdict: result.verdict, said: result.verdict === 'pass' ? '' : renderResult(result) }).toEqual({
    verdict: 'pass',
    said: '',
  })
})

test('nothing was skipped', () => {
  expect(report.counts).toEqual({ pass: modules.length, warn: 0, fail: 0, skip: 0 })
})
