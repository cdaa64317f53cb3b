import { randomUUID } from 'node:crypto'
import { createDelivery, createKeptLog, createOutboxWorker } from '@postern/sts/testing/delivery'
import { startMailHost } from '../../support/mail-host.ts'
import { createTally, experiment } from '../lab/experiment.ts'
import { openMovedWorld } from '../lab/moved-world.ts'
import { count } from '../lab/sql.ts'

const hourSeconds = 3_600

export default experiment(
  'F14',
  'The mail host is down when people are to be told',
  async (lab) => {
    const tally = createTally()
    const noticeCount = lab.budget === 'short' ? 5 : 50
    const host = await startMailHost()
    lab.defer(() => host.close())
    const mail = { url: { reveal: () => host.url }, from: 'Contoso <no-reply@contoso.com>', requireTls: false }
    const delivery = { senders: [], mail } as unknown as Parameters<typeof createDelivery>[0] // all that is taken of a secret is what it reveals
    const world = await openMovedWorld(lab, { delivery })
    const { sts, clock } = world
    const { log } = createKeptLog()
    const other = createDelivery(delivery, { log, clock, development: false })
    lab.defer(() => other.close())
    if (other.mailer === undefined) throw new TypeError('no mailer was made')
    const worker = createOutboxWorker({ store: sts.store, mailer: other.mailer, clock, log })
    /** Two processes look at the outbox at the same time. */
    const post = async (): Promise<number> => {
      const [mine, theirs] = await Promise.all([sts.post(), worker.run()])
      return mine + theirs
    }
    const queued = () => count(world.databaseUrl, 'select count(*) from outbox')

    await host.goDown()
    const labels = Array.from({ length: noticeCount }, () => `key ${randomUUID()}`)
    await Promise.all(
      labels.map((label) =>
        sts.store.transaction(() =>
          sts.service.notices.tell(sts.kept, {
            account: sts.mary.account,
            notice: { kind: 'factor_added', method: 'totp', label },
          }),
        ),
      ),
    )
    tally.held((await queued()) === noticeCount, `${await queued()} of ${noticeCount} notices are queued`)
    for (let tries = 0; tries < 4; tries += 1) {
      tally.held((await post()) === 0, 'a notice was sent while the mail host was down')
      world.pass(hourSeconds)
    }
    tally.held((await queued()) === noticeCount, `${await queued()} of ${noticeCount} notices are still queued`)
    const program = world.client('program')
    const token = await program.programToken(sts.clients.confidential)
    tally.held(token.answer?.status === 200, `meanwhile a token was answered ${token.answer?.status}`)

    await host.comeBack()
    let sent = 0
    for (let tries = 0; tries < 10 && sent < noticeCount; tries += 1) {
      sent += await post()
      world.pass(2 * hourSeconds)
    }
    const told = labels.map((label) => host.mails.filter(({ text }) => text.replaceAll(/\s+/g, ' ').includes(label)).length)
    tally.held(
      told.every((times) => times === 1),
      `notices were delivered ${[...new Set(told)].toSorted()} times`,
    )
    tally.held(host.mails.length === noticeCount, `${host.mails.length} mails came for ${noticeCount} notices`)
    tally.held((await queued()) === 0, `${await queued()} notices are still queued`)
    return tally.result(world.history.asked.length, { notices: noticeCount, delivered: host.mails.length })
  },
  { inShort: true },
)
