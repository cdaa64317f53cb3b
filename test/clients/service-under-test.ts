/**
 * The whole service with Mary in it, and a way through its pages that never waits for the next one-time code.
 *
 * It owns the clock that both sides read. Which client asks, and for what, is the business of each test.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { walkPages } from '@postern/example-contoso/sign-in'
import { startSts, type TestPerson, type TestSts, type TestStsOptions } from '@postern/sts/testing'

export type ServiceUnderTest = Readonly<{
  sts: TestSts
  /** Signs in on the pages behind `authorizationUrl` and returns the redirect to the client. */
  signIn: (authorizationUrl: URL, redirectUri: string, person?: TestPerson) => Promise<URL>
  /** For an https base URL: the same service, reached on loopback. */
  fetch: typeof fetch
  close: () => Promise<void>
}>

/** Time runs as it does, and jumps to the next TOTP step where a client would wait for it. */
export function createJumpingClock(): { clock: () => Date; wait: (milliseconds: number) => Promise<void> } {
  let ahead = 0
  return {
    clock: () => new Date(Date.now() + ahead),
    wait: async (milliseconds) => {
      ahead += milliseconds
    },
  }
}

export async function startService(options: TestStsOptions = {}): Promise<ServiceUnderTest> {
  const { clock, wait } = createJumpingClock()
  const sts = await startSts({ clock, ...options })
  const front = await listen(sts)
  const { origin } = new URL(sts.baseUrl)
  const reach: typeof fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    return url.origin === origin ? fetch(new URL(`${url.pathname}${url.search}`, front.url), init) : fetch(input, init)
  }
  return Object.freeze({
    sts,
    fetch: reach,
    signIn: (authorizationUrl: URL, redirectUri: string, person: TestPerson = sts.mary) =>
      walkPages(authorizationUrl, {
        issuer: sts.issuer,
        client: { clientId: '' },
        account: person,
        redirectUri,
        clock,
        wait,
        fetch: reach,
      }),
    close: async () => {
      front.server.closeAllConnections()
      await new Promise((resolve) => front.server.close(resolve))
      await sts.close()
    },
  })
}

async function listen(sts: TestSts): Promise<{ server: Server; url: string }> {
  const server = createServer(sts.service.handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP listener has an address with a port
  return { server, url: `http://127.0.0.1:${port}` }
}
