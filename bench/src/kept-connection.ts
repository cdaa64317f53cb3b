/** A kept-alive HTTP connection that is cheap, because it shares the cores with the service: bytes out, text in, one at a time. */
import { connect, type Socket } from 'node:net'

/** Requests are bytes that were made before; answers are kept as they came, to be looked at afterwards. */
export class KeptConnection {
  readonly #socket: Socket
  #text = ''
  #done: ((text: string) => void) | undefined
  #failed: ((error: Error) => void) | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('data', (part: string) => this.#read(part))
    for (const event of ['error', 'close'] as const)
      socket.on(event, () => this.#failed?.(new TypeError(`the connection ended after: ${this.#text.slice(0, 300)}`)))
  }

  ask(request: Buffer): Promise<string> {
    return new Promise((done, failed) => {
      this.#done = done
      this.#failed = failed
      this.#socket.write(request)
    })
  }

  #read(part: string): void {
    this.#text += part
    const end = this.#text.indexOf('\r\n\r\n')
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#text.slice(0, end))?.[1]
    if (end === -1 || length === undefined || this.#text.length < end + 4 + Number(length)) return
    const answer = this.#text
    this.#text = ''
    this.#done?.(answer)
  }

  end(): void {
    this.#failed = undefined
    this.#socket.destroy()
  }
}

export const openConnection = (url: string): Promise<KeptConnection> =>
  new Promise((done, failed) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.once('error', failed)
    socket.once('connect', () => done(new KeptConnection(socket)))
  })

/** The bytes of one POST. `body` is ASCII. */
export function postBytes(url: string, headers: Readonly<Record<string, string>>, body: string): Buffer {
  const { host, pathname } = new URL(url)
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${body.length}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1')
}

/** The bytes of one GET. */
export function getBytes(url: URL, headers: Readonly<Record<string, string>>): Buffer {
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from([`GET ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`, ...head, '', ''].join('\r\n'), 'latin1')
}

/** What a JSON answer of status 200 says. @throws {TypeError} with what it was instead */
export function readAnswer(text: string): Readonly<Record<string, unknown>> {
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  if (!text.startsWith('HTTP/1.1 200 ')) throw new TypeError(`refused: ${text.slice(0, 12)} ${body.slice(0, 300)}`)
  return Object(JSON.parse(body))
}
