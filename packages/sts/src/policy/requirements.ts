/**
 * Whether what a person has shown is more than a password. `amr` values are those of RFC 8176; in this house `hwk` and
 * `swk` come from WebAuthn only, and `mfa` beside them says that the authenticator checked its owner too (PIN, finger).
 * E-mail is no factor (NIST SP 800-63B-4 section 3.1.3.1), so no value here stands for it.
 */
type Satisfied = (evidence: ReadonlySet<string>) => boolean

/** A key that answers to one origin only, together with something that shows who holds it. A bare key is one factor. */
const phishingResistant: Satisfied = (evidence) =>
  (evidence.has('hwk') || evidence.has('swk')) && (evidence.has('pwd') || evidence.has('mfa'))

/** `mca`: a sign-in that its owner let in from where they were signed in already (multiple-channel authentication). */
const secondFactor: Satisfied = (evidence) =>
  (evidence.has('pwd') && (evidence.has('otp') || evidence.has('sms') || evidence.has('mca'))) || phishingResistant(evidence)

/** Everything a policy can ask for, the stronger one later. */
export const requirements = {
  'second-factor': secondFactor,
  'phishing-resistant': phishingResistant,
} as const satisfies Record<string, Satisfied>

export type Requirement = keyof typeof requirements
export const requirementNames = Object.keys(requirements) as Requirement[] // Object.keys forgets the names that the table is known to have

/** Whether the evidence meets the requirement. Does NOT look at when it was shown. */
export const isSatisfied = (requirement: Requirement, evidence: readonly string[] | ReadonlySet<string>): boolean =>
  requirements[requirement](evidence instanceof Set ? evidence : new Set(evidence))
