/** Names that browsers give themselves, the particular ones before those that everybody claims to be. */
const browsers: readonly (readonly [token: RegExp, name: string])[] = [
  [/\bEdgA?(?:iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
]

const systems: readonly (readonly [token: RegExp, name: string])[] = [
  [/\biPad\b/, 'iPad'],
  [/\biPhone\b/, 'iPhone'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

const nameIn = (table: typeof browsers, text: string): string | undefined => table.find(([token]) => token.test(text))?.[1]

/**
 * What a person would call this browser, e.g. `Firefox · Linux`, by its `User-Agent` (RFC 9110 section 10.1.5). Names and
 * no more of what was sent, which anybody may choose. `undefined`: nothing in it is known.
 */
export function browserName(userAgent: string): string | undefined {
  const text = userAgent.slice(0, 1000)
  const browser = nameIn(browsers, text)
  const system = nameIn(systems, text)
  if (browser === undefined || system === undefined) return browser ?? system
  return `${browser} · ${system}`
}
