/**
 * Lets the owner of the demo's data directory watch what a server sends to another one for a single request.
 *
 * A request is watched when a file named after its `client-request-id` lies in the directory; what is seen is appended
 * there. So watching needs the right to write on that machine, and no header, token or page can ask for it.
 * What is written holds tokens. It writes nothing else, and nothing anywhere else.
 */
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { showWbxml } from './show-wbxml.ts'

/** One HTTP exchange as it was on the wire. Names of headers are in lower case. */
export type Exchange = Readonly<{
  method: string
  url: string
  requestHeaders: Readonly<Record<string, string>>
  requestBody: string
  status: number
  responseHeaders: Readonly<Record<string, string>>
  responseBody: string
}>

export type Watcher = (exchange: Exchange) => void

const REQUEST_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export type Traces = Readonly<{
  /** Begins to watch a request that somebody is about to make. */
  begin: (requestId: string) => Promise<void>
  /** Who watches this request; undefined: nobody. */
  find: (requestId: string) => Promise<Watcher | undefined>
  /** What was seen, in order. Ends the watching. */
  end: (requestId: string) => Promise<readonly Exchange[]>
  /** Ends everything that this process began, at once: for a process that is told to stop. */
  discard: () => void
}>

export function createTraces(directory: string): Traces {
  const fileOf = (requestId: string): string => join(directory, `trace-${requestId}.jsonl`)
  const begun = new Set<string>()
  return Object.freeze({
    begin: async (requestId: string) => {
      begun.add(requestId)
      await writeFile(fileOf(requestId), '', { mode: 0o600, flag: 'wx' })
    },
    find: async (requestId: string) => {
      if (!REQUEST_ID.test(requestId)) return undefined
      const file = fileOf(requestId)
      if ((await readOrUndefined(file)) === undefined) return undefined
      return (exchange: Exchange) => append(file, `${JSON.stringify(exchange)}\n`)
    },
    end: async (requestId: string) => {
      const file = fileOf(requestId)
      const text = (await readOrUndefined(file)) ?? ''
      await rm(file, { force: true })
      begun.delete(requestId)
      return Object.freeze(
        text
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as Exchange), // written above, in a directory of one's own
      )
    },
    discard: () => {
      for (const requestId of begun) rmSync(fileOf(requestId), { force: true })
    },
  })
}

/** At once, so that all is there when the request is answered. A file that is gone is not made again: nobody watches any more. */
function append(file: string, line: string): void {
  let descriptor: number
  try {
    descriptor = openSync(file, constants.O_WRONLY | constants.O_APPEND)
  } catch (cause) {
    if (isMissing(cause)) return
    throw cause
  }
  try {
    writeSync(descriptor, line)
  } finally {
    closeSync(descriptor)
  }
}

const isMissing = (cause: unknown): boolean => cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'

async function readOrUndefined(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw cause
  }
}

/** A `fetch` that shows each exchange to the watcher, once its answer was read to the end. Of bodies that are no text it tells the length. */
export function watchedFetch(request: typeof fetch, watch: Watcher | undefined): typeof fetch {
  if (watch === undefined) return request
  return async (input, init) => {
    const asked = new Request(input, init)
    const requestBody = await bodyAsText(asked.clone())
    const response = await request(input, init)
    const responseBody = await bodyAsText(response.clone())
    watch({
      method: asked.method,
      url: asked.url,
      requestHeaders: Object.fromEntries(asked.headers),
      requestBody,
      status: response.status,
      responseHeaders: Object.fromEntries(response.headers),
      responseBody,
    })
    return response
  }
}

async function bodyAsText(message: Request | Response): Promise<string> {
  const type = message.headers.get('content-type') ?? ''
  const bytes = Buffer.from(await message.arrayBuffer())
  const told = `(${bytes.length} bytes of ${type === '' ? 'an unnamed type' : type})`
  if (type.includes('wbxml')) return showWbxml(bytes) ?? told
  return bytes.length === 0 || /^text\/|json|xml|urlencoded/.test(type) ? bytes.toString('utf8') : told
}
