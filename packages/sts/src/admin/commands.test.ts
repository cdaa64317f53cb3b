import { expect, test } from 'vitest'
import { describeCommand } from './commands.ts'
import { operations } from './operations.ts'
import { renderOutput } from './output.ts'

const describe = (name: string) => {
  const operation = operations.find((one) => one.name === name)
  if (operation === undefined) throw new TypeError(`There is no operation ${name}`)
  return describeCommand(operation)
}

test('a command is read off its operation', () => {
  const { positional, options } = describe('client.add')
  expect(positional.map(({ word }) => word)).toEqual(['display-name'])
  expect(options.find(({ name }) => name === 'preset')?.choices).toContain('thunderbird')
  expect(options.find(({ name }) => name === 'redirectUris')).toMatchObject({
    word: 'redirect-uri',
    kind: 'list',
    required: false,
  })
  expect(options.find(({ name }) => name === 'dpopBoundAccessTokens')).toMatchObject({ kind: 'flag' })
})

test('lists lose their plural, also after ss', () => {
  const words = describe('account.add').options.map(({ word }) => word)
  expect(words).toEqual(expect.arrayContaining(['further-address', 'group']))
})

test('files and secrets are told apart from text', () => {
  expect(describe('policy.put').positional.map(({ kind }) => kind)).toEqual(['text', 'json-file'])
  expect(describe('client.add-key').positional.map(({ kind }) => kind)).toEqual(['text', 'text-file'])
  expect(describe('account.set-password').options.map(({ kind }) => kind)).toEqual(['secret'])
})

test('every member of every command has a description', () => {
  for (const operation of operations) {
    const { positional, options } = describeCommand(operation)
    for (const { name, description } of [...positional, ...options])
      expect(`${operation.name} ${name}: ${description}`).toMatch(/: ./)
  }
})

test('no two options of a command have one word', () => {
  for (const operation of operations) {
    const words = describeCommand(operation).options.map(({ word }) => word)
    expect(new Set([...words, 'json', 'realm', 'help']).size).toBe(words.length + 3)
  }
})

test('tables align, and an empty one says so', () => {
  expect(
    renderOutput([
      { name: 'a', long: 'x' },
      { name: 'bbb', long: ['1', '2'] },
    ]),
  ).toBe('NAME  LONG\na     x\nbbb   1, 2')
  expect(renderOutput([])).toBe('none')
})

test('control characters from a request do not reach the terminal', () => {
  expect(renderOutput([{ text: 'a\u001b[2Jb\n' }])).not.toMatch(/[\u001b]|\n\n/)
  expect(renderOutput({ text: 'a\u202eb' })).not.toContain('\u202e')
})

test('nested members are shown by their path', () => {
  expect(renderOutput({ a: { b: 1 }, c: [{ d: 2 }] })).toBe('a.b     1\nc[0].d  2')
})

test('each operation has a name of its own, a summary, and a description of every member', () => {
  expect(new Set(operations.map(({ name }) => name)).size).toBe(operations.length)
  for (const { name, summary, input, positional } of operations) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/)
    expect(summary.length).toBeGreaterThan(10)
    for (const member of positional) expect(Object.keys(input.shape)).toContain(member)
  }
})
