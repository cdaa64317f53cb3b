import type { Account } from '@postern/storage'
import { RequestProblem } from '../http/problems.ts'
import type { RealmView } from '../http/realm-view.ts'
import { type Feature, file, route, type SentFile } from '../http/route.ts'
import { type ClientPackFacts, type PackFileName, packFileNames, renderClientPack } from './client-pack.ts'

/** As long as other public documents of a realm. */
const PUBLIC_SECONDS = 300

/** Files in which a person's address spares typing. They are in the portal only. */
const personal: ReadonlySet<string> = new Set<PackFileName>(['mail.mobileconfig'])

export interface ClientPacks {
  /** The files without anybody's address, for everybody: `{issuer}/client-pack/{name}`. They say nothing that is secret. */
  readonly feature: Feature
  /** What there is for a person of this realm, and where. */
  setupFiles(realm: RealmView): Promise<readonly { readonly name: string; readonly address: string }[]>
  /** A file with this person's address in it. `undefined`: there is none of this name. */
  personalFile(person: Pick<Account, 'address' | 'displayName'>, name: string): Promise<SentFile | undefined>
}

/** `factsOf`: those of the realm whose request is being answered, for this person or for everybody. */
export function createClientPacks({
  factsOf,
}: {
  factsOf: (person: ClientPackFacts['person']) => Promise<ClientPackFacts>
}): ClientPacks {
  const render = async (person?: ClientPackFacts['person']) => renderClientPack(await factsOf(person))

  return Object.freeze({
    feature: Object.freeze({
      name: 'client-pack',
      routes: [
        route('GET /client-pack/:name', {}, async ({ params: { name } }) => {
          const isKnown = packFileNames.some((one) => one === name)
          const found = isKnown ? (await render()).find((one) => one.name === name) : undefined
          if (found === undefined)
            throw new RequestProblem('not_found', { detail: 'no such file, or the realm lacks what it says' })
          return file({ ...found, publicSeconds: PUBLIC_SECONDS })
        }),
      ],
    }),
    async setupFiles({ path }: RealmView) {
      return (await render()).map(({ name }) => ({
        name,
        address: personal.has(name) ? `${path}/portal/setup/${name}` : `${path}/client-pack/${name}`,
      }))
    },
    async personalFile({ address, displayName }: Pick<Account, 'address' | 'displayName'>, name: string) {
      return personal.has(name) ? (await render({ address, displayName })).find((one) => one.name === name) : undefined
    },
  })
}
