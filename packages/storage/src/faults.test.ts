import { describe, expect, test } from 'vitest'
import { StorageUnavailable } from './errors.ts'
import { breaksConnection, toStorageFault } from './faults.ts'

const coded = (code: string, message = 'x') => Object.assign(new TypeError(message), { code })

describe('toStorageFault', () => {
  test.each([
    ['ECONNREFUSED', 'unreachable'],
    ['EAI_AGAIN', 'unreachable'],
    ['08006', 'unreachable'],
    ['57P01', 'unreachable'],
    ['57P03', 'unreachable'],
    ['28P01', 'unreachable'],
    ['3D000', 'unreachable'],
    ['25006', 'unreachable'],
    ['57014', 'timeout'],
    ['55P03', 'timeout'],
    ['53300', 'exhausted'],
    ['53100', 'exhausted'],
    ['40001', 'contention'],
    ['40P01', 'contention'],
  ])('tells %s as %s, with the cause', (code, reason) => {
    const cause = coded(code)
    expect(toStorageFault(cause)).toMatchObject({ name: 'StorageUnavailable', code: 'storage_unavailable', reason, cause })
  })

  test.each([
    ['timeout exceeded when trying to connect', 'exhausted'],
    ['Query read timeout', 'timeout'],
    ['Connection terminated unexpectedly', 'unreachable'],
    ['Client has encountered a connection error and is not queryable', 'unreachable'],
    ['PGlite is closed', 'unreachable'],
  ])('knows the text "%s"', (message, reason) => {
    expect(toStorageFault(new TypeError(message))).toMatchObject({ reason })
  })

  test('looks into the first of several', () => {
    expect(toStorageFault(new AggregateError([coded('ECONNREFUSED'), coded('EHOSTUNREACH')]))).toBeInstanceOf(StorageUnavailable)
  })

  test.each(['23505', '23503', '22P02', '42P01', '42601'])('leaves %s as it is: trying again would not help', (code) => {
    const error = coded(code)
    expect(toStorageFault(error)).toBe(error)
  })

  test('leaves what is no error as it is', () => {
    for (const odd of [undefined, null, 'text', 7, {}]) expect(toStorageFault(odd)).toBe(odd)
    const known = new StorageUnavailable('timeout')
    expect(toStorageFault(known)).toBe(known)
  })
})

test('a session is given up after what broke it, and kept after an ordinary refusal', () => {
  const breaks = (error: unknown) => breaksConnection(toStorageFault(error))
  for (const code of ['ECONNRESET', '57P01', '08006', '25P03']) expect(breaks(coded(code))).toBe(true)
  expect(breaks(new TypeError('Query read timeout'))).toBe(true)
  for (const code of ['57014', '55P03', '40001', '53100', '23505']) expect(breaks(coded(code))).toBe(false)
})
