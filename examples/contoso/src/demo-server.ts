/**
 * What each of the two demo servers is, read off `.postern/demo.json`.
 *
 * It owns which side has which name, mailboxes and calendars. It opens no port and reads no key: main.ts does.
 */
import { calendarOfJoe, calendarsOnPremises } from './availability/calendars.ts'
import type { DemoFile, DemoServer } from './demo-file.ts'
import type { HybridOptions } from './hybrid/hybrid.ts'
import type { MailServerOptions } from './mail-server.ts'
import { demoCloudMailboxes, demoMailboxes } from './mailboxes.ts'
import { demoPeople } from './people.ts'

export type Side = 'onPremises' | 'cloud'

/** What a server is, but for its key, which is read from the files named here. */
export type SidePlan = Readonly<{
  options: MailServerOptions
  hybrid?: Readonly<{ files: DemoServer; options: Omit<HybridOptions, 'certificate' | 'privateKey'> }>
}>

const withoutSlash = (url: string): string => url.replace(/\/$/, '')
/** One slash at the end may be there or not; nothing else is forgiven. */
const audiencesOf = (resource: string): readonly string[] => [resource, withoutSlash(resource)]

/** Undefined: the file is of an earlier version and knows no cloud. */
export function planSide(demo: DemoFile, side: Side): SidePlan | undefined {
  const { issuer, realm, hybrid } = demo
  if (hybrid === undefined) return side === 'cloud' ? undefined : Object.freeze({ options: onPremises(demo) })
  const [domain, cloudDomain] = [realm.domain, hybrid.cloudDomain]
  const people = demoPeople({ onPremises: domain, cloud: cloudDomain })
  if (side === 'onPremises') {
    const { cloud, cloudServer, cloudResource } = hybrid
    const neighbour = {
      clientId: cloud.clientId,
      domain: cloudDomain,
      baseUrl: withoutSlash(cloudServer),
      resource: cloudResource,
    }
    const options = { neighbour, people, calendars: calendarsOnPremises(domain) }
    return Object.freeze({ options: onPremises(demo), hybrid: { files: hybrid.onPremises, options } })
  }
  const { clientId } = hybrid.onPremises
  const neighbour = { clientId, domain, baseUrl: withoutSlash(demo.mailServer), resource: demo.mailResource }
  return Object.freeze({
    options: Object.freeze({
      issuer,
      audience: audiencesOf(hybrid.cloudResource),
      domain: cloudDomain,
      principalId: hybrid.cloud.clientId,
      baseUrl: withoutSlash(hybrid.cloudServer),
      realm: realm.id,
      mailboxes: demoCloudMailboxes(domain),
    }),
    hybrid: { files: hybrid.cloud, options: { neighbour, people, calendars: [calendarOfJoe(domain)] } },
  })
}

const onPremises = (demo: DemoFile): MailServerOptions =>
  Object.freeze({
    issuer: demo.issuer,
    audience: audiencesOf(demo.mailResource),
    domain: demo.realm.domain,
    principalId: demo.exchangeClientId,
    baseUrl: withoutSlash(demo.mailServer),
    realm: demo.realm.id,
    mailboxes: demoMailboxes(demo.realm.domain),
    ...(demo.webClient === undefined ? {} : { webClient: demo.webClient }),
    ...(demo.gate === undefined ? {} : { gate: demo.gate }),
  })
