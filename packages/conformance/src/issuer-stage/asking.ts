/** Requests to an issuer's endpoints on behalf of a known client, and how their answers are judged. Owns no flow. */
import type { Checks } from '../conformance-module.ts'
import { ConformanceError } from '../errors.ts'
import type { Answer, KnownClient, Target } from '../target.ts'

/** What to add or replace in a request; `undefined` leaves a parameter out. */
export type Change = Readonly<Record<string, string | undefined>>
export type Fields = Readonly<Record<string, string>>

export const applyChange = (fields: Fields, change: Change): Fields =>
  Object.fromEntries(
    Object.entries({ ...fields, ...change }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )

/** The client that a module cannot do without. @throws {ConformanceError} `not_given`: the module is skipped. */
export function needClient(target: Target, ...kinds: readonly (keyof Target['clients'])[]): KnownClient {
  const found = kinds.map((kind) => target.clients[kind]).find((client) => client !== undefined)
  if (found === undefined)
    throw new ConformanceError('not_given', `${kinds.map((kind) => `clients.${kind}`).join(' or ')} was not given`)
  return found
}

/** A client and another one. @throws {ConformanceError} `not_given` */
export function needTwoClients(target: Target): readonly [own: KnownClient, other: KnownClient] {
  const own = needClient(target, 'public', 'confidential')
  const { second, confidential } = target.clients
  const other = [second, confidential].find((client) => client !== undefined && client.clientId !== own.clientId)
  if (other === undefined)
    throw new ConformanceError('not_given', 'clients.second was not given, and clients.confidential is no other')
  return [own, other]
}

/** Posts `fields` as `client`; its proof is made anew each time. */
export function askAs(
  target: Target,
  client: KnownClient,
  request: { readonly url: string; readonly fields: Fields; readonly headers?: Fields },
): Promise<Answer> {
  const proof = target.as(client)
  return target.post(request.url, [...Object.entries(request.fields), ...proof.form], { ...proof.headers, ...request.headers })
}

export const askTokenAs = async (target: Target, client: KnownClient, fields: Fields, headers: Fields = {}): Promise<Answer> =>
  askAs(target, client, { url: await target.endpoint('token_endpoint'), fields, headers })

export const textOf = (answer: Answer, name: string): string | undefined => {
  const value = answer.json?.[name]
  return typeof value === 'string' ? value : undefined
}

export const isGranted = (answer: Answer): boolean => answer.status === 200 && textOf(answer, 'access_token') !== undefined

/** Status and error, for a finding. */
export const verdictOf = (answer: Answer): string =>
  `${answer.status} ${textOf(answer, 'error') ?? (isGranted(answer) ? 'tokens' : '')}`

/** Whether a request was refused as RFC 6749 section 5.2 says, with one of the errors and without a token. */
export const isRefused = (answer: Answer, errors: readonly string[]): boolean =>
  (answer.status === 400 || answer.status === 401) &&
  errors.includes(textOf(answer, 'error') ?? '') &&
  answer.json?.access_token === undefined

export function mustRefuse(
  checks: Checks,
  clause: string,
  { expected, answer, errors }: { readonly expected: string; readonly answer: Answer; readonly errors: readonly string[] },
): void {
  checks.must(clause, expected, isRefused(answer, errors), verdictOf(answer))
}

/** What a list of the metadata holds; nothing when it is none. */
export async function listed(target: Target, name: string): Promise<readonly string[]> {
  const value = (await target.metadata())[name]
  return Array.isArray(value) ? value.map(String) : []
}

/** Runs one request after the other in small groups: an issuer is tested, not loaded. */
export async function inGroups<Item, Result>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Result>,
): Promise<readonly (readonly [Item, Result])[]> {
  const results: (readonly [Item, Result])[] = []
  for (let at = 0; at < items.length; at += 8)
    results.push(...(await Promise.all(items.slice(at, at + 8).map(async (item) => [item, await ask(item)] as const))))
  return results
}
