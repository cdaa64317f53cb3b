/**
 * One look before a run: is there anybody, and does the issuer sign people in for the clients that the target file names?
 *
 * A wrong target file would fail a hundred modules with one cause. It owns that look and its words; what follows is command.ts
 * (who is not there ends the run) and target.ts (what needs a refused client is skipped).
 */
import type { Area } from './conformance-module.ts'
import { ConformanceError } from './errors.ts'
import { authorizationRequest } from './issuer-stage/code-flow.ts'
import { createPersonBrowser, describeAnswer } from './person/person-browser.ts'
import type { KnownClient, Target } from './target.ts'

/** Those that people sign in for. A client of the device flow needs no redirect address that the issuer knows. */
const SIGNED_IN_FOR = ['public', 'confidential', 'second', 'keyed'] as const

/** The system's words for why nobody answers, in words for people. */
const CAUSES: readonly (readonly [code: RegExp, means: string])[] = [
  [/ECONNREFUSED$/, 'nobody listens there'],
  [/(ENOTFOUND|EAI_AGAIN)$/, 'nobody knows that name'],
  [/ERR_TLS_CERT_ALTNAME_INVALID$/, 'its certificate is for another name'],
  [/(CERT|SELF_SIGNED|UNABLE_TO_VERIFY)[A-Z_]*$/, 'its certificate is not trusted; NODE_EXTRA_CA_CERTS names a file with more'],
  [/bad port$/, 'this port is for another protocol'],
  [/(EPROTO|ERR_SSL_[A-Z_]*)$/, 'it speaks no TLS'],
]

/** Tries one address. @throws {ConformanceError} `target_unreachable`, named by its key in the target file. */
async function findAnybody(key: string, ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask()
  } catch (error) {
    if (!(error instanceof ConformanceError)) throw error
    // Anything else is an answer: the modules say what is wrong with it.
    if (error.code !== 'target_unreachable') return
    const means = CAUSES.find(([code]) => code.test(error.message))?.[1]
    const said = means === undefined ? error.message : `${error.message} (${means})`
    throw new ConformanceError('target_unreachable', `${key}: ${said}`, { cause: error })
  }
}

/** Opens an authorization request of a client, and signs nobody in. Undefined: the issuer goes on to do so. */
export async function findRefusal(target: Target, name: string, client: KnownClient): Promise<string | undefined> {
  const known = target.whyRefused(client)
  if (known !== undefined) return known
  const request = await authorizationRequest(target, client)
  const answer = await createPersonBrowser(target).open(request.url)
  if (answer.kind === 'page') {
    if (answer.status < 400) return undefined
    const asks = 'is redirect_uri registered, may it use the code flow?'
    return `clients.${name}: the issuer shows a page instead of signing in: ${asks} It shows ${describeAnswer(answer)}`
  }
  const error = answer.parameters.get('error')
  if (error === undefined) return undefined
  const more = answer.parameters.get('error_description')
  const asks = error === 'invalid_scope' ? 'may it ask for its scope?' : 'may it use the code flow?'
  return `clients.${name}: the issuer answers ${error} instead of signing in: ${asks}${more === undefined ? '' : ` It says: ${more}`}`
}

/** Every client that is asked about, by the name of its key. */
export const signedInFor = ({ clients }: Target): readonly (readonly [name: string, client: KnownClient])[] =>
  SIGNED_IN_FOR.flatMap((name) => {
    const client = clients[name]
    return client === undefined ? [] : [[name, client] as const]
  })

/**
 * Looks once at everything that the modules of these areas would ask.
 *
 * @returns why which clients are refused, by client id.
 * @throws {ConformanceError} `target_unreachable` when nobody answers, with the cause.
 */
export async function lookFirst(target: Target, areas: ReadonlySet<Area>): Promise<ReadonlyMap<string, string>> {
  const { resource, mailServer } = target
  const refused = new Map<string, string>()
  if (areas.has('resource-server')) {
    if (resource !== undefined) await findAnybody('resource', () => target.get(resource.url))
    if (mailServer !== undefined) await findAnybody('mail_server', () => target.get(mailServer.url))
  }
  const isAsked = areas.has('issuer') || areas.has('server-to-server') || (areas.has('resource-server') && resource !== undefined)
  if (!target.hasIssuer || !isAsked) return refused
  await findAnybody('issuer', () => target.metadata())
  if (!areas.has('issuer')) return refused
  for (const [name, client] of signedInFor(target)) {
    try {
      const why = await findRefusal(target, name, client)
      if (why !== undefined) refused.set(client.clientId, why)
    } catch (error) {
      // No endpoint, an answer that nobody can read: that is about the issuer, and for the modules to say.
      if (!(error instanceof ConformanceError)) throw error
    }
  }
  return refused
}
