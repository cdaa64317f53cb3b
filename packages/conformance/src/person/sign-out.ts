/** A person who signs out by a client's wish, and what became of the session (OpenID Connect RP-Initiated Logout 1.0). */
import type { KnownClient, Target } from '../target.ts'
import { type Change, type CodeFlow, formOf, openIdClient, requestCode, walkCodeFlow } from './code-flow.ts'
import { type AuthorizationAnswer, type PersonBrowser, parametersOf } from './person-browser.ts'
import { freshBrowser } from './signed-in.ts'

export interface SignedInOnce {
  readonly browser: PersonBrowser
  readonly flow: CodeFlow
  readonly client: KnownClient
}

/** A session of its own, so that ending it disturbs no other module. */
export async function signInAnew(target: Target, client: KnownClient = openIdClient(target)): Promise<SignedInOnce> {
  const browser = freshBrowser(target)
  return { browser, client, flow: await walkCodeFlow(target, { client, browser }) }
}

/** Asks to sign out and says yes where the person is asked. Everything that is not `undefined` is sent. */
export async function signOut(target: Target, browser: PersonBrowser, parameters: Change): Promise<AuthorizationAnswer> {
  const url = new URL(await target.endpoint('end_session_endpoint'))
  for (const [name, value] of formOf(parameters)) url.searchParams.set(name, value)
  const landings = formOf(parameters).flatMap(([name, value]) => (name === 'post_logout_redirect_uri' ? [value] : []))
  const asked = await browser.open(url.href, { landings })
  if (asked.kind === 'answered' || asked.status !== 200 || asked.form === undefined) return asked
  return browser.press(asked, 'go-on', { landings })
}

/** Whether the browser still has a session: a request that may show no page is answered with a code. */
export async function hasSession(target: Target, { browser, client }: SignedInOnce): Promise<boolean> {
  const request = await requestCode(target, client, { prompt: 'none' })
  return parametersOf(await browser.open(request.url)).has('code')
}
