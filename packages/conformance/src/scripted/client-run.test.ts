/** How a client is let act: as a program with an environment of its own, and by somebody's hand. */
import process from 'node:process'
import { expect, test } from 'vitest'
import type { ClientSetting, ClientUnderTest } from '../known-parties.ts'
import { createTarget } from '../target.ts'
import { runBreakableClient } from '../testing/breakable-client.ts'
import { playScene } from './client-stage.ts'
import { describePlayed } from './judging.ts'
import type { Script } from './script.ts'

const clock = () => new Date('2026-05-04T10:00:00Z')
const play = (clientUnderTest: ClientUnderTest, script: Script = {}) =>
  playScene(createTarget({ clientUnderTest, clock }), 'gets-its-mail', script)

/** A program of one line. */
const program = (source: string): ClientUnderTest => ({ command: [process.execPath, '-e', source] })

test('a program is told where everything is; plain http beyond this machine comes to the kit', async () => {
  const played = await play(
    program(`
      const told = (name) => process.env['POSTERN_CONFORMANCE_' + name]
      const names = ['MODULE', 'CLIENT_ID', 'REDIRECT', 'ADDRESS', 'PASSWORD', 'FLOW', 'READS']
      const query = new URLSearchParams(names.map((name) => [name, told(name)]))
      const asked = [told('MAIL') + '/told?' + query, told('ISSUER') + '/keys', 'http://mail.conformance.example/clear']
      Promise.all(asked.map((url) => fetch(url))).then(() => process.exit(0))
    `),
    { reads: 3, flow: 'device' },
  )
  expect(played).toMatchObject({ outcome: 'mail', delivered: 0 })
  const heard = new Map(played.heard.map(({ party, url }) => [party, url]))
  expect(heard.get('proxy')?.href).toBe('http://mail.conformance.example/clear')
  expect(heard.get('issuer')?.pathname).toBe('/kit/keys')
  expect(Object.fromEntries(heard.get('mail')?.searchParams ?? [])).toEqual({
    MODULE: 'gets-its-mail',
    CLIENT_ID: 'conformance-client',
    REDIRECT: 'http://127.0.0.1/callback',
    ADDRESS: 'mary@conformance.example',
    PASSWORD: played.setting.password,
    FLOW: 'device',
    READS: '3',
  })
})

test('a program that ends with another code gave up, and what it said is kept; one that does not end hung', async () => {
  const [ended, hung] = await Promise.all([
    play(program(`process.stderr.write('no thanks'); process.exitCode = 3`)),
    play({ ...program('setInterval(() => {}, 1000)'), waitSeconds: 0.2 }),
  ])
  expect(ended).toMatchObject({ outcome: 'gave up', said: 'exit code 3: no thanks' })
  expect(hung).toMatchObject({ outcome: 'hung' })
})

test('of a stack the line that names the error is told, whole', async () => {
  const ended = await play(program(`require('/nowhere/at-all')`))
  expect(describePlayed(ended)).toMatch(
    /^it gave up; inbox handed over: 0; it asked nobody; it said: exit code 1: Error: Cannot find module '\/nowhere\/at-all'$/,
  )
})

test('a program that is not there is no client that gave up', async () => {
  await expect(play({ command: ['/nowhere/client'] })).rejects.toMatchObject({ code: 'target_unreachable' })
})

test('a client that is worked by hand is told where to go, and seen when it comes', async () => {
  const lines: string[] = []
  const announce = (line: string) => {
    lines.push(line)
    const [, mail = '', issuer = '', address = '', clientId = ''] =
      /mail server (\S+), issuer (\S+), (\S+), client (\S+)/.exec(line) ?? []
    if (mail === '') return
    const known = { module: '', password: '', proxy: 'http://127.0.0.1:1', flow: 'code', reads: 1 } as const
    const setting: ClientSetting = {
      ...known,
      ...{ mail, issuer, address, clientId, redirectUri: 'http://127.0.0.1/callback' },
      now: () => Math.floor(clock().getTime() / 1000),
      wait: async () => undefined,
    }
    void runBreakableClient(setting)
  }
  const played = await play({ announce })
  expect(played).toMatchObject({ outcome: 'mail', delivered: 1 })
  expect(lines[0]).toBe('Now: gets its mail')
})

test('nobody came: that is no finding about a client', async () => {
  await expect(play({ waitSeconds: 0.1 })).rejects.toMatchObject({ code: 'not_given', message: 'the client did not come' })
  await expect(playScene(createTarget({ clock }), 'gets-its-mail', {})).rejects.toMatchObject({ code: 'not_given' })
})
