/**
 * What a person should know about each exchange of the walk: a title and a sentence or two.
 *
 * Pure. It tells the steps apart by what was sent, so it can explain a trace whatever its order. It changes nothing.
 * Tokens are called what they are called everywhere else on the screen.
 */
import { showToken } from './show-token.ts'
import type { Exchange } from './trace.ts'

export type Explanation = Readonly<{ title: string; text: string }>

export type Names = Readonly<{
  /** What the two servers are called, e.g. `on premises` and `the cloud`. */
  from: string
  to: string
  /** What the tokens of a text are called, in their order: `access token 2`. */
  tokensIn: (text: string) => readonly string[]
}>

export function explain(exchange: Exchange, { from, to, tokensIn }: Names): Explanation {
  const { pathname, searchParams } = new URL(exchange.url)
  const form = new URLSearchParams(exchange.requestBody)
  const action = exchange.requestHeaders.soapaction ?? ''
  const token = showToken(/^Bearer (\S+)$/.exec(exchange.requestHeaders.authorization ?? '')?.[1] ?? '')
  const isOuter = token?.inner !== undefined
  const refused = exchange.status >= 400
  const called = (text: string, kind: string): string => tokensIn(text).find((name) => name.startsWith(kind)) ?? `the ${kind}`
  const [shown, given] = [exchange.requestBody, exchange.responseBody].map((text) => called(text, 'access token'))
  if (pathname.includes('/metadata/json/'))
    return say(
      'Where are tokens issued?',
      "The token service's metadata names its keys and the one address that issues actor tokens.",
    )
  if (form.get('requested_token_use') === 'on_behalf_of')
    return refused
      ? say('No token for her', 'The token service does not let the cloud act for this person. Its trail says why.')
      : say(
          `On behalf of Mary: ${shown} becomes ${given}`,
          `The cloud proves itself by its key and shows ${shown}, which was made for it. The token service checks Mary's account, the policy and what an administrator granted to the cloud, and signs ${given} for the server ${to}; "act" names the cloud. Nobody but the token service speaks for her.`,
        )
  if (form.get('grant_type') === 'refresh_token')
    return refused
      ? say(
          'No new token for her',
          'The refresh token was withdrawn, used or has ended. Her own token says whether there may be another.',
        )
      : say(
          `${sentence(called(exchange.requestBody, 'refresh token'))} is used once`,
          `It becomes ${given}, for the same server, and ${called(exchange.responseBody, 'refresh token')} for the next time. The grant, the account and the policy are looked at again.`,
        )
  if (form.has('assertion'))
    return refused
      ? say('No actor token', 'The token service refuses. Its trail says why.')
      : say(
          'An assertion becomes an actor token',
          `The server ${from} signs who it is with its own certificate; "x5t" says which. The token service finds that certificate among those registered for it, and answers with an actor token for ${to}. "trustedfordelegation" is in it because an administrator granted that, for this server there.`,
        )
  if (action.includes('GetFederationInformation'))
    return say(
      'Whose domain is it?',
      `Anonymous. The server of ${to} says which domains are its own and whose tokens it takes. Nothing about Mary was said so far.`,
    )
  if (exchange.status === 401 && token === undefined)
    return say(
      'The empty Bearer: may I come in?',
      'No. But the challenge names the principal of that server and the issuer that it trusts. The server goes on only if that issuer is one of its own configuration.',
    )
  if (action.includes('GetUserSettings'))
    return say(
      'Autodiscover: where are the calendars?',
      `The actor token as it is: the server ${from} speaks in its own name, and no person is acted for yet.`,
    )
  if (isOuter)
    return refused
      ? say(`Refused by the server of ${to}`, 'The answer says why, in words for everybody.')
      : say(
          'The calendars, for Mary',
          `The outer token says for whom. It is signed with the certificate of the server ${from} and carries the actor token. The other side checks both signatures, that they name one another, the same audience and realm, and that Mary exists there; then its own permissions decide what she sees.`,
        )
  if (pathname.toLowerCase().startsWith('/microsoft-server-activesync')) {
    const command = searchParams.get('Cmd') ?? ''
    return say(
      `ActiveSync with ${called(exchange.requestHeaders.authorization ?? '', 'access token')}: ${command}`,
      command === 'Sync'
        ? 'The first Sync makes a key, the second one brings the letters.'
        : `The server ${to} sees an ordinary token of the token service, for Mary and for itself. (The bodies are binary XML, shown as text.)`,
    )
  }
  return say('An exchange', '')
}

const sentence = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)
const say = (title: string, text: string): Explanation => Object.freeze({ title, text })
