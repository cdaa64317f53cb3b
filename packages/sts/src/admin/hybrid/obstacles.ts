import type { HybridRecord } from './made.ts'
import { accessOf, delegationOf, type Snapshot } from './snapshot.ts'

/**
 * What keeps a hybrid from working that no part of its record shows, each with the command that helps. Pure. A right that was
 * there before the set-up is in no record, and is missed all the same when it goes.
 */
export function obstaclesOf(snapshot: Snapshot, record: HybridRecord, now: Date): readonly string[] {
  const { onPremises, cloud } = record
  return Object.freeze([
    ...[onPremises, cloud].flatMap(({ client }) => obstaclesOfServer(snapshot, client, now)),
    ...lackedRights(snapshot, record, { client: onPremises.client, url: cloud.url }),
    ...lackedRights(snapshot, record, { client: cloud.client, url: onPremises.url }),
  ])
}

function obstaclesOfServer(snapshot: Snapshot, id: string, now: Date): readonly string[] {
  const client = snapshot.clients.get(id)
  if (client === undefined) return [`the client ${id} is gone`]
  const certificates = snapshot.certificates.filter((one) => one.client === id)
  const isGood = ({ expiresAt }: { expiresAt?: Date | undefined }) => expiresAt === undefined || now < expiresAt
  const { metadataUrl, metadataProblem: problem } = snapshot.partners.get(id) ?? {}
  const another = metadataUrl === undefined ? `postern client add-key ${id} <certificate-file>` : `postern partner refresh ${id}`
  return [
    ...(client.status === 'disabled' ? [`the client ${id} is disabled: postern client enable ${id}`] : []),
    ...(certificates.length === 0 ? [`${id} has no certificate: ${another}`] : []),
    ...(certificates.length > 0 && !certificates.some(isGood) ? [`all certificates of ${id} have ended: ${another}`] : []),
    ...(problem === undefined ? [] : [`the metadata of ${id} was not taken: ${problem}`]),
  ]
}

function lackedRights(snapshot: Snapshot, { made }: HybridRecord, { client, url }: { client: string; url: string }) {
  const resource = snapshot.resources.find(({ names }) => names.includes(url))
  if (resource === undefined)
    return made.some(({ kind }) => kind === 'resource' || kind === 'resource-names') ? [] : [`no resource has the name ${url}`]
  const isRecorded = (kind: 'access' | 'delegation') =>
    made.some((one) => one.kind === kind && one.client === client && one.resource === resource.id)
  if (!isRecorded('access') && accessOf(snapshot.clients.get(client), resource.id) === undefined)
    return [`${client} may not ask for ${url}: postern client grant ${client} ${url}`]
  if (!isRecorded('delegation') && delegationOf(snapshot, client, resource.id) === undefined)
    return [`${client} may act for nobody at ${url}: postern delegation grant ${client} --resource ${url}`]
  return []
}
