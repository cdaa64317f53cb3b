/** What the plan of a set-up is made of. */
import type { ReadCertificate } from '../../partners/public-key.ts'
import { describeMade } from './describe.ts'
import type { Made, Rights } from './made.ts'
import type { Snapshot } from './snapshot.ts'

export type Step =
  | { readonly kind: 'make'; readonly made: Exclude<Made, { kind: 'certificate' | 'delegation' }> }
  | { readonly kind: 'make-certificate'; readonly made: Extract<Made, { kind: 'certificate' }>; readonly key: ReadCertificate }
  /** A certificate of an earlier set-up that its server has no more. */
  | { readonly kind: 'drop-certificate'; readonly client: string; readonly credential: string; readonly x5t: string }
  /** A resource of an earlier set-up, whose server has moved. */
  | {
      readonly kind: 'move'
      readonly resource: string
      readonly from: string
      readonly to: string
      readonly names: readonly string[]
    }
  /** Names that an earlier set-up gave a resource, for an address that is no more. */
  | { readonly kind: 'drop-names'; readonly resource: string; readonly names: readonly string[] }
  /** What an earlier set-up let a server ask for, and is not to have any more. */
  | { readonly kind: 'drop-access'; readonly client: string; readonly resource: string; readonly scopes: readonly string[] }
  /** `narrows`: somebody is not acted for any more, or with less. */
  | {
      readonly kind: 'delegate'
      readonly made: Extract<Made, { kind: 'delegation' }>
      readonly to: Rights
      readonly narrows: boolean
    }
  /** Its document was had just now, although the last reading by itself came to nothing. */
  | { readonly kind: 'note-reading'; readonly client: string }

export interface Item {
  readonly what: string
  /** Absent: it is so already. */
  readonly step?: Step
}

/** `audienceOf`: how people know a resource, also one that is still to be made. */
export type Named = Snapshot & { readonly audienceOf: (id: string) => string }

/** A part of the plan: done by `step`, or there already. */
export const toItem = (at: Named, made: Made, step: Step | undefined): Item =>
  Object.freeze({ what: describeMade(made, at.audienceOf), ...(step === undefined ? {} : { step }) })

export const make = (at: Named, made: Exclude<Made, { kind: 'certificate' | 'delegation' }>, isMissing: boolean): Item =>
  toItem(at, made, isMissing ? { kind: 'make', made } : undefined)
