/**
 * The SOAP 1.1 envelope: what it carries, and how a refusal looks in it.
 *
 * It owns the envelope and faults. It does not know any operation, and takes no attachment and no header that must be
 * understood: Exchange's own headers (time zone, server version, WS-Addressing) are informative here.
 */
import { escapeXml, findChild, parseXml, type XmlElement } from './xml.ts'

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/'
const EWS_TYPES = 'http://schemas.microsoft.com/exchange/services/2006/types'
const EWS_ERRORS = 'http://schemas.microsoft.com/exchange/services/2006/errors'

export type SoapFaultCode = 'ErrorSchemaValidation' | 'ErrorInvalidOperation'

/** A request that gets a fault instead of an answer. The message is shown to the caller. */
export class SoapFault extends Error {
  readonly code: SoapFaultCode

  constructor(code: SoapFaultCode, message: string) {
    super(message)
    this.name = 'SoapFault'
    this.code = code
  }
}

export type SoapAnswer = Readonly<{ status: 200 | 500; type: string; body: string }>

/**
 * The one element of the body of an envelope.
 * @throws {SoapFault} `ErrorSchemaValidation` for anything but an envelope with one element in its one body.
 * @throws {XmlError}
 */
export function parseEnvelope(bytes: Uint8Array): XmlElement {
  const root = parseXml(bytes)
  const bodies = root.children.filter((one) => one.namespace === SOAP && one.name === 'Body')
  const [operation, more] = bodies[0]?.children ?? []
  if (root.namespace !== SOAP || root.name !== 'Envelope' || bodies.length !== 1 || operation === undefined || more !== undefined)
    throw new SoapFault('ErrorSchemaValidation', 'The request is not a SOAP 1.1 envelope with one operation.')
  return operation
}

/** The calendars of 100 people for weeks are long. */
const MOST_ANSWERED = 50_000

/** The one element of the body of an answer; undefined for a fault or for something else. For clients. */
export function readAnswer(bytes: Uint8Array): XmlElement | undefined {
  const answer = findChild(parseXml(bytes, MOST_ANSWERED), SOAP, 'Body')?.children[0]
  return answer?.namespace === SOAP ? undefined : answer
}

/** @param body XML that is well-formed by itself. */
export const renderEnvelope = (body: string, header = ''): string =>
  [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<s:Envelope xmlns:s="${SOAP}">`,
    ...(header === '' ? [] : [`<s:Header>${header}</s:Header>`]),
    '<s:Body>',
    body,
    '</s:Body></s:Envelope>',
    '',
  ].join('\n')

export const soapAnswer = (body: string): SoapAnswer =>
  Object.freeze({ status: 200, type: 'text/xml; charset=utf-8', body: renderEnvelope(body) })

/** SOAP 1.1 section 6.2: a fault travels with status 500. */
export function soapFault({ code, message }: Readonly<{ code: string; message: string }>): SoapAnswer {
  const text = escapeXml(message)
  return Object.freeze({
    status: 500,
    type: 'text/xml; charset=utf-8',
    body: renderEnvelope(
      [
        `<s:Fault><faultcode xmlns:t="${EWS_TYPES}">t:${code}</faultcode><faultstring xml:lang="en">${text}</faultstring>`,
        `<detail><e:ResponseCode xmlns:e="${EWS_ERRORS}">${code}</e:ResponseCode><e:Message xmlns:e="${EWS_ERRORS}">${text}</e:Message></detail>`,
        '</s:Fault>',
      ].join('\n'),
    ),
  })
}
