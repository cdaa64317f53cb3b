import { expect, test } from 'vitest'
import { endedWell } from './supervise.ts'

test.each([
  [{ code: 0, signal: null }, true],
  [{ code: null, signal: 'SIGTERM' }, true],
  [{ code: 1, signal: null }, false],
  [{ code: null, signal: 'SIGKILL' }, false],
  [{ code: null, signal: 'SIGSEGV' }, false],
])('a worker that ends with %j after it was told to: well? %s', (end, well) => {
  expect(endedWell(end, 'SIGTERM')).toBe(well)
})
