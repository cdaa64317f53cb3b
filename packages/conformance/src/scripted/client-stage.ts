/**
 * The stage for mail clients: five addresses on loopback, on which one scene after the other is played.
 *
 * It owns listening, hearing, and what a scene leaves to be judged. The parts are scripted-issuer.ts and scripted-mail-server.ts;
 * the addresses stay for a whole run, so that a client that is worked by hand is pointed at them once.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConformanceError } from '../errors.ts'
import type { ClientSetting, ClientUnderTest } from '../known-parties.ts'
import type { Target } from '../target.ts'
import { type ClientRun, runClient } from './client-run.ts'
import { findStageKeys, type StageKeys } from './id-tokens.ts'
import type { Addresses, Asked, Heard, Issued, Party, Reply, Script, World } from './script.ts'
import { answerAsIssuer, emptyMemory, findIssuerPlace, ISSUER_PATH, type IssuerMemory } from './scripted-issuer.ts'
import { answerAsMailServer, findMailPlace, isInbox } from './scripted-mail-server.ts'

/** What a scene showed. */
export interface Played extends ClientRun {
  readonly setting: ClientSetting
  readonly heard: readonly Heard[]
  readonly issued: readonly Issued[]
  readonly at: Addresses
  /** Was the misbehaviour shown? */
  readonly met: boolean
  /** How often the inbox was handed over. */
  readonly delivered: number
}

interface Scene {
  readonly script: Script
  readonly target: Target
  readonly memories: Readonly<Record<Party, IssuerMemory>>
  readonly heard: Heard[]
  readonly issued: Issued[]
  readonly good: Set<string>
  delivered: number
  met: boolean
}

interface Stage {
  readonly at: Addresses
  readonly keys: StageKeys
  play(scene: Scene, world: World): void
}

const PARTIES: readonly Party[] = ['issuer', 'other', 'mail', 'elsewhere', 'proxy']
const MOST_BYTES = 64 * 1024
const CLIENT_ID = 'conformance-client'
const REDIRECT = 'http://127.0.0.1/callback'
const ADDRESS = 'mary@conformance.example'

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request) {
    size += part.length
    if (size <= MOST_BYTES) parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

const headersOf = ({ headers }: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]))

function placeOf(party: Party, url: URL, headers: Heard['headers']): Heard['place'] {
  const atIssuer = party === 'mail' || party === 'proxy' ? undefined : findIssuerPlace(url.pathname)
  return atIssuer ?? findMailPlace(url.pathname, headers)
}

function send(response: ServerResponse, { status, headers = {}, body }: Reply): string {
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body)
  const type = typeof body === 'object' ? { 'content-type': 'application/json' } : {}
  response.writeHead(status, { ...type, ...(headers as Record<string, string | string[]>) }).end(text) // writeHead changes no list
  return text
}

async function startStage({ issuerPort = 0, mailPort = 0 }: ClientUnderTest): Promise<Stage> {
  const keys = await findStageKeys()
  let playing: { readonly scene: Scene; readonly world: World } | undefined
  const bases = new Map<Party, string>()

  const answer = (party: Party, asked: Asked, { script, memories, good }: Scene): Reply => {
    const base = party === 'proxy' ? asked.heard.url.origin : (bases.get(party) ?? '')
    const issuer = { base: `${base}${ISSUER_PATH}`, script, memory: memories[party], keys }
    return answerAsIssuer(issuer, asked) ?? answerAsMailServer({ base, script, isGood: (token) => good.has(token) }, asked)
  }
  const listen = async (party: Party, port: number) => {
    const server = createServer(async (request, response) => {
      const [body, headers] = [await readBody(request), headersOf(request)]
      if (playing === undefined) return void send(response, { status: 503 })
      const { scene, world } = playing
      // Through a tunnel comes a path alone: the host is in its header.
      const own = bases.get(party) ?? ''
      const url = URL.parse(request.url ?? '/', party === 'proxy' ? `http://${headers.host}` : own) ?? new URL(own)
      const place = placeOf(party, url, headers)
      const method = request.method ?? 'GET'
      const form = new URLSearchParams(method === 'POST' ? body : '')
      const heard: Heard = Object.freeze({ at: world.now(), party, place, method, url, headers, body, form })
      scene.heard.push(heard)
      const reply = answer(party, { heard, world }, scene)
      if (reply.status === 200 && place === 'mail' && isInbox(heard)) scene.delivered += 1
      const said = send(response, reply)
      const answered = new Headers()
      for (const [name, value] of Object.entries(reply.headers ?? {}))
        for (const one of [value].flat()) answered.append(name, one)
      const { status } = reply
      scene.target.tell({
        method,
        url: url.href,
        requestHeaders: headers,
        requestBody: body,
        status,
        headers: answered,
        body: said,
      })
    })
    // Some clients ask a proxy for a tunnel even where the other end speaks plain http: what is in it is read all the same.
    server.on('connect', (_request, socket) => {
      if (party === 'proxy') {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        server.emit('connection', socket)
      } else socket.destroy()
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.unref()
    bases.set(party, `http://127.0.0.1:${(server.address() as AddressInfo).port}`) // a TCP listener has a port
  }
  const ports: Partial<Record<Party, number>> = { issuer: issuerPort, mail: mailPort }
  for (const party of PARTIES) await listen(party, ports[party] ?? 0)
  const [issuer = '', other = '', mail = '', elsewhere = '', proxy = ''] = PARTIES.map((party) => bases.get(party))
  return {
    at: { issuer: `${issuer}${ISSUER_PATH}`, other: `${other}${ISSUER_PATH}`, mail, elsewhere, proxy },
    keys,
    play: (scene, world) => {
      playing = { scene, world }
    },
  }
}

const stages = new WeakMap<ClientUnderTest, Promise<Stage>>()

function findStage(client: ClientUnderTest): Promise<Stage> {
  const found = stages.get(client) ?? startStage(client)
  stages.set(client, found)
  return found
}

/**
 * Plays one scene with the client under test, and returns what it did.
 *
 * @param module the claim, in kebab-case.
 * @throws {ConformanceError} `not_given` when there is no client, or when nobody came.
 */
export async function playScene(target: Target, module: string, script: Script): Promise<Played> {
  const client = target.clientUnderTest
  if (client === undefined) throw new ConformanceError('not_given', 'client_under_test was not given')
  const stage = await findStage(client)
  const shared = { issued: [], good: new Set<string>() }
  const memories = Object.fromEntries(PARTIES.map((party) => [party, emptyMemory(shared)])) as Scene['memories'] // of each party
  const scene: Scene = { script, target, memories, heard: [], ...shared, delivered: 0, met: false }
  const setting: ClientSetting = Object.freeze({
    module,
    issuer: stage.at.issuer,
    mail: stage.at.mail,
    clientId: client.clientId ?? CLIENT_ID,
    redirectUri: client.redirectUri ?? REDIRECT,
    address: client.address ?? ADDRESS,
    password: `before-${randomUUID()}`,
    flow: script.flow ?? 'code',
    reads: script.reads ?? 1,
    proxy: stage.at.proxy,
    now: target.now,
    wait: target.wait,
  })
  const world: World = {
    at: stage.at,
    clientId: setting.clientId,
    heard: scene.heard,
    issued: scene.issued,
    now: target.now,
    meet: () => {
      scene.met = true
    },
    expireTokens: () => scene.good.clear(),
  }
  stage.play(scene, world)
  const sight = { count: () => scene.heard.length, delivered: () => scene.delivered }
  const run = await runClient(client, setting, sight)
  if (run.outcome === 'absent') throw new ConformanceError('not_given', 'the client did not come')
  const { heard, met, delivered } = scene
  return Object.freeze({ ...run, setting, heard: Object.freeze([...heard]), issued: world.issued, at: stage.at, met, delivered })
}
