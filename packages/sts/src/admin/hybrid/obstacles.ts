import { isAllowedAddress } from '../../partners/allowed-address.ts'
import { type ReadingRefusalCode, readingRefusals } from '../../partners/errors.ts'
import { howToAllow } from '../partner-hosts.ts'
import type { HybridRecord } from './made.ts'
import { describeDeviation } from './rights.ts'
import { accessOf, delegationOf, type Snapshot } from './snapshot.ts'

export interface Obstacle {
  /** With the command that helps. */
  readonly what: string
  /** Whether another set-up would remove it as well. */
  readonly setUpHelps: boolean
}

interface Surroundings {
  readonly now: Date
  readonly partnerHosts: readonly string[]
}

/**
 * What keeps a hybrid from working that no part of its record shows, each with the command that helps. Pure. A right that was
 * there before the set-up is in no record, and is missed all the same when it goes.
 */
export function obstaclesOf(snapshot: Snapshot, record: HybridRecord, around: Surroundings): readonly Obstacle[] {
  const { onPremises, cloud } = record
  return Object.freeze([
    ...[onPremises, cloud].flatMap(({ client }) => obstaclesOfServer(snapshot, client, around)),
    ...wrongRights(snapshot, record, { client: onPremises.client, url: cloud.url }),
    ...wrongRights(snapshot, record, { client: cloud.client, url: onPremises.url }),
  ])
}

const alone = (what: string): Obstacle => Object.freeze({ what, setUpHelps: false })
const bySetUp = (what: string): Obstacle => Object.freeze({ what, setUpHelps: true })

function obstaclesOfServer(snapshot: Snapshot, id: string, around: Surroundings): readonly Obstacle[] {
  const client = snapshot.clients.get(id)
  if (client === undefined) return [bySetUp(`the client ${id} is gone`)]
  const certificates = snapshot.certificates.filter((one) => one.client === id)
  const isGood = ({ expiresAt }: { expiresAt?: Date | undefined }) => expiresAt === undefined || around.now < expiresAt
  const { metadataUrl, metadataProblem: problem } = snapshot.partners.get(id) ?? {}
  const another = metadataUrl === undefined ? `postern client add-key ${id} <certificate-file>` : `postern partner refresh ${id}`
  return [
    ...(client.status === 'disabled' ? [alone(`the client ${id} is disabled: postern client enable ${id}`)] : []),
    ...(certificates.length === 0 ? [alone(`${id} has no certificate: ${another}`)] : []),
    ...(certificates.length > 0 && !certificates.some(isGood) ? [alone(`all certificates of ${id} have ended: ${another}`)] : []),
    ...(problem === undefined || metadataUrl === undefined
      ? []
      : [
          alone(
            `the metadata of ${id} was not taken: ${problem}. ${cureOf(problem, metadataUrl, around)}postern partner refresh ${id}`,
          ),
        ]),
  ]
}

/** What to do before it is read again. `problem`: as `partners` keeps it, with its code in front. */
function cureOf(problem: string, url: string, { partnerHosts }: Surroundings): string {
  const code = problem.slice(0, problem.indexOf(':'))
  if (code === 'host_not_allowed')
    return isAllowedAddress(url, partnerHosts)
      ? 'It is allowed now: '
      : `If it is right, ${howToAllow([new URL(url).host], partnerHosts)}, start the service anew, and then: `
  return isReadingRefusal(code) ? `${readingRefusals[code].remedy} Then: ` : 'When that is over: '
}

const isReadingRefusal = (code: string): code is ReadingRefusalCode => Object.hasOwn(readingRefusals, code)

function wrongRights(
  snapshot: Snapshot,
  { made, wish }: HybridRecord,
  { client, url }: { client: string; url: string },
): readonly Obstacle[] {
  const resource = snapshot.resources.find(({ names }) => names.includes(url))
  if (resource === undefined)
    return made.some(({ kind }) => kind === 'resource' || kind === 'resource-names')
      ? []
      : [bySetUp(`no resource has the name ${url}`)]
  const isRecorded = (kind: 'access' | 'delegation') =>
    made.some((one) => one.kind === kind && one.client === client && one.resource === resource.id)
  if (!isRecorded('access') && accessOf(snapshot.clients.get(client), resource.id) === undefined)
    return [bySetUp(`${client} may not ask for ${url}: postern client grant ${client} ${url}`)]
  const delegation = delegationOf(snapshot, client, resource.id)
  if (delegation === undefined)
    return isRecorded('delegation')
      ? []
      : [bySetUp(`${client} may act for nobody at ${url}: postern delegation grant ${client} --resource ${url}`)]
  const deviation = wish && describeDeviation(delegation, wish)
  return deviation === undefined ? [] : [bySetUp(`what ${client} may do for people at ${url} ${deviation}`)]
}
