/**
 * app-secret writes the secret of an app password so that people can type it into a telephone: small letters and digits, none
 * of which looks like another.
 */
const alphabet = 'abcdefghjkmnpqrstvwxyz23456789'

/** 20 of 30 characters: 98 bits. Nobody finds one by trying, so tries are not counted (NIST SP 800-63B-4 section 3.1.2). */
const secretCharacters = 20

const isSecret = new RegExp(`^[${alphabet}]{${secretCharacters}}$`)

/** What was typed is not looked at beyond this. */
const longestTyped = 64

/** A secret as it is kept in mind: without groups. `random` gives n bytes. */
export function drawAppSecret(random: (bytes: number) => Uint8Array): string {
  let secret = ''
  while (secret.length < secretCharacters) {
    // 240 is a multiple of 30; a byte beyond it would make the first letters likelier than the others.
    for (const byte of random(secretCharacters)) if (byte < 240) secret += alphabet[byte % alphabet.length]
  }
  return secret.slice(0, secretCharacters)
}

/** As it is shown: `abcd-efgh-jkmn-pqrs-tvwx`. */
export const inFours = (secret: string): string => secret.match(/.{1,4}/g)?.join('-') ?? secret

/**
 * The secret that was meant by what an app sent, without groups. Forgives capitals, spaces, dashes and full-width letters.
 * `undefined`: not 20 characters of our alphabet, so it is no app password. A password of an account may look like one: whoever
 * asks must look for both.
 */
export function parseAppPassword(typed: string): string | undefined {
  if (isSecret.test(typed)) return typed
  if (typed.length > longestTyped) return undefined
  const secret = typed
    .toWellFormed()
    .normalize('NFKC')
    .replace(/[\s\p{Pd}]/gu, '')
    .toLowerCase()
  return isSecret.test(secret) ? secret : undefined
}
