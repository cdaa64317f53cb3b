/**
 * Prints the one-time code of a demo account, for people who have no authenticator app at hand.
 *
 * It reads the secret from `.postern/demo.json`. A code counts once: after a sign-in, wait for the next one.
 * Usage: node examples/contoso/src/print-code.ts [address]
 */
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { generate } from 'otplib'
import { DemoFileError, loadDemoFile } from './demo-file.ts'

const path = process.env.POSTERN_DEMO_FILE ?? fileURLToPath(new URL('../../../.postern/demo.json', import.meta.url))

try {
  const demo = await loadDemoFile(path)
  const wanted = process.argv[2]?.toLowerCase()
  const people = [...demo.accounts, demo.admin]
  const person = people.find(({ upn, totpSecret }) =>
    wanted === undefined ? totpSecret !== undefined : upn.toLowerCase() === wanted,
  )
  if (person?.totpSecret === undefined) {
    process.stderr.write(
      `${wanted ?? 'nobody'} has no one-time codes in ${path}. It lists: ${people.map(({ upn }) => upn).join(', ')}\n`,
    )
    process.exitCode = 1
  } else {
    const seconds = Math.floor(Date.now() / 1000)
    const code = await generate({ secret: person.totpSecret, epoch: seconds })
    process.stdout.write(`${code}\n`)
    process.stderr.write(`for ${person.upn}, for the next ${30 - (seconds % 30)} s\n`)
  }
} catch (error) {
  if (!(error instanceof DemoFileError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
