import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8')

test('what README tells to run in a fresh clone installs what it needs, also where only the demo has run', async () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(await read('package.json'))
  const told = (await read('README.md')).matchAll(/^npm (start|test)\b|`(?:npm run|npx pnpm@[\d.]+) ([\w:]+)/gm)
  const names = [...told].map(([, short, long]) => short ?? long ?? '')
  expect(names).toEqual(expect.arrayContaining(['start', 'test', 'test:servers', 'hybrid', 'phone']))
  const bootstrap = /^node scripts\/bootstrap\.mjs ([\w-]+)$/
  for (const name of names) {
    const [, target = ''] = bootstrap.exec(scripts[name] ?? '') ?? []
    // Only what has nothing to install may come next: bootstrap.mjs runs it under the Node that it has installed.
    expect(scripts[target], name).toMatch(/^node (?!scripts\/bootstrap)/)
  }
})
