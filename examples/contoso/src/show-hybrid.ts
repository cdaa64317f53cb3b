/**
 * Shows the two servers of the demo at work: `npm run hybrid`, and `npm run hybrid -- mobile`, while `npm start` runs.
 *
 * It owns the command line, the order of what is shown, and the words around it. The servers do the work themselves: this
 * signs in and asks as a mail client would, and reads what they said to one another from their trace (hybrid/trace.ts).
 * It prints no key, no password and no whole token.
 */
import { dirname } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { AuthorizationError } from './authorization-code.ts'
import { type DemoFile, DemoFileError, type HybridSides, loadDemoFile } from './demo-file.ts'
import { BrowserError } from './form-browser.ts'
import { explain, type Names } from './hybrid/explain.ts'
import { askOwnServer, renderDay, workingDayAfter } from './hybrid/free-busy-question.ts'
import { createScreen } from './hybrid/screen.ts'
import { createExchangeView } from './hybrid/show-exchange.ts'
import { createTraces, type Exchange, watchedFetch } from './hybrid/trace.ts'
import { type Account, SignInError, signIn } from './sign-in.ts'

const USAGE = `usage: npm run hybrid [-- mobile]

While npm start runs in another terminal:
  npm run hybrid              Mary on premises sees when Joe, in the cloud, is free
  npm run hybrid -- mobile    Mary's phone talks to the cloud alone, which
                              fetches her letters from on premises

Every HTTP exchange is shown, with its tokens decoded.
Exit codes: 0 it worked, 1 it did not, 2 wrong usage.
`
const DEMO_FILE = process.env.POSTERN_DEMO_FILE ?? fileURLToPath(new URL('../../../.postern/demo.json', import.meta.url))

class ShowError extends Error {
  readonly code: 'not_running' | 'no_answer'

  constructor(code: ShowError['code'], message: string) {
    super(message)
    this.name = 'ShowError'
    this.code = code
  }
}

const REFUSALS = [ShowError, DemoFileError, SignInError, AuthorizationError, BrowserError]
const isTerminal = process.stdout.isTTY === true
const screen = createScreen({
  columns: isTerminal ? process.stdout.columns : undefined,
  colours: isTerminal && (process.env.NO_COLOR ?? '') === '',
})
const traces = createTraces(dirname(DEMO_FILE))
const view = createExchangeView(screen)
let step = 0
// What the servers wrote down for us holds tokens; it must not stay when somebody presses Ctrl-C.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => {
    traces.discard()
    process.exit(code)
  })

const print = (...lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`)
const tell = (text: string): void => print(...screen.wrap(text, { indent: '   ' }))

const [what = 'free-busy', ...more] = process.argv.slice(2)
if (what === '--help' || what === '-h') process.stdout.write(USAGE)
else if (more.length > 0 || !['free-busy', 'mobile'].includes(what)) {
  process.stderr.write(USAGE)
  process.exitCode = 2
} else {
  try {
    const demo = await loadDemoFile(DEMO_FILE)
    const sides = await requireRunning(demo)
    await (what === 'mobile' ? showMobile(demo, sides) : showFreeBusy(demo, sides))
  } catch (error) {
    if (!REFUSALS.some((kind) => error instanceof kind)) throw error
    process.stderr.write(`\n${error instanceof Error ? error.message : ''}\n`)
    process.exitCode = 1
  }
}

async function showFreeBusy(demo: DemoFile, sides: HybridSides): Promise<void> {
  const joe = `joe@${sides.cloudDomain}`
  const [mary, , ann] = demo.accounts
  if (mary === undefined || ann === undefined) throw new ShowError('not_running', 'demo.json names no Mary or no Ann.')
  print('', screen.paint('strong', `Mary (on premises, ${demo.realm.domain}) asks when Joe (in the cloud) is free.`))
  // Both at once, so that there is at most one wait for the next code.
  const [token, tokenOfAnn] = await Promise.all([
    signInTo(demo, mary, { resource: demo.mailResource, scope: 'EWS.AccessAsUser.All' }),
    signInTo(demo, ann, { resource: demo.mailResource, scope: 'EWS.AccessAsUser.All' }),
  ])
  const query = workingDayAfter(new Date(), joe)
  const asked = await watched((requestId) =>
    askOwnServer(query, { baseUrl: baseOf(demo.mailServer), accessToken: token, requestId }),
  )
  const { exchange, answer } = asked.result

  const names = { from: 'on premises', to: 'the cloud', tokensIn: view.tokensIn }
  header(
    'Mary asks her own server',
    `Her client knows one server, and shows it her access token. That server finds that ${joe} is elsewhere, and asks there. The answer comes at the end.`,
  )
  print('', ...view.request(exchange))
  for (const one of asked.exchanges) showOne(one, names)
  header('Mary has her answer', 'Her own server hands on what the other one said, and adds nothing.')
  print('', ...view.answer(exchange, 4))
  const day = query.from.toUTCString().slice(0, 11)
  print('', screen.paint('strong', `   What Mary sees of Joe's ${day} (UTC)`), ...renderDay(answer, query, screen))
  const other = await askOwnServer(query, {
    baseUrl: baseOf(demo.mailServer),
    accessToken: tokenOfAnn,
    requestId: crypto.randomUUID(),
  })
  print('', screen.paint('strong', '   What Ann sees of it, by the same way'), ...renderDay(other.answer, query, screen))
  print('')
  tell(
    "Joe's own permissions made the difference: Mary may see what and where, everybody else only when. What is private stays so.",
  )
  print('')
  if (answer?.outcome !== 'seen') throw new ShowError('no_answer', 'Mary got no answer. The logs in .postern say why.')
}

async function showMobile(demo: DemoFile, sides: HybridSides): Promise<void> {
  const [mary] = demo.accounts
  if (mary === undefined) throw new ShowError('not_running', 'demo.json names no Mary.')
  print('', screen.paint('strong', "Mary's phone talks to the cloud alone; her mailbox is on premises."))
  const accessToken = await signInTo(demo, mary, { resource: sides.cloudResource, scope: 'EAS.AccessAsUser.All' })
  const names = { from: 'in the cloud', to: 'on premises', tokensIn: view.tokensIn }
  const [phoneHas = ''] = view.tokensIn(accessToken)
  const first = await askCloudWatched(sides, accessToken)
  header(
    'The phone asks the cloud for her letters',
    `It shows ${phoneHas}, which is for the cloud. That opens no mailbox on premises: it names another audience.`,
  )
  print('', ...view.request(first.result))
  for (const one of first.exchanges) showOne(one, names)
  endTurn(first.result)

  const second = await askCloudWatched(sides, accessToken)
  header('The phone asks again', 'The cloud kept a refresh token for her, and asks with that.')
  print('', ...view.request(second.result))
  for (const one of second.exchanges.filter((exchange) => !isActiveSync(exchange))) showOne(one, names)
  header('ActiveSync again', 'As before, but with the new token.')
  print('', ...second.exchanges.filter(isActiveSync).flatMap(view.brief))
  endTurn(second.result)
  print('')
}

function showOne(exchange: Exchange, names: Names): void {
  const { title, text } = explain(exchange, names)
  header(title, text)
  print('', ...view.request(exchange), '', ...view.answer(exchange))
}

/** @throws {ShowError} the phone got no letters. */
function endTurn(exchange: Exchange): void {
  const opened = exchange.status === 200
  header(
    opened ? 'The phone has her letters' : 'The phone got no letters',
    'It saw none of the tokens that the cloud has for on premises.',
  )
  print('', ...view.answer(exchange))
  if (!opened) throw new ShowError('no_answer', 'The cloud got no letters. The logs in .postern say why.')
}

function isActiveSync({ url }: Exchange): boolean {
  return new URL(url).pathname === '/Microsoft-Server-ActiveSync'
}

function askCloudWatched(sides: HybridSides, accessToken: string): Promise<Watched<Exchange>> {
  return watched((requestId) => askCloud(sides, { accessToken, requestId }))
}

/** The phone's request to the cloud. */
async function askCloud(sides: HybridSides, phone: { accessToken: string; requestId: string }): Promise<Exchange> {
  let exchange: Exchange | undefined
  await watchedFetch(fetch, (one) => {
    exchange = one
  })(`${baseOf(sides.cloudServer)}/api/v1/me/sync`, {
    method: 'POST',
    headers: { authorization: `Bearer ${phone.accessToken}`, 'client-request-id': phone.requestId },
  })
  if (exchange === undefined) throw new TypeError('an answered request was watched')
  return exchange
}

type Watched<Result> = Readonly<{ result: Result; exchanges: readonly Exchange[] }>

/** Makes a request while the servers write down what they say to one another for it. */
async function watched<Result>(make: (requestId: string) => Promise<Result>): Promise<Watched<Result>> {
  const requestId = crypto.randomUUID()
  await traces.begin(requestId)
  let exchanges: readonly Exchange[] = []
  try {
    const result = await make(requestId)
    exchanges = await traces.end(requestId)
    return { result, exchanges }
  } finally {
    // Whatever happened, nothing stays on the disk.
    await traces.end(requestId)
  }
}

/** Signs in through the real pages, and says so. */
async function signInTo(demo: DemoFile, account: Account, wanted: { resource: string; scope: string }): Promise<string> {
  tell(`${account.upn} signs in: the real pages, a password, a code ...`)
  const tokens = await signIn({
    issuer: demo.issuer,
    client: { clientId: demo.mailClient.clientId },
    account,
    redirectUri: demo.mailClient.redirectUris[0] ?? '',
    resource: wanted.resource,
    scope: `openid ${wanted.resource}${wanted.scope}`,
    wait: (milliseconds) => {
      tell(`${account.upn}: this code was used before; the next one comes in ${Math.ceil(milliseconds / 1000)} s ...`)
      return new Promise((resolve) => setTimeout(resolve, milliseconds))
    },
  })
  return tokens.accessToken
}

function header(title: string, text: string): void {
  step += 1
  print('', screen.rule(`${step}  ${title}`))
  if (text !== '') tell(text)
}

/** @throws {ShowError} where one of the three does not answer; says which, and what to do. */
async function requireRunning(demo: DemoFile): Promise<HybridSides> {
  if (demo.hybrid === undefined)
    throw new ShowError('not_running', `${DEMO_FILE} knows no server in the cloud. Run npm start: it adds one.`)
  for (const address of [demo.issuer, demo.mailServer, demo.hybrid.cloudServer]) {
    const isThere = await fetch(address, { redirect: 'manual', signal: AbortSignal.timeout(10_000) }).then(
      (response) => response.body?.cancel().then(() => true) ?? true,
      () => false,
    )
    if (!isThere)
      throw new ShowError(
        'not_running',
        `Nothing answers at ${address}. Run npm start in another terminal, and this again when it is ready.`,
      )
  }
  return demo.hybrid
}

function baseOf(url: string): string {
  return url.replace(/\/$/, '')
}
