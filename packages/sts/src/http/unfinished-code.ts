const digitsOfCode = 6

/**
 * Whether somebody sent a form before the code was typed: nothing at all, or of six digits only the first ones. It proves
 * nothing and guesses nothing, so it is told at the field and counts as no try. What is asked of a key is never unfinished.
 */
export function isUnfinished(method: string, typed: string): boolean {
  if (method === 'webauthn') return false
  const code = typed.replaceAll(/[\s-]/g, '')
  if (method !== 'totp' && method !== 'sms') return code === ''
  return code.length < digitsOfCode && /^\d*$/.test(code)
}
