/** What is known about one sign-in or one token request when it is judged. */
export interface Signals {
  readonly account: { readonly id: string; readonly upn: string; readonly groups: readonly string[] }
  readonly client: { readonly id: string }
  /** What the token would be for: the id, the audience or the name that policies use. `undefined`: nothing in particular was asked for. */
  readonly resource?: string | undefined
  /** IP address of the caller as text. `undefined`: not known. */
  readonly source?: string | undefined
  readonly flow: Flow
  /** By which mail protocol an app came (`mail/protocols.ts`). Only of the flow `mail-app`. */
  readonly protocol?: string | undefined
  /** Values of `amr` (RFC 8176) that this session has shown so far. */
  readonly evidence: readonly string[]
}

/**
 * How the caller came here: a browser at `/authorize`, a device code, a refresh token, a token handed in for another one,
 * `client`: a program for itself, without a person (client credentials), or `mail-app`: an app at a mail server that asks the gate.
 */
export type Flow = (typeof flows)[number]
export const flows = ['authorization', 'device', 'refresh', 'exchange', 'client', 'mail-app'] as const
