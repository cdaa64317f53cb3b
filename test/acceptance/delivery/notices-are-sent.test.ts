import { randomBytes, randomUUID } from 'node:crypto'
import { type Account, connect, createStore, openInstallation, type RealmId, type RealmStore, type Store } from '@postern/storage'
import { createDelivery, createKeptLog, createNotices, createOutboxWorker, type Notice } from '@postern/sts/testing/delivery'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type MailHost, startMailHost } from '../../support/mail-host.ts'

const account: Account = {
  id: randomUUID() as string as Account['id'], // a brand has no runtime part
  upn: 'mary@contoso.com',
  address: 'mary@contoso.com',
  furtherAddresses: [],
  displayName: 'Mary Rivera',
  groups: [],
  status: 'active',
  createdAt: new Date(),
  updatedAt: new Date(),
}
const minute = 60_000

let store: Store
beforeAll(async () => {
  const connection = await connect({ kind: 'pglite' })
  const masterKey = new Uint8Array(randomBytes(32))
  await openInstallation(connection, masterKey)
  store = createStore({ connection, masterKey, clock: () => new Date() })
})
afterAll(() => store.close())

async function world() {
  const host = await startMailHost()
  onTestFinished(() => host.close())
  let now = new Date('2026-11-23T10:00:00Z')
  const clock = () => now
  const settings = {
    senders: [],
    mail: { url: { reveal: () => host.url }, from: 'Contoso <no-reply@contoso.com>', requireTls: false },
  }
  const { log, lines } = createKeptLog()
  const worker = () => {
    const delivery = createDelivery(settings, { log, clock, development: false })
    onTestFinished(() => delivery.close())
    if (delivery.mailer === undefined) throw new TypeError('no mailer was made')
    return createOutboxWorker({ store, mailer: delivery.mailer, clock, log })
  }
  const realm = await addRealm()
  const notices = createNotices({ clock, newId: randomUUID })
  const tell = (notice: Notice, more: { language?: string; alsoTo?: string } = {}) =>
    store.transaction(() => notices.tell(realm, { account, notice, ...more }))
  const later = (milliseconds: number) => {
    now = new Date(now.getTime() + milliseconds)
  }
  return { realm, host, worker, tell, notices, lines, later }
}

async function addRealm(): Promise<RealmStore> {
  const id = randomUUID() as string as RealmId // a brand has no runtime part
  await store.realms.add({
    id,
    displayName: 'Contoso',
    domains: [`${id}.contoso.com`],
    status: 'active',
    settings: {} as never, // nothing here reads them
    createdAt: new Date(),
  })
  const realm = store.realm(id)
  await realm.accounts.add(account)
  return realm
}

const subjects = (host: MailHost) => host.mails.map((mail) => mail.subject)

describe('a notice', () => {
  test('is sent once, says what happened and what to do, and names no number', async () => {
    const { host, worker, tell } = await world()
    await tell({ kind: 'number_changed', number: '+4915112345678', source: '203.0.113.7', app: 'Contoso Mail', realm: 'Contoso' })
    const posting = worker()
    expect([await posting.run(), await posting.run()]).toEqual([1, 0])
    const [mail] = host.mails
    expect([mail?.to, mail?.from, mail?.subject]).toEqual([
      ['mary@contoso.com'],
      'no-reply@contoso.com',
      'The telephone number of your account was changed',
    ])
    expect(mail?.text).toContain('It ends in …78.')
    expect(mail?.text).toContain('Network address: 203.0.113.7')
    expect(mail?.text).toContain('When: 23 November 2026 at 10:00 UTC')
    expect(mail?.raw).not.toContain('4915112345678')
    expect(mail?.raw).toMatch(/^Auto-Submitted: auto-generated\r$/m)
  })

  test('goes to the old address too, in the language of the person', async () => {
    const { host, worker, tell } = await world()
    await tell({ kind: 'factor_removed', method: 'sms' }, { language: 'de-CH', alsoTo: 'mary.old@contoso.com' })
    await tell({ kind: 'password_changed' }, { language: 'fr', alsoTo: 'MARY@contoso.com' })
    await worker().run()
    expect(host.mails.map((mail) => [mail.to[0], mail.subject]).toSorted()).toEqual([
      ['mary.old@contoso.com', 'Eine Anmeldemethode Ihres Kontos wurde entfernt'],
      ['mary@contoso.com', 'Eine Anmeldemethode Ihres Kontos wurde entfernt'],
      ['mary@contoso.com', 'Votre mot de passe a été changé'],
    ])
  })

  test('is not there when what it tells about was rolled back', async () => {
    const { realm, notices, worker, host } = await world()
    const undone = new RangeError('rolled back')
    const work = async () => {
      await notices.tell(realm, { account, notice: { kind: 'factors_reset' } })
      throw undone
    }
    await expect(store.transaction(work)).rejects.toBe(undone)
    expect(await worker().run()).toBe(0)
    expect(host.mails).toEqual([])
  })

  test('is not written where no mail is configured', async () => {
    const { realm, worker, host } = await world()
    const quiet = createNotices({ clock: () => new Date(), newId: randomUUID, isMailConfigured: false })
    await quiet.tell(realm, { account, notice: { kind: 'factors_reset' } })
    expect(await worker().run()).toBe(0)
    expect(host.mails).toEqual([])
  })
})

describe('the outbox', () => {
  test('keeps a notice while the mail server is away, and sends it once when it is back', async () => {
    const { host, worker, tell, later, lines } = await world()
    await tell({ kind: 'factors_reset' })
    await host.goDown()
    const posting = worker()
    expect(await posting.run()).toBe(0)
    await host.comeBack()
    expect(await posting.run()).toBe(0)
    later(minute)
    expect(await posting.run()).toBe(1)
    later(60 * minute)
    expect(await posting.run()).toBe(0)
    expect(subjects(host)).toEqual(['All second steps of your account were removed'])
    expect(lines()).not.toContain('mary@contoso.com')
  })

  test('is emptied by two workers at a time without sending anything twice', async () => {
    const { host, worker, tell } = await world()
    for (let index = 0; index < 60; index += 1) await tell({ kind: 'failed_signins', count: index })
    const sent = await Promise.all([worker().run(), worker().run(), worker().run()])
    expect(sent.reduce((sum, one) => sum + one, 0)).toBe(60)
    expect(new Set(host.mails.map((mail) => /^Message-ID: (.*)\r$/im.exec(mail.raw)?.[1])).size).toBe(60)
    expect(host.mails).toHaveLength(60)
  })

  test('does not try for ever: a refused address ends at once, an absent server after two days', async () => {
    const { host, worker, tell, later, lines } = await world()
    host.refuse('mary@contoso.com')
    await tell({ kind: 'factors_reset' })
    const posting = worker()
    await posting.run()
    expect(lines()).toContain('refused for good')
    await host.goDown()
    await tell({ kind: 'factors_reset' })
    for (let hours = 0; hours < 50; hours += 1) {
      await posting.run()
      later(60 * minute)
    }
    expect(lines()).toContain('given up')
    await host.comeBack()
    expect(await posting.run()).toBe(0)
    expect(host.mails).toEqual([])
  })
})
