import { expect, test } from 'vitest'
import { judge, renderTargets } from './table.ts'

test('a target is reached, or missed by a share of it', () => {
  expect(judge({ what: 'x', value: 0.6, atLeast: 0.6 })).toBe('reached')
  expect(judge({ what: 'x', value: 0.3, atLeast: 0.6 })).toBe('missed by 50 %')
  expect(judge({ what: 'x', value: 3.03, atMost: 3 })).toBe('missed by 1.0 %')
  expect(judge({ what: 'x', value: 3, atMost: 3 })).toBe('reached')
})

test('what was not measured is not reached', () => {
  expect(judge({ what: 'x', value: Number.NaN, atMost: 3 })).toBe('not measured')
})

test('targets are told with their units', () => {
  expect(renderTargets([{ what: 'memory', value: 130, unit: 'MB', atMost: 120 }]).at(-1)).toBe(
    '| memory | 130 MB | at most 120 MB | missed by 8.3 % |',
  )
})

test('a run that was cut short is not judged', () => {
  const rows = renderTargets([{ what: 'memory', value: 130, unit: 'MB', atMost: 120 }], 0.2)
  expect(rows.at(-1)).toBe('| memory | 130 MB | at most 120 MB | short run |')
})
