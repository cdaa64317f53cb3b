import { once } from 'node:events'
import { createServer } from 'node:http'
import { createGalleryApp, type Exhibit, renderGallery } from '@postern/sts/testing'

/**
 * Serves exhibits on loopback with the headers of the real thing. `posted` holds the bodies of forms that came back.
 *
 * @param scripts by path: what a test runs in the pages. A browser compiles a script that it keeps once, not for each page.
 */
export async function serveGallery(
  exhibits: readonly Exhibit[] = renderGallery(),
  scripts: ReadonlyMap<string, string> = new Map(),
) {
  const posted: { path: string; body: string }[] = []
  const pages = createGalleryApp(exhibits).callback()
  const server = createServer(async (request, response) => {
    const script = scripts.get(request.url ?? '')
    if (script !== undefined) {
      response.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'max-age=86400, immutable' }).end(script)
      return
    }
    if (request.method !== 'POST') {
      await pages(request, response)
      return
    }
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    posted.push({ path: request.url ?? '', body: Buffer.concat(parts).toString() })
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>posted</title>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the gallery has no port')
  return {
    exhibits,
    posted,
    address: (name: string) => `http://127.0.0.1:${address.port}/gallery/${name}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
