import { expect, test } from 'vitest'
import { PolicyError } from '../policy/policy.ts'
import { type OperationErrorCode, OperationRefused, operationErrors } from './errors.ts'
import { describeFailure } from './failures.ts'
import { parseInput } from './operation.ts'
import { operations } from './operations.ts'

test('input that is wrong by itself ends with 2, and whatever is refused for what it meets ends with 1', () => {
  const codes = Object.keys(operationErrors) as OperationErrorCode[] // Object.keys forgets the names that the table is known to have
  const usage = codes.filter((code) => describeFailure(new OperationRefused(code, 'no')).exitCode === 2)
  expect(usage).toEqual(['invalid', 'policy_invalid'])
})

test('a fault, and rules that are kept and cannot be read, end with 1', () => {
  expect(describeFailure(new RangeError('oh'))).toMatchObject({ code: 'fault', exitCode: 1 })
  expect(describeFailure('oh').exitCode).toBe(1)
  expect(describeFailure(new PolicyError(['x'])).exitCode).toBe(1)
})

test('members of no operation are taken that are not declared, and that is wrong usage everywhere', () => {
  for (const { name, input } of operations) {
    const codes: unknown[] = []
    try {
      parseInput(input, { notDeclared: true })
    } catch (error) {
      codes.push(describeFailure(error).exitCode)
    }
    expect(codes, name).toEqual([2])
  }
})
