/**
 * Autodiscover as SOAP, the two operations that servers ask each other: GetFederationInformation and GetUserSettings.
 *
 * Pure: it reads requests and writes answers, for both sides. Who may ask is the mail server's business: the first is
 * anonymous, the second is not. Sources: [MS-OXWSADISC] sections 3.1.4.1 and 3.1.4.3, F 4.3.
 */
import { SoapFault } from './envelope.ts'
import { escapeXml, findChild, type XmlElement } from './xml.ts'

export const AUTODISCOVER = 'http://schemas.microsoft.com/exchange/2010/Autodiscover'
const ADDRESSING = 'http://www.w3.org/2005/08/addressing'
const MOST_USERS = 90

/** What an organisation says of itself, to anybody. */
export type Federation = Readonly<{
  /** The name by which tokens for it are asked for. */
  applicationUri: string
  domains: readonly string[]
  tokenIssuers: readonly Readonly<{ uri: string; endpoint: string }>[]
}>

export type AutodiscoverRequest =
  | Readonly<{ operation: 'GetFederationInformation'; domain: string }>
  | Readonly<{ operation: 'GetUserSettings'; mailboxes: readonly string[]; settings: readonly string[] }>

/** @throws {SoapFault} */
export function parseAutodiscoverRequest(element: XmlElement): AutodiscoverRequest {
  const operation = element.namespace === AUTODISCOVER ? /^(\w+)RequestMessage$/.exec(element.name)?.[1] : undefined
  const request = findChild(element, AUTODISCOVER, 'Request')
  if (operation === 'GetFederationInformation') {
    const domain = findChild(request, AUTODISCOVER, 'Domain')?.text.trim().toLowerCase() ?? ''
    if (domain === '') throw new SoapFault('ErrorSchemaValidation', 'The request names no Domain.')
    return Object.freeze({ operation, domain })
  }
  if (operation === 'GetUserSettings') {
    const texts = (list: string): readonly string[] =>
      Object.freeze((findChild(request, AUTODISCOVER, list)?.children ?? []).map((one) => (one.children[0] ?? one).text.trim()))
    const [mailboxes, settings] = [texts('Users'), texts('RequestedSettings')]
    if (mailboxes.length === 0 || mailboxes.length > MOST_USERS)
      throw new SoapFault('ErrorSchemaValidation', `The request must name 1 to ${MOST_USERS} users.`)
    return Object.freeze({ operation, mailboxes, settings })
  }
  throw new SoapFault('ErrorInvalidOperation', 'There is no such operation here.')
}

/** The header that Autodiscover demands of its callers. */
export const renderAddressing = (
  request: Readonly<{ operation: AutodiscoverRequest['operation']; to: string; messageId: string }>,
): string =>
  `<a:Action xmlns:a="${ADDRESSING}">${AUTODISCOVER}/Autodiscover/${request.operation}</a:Action>` +
  `<a:MessageID xmlns:a="${ADDRESSING}">urn:uuid:${escapeXml(request.messageId)}</a:MessageID>` +
  `<a:To xmlns:a="${ADDRESSING}">${escapeXml(request.to)}</a:To>` +
  `<a:ReplyTo xmlns:a="${ADDRESSING}"><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>`

export const renderFederationRequest = (domain: string): string =>
  message('GetFederationInformationRequestMessage', `<Request><Domain>${escapeXml(domain)}</Domain></Request>`)

export const renderSettingsRequest = (mailbox: string): string =>
  message(
    'GetUserSettingsRequestMessage',
    `<Request><Users><User><Mailbox>${escapeXml(mailbox)}</Mailbox></User></Users>` +
      '<RequestedSettings><Setting>ExternalEwsUrl</Setting></RequestedSettings></Request>',
  )

/** The answer of the organisation, when the domain is one of its own; else the error that says so. */
export function renderFederation(domain: string, federation: Federation): string {
  if (!federation.domains.includes(domain))
    return federationMessage('NotFederated', 'The domain is not one of this organisation.', '')
  const { applicationUri, domains, tokenIssuers } = federation
  const issuers = tokenIssuers.map(
    ({ uri, endpoint }) => `<TokenIssuer><Uri>${escapeXml(uri)}</Uri><Endpoint>${escapeXml(endpoint)}</Endpoint></TokenIssuer>`,
  )
  return federationMessage(
    'NoError',
    '',
    `<ApplicationUri>${escapeXml(applicationUri)}</ApplicationUri>` +
      `<Domains>${domains.map((one) => `<Domain>${escapeXml(one)}</Domain>`).join('')}</Domains>` +
      `<TokenIssuers>${issuers.join('')}</TokenIssuers>`,
  )
}

/** Undefined: an error, or something else altogether. */
export function readFederation(answer: XmlElement | undefined): Federation | undefined {
  const response = findChild(answer, AUTODISCOVER, 'Response')
  if (answer?.name !== 'GetFederationInformationResponseMessage' || errorOf(response) !== 'NoError') return undefined
  const applicationUri = findChild(response, AUTODISCOVER, 'ApplicationUri')?.text ?? ''
  const domains = (findChild(response, AUTODISCOVER, 'Domains')?.children ?? []).map(({ text }) => text.trim().toLowerCase())
  const tokenIssuers = (findChild(response, AUTODISCOVER, 'TokenIssuers')?.children ?? []).map((one) =>
    Object.freeze({
      uri: findChild(one, AUTODISCOVER, 'Uri')?.text ?? '',
      endpoint: findChild(one, AUTODISCOVER, 'Endpoint')?.text ?? '',
    }),
  )
  return Object.freeze({ applicationUri, domains: Object.freeze(domains), tokenIssuers: Object.freeze(tokenIssuers) })
}

/** @param ewsUrlOf where that mailbox has its Exchange Web Services; undefined: not here. */
export function renderSettings(mailboxes: readonly string[], ewsUrlOf: (mailbox: string) => string | undefined): string {
  const users = mailboxes.map((mailbox) => {
    const url = ewsUrlOf(mailbox)
    if (url === undefined)
      return '<UserResponse><ErrorCode>InvalidUser</ErrorCode><ErrorMessage>This mailbox is not served here.</ErrorMessage></UserResponse>'
    return (
      '<UserResponse><ErrorCode>NoError</ErrorCode><ErrorMessage/><UserSettings>' +
      '<UserSetting xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="StringSetting">' +
      `<Name>ExternalEwsUrl</Name><Value>${escapeXml(url)}</Value></UserSetting></UserSettings></UserResponse>`
    )
  })
  return message(
    'GetUserSettingsResponseMessage',
    `<Response><ErrorCode>NoError</ErrorCode><ErrorMessage/><UserResponses>${users.join('')}</UserResponses></Response>`,
  )
}

/** The address of the one user that was asked for. */
export function readEwsUrl(answer: XmlElement | undefined): string | undefined {
  const user = findChild(answer, AUTODISCOVER, 'Response', 'UserResponses', 'UserResponse')
  const settings = errorOf(user) === 'NoError' ? (findChild(user, AUTODISCOVER, 'UserSettings')?.children ?? []) : []
  const found = settings.find((one) => findChild(one, AUTODISCOVER, 'Name')?.text === 'ExternalEwsUrl')
  return findChild(found, AUTODISCOVER, 'Value')?.text
}

const message = (name: string, content: string): string => `<${name} xmlns="${AUTODISCOVER}">${content}</${name}>`

const federationMessage = (code: string, text: string, rest: string): string =>
  message(
    'GetFederationInformationResponseMessage',
    `<Response><ErrorCode>${code}</ErrorCode><ErrorMessage>${text}</ErrorMessage>${rest}</Response>`,
  )

const errorOf = (response: XmlElement | undefined): string | undefined => findChild(response, AUTODISCOVER, 'ErrorCode')?.text
