/** Branded identifiers: an account's id cannot be passed where a realm's is due. */
declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** UUID of a realm. */
export type RealmId = Branded<'RealmId'>
/** UUID of an account; also the `sub` and `oid` of its tokens. */
export type AccountId = Branded<'AccountId'>
/** OAuth client identifier, at most 128 visible ASCII characters; usually a UUID. */
export type ClientId = Branded<'ClientId'>
/** UUID of a resource server's registration. */
export type ResourceId = Branded<'ResourceId'>
/** UUID of a person's authenticator. */
export type AuthenticatorId = Branded<'AuthenticatorId'>
/** Identifier of a refresh family; equals the id of the oidc-provider grant that it grew from. */
export type FamilyId = Branded<'FamilyId'>

export const RealmId = { of: (value: string): RealmId => value as RealmId } // the brand has no runtime part
export const AccountId = { of: (value: string): AccountId => value as AccountId }
export const ClientId = { of: (value: string): ClientId => value as ClientId }
export const ResourceId = { of: (value: string): ResourceId => value as ResourceId }
export const AuthenticatorId = { of: (value: string): AuthenticatorId => value as AuthenticatorId }
export const FamilyId = { of: (value: string): FamilyId => value as FamilyId }
