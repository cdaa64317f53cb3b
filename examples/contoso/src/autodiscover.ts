/**
 * Autodiscover V2: from a mail address and a protocol to the address of the server, as JSON, without signing in.
 *
 * Pure. It answers by the domain only and never looks for the mailbox, so that nobody can learn which addresses exist.
 * It does not serve the older XML and SOAP forms.
 */

export type AutodiscoverAnswer = Readonly<{ status: 200 | 400 | 404; body: Readonly<Record<string, string>> }>

const PATH = '/autodiscover/autodiscover.json'
const MOST_REDIRECTS = 10

/** Is this one of the two URL forms? Compared without case, as IIS does. */
export const isAutodiscoverPath = (pathname: string): boolean => {
  const lower = pathname.toLowerCase()
  return lower === PATH || lower.startsWith(`${PATH}/`)
}

/**
 * Answers `?Email=<address>&Protocol=<name>&RedirectCount=<n>` and `/v1.0/<address>?Protocol=<name>`.
 * Parameter and protocol names are compared without case; a parameter given twice is malformed.
 * Unknown domains get 404: this server knows no other one to point to.
 */
export function answerAutodiscover(url: URL, options: { domain: string; baseUrl: string }): AutodiscoverAnswer {
  const locations: ReadonlyMap<string, readonly [name: string, location: string]> = new Map([
    ['activesync', ['ActiveSync', `${options.baseUrl}/Microsoft-Server-ActiveSync`] as const],
    ['ews', ['Ews', `${options.baseUrl}/EWS/Exchange.asmx`] as const],
  ])
  const query = parametersOf(url)
  const address = query === undefined ? undefined : emailOf(url, query)
  const redirects = query?.get('redirectcount')
  if (query === undefined || address === undefined || (redirects !== undefined && !isRedirectCount(redirects))) {
    return refuse('MandatoryParameterMissing', 'The get request sent does not match the valid format.')
  }
  const protocol = query.get('protocol') ?? ''
  if (protocol === '') return refuse('MissingProtocol', "A valid value must be provided for the query parameter 'Protocol'.")
  const found = locations.get(protocol.toLowerCase())
  if (found === undefined) {
    const supported = [...locations.values()].map(([name]) => name).join(',')
    return refuse(
      'ProtocolNotSupported',
      `Protocol: The protocol '${printable(protocol)}' is not supported. Supported protocols are: '${supported}'.`,
    )
  }
  if (domainOf(address) !== options.domain.toLowerCase()) {
    return refuse('DomainNotFound', `The domain '${printable(domainOf(address))}' is not served here.`, 404)
  }
  return Object.freeze({ status: 200, body: Object.freeze({ Protocol: found[0], Url: found[1] }) })
}

/** The part after the only `@`, in lower case. Undefined when the text is no address of that form. */
export function parseDomain(address: string): string | undefined {
  return /^[^\s@]{1,64}@([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)$/i.exec(address)?.[1]?.toLowerCase()
}

const domainOf = (address: string): string => parseDomain(address) ?? ''
const isRedirectCount = (text: string): boolean => /^\d{1,3}$/.test(text) && Number(text) <= MOST_REDIRECTS
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100)

function emailOf(url: URL, query: ReadonlyMap<string, string>): string | undefined {
  const rest = url.pathname.slice(PATH.length)
  if (rest === '') {
    const email = query.get('email') ?? ''
    return parseDomain(email) === undefined ? undefined : email
  }
  const inPath = /^\/v1\.0\/([^/]+)$/i.exec(rest)?.[1]
  if (inPath === undefined || query.has('email')) return undefined
  try {
    const email = decodeURIComponent(inPath)
    return parseDomain(email) === undefined ? undefined : email
  } catch (cause) {
    if (cause instanceof URIError) return undefined
    throw cause
  }
}

function parametersOf(url: URL): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>()
  for (const [name, value] of url.searchParams) {
    const key = name.toLowerCase()
    if (parameters.has(key)) return undefined
    parameters.set(key, value)
  }
  return parameters
}

function refuse(code: string, message: string, status: 400 | 404 = 400): AutodiscoverAnswer {
  return Object.freeze({ status, body: Object.freeze({ ErrorCode: code, ErrorMessage: message }) })
}
