/**
 * Autodiscover as plain XML, the older form that phones ask with name and password: from an address to the ActiveSync server.
 *
 * Pure. It answers for the person who signed in, and does not look for anybody else. It knows the schema of phones
 * (mobilesync) and not the one of Outlook. Sources: [MS-ASCMD] sections 2.2.1.1 and 2.2.2, F 4.3.
 */
import { escapeXml, findChild, parseXml, XmlError } from './soap/xml.ts'

const SCHEMAS = 'http://schemas.microsoft.com/exchange/autodiscover'
const REQUEST = `${SCHEMAS}/mobilesync/requestschema/2006`
const RESPONSE = `${SCHEMAS}/mobilesync/responseschema/2006`

export const AUTODISCOVER_XML = '/autodiscover/autodiscover.xml'

/** Who signed in, and where their mailbox is. */
export type PhoneMailbox = Readonly<{ upn: string; displayName: string; activeSyncUrl: string }>

/** The XML for one request. What cannot be answered is an `Error` inside of it, as the protocol has it. */
export function answerAutodiscoverXml(body: Uint8Array, mailbox: PhoneMailbox): string {
  const asked = readRequest(body)
  if (asked === undefined) return refusal('600', 'The request is malformed.')
  if (asked.schema !== RESPONSE) return refusal('601', 'This server answers phones (mobilesync) only.')
  if (asked.address.toLowerCase() !== mailbox.upn.toLowerCase())
    return refusal('603', 'The address is not that of the person who signed in.')
  const url = escapeXml(mailbox.activeSyncUrl)
  return answer(
    `<Response xmlns="${RESPONSE}"><Culture>en:us</Culture><User><DisplayName>${escapeXml(mailbox.displayName)}</DisplayName>` +
      `<EMailAddress>${escapeXml(mailbox.upn)}</EMailAddress></User><Action><Settings><Server><Type>MobileSync</Type>` +
      `<Url>${url}</Url><Name>${url}</Name></Server></Settings></Action></Response>`,
  )
}

function readRequest(body: Uint8Array): { address: string; schema: string } | undefined {
  try {
    const root = parseXml(body)
    if (root.namespace !== REQUEST || root.name !== 'Autodiscover') return undefined
    const text = (name: string): string => findChild(root, REQUEST, 'Request', name)?.text.trim() ?? ''
    return { address: text('EMailAddress'), schema: text('AcceptableResponseSchema') }
  } catch (error) {
    if (error instanceof XmlError) return undefined
    throw error
  }
}

const refusal = (code: string, message: string): string =>
  answer(
    `<Response><Error Time="" Id=""><ErrorCode>${code}</ErrorCode><Message>${escapeXml(message)}</Message><DebugData/></Error></Response>`,
  )

const answer = (response: string): string =>
  `<?xml version="1.0" encoding="utf-8"?>\n<Autodiscover xmlns="${SCHEMAS}/responseschema/2006">${response}</Autodiscover>\n`
