/**
 * Who the developer says is known: clients, people and servers that the target was told of before the run.
 *
 * It owns these shapes only. Reading them from a file is target-file.ts; what is missing makes modules skip, never pass.
 */
import type { LocalIssuer } from './local-issuer/local-issuer.ts'

export type ClientAuthentication = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'

/** A client that the issuer knows. */
export interface KnownClient {
  readonly clientId: string
  /** Registered, letter for letter. */
  readonly redirectUri: string
  readonly secret?: string
  /** Default: `private_key_jwt` with a key, `client_secret_basic` with a secret, `none` otherwise. */
  readonly authentication?: ClientAuthentication
  /** PEM. Its public part is registered at the issuer. */
  readonly privateKey?: string
  /** The `kid` under which it is registered. */
  readonly keyId?: string
  readonly postLogoutRedirectUri?: string
  /** Where the issuer sends logout tokens: an http address of this machine, at which the kit listens. */
  readonly backchannelLogoutUri?: string
  /** Everything the client may ask for, separated by spaces. Default `openid`. */
  readonly scope?: string
  /** RFC 8707: the resource to ask tokens for. */
  readonly resource?: string
}

/** The five clients that modules ask for. `public` is today's `client`; each may be absent. */
export interface KnownClients {
  readonly public?: KnownClient
  readonly confidential?: KnownClient
  /** Another one, confidential, which must not be able to use what the first was given. */
  readonly second?: KnownClient
  /** One that signs assertions. */
  readonly keyed?: KnownClient
  /** One that may use the device flow. */
  readonly device?: KnownClient
}

/** Somebody with an account at the issuer, for tests only: the kit types this password into its pages. */
export interface KnownPerson {
  readonly username: string
  readonly password: string
  /** Base32, as authenticator apps take it. */
  readonly totpSecret?: string
}

/** A guarded address that takes the issuer's own tokens. */
export interface KnownResource {
  /** An address that asks for a Bearer token and answers GET. */
  readonly url: string
  /** A token that it accepts now. */
  readonly token?: string
  /** The name in `aud`, as the issuer takes it in `resource` (RFC 8707). */
  readonly audience?: string
  readonly scope?: string
  /** Another resource of the same issuer, whose tokens this one must refuse. */
  readonly otherAudience?: string
}

export interface Registration {
  /** RFC 7591 section 3: the token that opens the registration endpoint, where it is not open to all. */
  readonly initialAccessToken?: string
}

/** A mail server that trusts the kit's own issuer: everything about tokens can be tried with it. */
export interface KnownMailServer {
  /** A guarded address of it that answers GET. */
  readonly url: string
  /** What it expects in `aud`. */
  readonly audience: string
  /** Where on loopback the kit's issuer listens, as the mail server was told. Default: a free port. */
  readonly issuerPort?: number
  /** The kit's issuer, where somebody has started it already. Default: the first module that needs it starts it. */
  readonly localIssuer?: LocalIssuer
  /** What the address asks for in `scope`. Default: it asks for no scope in particular. */
  readonly scope?: string
  /** The mail address of somebody with a mailbox there: `upn` of the good token. */
  readonly person?: string
  /** More members of the good token, such as `sub` or `roles`. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** It answers Basic and other older ways to sign in. */
  readonly legacy?: boolean
  /** Starts it: a program and its arguments. `POSTERN_CONFORMANCE_ISSUER` in its environment names the kit's issuer. */
  readonly command?: readonly string[]
  /** Addresses that ask for more than a good token. */
  readonly demands?: {
    /** Asks for this `acr`. */
    readonly assurance?: { readonly url: string; readonly acr: string }
    /** Asks for a sign-in that is not older. */
    readonly recentSignIn?: { readonly url: string; readonly maxAgeSeconds: number }
  }
  /** How long it may go on with the keys that it has: until it finds a new one, and until it refuses one that was withdrawn. */
  readonly keySeconds?: { readonly newKey?: number; readonly withdrawn?: number }
  readonly actAs?: KnownActing
}

/** Takes tokens of a server that acts for people. The kit is that server's token service, and that server. */
export interface KnownActing {
  /** The address at which it may act. */
  readonly url: string
  /** Default: GET. */
  readonly method?: string
  readonly contentType?: string
  readonly body?: string
  /** The mail server's own name: `client_id/host@realm`. The realm is that of the kit's issuer. */
  readonly principal: string
  /** The client id of the acting server. It signs by the certificate at `{kit}/partners/actor/metadata/json/1`. */
  readonly actor: string
  /** Mail addresses: somebody for whom it may act, another one, and those for whom it may not. */
  readonly person: string
  readonly secondPerson?: string
  readonly ambiguous?: string
  readonly disabled?: string
  readonly administrator?: string
  /** A guarded address at which the server was granted nothing. */
  readonly elsewhere?: string
}

/** A mail client under test: the kit plays issuer and mail server. */
export interface ClientUnderTest {
  /** A program and its arguments, started once for each scene. Its environment says where everything is: `POSTERN_CONFORMANCE_*`. */
  readonly command?: readonly string[]
  /** How long one scene waits for the client. Default 30. */
  readonly waitSeconds?: number
  /** What the client calls itself at the kit's issuer. Default: `conformance-client`. */
  readonly clientId?: string
  /** Where it takes answers, as it would be registered; a port on loopback is the client's to choose. */
  readonly redirectUri?: string
  /** Whose mail it reads. Default: `mary@conformance.example`. */
  readonly address?: string
  /** Where on loopback the kit listens, for clients that cannot be told each time. Default: free ports. */
  readonly issuerPort?: number
  readonly mailPort?: number
  /** The client as a function, in place of a command. It returns the exit code. */
  readonly run?: (setting: ClientSetting) => Promise<number>
  /** Hears where to point a client that is worked by hand. */
  readonly announce?: (line: string) => void
}

/** What a client is told of a scene; a command is told the same in its environment. */
export interface ClientSetting {
  /** The claim that is tried, in kebab-case. */
  readonly module: string
  /** The one issuer at which the person wants to sign in. */
  readonly issuer: string
  /** The base of the mail server. */
  readonly mail: string
  readonly clientId: string
  readonly redirectUri: string
  readonly address: string
  /** The password with which the client read this mail before the server knew tokens. */
  readonly password: string
  readonly flow: 'code' | 'device'
  /** How often to read the inbox before it ends. */
  readonly reads: number
  /** The proxy for plain http beyond this machine. */
  readonly proxy: string
  /** Seconds since 1970. */
  now(): number
  wait(milliseconds: number): Promise<void>
}
