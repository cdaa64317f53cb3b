/** happenings are what clients, thieves and administrators do in a random history, each as a command of fast-check. */
import { type Arbitrary, type AsyncCommand, array, nat, oneof, record, tuple } from 'fast-check'
import { isTokenAnswer } from '../history.ts'
import { addressOf, type Model, replaceProcess, type Session, type Stage } from './stage.ts'

interface Choice {
  /** Chooses a session or a person. */
  readonly who: number
  readonly process: number
}

type Happening = AsyncCommand<Model, Stage, false>

const choice: Arbitrary<Choice> = record({ who: nat(1000), process: nat(1) })

/** `needs`: what there must be for it to happen. */
function happening(
  name: string,
  needs: (model: Readonly<Model>) => boolean,
  run: (chosen: Choice, model: Model, stage: Stage) => Promise<void>,
): Arbitrary<Happening> {
  return choice.map((chosen) => ({
    check: needs,
    async run(model: Model, stage: Stage) {
      model.happened.set(name, (model.happened.get(name) ?? 0) + 1)
      await run(chosen, model, stage)
    },
    toString: () => `${name}(${chosen.who}, ${chosen.process})`,
  }))
}

const always = () => true
const anySession = ({ sessions }: Readonly<Model>): boolean => sessions.length > 0
const pick = <T>(list: readonly T[], who: number): T => list[who % list.length] as T // checked: there is one
const remember = (session: Session): void => {
  const { token } = session.client
  if (token !== undefined && !session.had.includes(token)) session.had.push(token)
}

const beginning = happening('sign-in', always, async ({ who, process }, model, stage) => {
  const person = who % stage.people.length
  const code = await stage.people[person]?.browser.code().catch(() => undefined)
  if (code === undefined) return
  const client = stage.world.client(`session ${model.sessions.length}`, addressOf(stage, process))
  const asked = await client.redeem(code)
  if (!isTokenAnswer(asked)) model.surprises.push(`a fresh code was refused: ${asked.answer?.status} ${asked.answer?.text}`)
  const session = { client, person, had: [], alive: true }
  remember(session)
  model.sessions.push(session)
})

const refreshing = happening('refresh', anySession, async ({ who, process }, model, stage) => {
  const session = pick(model.sessions, who)
  session.client.address = addressOf(stage, process)
  await session.client.refresh()
  remember(session)
})

const twoTabs = happening('two tabs', anySession, async ({ who }, model, stage) => {
  const session = pick(model.sessions, who)
  const { token } = session.client
  const tab = stage.world.client(`${session.client.name}, other tab`, addressOf(stage, 1))
  session.client.address = addressOf(stage, 0)
  await Promise.all([session.client.refresh(token), tab.refresh(token)])
  remember(session)
})

const losing = happening('lost answer', anySession, async ({ who, process }, model, stage) => {
  const session = pick(model.sessions, who)
  session.client.address = addressOf(stage, process)
  const patience = session.client.patience
  session.client.patience = 1 + (who % 40)
  await session.client.refresh()
  session.client.patience = patience
  session.client.address = addressOf(stage, process + 1)
  await session.client.refreshUntilAnswered()
  remember(session)
})

const stealing = happening('an old token comes', anySession, async ({ who, process }, model, stage) => {
  const session = pick(model.sessions, who)
  // The one before the last may still be answered as a repetition; one before that ends the family.
  const old = session.had.at(-3)
  if (old === undefined) return
  const thief = stage.world.client(`thief of ${session.client.name}`, addressOf(stage, process))
  const asked = await thief.refresh(old)
  session.alive = false
  if (asked.answer?.status === 200) model.surprises.push('a token that was used up twice over gave tokens')
})

const revoking = happening('revoke', anySession, async ({ who, process }, model, stage) => {
  const session = pick(model.sessions, who)
  session.client.address = addressOf(stage, process)
  const other = stage.world.client(`${session.client.name}, signing out`, addressOf(stage, process + 1))
  // A refresh is under way at the same moment, half of the time.
  const token = session.client.token
  await Promise.all([other.revoke(token), who % 2 === 0 ? session.client.refresh() : undefined])
  remember(session)
  session.alive = false
  // Confirmed: neither process gives anything for it any more, nor says that what it gave still counts.
  for (const client of [session.client, other]) {
    await client.refresh(token)
    if (session.client.accessToken !== undefined) await client.introspect(session.client.accessToken)
  }
})

const twice = happening('a code comes twice', always, async ({ who, process }, model, stage) => {
  const code = await pick(stage.people, who)
    .browser.code()
    .catch(() => undefined)
  if (code === undefined) return
  const [one, other] = [
    stage.world.client(`twin ${who}`, addressOf(stage, 0)),
    stage.world.client(`twin of twin ${who}`, addressOf(stage, 1)),
  ]
  const answers = await Promise.all([one.redeem(code), other.redeem(code)])
  const given = answers.filter(isTokenAnswer).length
  if (given > 1) model.surprises.push(`one code gave ${given} answers`)
  const holder = one.token === undefined ? other : one
  if (holder.token !== undefined && (await holder.refresh()).answer?.status === 200)
    model.surprises.push('tokens of a code that came twice work')
  holder.address = addressOf(stage, process)
})

const disabling = happening('an account is disabled and enabled', always, async ({ who, process }, model, stage) => {
  const { person } = pick(stage.people, who)
  const { accounts, refreshTokens, artifacts } = stage.world.sts.kept
  const mine = model.sessions.filter((one) => one.person === who % stage.people.length)
  const set = async (status: 'active' | 'disabled') => {
    const account = await accounts.find(person.account.id)
    if (account) await accounts.replace({ ...account, status })
  }
  // Somebody refreshes while it happens.
  const [first] = mine
  const meanwhile = first?.client.refresh()
  await stage.world.history.deed('account-disabled', person.account.id, () => set('disabled'))
  await meanwhile
  for (const session of mine.slice(0, 2)) {
    session.client.address = addressOf(stage, process)
    if ((await session.client.refresh()).answer?.status === 200) model.surprises.push('a disabled account got tokens')
  }
  for (const session of mine) {
    remember(session)
    session.alive = false
  }
  // What the command does as well: nothing of before comes back with the account.
  await refreshTokens.revokeByAccount(person.account.id, { at: new Date(), because: 'disabled' })
  await artifacts.removeByAccount(person.account.id)
  await stage.world.history.deed('account-enabled', person.account.id, () => set('active'))
})

const signingOut = happening('an administrator ends the sessions', always, async ({ who }, model, stage) => {
  const at = who % stage.people.length
  const { person } = pick(stage.people, who)
  const { accounts, refreshTokens, artifacts } = stage.world.sts.kept
  await stage.world.history.deed('signed-out', person.account.id, async () => {
    const now = new Date()
    await accounts.signOut(person.account.id, now)
    await refreshTokens.revokeByAccount(person.account.id, { at: now, because: 'signed out' })
    await artifacts.removeByAccount(person.account.id)
  })
  for (const session of model.sessions) if (session.person === at) session.alive = false
})

const programming = happening('a program asks', always, async ({ process }, model, stage) => {
  const program = stage.world.client('program', addressOf(stage, process))
  const asked = await program.programToken(stage.world.sts.clients.confidential)
  if (asked.answer?.status !== 200) model.surprises.push(`a program was answered ${asked.answer?.status}`)
})

const reading = happening('somebody reads metadata', always, async ({ process, who }, _model, stage) => {
  const reader = stage.world.client('reader', addressOf(stage, process))
  const realm = `/${stage.world.sts.realm.id}`
  const headers = { 'x-forwarded-host': `evil${who}.example`, 'x-forwarded-proto': 'https', forwarded: `host=evil${who}.example` }
  await reader.ask({ act: 'metadata', method: 'GET', path: `${realm}/.well-known/openid-configuration`, headers })
  await reader.ask({ act: 'metadata', method: 'GET', path: `${realm}/discovery/v2.0/keys`, headers })
})

const dying = happening('a process is killed while clients ask', anySession, async ({ who, process }, model, stage) => {
  const asking = model.sessions.slice(0, 4).map(({ client }) => {
    client.address = addressOf(stage, process)
    return client.refresh()
  })
  const falling = new Promise<void>((resolve) => setTimeout(resolve, who % 30)).then(() => replaceProcess(stage, process))
  await Promise.all([...asking, falling])
  for (const session of model.sessions.slice(0, 4)) {
    await session.client.refreshUntilAnswered()
    remember(session)
  }
})

/** A history of `most` happenings, which begins with sign-ins; the frequent ones are there several times. */
export function histories({ kills, most }: { kills: boolean; most: number }): Arbitrary<Happening[]> {
  const usual = [beginning, refreshing, refreshing, refreshing, refreshing, refreshing, twoTabs, twoTabs, losing, losing]
  const harmful = [stealing, revoking, twice, signingOut, disabling]
  const further = [programming, reading, ...(kills ? [dying] : [])]
  const begun = Math.max(2, Math.floor(most / 8))
  const rest = most - begun
  return tuple(
    array(beginning, { minLength: begun, maxLength: begun }),
    array(oneof(...usual, ...usual, ...harmful, ...further), { minLength: rest, maxLength: rest, size: 'max' }),
  ).map(([first, then]) => [...first, ...then])
}
