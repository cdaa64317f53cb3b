/**
 * How a scene is judged: what the client did, put into findings.
 *
 * Pure over what a scene showed. A module that could not show its misbehaviour says so, and passes nobody.
 */
import type { Checks } from '../conformance-module.ts'
import type { Played } from './client-stage.ts'
import type { Heard, Issued, Party, Place } from './script.ts'
import { shownToken } from './scripted-mail-server.ts'

/** Which requests of a scene were for these endpoints. */
export const heardAt = (played: Pick<Played, 'heard'>, place: Place, party?: Party): readonly Heard[] =>
  played.heard.filter((one) => one.place === place && (party === undefined || one.party === party))

/** Requests to a token endpoint with this grant; the prefix of long names is left out. */
export const grantsOf = (played: Pick<Played, 'heard'>, grant: string): readonly Heard[] =>
  heardAt(played, 'token').filter(({ form }) => form.get('grant_type')?.endsWith(grant) === true)

/** How the client ended, and by what way. Never holds a secret. */
export function describePlayed({ outcome, delivered, heard, said }: Played): string {
  const way = heard.map(({ party, place }) => `${party}:${place}`)
  const short = way.filter((step, at) => step !== way[at - 1])
  const ended = outcome === 'hung' ? 'its time was over' : outcome === 'mail' ? 'it reported success' : 'it gave up'
  const spoke = said === '' ? '' : `it said: ${said.replaceAll(/\s+/g, ' ')}`
  return [ended, `inbox handed over: ${delivered}`, short.join(' > ') || 'it asked nobody', spoke]
    .filter((part) => part !== '')
    .join('; ')
}

/** True when the misbehaviour was shown; otherwise says why nothing is judged. */
export function wasMet(checks: Checks, clause: string, expected: string, played: Played): boolean {
  if (!played.met) checks.skip(clause, expected, 'the client never came to where this shows')
  return played.met
}

/** True when the client asked for a device code; otherwise says that it signs in by other ways alone. */
export function usesDevices(checks: Checks, clause: string, expected: string, played: Played): boolean {
  const uses = heardAt(played, 'device').length > 0
  if (!uses) checks.skip(clause, expected, 'the client asks for no device code')
  return uses
}

const gotMail = ({ outcome, delivered }: Played): boolean => outcome === 'mail' && delivered > 0

export function mustGetMail(checks: Checks, clause: string, played: Played): void {
  checks.must(clause, 'it gets its mail', gotMail(played), describePlayed(played))
}

export function shouldGetMail(checks: Checks, clause: string, played: Played): void {
  checks.should(clause, 'it gets its mail', gotMail(played), describePlayed(played))
}

const gaveUp = ({ outcome, delivered }: Played): boolean => outcome === 'gave up' && delivered === 0

/** The only right answer is to end with an error, and with nothing read. */
export function mustGiveUp(checks: Checks, clause: string, played: Played): void {
  checks.must(clause, 'it gives up and says so', gaveUp(played), describePlayed(played))
}

export function shouldGiveUp(checks: Checks, clause: string, played: Played): void {
  checks.should(clause, 'it gives up and says so', gaveUp(played), describePlayed(played))
}

/** Everything of a request in one text, as somebody reads it who logs it. */
const wholeOf = ({ url, headers, body }: Heard): string =>
  `${url.href}\n${Object.entries(headers).flat().join('\n')}\n${body}\n${decodeURIComponent(url.search.replaceAll(/%(?![0-9A-F]{2})/gi, '%25'))}`

/** Requests in which something stands that was given out in this scene. */
export const carrying = (played: Played, requests: readonly Heard[], kinds: readonly Issued['kind'][]): readonly Heard[] => {
  const values = played.issued.filter(({ kind }) => kinds.includes(kind)).map(({ value }) => value)
  return requests.filter((one) => values.some((value) => wholeOf(one).includes(value)))
}

/** Places in words, for findings. */
export const placesOf = (requests: readonly Heard[]): string =>
  requests.length === 0 ? 'nowhere' : requests.map(({ party, place, method }) => `${method} ${party}:${place}`).join(', ')

/** Seconds between each request and the next. */
export const gapsOf = (requests: readonly Heard[]): readonly number[] =>
  requests.slice(1).map(({ at }, index) => at - (requests[index]?.at ?? at))

/** Access tokens that were shown to the mail server, in order, each as often as it was. */
export const tokensShown = (played: Played): readonly string[] => heardAt(played, 'mail').map((one) => shownToken(one) ?? '')
