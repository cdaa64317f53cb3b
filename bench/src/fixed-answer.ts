/** What the load generator and node:http cost by themselves: a server that reads the form and answers the same bytes. */
import { createServer } from 'node:http'
import process from 'node:process'

const answer = JSON.stringify({ access_token: 'x'.repeat(900), expires_in: 3600, token_type: 'Bearer', scope: 'Mail.Read' })
const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', 'content-length': answer.length }
const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => response.writeHead(200, headers).end(answer))
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has an address')
  process.send?.({
    url: `http://127.0.0.1:${address.port}/token`,
    form: { grant_type: 'client_credentials', scope: 'Mail.Read' },
    credentials: 'bench:none',
  })
})
process.on('disconnect', () => process.exit(0))
