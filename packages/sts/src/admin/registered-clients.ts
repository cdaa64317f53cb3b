/** Clients that registered themselves, gone through page by page: there may be many. */
import type { Client, ClientRegistration, RealmStore, Resource } from '@postern/storage'
import type { RealmPorts } from './operation.ts'

export interface RegisteredClient {
  readonly client: Client
  readonly registration: ClientRegistration
}

/** All of them, in order of their identifiers. One that goes meanwhile may be left out. */
export async function* eachRegistered(kept: RealmStore): AsyncGenerator<RegisteredClient, void, undefined> {
  const limit = 200
  for (let after: string | undefined; ; ) {
    const page = await kept.clientRegistrations.list({ limit, ...(after === undefined ? {} : { after }) })
    for (const registration of page) {
      const client = await kept.clients.find(registration.clientId)
      if (client !== undefined) yield { client, registration }
    }
    if (page.length < limit) return
    after = page.at(-1)?.clientId
  }
}

/** Takes a resource away from them, and the sign-ins that they hold. To be called in the transaction that closes it. */
export async function closeToRegistered({ kept, clock }: RealmPorts, resource: Pick<Resource, 'id'>): Promise<void> {
  const at = clock()
  for await (const { client } of eachRegistered(kept)) {
    const access = client.access.filter(({ resourceId }) => resourceId !== resource.id)
    if (access.length === client.access.length) continue
    await kept.refreshTokens.revokeByClient(client.id, { at, because: 'access withdrawn' })
    await kept.clients.replace({ ...client, access, updatedAt: at })
  }
}
