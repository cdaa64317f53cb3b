/**
 * A process of its own: node:http in front of the SELECT of mail-gate-select.ts. It reads the question, finds the account of the
 * name in it, and answers. The least that a gate over HTTP must do for a decision; it checks and decides nothing.
 */
import { createServer } from 'node:http'
import process from 'node:process'
import pg from 'pg'

export interface HttpSelectOpening {
  readonly realmId: string
  readonly sessions: number
}

async function open({ realmId, sessions }: HttpSelectOpening): Promise<string> {
  const pool = new pg.Pool({ connectionString: process.env.POSTERN_BENCH_DATABASE, max: sessions })
  const text = 'select account_id from account_address where realm_id = $1 and address_key = $2'
  const look = async (question: string): Promise<string> => {
    const { name } = JSON.parse(question) as { name: string } // the questions of the bench
    const { rows } = await pool.query({ name: 'by-name', text, values: [realmId, name] })
    if (rows.length !== 1) throw new TypeError(`${rows.length} accounts are called ${name}`)
    return JSON.stringify({ decision: 'allow', account: rows[0].account_id })
  }
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (part: string) => {
      body += part
    })
    request.on('end', () => {
      look(body).then(
        (answer) => response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer),
        (error: unknown) => response.writeHead(500, { 'content-length': String(error).length }).end(String(error)),
      )
    })
  })
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') throw new TypeError('a TCP server has an address')
      done(`http://127.0.0.1:${address.port}/decide`)
    })
  })
}

process.on('message', (opening: HttpSelectOpening) => {
  open(opening).then(
    (url) => process.send?.({ url }),
    (error: unknown) => process.send?.({ fault: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
