import { expect, it } from 'vitest'
import { parseWords } from './command-words.ts'

const flags = { rounds: { type: 'string', default: '5' }, install: { type: 'boolean', default: false } } as const
const parse = (words: string) => parseWords(words.split(' ').filter(Boolean), flags, ['policy', 'signin'])

it('hands on names, flags and defaults, also behind the dashes of a package manager', () => {
  expect(parse('policy --rounds 7')).toMatchObject({ kind: 'run', names: ['policy'], values: { rounds: '7', install: false } })
  expect(parse('-- --install')).toMatchObject({ kind: 'run', names: [], values: { rounds: '5', install: true } })
})

it('takes a question for help before anything else', () => {
  for (const words of ['--help', '-h', '--nonsense --help']) expect(parse(words)).toEqual({ kind: 'help' })
})

it('says in one line what it does not understand', () => {
  for (const words of ['--nonsense', 'polcy', '--rounds', '--rounds --install', '--install=yes']) {
    const read = parse(words)
    expect(read, words).toMatchObject({ kind: 'misused' })
    expect('problem' in read && read.problem).toMatch(/^[^\n]{5,120}$/)
  }
})
