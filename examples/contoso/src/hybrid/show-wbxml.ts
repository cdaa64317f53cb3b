/**
 * ActiveSync's binary XML as text, for people who watch. Pure; for the screen only, never parsed again.
 */
import { AIR_SYNC, BODY, EMAIL, FOLDER, PING, PROVISION, SETTINGS } from '../activesync-tokens.ts'
import { escapeXml } from '../soap/xml.ts'
import { decodeWbxml, type Element, WbxmlError } from '../wbxml.ts'

const NAMES: ReadonlyMap<number, string> = new Map(
  [AIR_SYNC, BODY, EMAIL, FOLDER, PING, PROVISION, SETTINGS].flatMap((table) =>
    Object.entries(table).map(([name, tag]) => [tag, name] as const),
  ),
)

/** Undefined: it is not WBXML. */
export function showWbxml(bytes: Uint8Array): string | undefined {
  try {
    return show(decodeWbxml(bytes))
  } catch (cause) {
    if (cause instanceof WbxmlError) return undefined
    throw cause
  }
}

function show({ tag, text, children }: Element): string {
  const name = NAMES.get(tag) ?? `x${tag.toString(16)}`
  const content = text === undefined ? children.map(show).join('') : escapeXml(text)
  return content === '' ? `<${name}/>` : `<${name}>${content}</${name}>`
}
