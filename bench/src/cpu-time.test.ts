import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { parseStat, processorTime } from './cpu-time.ts'

describe('processor time', () => {
  it('is read from a line of proc(5), whatever the process is called, with that of children that have ended', () => {
    const line = '4711 (a (b) c) S 4000 4711 4711 0 -1 4194304 100 0 0 0 120 30 5 5 20 0 11 0 123 456 789'
    expect(parseStat(line)).toStrictEqual({ pid: 4711, name: 'a (b) c', parent: 4000, milliseconds: 1600 })
    expect(parseStat('nonsense')).toBeUndefined()
  })

  it.runIf(process.platform === 'linux')('of this process is more than none, and none of it is another program’s', () => {
    expect(processorTime(process.pid)).toBeGreaterThan(0)
    expect(processorTime(process.pid, 'no such program')).toBe(0)
  })
})
