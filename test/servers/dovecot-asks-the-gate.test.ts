import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../support/sts-process.ts'
import { type Dovecot, startDovecot } from './support/dovecot.ts'
import { converse, signInByImap, signInBySasl } from './support/mail-clients.ts'
import { type MailWorld, startMailWorld } from './support/mail-world.ts'

let world: MailWorld
let dovecot: Dovecot

beforeAll(async () => {
  world = await startMailWorld()
  await world.putMailServer()
  const { issuer, mailServer, certificate } = world
  dovecot = await startDovecot({ issuer, ...mailServer, authorityFile: certificate.certificateFile, tokens: 'introspection' })
})
afterAll(async () => {
  await dovecot?.stop()
  await world?.close()
})

const everywhere = () =>
  [
    ['imap', dovecot.imap],
    ['pop', dovecot.pop],
    ['smtp', dovecot.submission],
  ] as const

/** `in`, or what the server said. */
async function open(user: string, password: string, name = 'Thunderbird'): Promise<string> {
  const signedIn = await signInByImap(dovecot.imap, { user, password, name })
  if (signedIn.outcome === 'refused') return `${signedIn.code} ${signedIn.text}`
  await signedIn.client.logout()
  return 'in'
}

test('an app password opens the mailbox by IMAP, POP and submission; another one does not', async () => {
  const mary = world.sts.mary.upn
  const secret = await world.appPassword(world.sts.mary)
  expect(await open(mary, secret), dovecot.log()).toBe('in')
  expect(await open(mary, 'abcd-efgh-jkmn-pqrs-tvwx')).toMatch(/^AUTHENTICATIONFAILED Authentication failed/)
  for (const [protocol, port] of everywhere()) {
    const right = await signInBySasl(protocol, port, { user: mary, password: secret })
    expect(right.isIn, `${protocol}: ${right.answer}`).toBe(true)
    await right.conversation.end()
    const wrong = await signInBySasl(protocol, port, { user: mary, password: 'abcd-efgh-jkmn-pqrs-tvwx' })
    expect(wrong.answer).toMatch(/^(?:a NO \[AUTHENTICATIONFAILED\]|-ERR \[AUTH\]|535 5\.7\.8) Authentication failed/)
    await wrong.conversation.end()
  }
})

test('an app password for another protocol lets nobody in, and the text says why', async () => {
  const secret = await world.appPassword(world.sts.mary, { protocols: ['activesync'] })
  expect(await open(world.sts.mary.upn, secret)).toMatch(/for another app, protocol or network/)
})

test('an app with the right password waits, is told where to activate it, comes in after that, and stays out once blocked', async () => {
  const { upn, password, account } = world.sts.joe
  const portal = `${world.issuer}/portal`
  expect(await open(upn, 'no password of Joe')).toBe('AUTHENTICATIONFAILED Authentication failed.')
  expect(await world.sts.kept.mailApps.list(account.id)).toEqual([])

  const waiting = await open(upn, password)
  expect(waiting).toContain(portal)
  expect(waiting).toMatch(/^CONTACTADMIN This mail app waits to be let in\./)
  for (const [protocol, port] of everywhere().slice(1)) {
    const said = await signInBySasl(protocol, port, { user: upn, password })
    await said.conversation.end()
    expect({ isIn: said.isIn, answer: said.answer }).toEqual({ isIn: false, answer: expect.stringContaining(portal) })
    expect(said.answer).toMatch(/^(?:-ERR \[AUTH\]|525 5\.7\.13) This mail app waits/)
  }
  const tiles = await world.sts.kept.mailApps.list(account.id)
  const tile = tiles.find(({ label }) => label.startsWith('Thunderbird'))
  expect(tile, JSON.stringify(tiles)).toMatchObject({ state: 'pending', protocols: ['imap'], lastSource: '127.0.0.1' })

  await world.postern('mailapp', 'activate', upn, tile?.id ?? '')
  expect(await open(upn, password)).toBe('in')
  expect(await open(upn, password, 'Another App')).toContain('waits to be let in')

  await world.postern('mailapp', 'block', upn, tile?.id ?? '')
  expect(await open(upn, password)).toMatch(/^CONTACTADMIN This mail app is blocked/)
  expect(await open(upn, 'no password of Joe')).toBe('AUTHENTICATIONFAILED Authentication failed.')
})

test('a name with an address of somebody opens that mailbox, and letter case does not matter', async () => {
  const secret = await world.appPassword(world.sts.mary)
  const signedIn = await signInByImap(dovecot.imap, { user: 'MARY@Contoso.com', password: secret, name: 'Thunderbird' })
  if (signedIn.outcome !== 'in') throw new TypeError(signedIn.text)
  await signedIn.client.mailboxCreate('Same mailbox').catch(() => undefined)
  await signedIn.client.logout()
  const again = await signInByImap(dovecot.imap, { user: 'mary@contoso.com', password: secret, name: 'Thunderbird' })
  if (again.outcome !== 'in') throw new TypeError(again.text)
  expect((await again.client.list()).map(({ path }) => path)).toContain('Same mailbox')
  await again.client.logout()
})

test('a hostile IMAP ID neither breaks the question nor opens anything', async () => {
  const { upn } = world.sts.mary
  const secret = await world.appPassword(world.sts.mary)
  const ids = [
    '"name" "a\\"b\\\\" "version" NIL',
    `"${'n'.repeat(30)}" "x" "name" "${'v'.repeat(1000)}"`,
    `"${'n'.repeat(31)}" "x"`,
    '"name" "\xff\xfe"',
    'NIL',
    '"" ""',
    Array.from({ length: 30 }, (_, at) => `"f${at}" "${'x'.repeat(20)}"`).join(' '),
  ]
  for (const id of ids) {
    const conversation = await converse(dovecot.imap, /^\* OK/)
    await conversation.say(`a ID ${id === 'NIL' ? id : `(${id})`}`, /^a (?:OK|BAD|NO)/m)
    const said = await conversation.say(`b LOGIN ${upn} ${secret}`, /^b (?:OK|NO|BAD)/m)
    await conversation.end()
    expect(said, id).toMatch(/^b OK/m)
  }
})

test('a gate that is away is trouble of the moment, for which no app throws its password away', async () => {
  const { issuer, mailServer, certificate } = world
  const away = issuer.replace(/:\d+/, `:${await freePort()}`)
  const lonely = await startDovecot({
    issuer: away,
    ...mailServer,
    authorityFile: certificate.certificateFile,
    tokens: 'introspection',
  })
  try {
    for (const [protocol, port] of [
      ['imap', lonely.imap],
      ['pop', lonely.pop],
      ['smtp', lonely.submission],
    ] as const) {
      const said = await signInBySasl(protocol, port, { user: 'mary@contoso.com', password: 'whatever' })
      await said.conversation.end()
      expect(said.answer).toMatch(/^(?:a NO \[UNAVAILABLE\]|-ERR \[SYS\/TEMP\]|454 4\.7\.0) Temporary authentication failure/)
    }
    expect(lonely.log()).toContain('postern: the gate answered 9')
  } finally {
    await lonely.stop()
  }
})

test('a mail server that Postern does not know lets nobody in, and its log says which line to look at', async () => {
  const { issuer, mailServer, certificate } = world
  const unknown = await startDovecot({
    issuer,
    ...mailServer,
    clientSecret: 'not-the-secret',
    authorityFile: certificate.certificateFile,
    tokens: 'introspection',
  })
  try {
    const refused = await signInByImap(unknown.imap, { user: 'mary@contoso.com', password: 'whatever' })
    expect(refused).toMatchObject({ outcome: 'refused', code: 'UNAVAILABLE' })
    expect(unknown.log()).toContain('Postern does not know this mail server, see client_id and client_secret')
  } finally {
    await unknown.stop()
  }
})
