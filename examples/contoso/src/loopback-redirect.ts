/**
 * Waits on the loopback interface for the redirect that ends a sign-in in a browser window.
 *
 * It owns one short-lived listener. It does not read or check the answer (authorization-code.ts does).
 * Source: RFC 8252 sections 7.3 and 8.3: the port is chosen at run time, and only loopback is listened on.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type LoopbackRedirect = Readonly<{ redirectUri: string; answer: Promise<URL>; close: () => void }>

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>Signed in</title><p>You can close this window and go back to the terminal.'

/** @param registered a registered loopback redirect URI; its path is kept, its port replaced by a free one. */
export async function openLoopbackRedirect(registered: string): Promise<LoopbackRedirect> {
  const redirect = new URL(registered)
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<URL>()
  server.on('request', (request, response) => {
    const url = new URL(request.url ?? '/', redirect)
    const isAnswer = url.pathname === redirect.pathname && url.searchParams.has('state')
    response.writeHead(isAnswer ? 200 : 404, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'close',
    })
    response.end(isAnswer ? PAGE : '<!doctype html><title>Not found</title>')
    if (isAnswer) resolve(url)
  })
  server.listen(0, redirect.hostname === 'localhost' ? 'localhost' : redirect.hostname.replace(/^\[|\]$/g, ''))
  await once(server, 'listening')
  redirect.port = String((server.address() as AddressInfo).port) // a TCP listener has an address with a port
  return Object.freeze({
    redirectUri: redirect.href,
    answer: promise,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  })
}
