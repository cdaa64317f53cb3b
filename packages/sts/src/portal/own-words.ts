/** Code points that a name given by a person may have. */
export const mostOfName = 60

/**
 * A name as its owner typed it, on one line and without what turns text around: it stands on pages and in mails.
 * `undefined`: nothing is left, or too much.
 */
export function parseName(typed: string): string | undefined {
  const name = typed.replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()
  return name === '' || [...name].length > mostOfName ? undefined : name
}
