import { randomUUID } from 'node:crypto'
import { startPostgres } from '@postern/storage/contract'
import { createDelivery, createKeptLog, createNotices, createOutboxWorker } from '@postern/sts/testing/delivery'
import { createAudit, createOwnerTelling } from '@postern/sts/testing/mailgate'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type MailHost, startMailHost } from '../../support/mail-host.ts'
import { type SmppCentre, startSmppCentre } from '../../support/smpp-centre.ts'
import { smppSender } from '../delivery/parts.ts'
import { baseUrl, minute, openStage, phone, type Scene, type Stage, setScene } from './workers-stage.ts'

const hour = 60 * minute

let stage: Stage
let centre: SmppCentre
let host: MailHost
beforeAll(async () => {
  ;[stage, centre, host] = await Promise.all([openStage(), startSmppCentre(), startMailHost()])
})
afterAll(() => Promise.all([stage.close(), centre.close(), host.close()]))

/** A process: its senders, its notices, its worker. */
function startTelling(
  options: { stage?: Pick<Stage, 'clock'> & { store: Stage['store'] }; mail?: boolean; language?: string } = {},
) {
  const { store, clock } = options.stage ?? stage
  const { log, lines } = createKeptLog()
  const delivery = createDelivery(
    {
      senders: [smppSender(centre, { receipts: false })],
      ...(options.mail === false
        ? {}
        : { mail: { url: { reveal: () => host.url }, from: 'Contoso <no-reply@contoso.com>', requireTls: false } }),
    },
    { log, clock, development: false },
  )
  onTestFinished(() => delivery.close())
  const { language } = options
  const telling = createOwnerTelling({
    store,
    messages: delivery.messages,
    notices: createNotices({ clock, newId: randomUUID, isMailConfigured: delivery.tellsByMail }),
    tellsByMail: delivery.tellsByMail,
    baseUrl,
    clock,
    log,
    audit: createAudit({ clock, newId: randomUUID }),
    reference: randomUUID,
    ...(language === undefined ? {} : { languageOf: async () => language }),
  })
  const { mailer } = delivery
  const post = async () => (mailer === undefined ? 0 : createOutboxWorker({ store, mailer, clock, log }).run())
  return { ...telling, post, lines }
}

/** What the centre and the mail host got since this was called. */
function listen() {
  const before = { texts: centre.texts().length, submitted: centre.submitted, mails: host.mails.length }
  centre.behave('accept')
  return {
    texts: () => centre.texts().slice(before.texts),
    messages: () => centre.messages.slice(-Math.max(1, centre.texts().length - before.texts)),
    submitted: () => centre.submitted - before.submitted,
    mails: () => host.mails.slice(before.mails),
  }
}

const toldBy = async ({ realm, account }: Scene) => (await realm.mailApps.list(account.id)).map((app) => app.toldBy)

describe('the owner of a new app', () => {
  test('gets one text message that names app, kind, realm and portal, and no e-mail', async () => {
    const heard = listen()
    const scene = await setScene(stage)
    const app = await scene.addApp()
    const telling = startTelling()
    expect([await telling.run(), await telling.run(), await telling.post()]).toEqual([1, 0, 0])
    expect(heard.texts()).toEqual([
      `Contoso: a new app, "Outlook" (ActiveSync), wants your mail. Not yours? Change your password. Yours? Let it in: ${baseUrl}/${scene.domain}/portal`,
    ])
    expect(heard.messages().map(({ to }) => to)).toEqual([phone.replace('+', '')])
    expect([await toldBy(scene), heard.mails()]).toEqual([['sms'], []])
    expect(await scene.audited('mailapp.told')).toEqual([{ mailAppId: app.id, by: 'sms', sender: 'centre' }])
    expect(telling.lines()).not.toMatch(/4915112345678|Outlook/)
  })

  test('gets an e-mail and no text where the centre refuses, once, and not a second one when the centre is back', async () => {
    const heard = listen()
    centre.behave('refuse')
    const scene = await setScene(stage)
    const app = await scene.addApp({ label: 'iPhone https://evil.example' })
    const telling = startTelling()
    expect([await telling.run(), await telling.post()]).toEqual([1, 1])
    expect([heard.submitted(), heard.texts()]).toEqual([1, []])
    const [mail] = heard.mails()
    expect([mail?.to, mail?.subject]).toEqual([['mary.rivera@contoso.com'], 'A new app waits for you to let it in'])
    for (const fact of ['ActiveSync', 'iPhone https evil example', '203.0.113.7', `${baseUrl}/${scene.domain}/portal`])
      expect(mail?.text).toContain(fact)
    expect(mail?.text).not.toContain('evil.example')
    expect(await toldBy(scene)).toEqual(['email'])
    expect(await scene.audited('mailapp.told')).toEqual([{ mailAppId: app.id, by: 'email' }])

    centre.behave('accept')
    stage.later(hour)
    expect([await telling.run(), await telling.post(), heard.texts()]).toEqual([0, 0, []])
  })

  test('gets an e-mail while the centre is away', async () => {
    const scene = await setScene(stage)
    await scene.addApp()
    const telling = startTelling()
    const heard = listen()
    await centre.goDown()
    try {
      expect([await telling.run(), await telling.post()]).toEqual([1, 1])
    } finally {
      await centre.comeBack()
    }
    expect([await toldBy(scene), heard.texts(), heard.mails().length]).toEqual([['email'], [], 1])
  })

  test('counts as told when the centre took the message and said nothing: it may have arrived', async () => {
    const heard = listen()
    centre.behave('silent')
    const scene = await setScene(stage)
    await scene.addApp()
    const telling = startTelling()
    expect([await telling.run(), await telling.post()]).toEqual([1, 0])
    centre.behave('accept')
    stage.later(hour)
    expect([await telling.run(), heard.texts().length, heard.mails().length, await toldBy(scene)]).toEqual([0, 1, 0, ['sms']])
  })

  test('hears of it once although the phone tries 200 times', async () => {
    const heard = listen()
    const scene = await setScene(stage)
    const app = await scene.addApp()
    const telling = startTelling()
    const { mailApps } = scene.realm
    for (let tries = 0; tries < 200; tries += 1) {
      // As the gate does: it finds the tile, or adds it, notes the try and wakes whoever tells.
      await mailApps.add({ ...app, id: randomUUID() }, { most: 100 })
      await mailApps.seen(app.id, { at: stage.clock(), allowed: false, protocol: 'activesync' })
      telling.wake()
      stage.later(minute)
    }
    await telling.run()
    expect([heard.texts().length, heard.mails().length, (await mailApps.list(scene.account.id)).length]).toEqual([1, 0, 1])
  })

  test('gets five messages a day at most, and e-mails after that', async () => {
    const heard = listen()
    const scene = await setScene(stage)
    for (let apps = 0; apps < 8; apps += 1) await scene.addApp()
    const telling = startTelling()
    expect([await telling.run(), await telling.post()]).toEqual([8, 3])
    expect([heard.texts().length, heard.mails().length]).toEqual([5, 3])
    stage.later(24 * hour + minute)
    await scene.addApp()
    expect([await telling.run(), heard.texts().length]).toEqual([1, 6])
  })

  test('gets no more of them for removing the apps, and no fewer for those that nobody could send', async () => {
    const heard = listen()
    const scene = await setScene(stage)
    const { mailApps } = scene.realm
    const telling = startTelling()
    centre.behave('refuse')
    for (let apps = 0; apps < 5; apps += 1) await scene.addApp()
    await telling.run()
    centre.behave('accept')
    for (let round = 0; round < 3; round += 1) {
      for (let apps = 0; apps < 3; apps += 1) await scene.addApp()
      await telling.run()
      for (const { id } of await mailApps.list(scene.account.id)) await mailApps.remove(scene.account.id, id)
    }
    expect([await telling.post(), heard.texts().length]).toEqual([9, 5])
  })

  test('is told by the number that was proved before the one in the directory, and never by a line for calls', async () => {
    const heard = listen()
    const scene = await setScene(stage)
    const add = (number: string, more: object) =>
      scene.realm.authenticators.add({
        id: randomUUID() as never, // a brand has no runtime part
        accountId: scene.account.id,
        method: 'sms',
        label: 'Phone',
        secret: new TextEncoder().encode(number),
        state: 'active',
        detail: { channel: 'sms' },
        createdAt: stage.clock(),
        ...more,
      })
    await add('+4915100000001', { state: 'pending' })
    await add('+4930123456', { detail: { channel: 'voice' } })
    await add('+4915100000002', {})
    await scene.addApp()
    await startTelling().run()
    expect(heard.messages().map(({ to }) => to)).toEqual(['4915100000002'])
  })

  test('gets an e-mail where the realm sends no messages to such numbers', async () => {
    const heard = listen()
    const scene = await setScene(stage, { settings: { smsPrefixes: ['+43'] } })
    await scene.addApp()
    const telling = startTelling({ language: 'de' })
    expect([await telling.run(), await telling.post(), heard.submitted()]).toEqual([1, 1, 0])
    expect(heard.mails()[0]?.subject).toBe('Eine neue App wartet auf Ihre Freigabe')
  })

  test('is asked to turn to an administrator where only one can let the app in', async () => {
    const heard = listen()
    const scene = await setScene(stage)
    await scene.addApp({ state: 'quarantined', protocols: ['imap', 'smtp'] })
    const telling = startTelling()
    await telling.run()
    expect(heard.texts()[0]).toContain('"Outlook" (IMAP), wants your mail. Only your administrator can let it in.')
  })

  test('hears nothing of what is decided already, or came in with an app password', async () => {
    const heard = listen()
    const scene = await setScene(stage)
    await scene.addApp({ state: 'active' })
    await scene.addApp({ state: 'blocked' })
    const telling = startTelling()
    expect([await telling.run(), await telling.post(), heard.submitted()]).toEqual([0, 0, 0])
    expect([await toldBy(scene), await scene.audited('mailapp.told')]).toEqual([['nobody', 'nobody'], []])
  })
})

describe('where there is no e-mail', () => {
  test('an owner without a number is told by nobody, and the trail says so', async () => {
    const scene = await setScene(stage, { account: { phone: '+49110' } })
    const app = await scene.addApp()
    const telling = startTelling({ mail: false })
    expect([await telling.run(), await toldBy(scene)]).toEqual([0, ['nobody']])
    expect(await scene.audited('mailapp.told')).toEqual([{ mailAppId: app.id, by: 'nobody' }])
    expect(telling.lines()).toContain('there is no way to tell')
  })

  test('a centre that is away is asked again for an hour', async () => {
    const scene = await setScene(stage)
    await scene.addApp()
    const telling = startTelling({ mail: false })
    const heard = listen()
    await centre.goDown()
    try {
      expect([await telling.run(), await toldBy(scene)]).toEqual([0, [undefined]])
    } finally {
      await centre.comeBack()
    }
    expect(await telling.run()).toBe(0)
    stage.later(3 * minute)
    const again = startTelling({ mail: false })
    expect([await again.run(), heard.texts().length, await toldBy(scene)]).toEqual([1, 1, ['sms']])
  })
})

describe('a process that ends', () => {
  test('after it has sent and before that is noted is followed by one that sends again: at least once, and twice only then', async () => {
    const heard = listen()
    const scene = await setScene(stage)
    await scene.addApp()
    const lost = () => Promise.reject(new RangeError('the process has ended'))
    const ended = startTelling({ stage: { ...stage, store: { ...stage.store, transaction: lost } } })
    expect([await ended.run(), heard.texts().length, await toldBy(scene)]).toEqual([0, 1, [undefined]])
    const other = startTelling()
    expect([await other.run(), heard.texts().length]).toEqual([0, 1])
    stage.later(3 * minute)
    // Were it not gone, it would remember what it has sent.
    expect([await ended.run(), heard.texts().length]).toEqual([0, 1])
    stage.later(3 * minute)
    expect([await other.run(), heard.texts().length, await toldBy(scene)]).toEqual([1, 2, ['sms']])
  })

  test('as it should notes what it has sent, and leaves the rest to others', async () => {
    const heard = listen()
    const scene = await setScene(stage)
    for (let apps = 0; apps < 3; apps += 1) await scene.addApp()
    const telling = startTelling()
    telling.wake()
    await centre.heard('message', centre.texts().length + 1)
    await telling.stop()
    const sent = heard.texts().length
    expect(sent).toBeLessThan(3)
    expect((await toldBy(scene)).filter((by) => by === 'sms')).toHaveLength(sent)
    telling.wake()
    stage.later(3 * minute)
    expect([await telling.run(), await startTelling().run()]).toEqual([0, 3 - sent])
  })
})

test('who wakes it in a transaction does not undo it with that', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.stop())
  const one = await openStage({ databaseUrl: await server.createDatabase() })
  onTestFinished(() => one.close())
  const heard = listen()
  const scene = await setScene(one)
  await scene.addApp()
  const telling = startTelling({ stage: one })
  const undone = new RangeError('rolled back')
  const work = async () => {
    telling.wake()
    await telling.run()
    throw undone
  }
  await expect(one.store.transaction(work)).rejects.toBe(undone)
  expect([heard.texts().length, await toldBy(scene)]).toEqual([1, ['sms']])
})

test('two processes that look at once tell an owner once, and both work', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.stop())
  const databaseUrl = await server.createDatabase()
  const one = await openStage({ databaseUrl })
  onTestFinished(() => one.close())
  const two = await openStage({ databaseUrl, masterKey: one.masterKey })
  onTestFinished(() => two.close())
  const heard = listen()
  const scenes = await Promise.all(Array.from({ length: 30 }, () => setScene(one)))
  for (const scene of scenes) await scene.addApp()
  const tellings = [startTelling({ stage: one }), startTelling({ stage: two })]
  const told = await Promise.all(tellings.map((telling) => telling.run()))
  expect(told.reduce((sum, each) => sum + each, 0)).toBe(30)
  expect([heard.texts().length, new Set(heard.texts()).size, heard.mails().length]).toEqual([30, 30, 0])
})
