import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { renderAvailability } from '../availability/answer.ts'
import { refusedMailbox } from '../availability/view.ts'
import { demoPeople } from '../people.ts'
import { type Federation, parseAutodiscoverRequest, renderFederation, renderSettings } from '../soap/autodiscover-soap.ts'
import { parseEnvelope, renderEnvelope } from '../soap/envelope.ts'
import { type Listening, listen } from '../testing/fake-issuer.ts'
import { workingDayAfter } from './free-busy-question.ts'
import { createNeighbour, type Neighbour, type ServerIdentity } from './neighbour.ts'

const REALM = '3f0c1f5e-6a5e-4b3a-9a3e-0d6a51a7c0de'
const CLOUD = 'contoso.onmicrosoft.test'
const people = demoPeople({ onPremises: 'contoso.com', cloud: CLOUD })
let identity: ServerIdentity
let other: Listening
let asked: string[]
let said: string[]
/** What the other side says; a test changes one thing. */
let federation: Federation
let ewsUrl: string
let answerEws: (query: ReturnType<typeof dayOfJoe>) => string

const dayOfJoe = () => workingDayAfter(new Date('2026-07-06T12:00:00Z'), `joe@${CLOUD}`)

beforeAll(() => {
  const directory = mkdtempSync(join(tmpdir(), 'contoso-identity-'))
  const files = ['-keyout', join(directory, 'key.pem'), '-out', join(directory, 'certificate.pem')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=mail', ...files], {
    stdio: 'ignore',
  })
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8')
  identity = {
    clientId: '00000002-0000-0ff1-ce00-000000000000',
    certificate: read('certificate.pem'),
    privateKey: read('key.pem'),
  }
  rmSync(directory, { recursive: true })
})

beforeEach(async () => {
  asked = []
  said = []
  other = await listen((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const operation = parseEnvelope(Buffer.concat(parts))
      asked.push(`${operation.name} ${request.headers['client-request-id']}`)
      response.writeHead(200, { 'content-type': 'text/xml' })
      if (operation.name === 'GetUserAvailabilityRequest') return response.end(answerEws(dayOfJoe()))
      const wanted = parseAutodiscoverRequest(operation)
      const isFederation = wanted.operation === 'GetFederationInformation'
      return response.end(
        renderEnvelope(
          isFederation
            ? renderFederation(federation.domains[0] ?? wanted.domain, federation)
            : renderSettings(wanted.mailboxes, () => ewsUrl),
        ),
      )
    })
  })
  const issuer = { uri: `00000001-0000-0000-c000-000000000000@${REALM}`, endpoint: '' }
  federation = { applicationUri: `${other.url}/`, domains: [CLOUD], tokenIssuers: [issuer] }
  ewsUrl = `${other.url}/EWS/Exchange.asmx`
  answerEws = (query) => renderEnvelope(renderAvailability([refusedMailbox('ErrorNoFreeBusyAccess', '')], query))
})
afterEach(() => other.close())

function ask(neighbour: Neighbour = connect()) {
  const mary = people.findByAddress('mary@contoso.com')
  if (mary === undefined) throw new TypeError('Mary is known')
  return neighbour.ask(mary, dayOfJoe(), { id: 'r-1' })
}

const connect = (): Neighbour =>
  createNeighbour({
    identity,
    issuer: `http://127.0.0.1:1/${REALM}`,
    realm: REALM,
    neighbour: { domain: CLOUD, baseUrl: other.url },
    log: (line) => said.push(line),
  })

const failed = [{ outcome: 'refused', code: 'ErrorProxyRequestProcessingFailed' }]
const names = () => asked.map((line) => line.split(' ')[0])

test('the other side is asked who it is once, then where and what, under the number of the request', async () => {
  const neighbour = connect()
  expect(await ask(neighbour)).toMatchObject([{ code: 'ErrorNoFreeBusyAccess' }])
  await ask(neighbour)
  const [first, ...others] = names()
  expect(first).toBe('GetFederationInformationRequestMessage')
  expect(others).toEqual(Array(2).fill(['GetUserSettingsRequestMessage', 'GetUserAvailabilityRequest']).flat())
  expect(asked.every((line) => line.endsWith(' r-1'))).toBe(true)
})

test('a server that does not serve the domain, or takes tokens of somebody else, is told nothing more', async () => {
  for (const wrong of [
    { domains: ['fabrikam.com'] },
    { tokenIssuers: [] },
    { tokenIssuers: [{ uri: 'urn:federation:other', endpoint: '' }] },
  ]) {
    asked = []
    const right = federation
    federation = { ...right, ...wrong }
    expect(await ask()).toMatchObject(failed)
    federation = right
    expect(names()).toEqual(['GetFederationInformationRequestMessage'])
  }
})

test('an answer cannot send the question, and with it a name and a token, to another place', async () => {
  const elsewhere: string[] = []
  const stranger = await listen((request, response) => {
    elsewhere.push(request.url ?? '')
    response.end()
  })
  for (const url of [
    `${stranger.url}/EWS/Exchange.asmx`,
    `${other.url.replace('http:', 'https:')}/EWS/Exchange.asmx`,
    'EWS',
    `${other.url}@127.0.0.2/`,
  ]) {
    asked = []
    ewsUrl = url
    expect(await ask()).toMatchObject(failed)
    expect(names()).not.toContain('GetUserAvailabilityRequest')
  }
  expect(elsewhere).toEqual([])
  await stranger.close()
})

test('an answer that is hostile, too long or none counts as refused, and is in the log', async () => {
  const wrong = [
    '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
    'no XML',
    '',
    `<x>${'y'.repeat(5_000_000)}</x>`,
    renderEnvelope('<s:Fault/>'),
  ]
  for (const text of wrong) {
    answerEws = () => text
    expect(await ask(), text.slice(0, 40)).toMatchObject(failed)
  }
  await other.close()
  expect(await ask()).toMatchObject(failed)
  expect(said.length).toBeGreaterThanOrEqual(5)
  other = await listen(() => undefined)
})
