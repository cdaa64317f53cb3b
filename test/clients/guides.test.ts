import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const GUIDES = ['docs/guides/protect-an-api.md', 'docs/guides/connect-a-mail-client.md']
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-guides-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

type Ended = Readonly<{ code: number; output: string }>

const run = (
  program: string,
  programArguments: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(program, [...programArguments], { cwd: ROOT, env: { ...process.env, ...environment } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: `${stdout}${stderr}` })
    })
  })

/** The contents of the fenced blocks of one language, in their order. */
async function blocksOf(guide: string, language: string): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, guide), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block)
}

/** Splits a line as a shell does, as far as the guides need it: single quotes, and a backslash at the end of a line. */
const wordsOf = (command: string): readonly string[] =>
  (command.match(/'[^']*'|[^\s']+/g) ?? []).map((word) => word.replace(/^'|'$/g, ''))

test('every TypeScript block of the guides compiles against the library', async () => {
  const blocks = (await Promise.all(GUIDES.map((guide) => blocksOf(guide, 'ts')))).flat()
  expect(blocks.length).toBeGreaterThanOrEqual(3)
  const files = await Promise.all(
    blocks.map(async (block, at) => {
      const file = join(directory, `block-${at}.ts`)
      await writeFile(file, block)
      return file
    }),
  )
  const library = join(ROOT, 'packages/resource-server/src')
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
  await writeFile(
    join(directory, 'tsconfig.json'),
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.base.json'),
      compilerOptions: {
        paths: {
          '@postern/resource-server': [join(library, 'index.ts')],
          '@postern/resource-server/node-http': [join(library, 'node-http.ts')],
        },
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
      files,
    }),
  )
  const compiled = await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', directory])
  expect(compiled.output).toBe('')
  expect(compiled.code).toBe(0)
})

test('every postern command of the guides does what it says, in their order', { timeout: 180_000 }, async () => {
  const environment = { POSTERN_DATA_DIR: join(directory, 'data'), POSTERN_DEVELOPMENT: 'true' }
  const postern = (words: readonly string[]): Promise<Ended> =>
    run(process.execPath, ['packages/sts/src/cli.ts', ...words], environment)
  const begun = await postern(['init', '--domain', 'contoso.com'])
  expect(begun.output).toContain('contoso.com')

  const [api, mail] = await Promise.all(GUIDES.map((guide) => blocksOf(guide, 'sh')))
  const commandsOf = (blocks: readonly string[] | undefined): readonly string[] =>
    (blocks ?? [])
      .flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
      .filter((line) => line.startsWith('postern '))
      .map((line) => line.replace(/\s#.*$/, ''))
  const commands = [...commandsOf(api), ...commandsOf(mail)]
  expect(commands.length).toBeGreaterThanOrEqual(6)

  let clientId = ''
  for (const command of commands) {
    const ended = await postern(wordsOf(command.replace('CLIENT_ID', clientId)).slice(1))
    expect({ command, ...ended }).toMatchObject({ command, code: 0 })
    clientId = /^id\s+(\S+)$/m.exec(ended.output)?.[1] ?? clientId
  }
})
