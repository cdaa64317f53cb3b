/**
 * A phone that knows only a name and a password, as phones were before OAuth: ActiveSync with Basic authentication.
 *
 * It owns what goes on the wire. When to try again, and what to tell people, its caller knows.
 */
import { bringLetters } from './activesync-walk.ts'
import { decodeWbxml, encodeWbxml } from './wbxml.ts'

export type PasswordPhone = Readonly<{
  /** Without a slash at its end. */
  mailServer: string
  name: string
  password: string
  deviceId: string
  fetch?: typeof fetch
}>

/** What the phone calls itself: people find it by that where apps are shown. */
export const phoneName = 'Apple-iPhone15C4'

/** The server let the phone not in. `text` is what it said to it. */
export class PhoneRefused extends Error {
  readonly code = 'phone_refused'
  readonly status: number
  readonly text: string

  constructor(status: number, text: string) {
    super(`The mail server answered ${status}: ${text}`)
    this.name = 'PhoneRefused'
    this.status = status
    this.text = text
  }
}

/** Opens the mailbox and brings the subjects of its letters. @throws {PhoneRefused} */
export function openByPassword(phone: PasswordPhone): Promise<readonly string[]> {
  const authorization = `Basic ${Buffer.from(`${phone.name}:${phone.password}`).toString('base64')}`
  return bringLetters(async (command, body) => {
    const query = new URLSearchParams({ Cmd: command, User: phone.name, DeviceId: phone.deviceId, DeviceType: 'iPhone' })
    const response = await (phone.fetch ?? fetch)(`${phone.mailServer}/Microsoft-Server-ActiveSync?${query}`, {
      method: 'POST',
      headers: {
        authorization,
        'content-type': 'application/vnd.ms-sync.wbxml',
        'ms-asprotocolversion': '16.1',
        'user-agent': `${phoneName}/2401.539000006`,
      },
      body: new Uint8Array(encodeWbxml(body)),
      redirect: 'error',
    })
    const bytes = new Uint8Array(await response.arrayBuffer())
    if (response.status === 200 && bytes.length > 0) return decodeWbxml(bytes)
    throw new PhoneRefused(response.status, new TextDecoder().decode(bytes).trim())
  })
}
