/**
 * Exchange Web Services: GetUserAvailability, and a page that says who came in.
 *
 * It owns which operation is there. What is in a calendar, and for whom, is availability/'s business; who may come in is
 * access.ts's. Every other operation gets a SOAP fault that says so.
 */
import { renderAvailability } from './availability/answer.ts'
import type { Availability, AvailabilityRequest } from './availability/availability.ts'
import { AvailabilityRefused, MESSAGES, parseAvailabilityQuery } from './availability/query.ts'
import { parseEnvelope, type SoapAnswer, SoapFault, soapAnswer, soapFault } from './soap/envelope.ts'
import { XmlError } from './soap/xml.ts'

export type EwsAnswer = SoapAnswer

export const answerEwsPage = (upn: string): EwsAnswer =>
  Object.freeze({ status: 200, type: 'text/plain', body: `Exchange Web Services for ${upn}\n` })

/** Answers one SOAP request; what cannot be answered is a fault, never an exception. */
export async function answerEws(body: Uint8Array, request: AvailabilityRequest, availability: Availability): Promise<EwsAnswer> {
  try {
    const operation = parseEnvelope(body)
    if (operation.namespace !== MESSAGES || operation.name !== 'GetUserAvailabilityRequest')
      throw new SoapFault('ErrorInvalidOperation', 'This server has one operation, GetUserAvailability.')
    const query = parseAvailabilityQuery(operation)
    return soapAnswer(renderAvailability(await availability(query, request), query))
  } catch (error) {
    return faultFor(error)
  }
}

/** The fault for what a caller sent; anything else is thrown on. */
export function faultFor(error: unknown): SoapAnswer {
  if (error instanceof SoapFault || error instanceof AvailabilityRefused) return soapFault(error)
  if (error instanceof XmlError) return soapFault({ code: 'ErrorSchemaValidation', message: error.message })
  throw error
}
