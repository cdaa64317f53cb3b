import { expect, test } from 'vitest'
import { judgeLayer } from './layer-result.ts'

const report = (passed: number, failed = 0, pending = 0) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: pending,
  numTodoTests: 0,
})

test('a layer whose tests all passed has no problem', () => {
  expect(judgeLayer('unit', report(3), 0, '/project')).toEqual({ name: 'unit', passed: 3, failed: 0, problems: [], failures: [] })
})

test('a layer that ran no test fails, even when vitest is content', () => {
  expect(judgeLayer('unit', report(0), 0, '/project')).toEqual({
    name: 'unit',
    passed: 0,
    failed: 1,
    problems: ['no test ran'],
    failures: [],
  })
})

test('a skipped test fails its layer', () => {
  expect(judgeLayer('unit', report(3, 0, 1), 0, '/project')).toMatchObject({ failed: 1, problems: ['1 test was skipped'] })
})

test('failed tests are counted once', () => {
  expect(judgeLayer('unit', report(3, 2), 1, '/project')).toMatchObject({ passed: 3, failed: 2, problems: ['2 failed'] })
})

test('an error outside a test is not lost', () => {
  expect(judgeLayer('unit', report(3), 1, '/project').failed).toBe(1)
})

test('a missing report is a failure and not an empty success', () => {
  expect(judgeLayer('unit', undefined, 137, '/project')).toMatchObject({ passed: 0, failed: 1 })
})

test('what failed is told by file, name and the first line of why', () => {
  const passed = { status: 'passed', fullName: 'holds', failureMessages: [] }
  const fell = {
    status: 'failed',
    fullName: 'a door closes',
    failureMessages: ['Error: it stood open\n    at door.ts:3', 'more'],
  }
  const testResults = [
    { name: '/project/test/door.test.ts', message: '', assertionResults: [passed, fell] },
    { name: '/project/test/window.test.ts', message: 'SyntaxError: no such export\nmore', assertionResults: [] },
    { name: '/project/test/roof.test.ts', message: '', assertionResults: [passed] },
  ]
  expect(judgeLayer('unit', { ...report(2, 1), testResults }, 1, '/project').failures).toEqual([
    'test/door.test.ts > a door closes: Error: it stood open',
    'test/window.test.ts: SyntaxError: no such export',
  ])
})
