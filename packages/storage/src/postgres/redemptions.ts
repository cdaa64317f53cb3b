import type { FirstOfFamily, RedemptionStore } from '../ports/redemptions.ts'
import { toAccount } from './accounts.ts'
import { artifactHash, grantHash, openArtifact, openGrant, sealGrant } from './artifacts.ts'
import { toNewRow } from './audit.ts'
import { CODE, type Redemption } from './code-redemption.ts'
import { refreshHash, sealRefreshToken } from './refresh-tokens.ts'
import { isText, isUuid, type RealmPart } from './row.ts'

export function createRedemptionStore({ realmId, sealer, readCode, redeem }: RealmPart): RedemptionStore {
  const hashOf = (code: string) => artifactHash(sealer, realmId, CODE, code)

  const toFamily = (
    { sessionId, grant, familyEndsAt, token }: FirstOfFamily,
    of: { readonly id: string; readonly hash: Uint8Array },
  ): NonNullable<Redemption['family']> => {
    const tokenHash = refreshHash(sealer, realmId, token.handle)
    return {
      id: of.id,
      sessionId: sessionId ?? null,
      endsAt: familyEndsAt,
      grantSealed: sealGrant(sealer, realmId, of.hash, grant),
      tokenHash,
      tokenSealed: sealRefreshToken(sealer, realmId, tokenHash, token.payload),
      issuedAt: token.issuedAt,
      expiresAt: token.expiresAt,
    }
  }

  return Object.freeze({
    async findUnused(code) {
      const hash = hashOf(code)
      const row = await readCode({ realmId, hash })
      if (row === undefined) return undefined
      return Object.freeze({
        code: openArtifact(sealer, realmId, { kind: CODE, hash }, row.code_sealed),
        grant: openGrant(sealer, realmId, row.grant_hash, row.grant_sealed),
        account: toAccount(row),
      })
    },
    async redeem({ code, grantId, accountId, at, family, trail }) {
      if (!isText(grantId) || !isUuid(accountId)) return false
      const grant = grantHash(sealer, realmId, grantId)
      return redeem({
        realmId,
        hash: hashOf(code),
        accountId,
        grantHash: grant,
        usedAt: at,
        family: family && toFamily(family, { id: grantId, hash: grant }),
        trail: toNewRow(realmId, trail),
      })
    },
  } satisfies RedemptionStore)
}
