import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const GUIDE = join(ROOT, 'docs/guides/second-factors.md')
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-second-factors-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

/** The blocks of the guide in their order, whatever they hold. */
async function blocks(): Promise<readonly { language: string; text: string }[]> {
  const guide = await readFile(GUIDE, 'utf8')
  return [...guide.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ language, text }))
}

/** As a shell splits them, as far as the guide needs it: single quotes. */
const wordsOf = (command: string): readonly string[] =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

/** Runs the real command where the files of the guide are. */
function postern(words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const env = {
    PATH,
    NODE_COMPILE_CACHE,
    POSTERN_DATA_DIR: join(directory, 'data'),
    POSTERN_BASE_URL: 'https://login.contoso.com',
  }
  return new Promise((done) => {
    execFile(
      process.execPath,
      [join(ROOT, 'packages/sts/bin/postern.js'), ...words],
      { cwd: directory, env },
      (error, out, err) => {
        done({ code: error === null ? 0 : Number(error.code ?? 1), out, err })
      },
    )
  })
}

test('every command of the guide to second factors does what it says, in their order', { timeout: 480_000 }, async () => {
  const all = await blocks()
  const fileOf = (start: string) => all.find(({ text }) => text.startsWith(start))?.text ?? ''
  await writeFile(join(directory, 'people.csv'), fileOf('upn,state'))
  await writeFile(join(directory, 'remembered.json'), fileOf('{ "except"'))
  expect(await postern(['init', '--domain', 'contoso.com'])).toMatchObject({ code: 0, err: '' })

  const commands = all.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.trimEnd().split('\n'))
  expect(commands.length).toBeGreaterThanOrEqual(20)
  const said = new Map<string, string>()
  for (const command of commands) {
    const [program, ...words] = wordsOf(command)
    expect(program).toBe('postern')
    const ended = await postern(words)
    expect({ command, code: ended.code, err: ended.code === 0 ? '' : ended.err }).toEqual({ command, code: 0, err: '' })
    said.set(command, ended.out)
  }
  const outputOf = (start: string) => [...said].find(([command]) => command.startsWith(start))?.[1] ?? ''
  expect(outputOf('postern mfa pass-give')).toMatch(/^pass +(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}$/m)
  expect(outputOf('postern mfa import')).toBe('line,upn,result,reason\n2,mary@contoso.com,done,\n3,joe@contoso.com,done,\n')
  expect(outputOf('postern mfa campaign-show')).toContain('] 0 %')
  expect(outputOf('postern policy try')).toMatch(/^outcome +allow$/m)
  expect(outputOf('postern account reset-factors')).toMatch(/^pass +(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}$/m)
  expect(outputOf('postern audit list --account')).toContain('factor.reset')
})
