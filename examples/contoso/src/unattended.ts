/**
 * The mail client without anybody in front of it: for an issuer that answers at once, as test servers do.
 *
 * It owns the browser that is none. Everything else is mail-client.ts, so that what is tried here is the client of the demo.
 */
import { type Mailbox, MailClientError, walkToMailbox } from './mail-client.ts'

export type Unattended = Readonly<{
  issuer: string
  /** The base of the mail server. */
  mail: string
  clientId: string
  redirectUri: string
  address: string
  /** How often to read the inbox. */
  reads: number
  clock?: () => Date
  wait?: (milliseconds: number) => Promise<void>
}>

const MOST_HOPS = 5

/** Goes where redirects lead until the client's own address, as a browser does. */
async function follow(url: URL, redirectUri: string): Promise<URL> {
  const own = new URL(redirectUri)
  let at = url
  for (let hops = 0; hops < MOST_HOPS; hops += 1) {
    const response = await fetch(at, { redirect: 'manual' })
    await response.body?.cancel()
    const location = URL.parse(response.headers.get('location') ?? '', at.href)
    if (location === null) break
    if (location.origin === own.origin && location.pathname === own.pathname) return location
    at = location
  }
  throw new MailClientError('sign_in_unattended', `the sign-in at ${url.origin} needs a person`)
}

export function walkUnattended({ issuer, mail, clientId, ...walk }: Unattended): Promise<Mailbox> {
  return walkToMailbox({
    ...walk,
    autodetect: mail,
    client: { clientId },
    issuerAllowed: (named) => named === issuer,
    browse: follow,
    say: () => undefined,
  })
}
