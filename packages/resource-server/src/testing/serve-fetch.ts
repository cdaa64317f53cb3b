/** Lets a handler of web standards answer over Node's server, for tests: what Deno, Bun and edge servers do by themselves. */
import type { RequestListener } from 'node:http'

/** What Deno hands over beside the request, in short. */
export type Connection = Readonly<{ remoteAddr: Readonly<{ hostname: string }> }>

/** What the handler throws is answered with 500. */
export function serveFetch(handler: (request: Request, connection: Connection) => Promise<Response>): RequestListener {
  return (req, res) => {
    const headers = new Headers()
    for (let at = 0; at < req.rawHeaders.length; at += 2) headers.append(req.rawHeaders[at] ?? '', req.rawHeaders[at + 1] ?? '')
    const asked = new Request(`http://${headers.get('host')}${req.url}`, { method: req.method ?? 'GET', headers })
    const answer = handler(asked, { remoteAddr: { hostname: req.socket.remoteAddress ?? '' } })
    answer.then(
      async (response) => {
        res.statusCode = response.status
        for (const [name, value] of response.headers) res.appendHeader(name, value)
        res.end(await response.text())
      },
      () => res.writeHead(500).end(),
    )
  }
}
