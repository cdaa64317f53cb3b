/**
 * thunderbird is the mail program itself, without a window, steered from inside by Marionette, the remote control that it has.
 *
 * It owns the start, the profile, and how a test runs script with all rights in it. What is looked at is the story's business.
 * @module
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startChild } from './child.ts'

const PROGRAM = '/usr/lib/thunderbird/thunderbird'

export interface Thunderbird {
  /** Runs the body of an async function in the program. `given` are its arguments. Rejects with what it threw. */
  run(body: string, given?: Readonly<Record<string, unknown>>): Promise<unknown>
  stop(): Promise<void>
}

export async function startThunderbird(): Promise<Thunderbird> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-thunderbird-'))
  const preferences = { 'marionette.port': 0, 'app.update.enabled': false, 'datareporting.policy.dataSubmissionEnabled': false }
  const lines = Object.entries(preferences).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  )
  await writeFile(join(folder, 'user.js'), lines.join('\n'))
  const words = ['--headless', '--no-remote', '--marionette', '-remote-allow-system-access', '--profile', folder]
  const child = startChild(PROGRAM, words, { HOME: folder })
  const socket = connect(await findPort(), '127.0.0.1')
  const control = createMarionette(socket)
  await control('WebDriver:NewSession', {})
  await control('Marionette:SetContext', { value: 'chrome' })

  /** The program chose it and writes it down. */
  async function findPort(): Promise<number> {
    for (let tries = 0; tries < 1200; tries += 1) {
      const port = await readFile(join(folder, 'MarionetteActivePort'), 'utf8').catch(() => '')
      if (port.trim() !== '') return Number(port)
      if (!child.isRunning()) break
      await wait(25)
    }
    await child.stop()
    throw new TypeError(`Thunderbird is not there:\n${child.output()}`)
  }

  return {
    async run(body, given = {}) {
      const script = `const [given, done] = arguments; (async () => { ${body} })().then((value) => done({ value }), (error) => done({ error: String(error) }))`
      const { value } = (await control('WebDriver:ExecuteAsyncScript', { script, args: [given], sandbox: 'system' })) as {
        value: { value?: unknown; error?: string }
      }
      if (value.error !== undefined) throw new TypeError(value.error)
      return value.value
    },
    async stop() {
      socket.destroy()
      await child.stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Marionette's protocol: `length:[0, id, command, parameters]` there, `length:[1, id, error, result]` back. */
function createMarionette(socket: Socket) {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let received = Buffer.alloc(0)
  let last = 0
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    for (let colon = received.indexOf(':'); colon !== -1; colon = received.indexOf(':')) {
      const end = colon + 1 + Number(received.toString('utf8', 0, colon))
      if (received.length < end) return
      const message = JSON.parse(received.toString('utf8', colon + 1, end)) as unknown
      received = received.subarray(end)
      if (Array.isArray(message)) settle(message as [number, number, { message: string } | null, unknown])
    }
  })
  socket.on('error', fail)
  socket.on('close', () => fail(new TypeError('Thunderbird hung up')))

  function settle([, id, error, result]: [number, number, { message: string } | null, unknown]): void {
    if (error === null) waiting.get(id)?.resolve(result)
    else waiting.get(id)?.reject(new TypeError(error.message))
    waiting.delete(id)
  }
  function fail(error: Error): void {
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  return (command: string, parameters: Readonly<Record<string, unknown>>): Promise<unknown> =>
    new Promise((resolve, reject) => {
      last += 1
      waiting.set(last, { resolve, reject })
      const text = JSON.stringify([0, last, command, parameters])
      socket.write(`${Buffer.byteLength(text)}:${text}`)
    })
}
