/** What went wrong reaches whoever should know: the owner which browser keeps an old password, the trail why a key was refused. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mailsOf, startQuietWorld } from '../portal/portal-visit.ts'
import { createBrowser, textOf } from '../support/browser.ts'
import type { World } from '../support/world.ts'
import { atSecondStep, heading, send } from './second-steps.ts'

let world: World
beforeAll(async () => {
  world = await startQuietWorld({ trustedNetworks: ['127.0.0.0/8', '::1/128'] })
})
afterAll(() => world.close())

const acr = JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:postern:acr:aal2' } } })
const firefox = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }

it('a browser that sends an old password for the third time is named to its owner', async () => {
  const person = await world.sts.addPerson({ name: 'ada', factor: false })
  for (let time = 0; time < 3; time += 1)
    await atSecondStep(world, { ...person, password: 'the one of last year' }, { browser: createBrowser({ headers: firefox }) })
  const mails = (await mailsOf(world, person)).filter(({ subject }) => subject.includes('old password'))
  expect(mails).toHaveLength(1)
  expect(mails[0]?.text).toContain('Firefox · Linux')
  const [row] = (await world.sts.kept.audit.list({ accountId: person.account.id, limit: 200 })).filter(
    ({ event }) => event === 'signin.stale_password',
  )
  expect(row?.detail).toEqual({ app: 'Firefox · Linux' })
})

it('a key that is refused at its enrolment leaves its reason in the trail, and none on the page', async () => {
  const person = await world.sts.addPerson({ name: 'bea', factor: false })
  const kinds = await atSecondStep(world, person, { change: { claims: acr } })
  const key = await send(kinds, '/enroll', { method: 'webauthn' })
  expect(heading(key.page)).toBe('Create a passkey')
  const answered = (type: string, challenge: string) => {
    const bytes = (text: string) => Buffer.from(text).toString('base64url')
    const clientDataJSON = bytes(JSON.stringify({ type, challenge, origin: 'https://evil.example' }))
    const response = { clientDataJSON, attestationObject: bytes('none'), transports: [] }
    return JSON.stringify({ id: bytes('key'), rawId: bytes('key'), type: 'public-key', response, clientExtensionResults: {} })
  }
  const challengeOn = (html: string) => /challenge(?:&quot;|"):\s?(?:&quot;|")([\w-]{43})/.exec(html)?.[1] ?? ''
  const reasons = ['malformed', 'challenge_unknown', 'origin_wrong']
  let step = await send(key, '/enroll/confirm', { answer: 'x' })
  step = await send(step, '/enroll/confirm', { answer: answered('webauthn.create', 'A'.repeat(43)) })
  step = await send(step, '/enroll/confirm', { answer: answered('webauthn.create', challengeOn(step.page.html)) })
  expect(step.page.status).toBe(422)
  for (const reason of reasons) expect(textOf(step.page.html)).not.toContain(reason)
  const trail = await world.sts.kept.audit.list({ accountId: person.account.id, limit: 200 })
  const failed = trail.filter(({ event }) => event === 'factor.enrolment_failed').map(({ detail }) => detail)
  expect(failed).toHaveLength(3)
  for (const reason of reasons) expect(failed).toContainEqual({ method: 'webauthn', reason })
})
