/**
 * The mail server under test and the kit's issuer that it trusts: both are up before the first module asks.
 *
 * It owns when both start and end. What the issuer serves is local-issuer/; how a program is ended is started-programs.ts.
 */
import process from 'node:process'
import { pause } from './clock.ts'
import { ConformanceError } from './errors.ts'
import type { KnownMailServer } from './known-parties.ts'
import { type LocalIssuer, startLocalIssuer } from './local-issuer/local-issuer.ts'
import { type StartedProgram, startProgram } from './started-programs.ts'

export interface StartedMailServer extends AsyncDisposable {
  readonly known: KnownMailServer | undefined
}

const MOST_TRIES = 150
const BETWEEN_MILLISECONDS = 200

/** Waits until something answers there, whatever it says. */
async function waitUntilItAnswers(url: string, hasEnded: () => boolean): Promise<void> {
  for (let tries = 0; tries < MOST_TRIES && !hasEnded(); tries += 1) {
    const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(2000) }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer !== undefined) return
    await pause(BETWEEN_MILLISECONDS)
  }
  throw new ConformanceError('target_unreachable', `the mail server was started, and does not answer at ${url}`)
}

async function startServer(command: readonly string[], url: string, issuer: LocalIssuer): Promise<StartedProgram> {
  const program = startProgram(command, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, POSTERN_CONFORMANCE_ISSUER: issuer.issuer },
  })
  try {
    await waitUntilItAnswers(url, program.hasEnded)
  } catch (error) {
    await program.stop()
    throw error
  }
  return program
}

/** Starts the kit's issuer and, with a command, the mail server. @param say hears where the issuer is. */
export async function startMailServer(
  described: KnownMailServer | undefined,
  say: (line: string) => void,
): Promise<StartedMailServer> {
  if (described === undefined) return { known: undefined, [Symbol.asyncDispose]: async () => undefined }
  const { issuerPort: port, actAs, command, url } = described
  const issuer =
    described.localIssuer ??
    (await startLocalIssuer({ ...(port !== undefined && { port }), ...(actAs && { actor: actAs.actor }) }))
  say(`The kit's issuer, to be trusted by the mail server: ${issuer.issuer}`)
  let server: StartedProgram | undefined
  const close = async () => {
    await server?.stop()
    await issuer[Symbol.asyncDispose]()
  }
  try {
    if (command !== undefined) server = await startServer(command, url, issuer)
  } catch (error) {
    await close()
    throw error
  }
  return { known: { ...described, localIssuer: issuer }, [Symbol.asyncDispose]: close }
}
