/** Coverage-guided fuzzing of what a mail server reads as SOAP: an operation, or one of its own refusals. Run by `pnpm fuzz`. */
import { AvailabilityRefused, parseAvailabilityQuery } from '../availability/query.ts'
import { parseAutodiscoverRequest } from './autodiscover-soap.ts'
import { parseEnvelope, SoapFault } from './envelope.ts'
import { XmlError } from './xml.ts'

const parsers = [parseAvailabilityQuery, parseAutodiscoverRequest] as const

export function fuzz(data: Buffer): void {
  for (const parse of parsers) {
    try {
      parse(parseEnvelope(data))
    } catch (error) {
      if (!(error instanceof SoapFault || error instanceof XmlError || error instanceof AvailabilityRefused)) throw error
    }
  }
}
