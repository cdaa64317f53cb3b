/**
 * AutoDetect: the first question of a mobile mail client, "what serves this address?", asked with a header.
 *
 * Pure. In the wild a cloud service of the client's maker answers it; this stands in for that service, so that
 * the whole walk can be tried on one machine. It answers by domain only.
 */
import { parseDomain } from './autodiscover.ts'

export type AutodetectAnswer = Readonly<{ status: 200 | 400; body: Readonly<Record<string, unknown>> }>

/** @param email the value of the `x-email` header. */
export function answerAutodetect(email: string | undefined, options: { domain: string; baseUrl: string }): AutodetectAnswer {
  const domain = email === undefined ? undefined : parseDomain(email)
  if (email === undefined || domain === undefined) {
    return Object.freeze({ status: 400, body: Object.freeze({ error: 'The header x-email must hold one mail address.' }) })
  }
  const protocol = {
    service: 'office365',
    protocol: 'eas',
    hostname: new URL(options.baseUrl).host,
    aad: false,
    onprem: true,
    insecure: false,
  }
  const known = domain === options.domain.toLowerCase()
  return Object.freeze({
    status: 200,
    body: Object.freeze({ email, services: [], protocols: known ? [Object.freeze(protocol)] : [] }),
  })
}
