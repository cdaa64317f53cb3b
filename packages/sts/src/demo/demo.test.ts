import { expect, test } from 'vitest'
import { parseConfig } from '../config/parse.ts'
import { runDemo } from './demo.ts'

test('the demo refuses a PostgreSQL before it opens anything, and does not repeat its address', async () => {
  const config = parseConfig({
    variables: { DATABASE_URL: 'postgres://postern:hunter2@127.0.0.1:1/postern' },
    readFile: () => undefined,
    directory: '/nowhere',
    overrides: { development: true },
  })
  const refused = await runDemo(config).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'configuration_invalid', message: expect.stringMatching(/DATABASE_URL.*embedded/) })
  expect(String(refused)).not.toContain('hunter2')
})
