/** The table of the invariants, I1 to I20. */
import { aCodeGivesOneAnswer } from './i01-a-code-gives-one-answer.ts'
import { aFamilyIsOneLine } from './i02-a-family-is-one-line.ts'
import { whatWasGivenWorks } from './i03-what-was-given-works.ts'
import { aLostAnswerComesAgain } from './i04-a-lost-answer-comes-again.ts'
import { reuseEndsTheFamily } from './i05-reuse-ends-the-family.ts'
import { revokedStaysRevoked } from './i06-revoked-stays-revoked.ts'
import { noTokenWithoutItsRow } from './i07-no-token-without-its-row.ts'
import { rowsNameTheirToken } from './i08-rows-name-their-token.ts'
import { oneTimeThingsCountOnce } from './i09-one-time-things-count-once.ts'
import { failuresStayCounted } from './i10-failures-stay-counted.ts'
import { theDisabledGetNothing } from './i11-the-disabled-get-nothing.ts'
import { signaturesHavePublicKeys } from './i12-signatures-have-public-keys.ts'
import { nobodySharesAnIdentity } from './i13-nobody-shares-an-identity.ts'
import { descendantsMayNoMore } from './i14-descendants-may-no-more.ts'
import { noOrphanWorks } from './i15-no-orphan-works.ts'
import { noticesAreQueued } from './i16-notices-are-queued.ts'
import { nothingWorksAfterItsTime } from './i17-nothing-works-after-its-time.ts'
import { secretsAreNowhereAtRest } from './i18-secrets-are-nowhere-at-rest.ts'
import { requestsNameNoIssuer } from './i19-requests-name-no-issuer.ts'
import { everybodyHearsOfChanges } from './i20-everybody-hears-of-changes.ts'
import type { Invariant } from './invariant.ts'

export const INVARIANTS: readonly Invariant[] = Object.freeze([
  aCodeGivesOneAnswer,
  aFamilyIsOneLine,
  whatWasGivenWorks,
  aLostAnswerComesAgain,
  reuseEndsTheFamily,
  revokedStaysRevoked,
  noTokenWithoutItsRow,
  rowsNameTheirToken,
  oneTimeThingsCountOnce,
  failuresStayCounted,
  theDisabledGetNothing,
  signaturesHavePublicKeys,
  nobodySharesAnIdentity,
  descendantsMayNoMore,
  noOrphanWorks,
  noticesAreQueued,
  nothingWorksAfterItsTime,
  secretsAreNowhereAtRest,
  requestsNameNoIssuer,
  everybodyHearsOfChanges,
])
