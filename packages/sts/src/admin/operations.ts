import type { Operation } from './operation.ts'
import { accountOperations } from './operations/account.ts'
import { auditOperations } from './operations/audit.ts'
import { clientOperations } from './operations/client.ts'
import { clientCredentialOperations } from './operations/client-credential.ts'
import { clientPackOperations } from './operations/client-pack.ts'
import { clientRegistrationOperations } from './operations/client-registration.ts'
import { delegationOperations } from './operations/delegation.ts'
import { hybridOperations } from './operations/hybrid.ts'
import { keyOperations } from './operations/key.ts'
import { mailAppOperations } from './operations/mailapp.ts'
import { mailAppGateOperations } from './operations/mailapp-gate.ts'
import { mailAppPasswordOperations } from './operations/mailapp-password.ts'
import { mailAppRuleOperations } from './operations/mailapp-rule.ts'
import { mailAppServerOperations } from './operations/mailapp-server.ts'
import { mailAppTryOperations } from './operations/mailapp-try.ts'
import { mfaOperations } from './operations/mfa.ts'
import { mfaCampaignOperations } from './operations/mfa-campaign.ts'
import { mfaImportOperations } from './operations/mfa-import.ts'
import { mfaPassOperations } from './operations/mfa-pass.ts'
import { partnerOperations } from './operations/partner.ts'
import { policyOperations } from './operations/policy.ts'
import { policyAuthOperations } from './operations/policy-auth.ts'
import { realmOperations } from './operations/realm.ts'
import { realmAfterRestoreOperations } from './operations/realm-after-restore.ts'
import { resourceOperations } from './operations/resource.ts'

/** Everything that an administrator can do, in the order of the reference. One line for each file of operations. */
export const operations: readonly Operation[] = Object.freeze([
  ...realmOperations,
  ...realmAfterRestoreOperations,
  ...accountOperations,
  ...mfaOperations,
  ...mfaImportOperations,
  ...mfaCampaignOperations,
  ...mfaPassOperations,
  ...clientOperations,
  ...clientCredentialOperations,
  ...clientRegistrationOperations,
  ...resourceOperations,
  ...partnerOperations,
  ...delegationOperations,
  ...hybridOperations,
  ...keyOperations,
  ...policyOperations,
  ...policyAuthOperations,
  ...mailAppOperations,
  ...mailAppGateOperations,
  ...mailAppRuleOperations,
  ...mailAppTryOperations,
  ...mailAppPasswordOperations,
  ...mailAppServerOperations,
  ...clientPackOperations,
  ...auditOperations,
])

/** What each noun is, for help and reference. */
export const nouns = Object.freeze({
  realm: 'Realms: an issuer with its own accounts, clients and keys',
  account: 'People’s accounts',
  mfa: 'Second factors: who must have one, campaigns, access passes, telephone numbers',
  client: 'Programs that ask for tokens',
  resource: 'Servers that accept tokens',
  partner: 'Servers that obtain tokens for each other: certificates, metadata, switches',
  delegation: 'Which servers may act for people, and where',
  hybrid: 'Two mail servers that work together: set up in one go, looked at, taken back',
  key: 'Signing keys',
  policy: 'Who needs what to sign in, and by which protocols mail apps may come (auth-…)',
  mailapp: 'Mail apps that know only a password: who lets them in, access rules, app passwords, mail servers',
  'client-pack': 'Files that set mail programs up: Thunderbird, iPhone, autoconfig',
  audit: 'What was decided and changed',
})
