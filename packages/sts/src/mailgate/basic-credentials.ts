/** A name and a secret as an app sends them over HTTP. */
export interface BasicCredentials {
  readonly name: string
  readonly secret: string
}

const longest = 8192

/** Reads `Basic …` (RFC 7617), UTF-8. `undefined`: another scheme, or broken. The secret may hold colons. */
export function parseBasicCredentials(authorization: string): BasicCredentials | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization.slice(0, longest)) ?? []
  if (encoded === undefined) return undefined
  const text = decodeText(Buffer.from(encoded, 'base64'))
  const colon = text?.indexOf(':') ?? -1
  if (text === undefined || colon < 1) return undefined
  return { name: text.slice(0, colon), secret: text.slice(colon + 1) }
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined // apps that write another character set have to use letters that all have
  }
}
