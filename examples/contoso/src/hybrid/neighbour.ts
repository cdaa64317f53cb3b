/**
 * The other server of the organisation, as this one asks it on behalf of one of its own people: a free/busy call.
 *
 * It owns the order of the calls: who serves that domain and whose tokens does it take (anonymous), where is the calendar
 * (in this server's own name), and what is in it (in its own name for the person). Challenges, assertions and actor tokens
 * are those of @postern/resource-server/client. It decides nothing about calendars: the other side does.
 */
import { createServerClient, type ServerClient, ServerClientError } from '@postern/resource-server/client'
import { readAvailability } from '../availability/answer.ts'
import { type AvailabilityQuery, renderAvailabilityRequest } from '../availability/query.ts'
import { type MailboxAvailability, refusedMailbox } from '../availability/view.ts'
import type { Person } from '../people.ts'
import {
  AUTODISCOVER,
  type AutodiscoverRequest,
  readEwsUrl,
  readFederation,
  renderAddressing,
  renderFederationRequest,
  renderSettingsRequest,
} from '../soap/autodiscover-soap.ts'
import { readAnswer, renderEnvelope } from '../soap/envelope.ts'
import { type XmlElement, XmlError } from '../soap/xml.ts'
import { type Watcher, watchedFetch } from './trace.ts'

/** What this server proves itself with. PEM. */
export type ServerIdentity = Readonly<{ clientId: string; certificate: string; privateKey: string }>

export type NeighbourOptions = Readonly<{
  identity: ServerIdentity
  issuer: string
  realm: string
  /** The other side, as an administrator wrote it down: its mail domain and its base URL. Never from a request. */
  neighbour: Readonly<{ domain: string; baseUrl: string }>
  fetch?: typeof fetch
  clock?: () => Date
  newId?: () => string
  /** Told why a call came to nothing. Texts hold no token. */
  log?: (line: string) => void
}>

export type Neighbour = Readonly<{
  domain: string
  /** One answer an address, in their order. A call that fails counts as a refusal of each. */
  ask: (
    person: Person,
    query: AvailabilityQuery,
    request: { id: string; watch?: Watcher },
  ) => Promise<readonly MailboxAvailability[]>
}>

const LARGEST_ANSWER = 4 * 1024 * 1024
const SECONDS = 15

/** The other side gave no usable answer. The message is for the log. */
class NeighbourError extends Error {
  readonly code = 'neighbour_failed'

  constructor(message: string) {
    super(message)
    this.name = 'NeighbourError'
  }
}

export function createNeighbour(options: NeighbourOptions): Neighbour {
  const { neighbour, issuer, realm } = options
  const newId = options.newId ?? (() => crypto.randomUUID())
  const log = options.log ?? (() => undefined)
  const request = options.fetch ?? fetch
  const autodiscover = `${neighbour.baseUrl}/autodiscover/autodiscover.svc`
  const connect = (watch?: Watcher): ServerClient =>
    createServerClient({
      ...options.identity,
      realm,
      issuers: [{ realm, issuer }],
      allowInsecureLoopback: new URL(issuer).protocol === 'http:',
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
      ...(options.clock === undefined ? {} : { clock: options.clock }),
      ...(watch === undefined ? {} : { onExchange: watch }),
    })
  const everyday = connect()
  let federated = false

  /** The other side says which domains are its own and whose tokens it takes. Nothing about anybody is said before that. */
  async function requireFederation(call: Call): Promise<void> {
    if (federated && call.watch === undefined) return
    const body = renderFederationRequest(neighbour.domain)
    const answer = await call.post(watchedFetch(request, call.watch), autodiscover, 'GetFederationInformation', body)
    const said = readFederation(answer)
    if (said?.domains.includes(neighbour.domain.toLowerCase()) !== true)
      throw new NeighbourError(`${autodiscover} does not serve ${neighbour.domain}`)
    if (!said.tokenIssuers.some(({ uri }) => uri.toLowerCase() === `00000001-0000-0000-c000-000000000000@${realm}`))
      throw new NeighbourError(`${autodiscover} takes no tokens of ${issuer}`)
    federated = true
  }

  /** Must lie where the administrator said that the other side is: an answer cannot send a person's name elsewhere. */
  async function locate(call: Call, address: string): Promise<string> {
    const url = readEwsUrl(await call.post(call.client.fetch, autodiscover, 'GetUserSettings', renderSettingsRequest(address)))
    if (url === undefined || URL.parse(url)?.origin !== new URL(neighbour.baseUrl).origin)
      throw new NeighbourError(`${autodiscover} names no address of its own for the calendars`)
    return url
  }

  async function ask(
    person: Person,
    query: AvailabilityQuery,
    { id, watch }: { id: string; watch?: Watcher },
  ): Promise<readonly MailboxAvailability[]> {
    // Who watches wants to see every step, so such a call starts from nothing.
    const call = createCall({ client: watch === undefined ? everyday : connect(watch), watch, id, newId })
    try {
      await requireFederation(call)
      const ews = await locate(call, query.addresses[0] ?? '')
      const acting = call.client.actAs({ upn: person.upn, smtp: person.addresses[0] ?? person.upn })
      return readAvailability(await call.post(acting.fetch, ews, undefined, renderAvailabilityRequest(query)), query)
    } catch (error) {
      if (!isFailureOfOthers(error)) throw error
      const detail = error instanceof ServerClientError ? ` ${error.code} ${error.detail ?? ''}` : ''
      log(`free/busy at ${neighbour.domain}: ${error.message}${detail}`.trim())
      const failed = refusedMailbox('ErrorProxyRequestProcessingFailed', 'The server of this mailbox could not be asked.')
      return query.addresses.map(() => failed)
    }
  }

  return Object.freeze({ domain: neighbour.domain, ask })
}

type Call = ReturnType<typeof createCall>

function createCall({
  client,
  watch,
  id,
  newId,
}: {
  client: ServerClient
  watch: Watcher | undefined
  id: string
  newId: () => string
}) {
  /** One SOAP question by whichever way of fetching. Undefined: a fault. */
  async function post(
    send: (url: string, init: RequestInit) => Promise<Response>,
    url: string,
    operation: AutodiscoverRequest['operation'] | undefined,
    body: string,
  ): Promise<XmlElement | undefined> {
    const header = operation === undefined ? '' : renderAddressing({ operation, to: url, messageId: newId() })
    const action = operation === undefined ? {} : { soapaction: `"${AUTODISCOVER}/Autodiscover/${operation}"` }
    const response = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'text/xml; charset=utf-8', 'client-request-id': id, ...action },
      body: renderEnvelope(body, header),
      redirect: 'manual',
      signal: AbortSignal.timeout(SECONDS * 1000),
    })
    const bytes = await readAtMost(response, LARGEST_ANSWER)
    if (response.status !== 200)
      throw new NeighbourError(`${url} answered ${response.status} ${response.headers.get('x-ms-diagnostics') ?? ''}`)
    return readAnswer(bytes)
  }
  return { client, watch, post }
}

async function readAtMost(response: Response, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > limit) throw new NeighbourError(`the answer is larger than ${limit} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** The network, the token service or the other side; anything else is a fault of this server. */
function isFailureOfOthers(error: unknown): error is Error {
  if (error instanceof ServerClientError || error instanceof NeighbourError || error instanceof XmlError) return true
  const isNetwork = error instanceof TypeError && error.message === 'fetch failed'
  return isNetwork || (error instanceof DOMException && error.name === 'TimeoutError')
}
