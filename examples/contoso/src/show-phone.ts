/**
 * Shows an old phone at work, while `npm start` runs: `npm run phone`.
 *
 * It owns the words and the waiting: the first try of a phone that knows only Mary's password, what the phone is told, and its
 * further tries until its owner has let it in. The phone itself is password-phone.ts. It prints no password but that of the demo, as
 * `npm start` does.
 */
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type DemoFile, DemoFileError, loadDemoFile } from './demo-file.ts'
import { openByPassword, PhoneRefused, phoneName } from './password-phone.ts'

const MINUTES = 10
const USAGE = `usage: npm run phone [-- DEVICE]

Plays an ActiveSync phone that knows only Mary's password; npm start must be running.

  DEVICE   letters and digits, another phone each; DEMOPHONE1 when left out

It tries every two seconds for ${MINUTES} minutes, or until Ctrl-C.
Exit codes: 0 the mailbox opened, 1 it did not, 2 wrong usage.
`
const DEMO_FILE = process.env.POSTERN_DEMO_FILE ?? fileURLToPath(new URL('../../../.postern/demo.json', import.meta.url))
const print = (...lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`)

const [device = 'DEMOPHONE1', ...more] = process.argv.slice(2)
if (device === '--help' || device === '-h') process.stdout.write(USAGE)
else if (more.length > 0 || !/^[A-Za-z0-9]{1,32}$/.test(device)) {
  process.stderr.write(USAGE)
  process.exitCode = 2
} else {
  try {
    await show(await loadDemoFile(DEMO_FILE), device)
  } catch (error) {
    const isUnreachable = error instanceof TypeError && error.message === 'fetch failed'
    if (!isUnreachable && !(error instanceof DemoFileError) && !(error instanceof PhoneRefused)) throw error
    process.stderr.write(isUnreachable ? 'The mail server does not answer. Is npm start running?\n' : `\n${error.message}\n`)
    process.exitCode = 1
  }
}

async function show(demo: DemoFile, deviceId: string): Promise<void> {
  const [mary] = demo.accounts
  if (demo.gate === undefined || mary === undefined)
    throw new DemoFileError(
      'malformed',
      `${DEMO_FILE} knows no mail server that asks the gate. Run npm start again: it adds one.`,
    )
  const mailServer = demo.mailServer.replace(/\/$/, '')
  const phone = { mailServer, name: mary.upn, password: mary.password, deviceId }
  print(`A phone (${deviceId}) asks ${mailServer} for the mail of ${mary.upn}. It knows only the password.`, '')

  let last = ''
  for (const until = Date.now() + MINUTES * 60_000; Date.now() < until; await pause(2000)) {
    const told = await tryOnce(phone)
    if (told === undefined) return
    if (told !== last) print(`  ${told}`, '', ...(last === '' ? advise(demo, deviceId) : []))
    last = told
  }
  throw new DemoFileError('missing', `Nobody let the phone in within ${MINUTES} minutes. Start again when you are ready.`)
}

/** What the phone was told; undefined: it is in, and its letters were printed. */
async function tryOnce(phone: Parameters<typeof openByPassword>[0]): Promise<string | undefined> {
  try {
    const letters = await openByPassword(phone)
    print('  200: the mailbox opens. The phone has:', ...letters.map((subject) => `    - ${subject}`))
    return undefined
  } catch (error) {
    // 401 and 456 will not change by waiting.
    if (!(error instanceof PhoneRefused) || ![403, 503].includes(error.status)) throw error
    return `${error.status}: ${error.text}`
  }
}

function advise({ issuer, accounts: [mary] }: DemoFile, deviceId: string): readonly string[] {
  return [
    `Open ${issuer}/portal, sign in as ${mary?.upn} (password ${mary?.password}), and let the phone in there.`,
    `It is the tile "${phoneName}" whose device ID ends in ${deviceId.slice(-4)}.`,
    `For the one-time code: node_modules/.bin/node examples/contoso/src/print-code.ts ${mary?.upn}`,
    'The phone goes on trying, as phones do.',
    '',
  ]
}
