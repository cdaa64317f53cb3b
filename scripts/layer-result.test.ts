import { expect, test } from 'vitest'
import { judgeLayer } from './layer-result.ts'

const report = (passed: number, failed = 0, pending = 0) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: pending,
  numTodoTests: 0,
})

test('a layer whose tests all passed has no problem', () => {
  expect(judgeLayer('unit', report(3), 0)).toEqual({ name: 'unit', passed: 3, failed: 0, problems: [] })
})

test('a layer that ran no test fails, even when vitest is content', () => {
  expect(judgeLayer('unit', report(0), 0)).toEqual({ name: 'unit', passed: 0, failed: 1, problems: ['no test ran'] })
})

test('a skipped test fails its layer', () => {
  expect(judgeLayer('unit', report(3, 0, 1), 0)).toMatchObject({ failed: 1, problems: ['1 test was skipped'] })
})

test('failed tests are counted once', () => {
  expect(judgeLayer('unit', report(3, 2), 1)).toMatchObject({ passed: 3, failed: 2, problems: ['2 failed'] })
})

test('an error outside a test is not lost', () => {
  expect(judgeLayer('unit', report(3), 1).failed).toBe(1)
})

test('a missing report is a failure and not an empty success', () => {
  expect(judgeLayer('unit', undefined, 137)).toMatchObject({ passed: 0, failed: 1 })
})
