/**
 * A pattern in which `*` stands for any text, also for none; letter case does not matter and the whole text must match.
 * Administrators write patterns and strangers write what is held against them, so nothing here ever goes back: each part
 * is looked for once, behind the one before. No regular expression is made of either.
 */
export function wildcard(pattern: string): (text: string) => boolean {
  const parts = pattern.toLowerCase().split('*')
  const [first = '', ...rest] = parts
  const last = rest.pop()
  const between = rest.filter((part) => part !== '')
  return (text) => {
    const lower = text.toLowerCase()
    if (last === undefined) return lower === first
    if (!lower.startsWith(first)) return false
    let at = first.length
    for (const part of between) {
      const found = lower.indexOf(part, at)
      if (found === -1) return false
      at = found + part.length
    }
    return lower.length - last.length >= at && lower.endsWith(last)
  }
}
