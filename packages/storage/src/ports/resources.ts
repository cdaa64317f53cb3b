import type { ResourceId } from '../identifiers.ts'

export interface Resource {
  readonly id: ResourceId
  readonly displayName: string
  /** The `aud` of its access tokens. */
  readonly audience: string
  /** Everything a client may call it by in `resource` or before a scope; holds the audience too. Unique in the realm. */
  readonly names: readonly string[]
  /** The OAuth client id that its 401 challenge names. */
  readonly principalId?: string
  readonly scopes: readonly string[]
  readonly algorithm: 'RS256' | 'ES256'
  /** JOSE `typ` of its access tokens. */
  readonly tokenType: 'at+jwt' | 'JWT'
  readonly accessTokenSeconds?: number
  /** Apps that register themselves may ask for its scopes. */
  readonly openToRegistered?: true
  readonly status: 'active' | 'disabled'
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface ResourceStore {
  /** `'conflict'`: the id or one of the names is taken. */
  add(resource: Resource): Promise<'added' | 'conflict'>
  find(id: ResourceId): Promise<Resource | undefined>
  /** By one of its names, to the letter. */
  findByName(name: string): Promise<Resource | undefined>
  list(): Promise<readonly Resource[]>
  replace(resource: Resource): Promise<'replaced' | 'missing' | 'conflict'>
  remove(id: ResourceId): Promise<boolean>
}
