import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { generateSchema, schemaFile } from './generate-schema.ts'

test('schema.ts is what the migrations make', async () => {
  expect(await readFile(schemaFile, 'utf8'), 'run: node packages/storage/src/generate-schema.ts').toBe(await generateSchema())
})
