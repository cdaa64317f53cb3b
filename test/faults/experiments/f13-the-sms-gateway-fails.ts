import { randomUUID } from 'node:crypto'
import { startSts } from '@postern/sts/testing'
import { createDelivery, createKeptLog } from '@postern/sts/testing/delivery'
import {
  addPhone,
  atSecondStep,
  codeSent,
  follow,
  isIn,
  type SecondSteps,
  send,
  subjectsOf,
} from '../../acceptance/signin/second-steps.ts'
import { textOf } from '../../acceptance/support/browser.ts'
import { type SmsGateway, startSmsGateway } from '../../support/sms-gateway.ts'
import { check } from '../lab/checker.ts'
import { createTally, experiment } from '../lab/experiment.ts'
import { createHistory } from '../lab/history.ts'
import type { Laboratory } from '../lab/laboratory.ts'
import { readRows } from '../lab/rows.ts'

const longestMilliseconds = 10_000
const number = '+4915123456789'

type Tally = ReturnType<typeof createTally>

/** `asked`: how many requests the gateway reads for a page that is loaded three times: one that it may have taken is not sent again. */
const moods: Readonly<
  Record<string, { begin: (gateway: SmsGateway) => unknown; end?: (gateway: SmsGateway) => unknown; asked: number }>
> = {
  'refuses connections': { begin: (gateway) => gateway.goDown(), end: (gateway) => gateway.comeBack(), asked: 0 },
  'says nothing for longer than anybody waits': { begin: (gateway) => gateway.answer('silent'), asked: 1 },
  'closes the connection': { begin: (gateway) => gateway.answer('drop'), asked: 1 },
  'accepts and never delivers': {
    begin: (gateway) => gateway.answer({ status: 202, body: '0: Accepted for delivery' }),
    asked: 1,
  },
}

/** A person with a telephone and recovery codes signs in while the gateway fails. Returns how long the page took. */
async function signInMeanwhile(world: SecondSteps, tally: Tally, name: string, mood: (typeof moods)[string]): Promise<number> {
  const person = await world.sts.addPerson({ name: `p${randomUUID().slice(0, 8)}`, factor: false })
  await addPhone(world, person, number)
  const [recovery = ''] = await world.sts.service.recoveryCodes.replace(world.sts.kept, person.account.id)
  await mood.begin(world.gateway)
  const before = world.gateway.requests.length
  const began = performance.now()
  const step = await atSecondStep(world, person)
  const took = performance.now() - began
  tally.held(took <= longestMilliseconds, `${name}: the page took ${Math.round(took)} ms`)
  const words = textOf(step.page.html)
  // Where nothing was sent for certain, the other ways are shown at once.
  const told = words.includes('Choose another way')
  tally.held(
    /another way/.test(words) && words.includes('Recovery code') === told,
    `${name}: no other way is offered: ${words.slice(0, 200)}`,
  )
  await step.browser.open(step.page.url)
  await step.browser.open(step.page.url)
  const read = world.gateway.requests.length - before
  tally.held(read <= Math.max(1, mood.asked), `${name}: the gateway was asked ${read} times for one page`)
  const ways = told ? step : await follow(step, 'Use another way')
  const done = await send(await follow(ways, 'Recovery code'), '/factor', { code: recovery })
  tally.held(isIn(done.page), `${name}: a recovery code does not let in: ${textOf(done.page.html).slice(0, 200)}`)
  const subjects = await subjectsOf(world, person)
  tally.held(!/\b\d{6}\b/.test(subjects.join(' ')), `${name}: a code went by e-mail: ${subjects}`)
  await mood.end?.(world.gateway)
  world.gateway.answer({ status: 202, body: '0: Accepted for delivery' })
  return took
}

/** The same message arrives twice at the telephone: its code is good once. */
async function deliverTwice(world: SecondSteps, tally: Tally): Promise<void> {
  const person = await world.sts.addPerson({ name: 'twice', factor: false })
  await addPhone(world, person, number)
  const step = await atSecondStep(world, person)
  const code = codeSent(world)
  tally.held(isIn((await send(step, '/factor', { code })).page), 'delivered twice: the code does not let in')
  const again = await atSecondStep(world, person)
  tally.held(!isIn((await send(again, '/factor', { code })).page), 'delivered twice: the code lets in twice')
}

const kannel = (name: string, { url }: SmsGateway) => ({
  ...{ kind: 'kannel', name, url: `${url}/cgi-bin/sendsms`, username: 'postern', password: { reveal: () => 'sesame' } },
  inClear: false,
})
const settingsOf = (senders: readonly ReturnType<typeof kannel>[]) =>
  ({ senders }) as unknown as Parameters<typeof createDelivery>[0] // a secret is what reveals itself

/** The pages of the second step as the stories of test/acceptance read them, on the machine's own clock. */
async function openSecondSteps(lab: Laboratory): Promise<SecondSteps> {
  const gateway = await startSmsGateway()
  lab.defer(() => gateway.close())
  const databaseUrl = await (await lab.postgres({ shared: true })).createDatabase()
  const mail = { url: { reveal: () => 'smtp://127.0.0.1:9' }, from: 'Contoso <no-reply@contoso.com>', requireTls: false }
  const delivery = { ...settingsOf([kannel('gateway', gateway)]), mail } as ReturnType<typeof settingsOf>
  const sts = await startSts({ databaseUrl, delivery })
  lab.defer(() => sts.close())
  const history = createHistory()
  // Nobody writes tokens down here; letters wait in the database, since the mail host is not there.
  history.unrecorded(1_000)
  history.lettersCame([])
  lab.watch(async () => check({ ...(await readRows(databaseUrl)), logs: '', realmId: sts.realm.id, issuer: sts.issuer }, history))
  const unused = () => Promise.reject(new TypeError('nothing is changed here'))
  return {
    sts,
    issuer: sts.issuer,
    token: `${sts.issuer}/oauth2/v2.0/token`,
    gateway,
    pass: unused,
    changeClient: unused,
    changeAccount: unused,
    changeSettings: unused,
    totp: unused,
    close: () => sts.close(),
    messages: () =>
      gateway.requests.map(({ target }) => {
        const query = new URL(target, gateway.url).searchParams
        return { to: query.get('to') ?? '', text: query.get('text') ?? '' }
      }),
  }
}

/** A sender that failed is not waited for again, and what it may have taken is not sent by another. */
async function twoSenders(lab: Laboratory, tally: Tally): Promise<void> {
  const [first, second] = [await startSmsGateway(), await startSmsGateway()]
  lab.defer(() => Promise.all([first.close(), second.close()]))
  const settings = settingsOf([kannel('first', first), kannel('second', second)])
  const delivery = createDelivery(settings, { log: createKeptLog().log, clock: () => new Date(), development: false })
  lab.defer(() => delivery.close())
  const ask = (id: string = randomUUID()) =>
    delivery.messages.send({ id, to: number, text: 'Your code is 482915.', channel: 'sms', language: 'en' })
  first.answer({ status: 500 })
  const [failed, next] = [await ask(), await ask()]
  tally.held(failed.outcome === 'accepted' && failed.sender === 'second', `after 500 nobody else was asked: ${failed.outcome}`)
  tally.held(
    next.outcome === 'accepted' && first.requests.length === 1,
    `the sender that failed was asked ${first.requests.length} times for two messages`,
  )
  second.answer('silent')
  const id = randomUUID()
  const [taken, repeated] = [await ask(id), await ask(id)]
  const asked = second.requests.filter(({ target }) => target !== '').length
  tally.held(taken.outcome === 'unknown' && repeated.outcome === 'unknown', `an unknown fate was told as ${taken.outcome}`)
  tally.held(
    asked === 3 && first.requests.length === 1,
    `what may be on its way was sent again: ${asked} and ${first.requests.length}`,
  )
}

export default experiment('F13', 'The SMS gateway refuses, is silent, fails, delivers never or twice', async (lab) => {
  const tally = createTally()
  const world = await openSecondSteps(lab)
  const figures: Record<string, number> = {}
  for (const [name, mood] of Object.entries(moods))
    figures[`${name}, milliseconds`] = Math.round(await signInMeanwhile(world, tally, name, mood))
  for (const status of [429, 500, 503])
    await signInMeanwhile(world, tally, `answers ${status}`, { begin: (gateway) => gateway.answer({ status }), asked: 3 })
  await deliverTwice(world, tally)
  await twoSenders(lab, tally)
  return tally.result(world.gateway.requests.length, figures)
})
