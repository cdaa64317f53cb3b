import { expect, test } from 'vitest'
import { joinResults, readReport } from './mutation-results.ts'

const mutant = (status: string, line = 1) => ({
  mutatorName: 'StringLiteral',
  replacement: '""',
  status,
  location: { start: { line, column: 2 } },
})
const about = { at: '2026-01-02T03:04:05.000Z', commit: 'abc' }

test('what was noticed in any way counts, what a comment disables is told apart', () => {
  const statuses = ['Killed', 'Timeout', 'RuntimeError', 'CompileError', 'Survived', 'NoCoverage', 'Ignored']
  const [result] = readReport({ files: { 'src/a.ts': { mutants: statuses.map((status) => mutant(status)) } } })
  expect(result).toMatchObject({ file: 'src/a.ts', mutants: 6, killed: 4, score: 66.6, explained: 1 })
  expect(result?.survivors.map(({ status }) => status)).toEqual(['Survived', 'NoCoverage'])
})

test('a file that was run again replaces its old result, the others stay with their date', () => {
  const first = readReport({ files: { a: { mutants: [mutant('Survived')] }, b: { mutants: [mutant('Killed')] } } })
  const second = readReport({ files: { a: { mutants: [mutant('Killed'), mutant('Killed')] } } })
  const joined = joinResults(joinResults(undefined, first, about), second, { ...about, commit: 'def' })
  expect(joined).toMatchObject({ files: 2, mutants: 3, killed: 3, score: 100, commit: 'def' })
  expect(joined.results.map(({ file, mutants, commit }) => [file, mutants, commit])).toEqual([
    ['a', 2, 'def'],
    ['b', 1, 'abc'],
  ])
})

test('a score is never rounded up to the whole', () => {
  const mutants = [...Array.from({ length: 4000 }, () => mutant('Killed')), mutant('Survived')]
  expect(readReport({ files: { a: { mutants } } })[0]?.score).toBe(99.9)
})
