/**
 * Exchange Web Services, the outside of it: shows that the guard lets the right people in. Pure.
 *
 * A GET says who came in, as Exchange's own page does. Operations are not there: a POST gets a SOAP fault that says so.
 */
import type { Mailbox } from './mailboxes.ts'

export type EwsAnswer = Readonly<{ status: 200 | 500; type: string; body: string }>

const FAULT_TYPES = 'http://schemas.microsoft.com/exchange/services/2006/types'
const FAULT_ERRORS = 'http://schemas.microsoft.com/exchange/services/2006/errors'

export function answerEws(method: string, body: Uint8Array, mailbox: Mailbox): EwsAnswer {
  if (method !== 'POST')
    return Object.freeze({ status: 200, type: 'text/plain', body: `Exchange Web Services for ${mailbox.upn}\n` })
  const text = Buffer.from(body).toString('utf8')
  const looksLikeSoap = /<(?:[\w.-]+:)?Envelope[\s>]/.test(text)
  const [code, message] = looksLikeSoap
    ? ['ErrorInvalidOperation', 'This demo server has no operations. It shows who may come in.']
    : ['ErrorSchemaValidation', 'The request is not a SOAP envelope.']
  // SOAP 1.1 section 6.2: a fault travels with status 500.
  return Object.freeze({ status: 500, type: 'text/xml; charset=utf-8', body: renderFault(code, message) })
}

function renderFault(code: string | undefined, message: string | undefined): string {
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>',
    `<faultcode xmlns:t="${FAULT_TYPES}">t:${code}</faultcode><faultstring xml:lang="en">${message}</faultstring>`,
    `<detail><e:ResponseCode xmlns:e="${FAULT_ERRORS}">${code}</e:ResponseCode><e:Message xmlns:e="${FAULT_ERRORS}">${message}</e:Message></detail>`,
    '</s:Fault></s:Body></s:Envelope>',
    '',
  ].join('\n')
}
