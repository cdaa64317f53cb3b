/**
 * crockford writes secrets so that people can read them out and type them: base 32 in the alphabet of Douglas Crockford,
 * which has no letter that looks like a digit, and no U. It owns the alphabet, the groups, and what is forgiven when
 * somebody types. It does not own what the secrets are for.
 * @module
 */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** 16 characters of 5 bits: 80 bits, more than the 64 that look-up secrets need (NIST SP 800-63B-4 section 3.1.2). */
const secretCharacters = 16

/** A secret of 80 bits as it is kept: 16 characters without groups. `random` gives n bytes. */
export function drawSecret(random: (bytes: number) => Uint8Array): string {
  // 256 is a multiple of 32, so the low five bits of a byte are as even as the byte.
  return Array.from(random(secretCharacters), (byte) => alphabet[byte & 31]).join('')
}

/** As it is shown: `ABCD-EFGH-JKMN-PQRS`. */
export const inGroups = (secret: string): string => secret.match(/.{1,4}/g)?.join('-') ?? secret

/**
 * What was meant by what was typed, without groups. Forgives case, spaces, dashes, full-width letters, O for 0, and I or L
 * for 1. `undefined`: not 16 characters of the alphabet, so no secret of ours.
 */
export function secretTyped(typed: string): string | undefined {
  if (typed.length > 64) return undefined
  const secret = typed
    .normalize('NFKC')
    .replace(/[\s\p{Pd}_.]/gu, '')
    .toUpperCase()
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1')
  return secret.length === secretCharacters && [...secret].every((character) => alphabet.includes(character)) ? secret : undefined
}
