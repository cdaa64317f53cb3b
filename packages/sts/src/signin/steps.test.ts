import { describe, expect, test } from 'vitest'
import { rulesIn } from './blocked-step.ts'
import { decideStep } from './steps.ts'

describe('decideStep', () => {
  test.each([
    ['login', ['no_session'], false, 'password'],
    ['login', ['login_prompt', 'max_age'], false, 'password'],
    ['assurance', ['blocked', 'factor_missing'], true, 'blocked'],
    ['assurance', ['factor_required'], true, 'factor'],
    ['assurance', ['factor_missing'], false, 'enroll'],
    ['assurance', ['something_new'], true, 'blocked'],
    ['assurance', [], true, 'blocked'],
    ['consent', ['client_unassured'], false, 'consent'],
  ] as const)('meets %s %j (has a factor: %j) with %s', (prompt, reasons, hasFactor, step) => {
    expect(decideStep({ prompt, reasons }, hasFactor)).toBe(step)
  })

  test('asks for a factor that was bound since the page was made, and never lets a password bind another', () => {
    expect(decideStep({ prompt: 'assurance', reasons: ['factor_missing'] }, true)).toBe('factor')
  })

  test('leads through binding anew when the factor was taken away since', () => {
    expect(decideStep({ prompt: 'assurance', reasons: ['factor_required'] }, false)).toBe('enroll')
  })
})

describe('rulesIn', () => {
  const because = (name: string, mode: string, result: string) => ({
    policy: { id: name, name, mode },
    result,
    missing: [],
    text: '',
  })

  test('names the rules that block, not those that only report or are met', () => {
    const details = {
      because: [
        because('Office only', 'on', 'blocked'),
        because('Trial', 'report-only', 'blocked'),
        because('Factor', 'on', 'met'),
      ],
    }
    expect(rulesIn(details)).toEqual(['Office only'])
  })

  test.each([[{}], [{ because: 'x' }], [{ because: [1] }]])('names none for %j', (details) => {
    expect(rulesIn(details)).toEqual([])
  })
})
