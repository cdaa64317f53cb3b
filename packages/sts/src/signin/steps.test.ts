import { describe, expect, test } from 'vitest'
import { rulesIn } from './blocked-step.ts'
import { decideStep } from './steps.ts'

describe('decideStep', () => {
  test.each([
    ['login', ['no_session'], 'password'],
    ['login', ['login_prompt', 'max_age'], 'password'],
    ['assurance', ['blocked', 'factor_missing'], 'blocked'],
    ['assurance', ['factor_required'], 'factor'],
    ['assurance', ['insufficient'], 'blocked'],
    ['assurance', ['something_new'], 'blocked'],
    ['assurance', [], 'blocked'],
    ['consent', ['client_unassured'], 'consent'],
  ] as const)('meets %s %j of somebody with a factor with %s', (prompt, reasons, step) => {
    expect(decideStep({ prompt, reasons }, { hasFactor: true, mayBindAnother: false })).toBe(step)
  })

  test.each(['factor_missing', 'factor_offered'])('leads who has none through binding one: %s', (reason) => {
    const at = { hasFactor: false, mayBindAnother: false }
    expect(decideStep({ prompt: 'assurance', reasons: [reason] }, at)).toBe('enroll')
  })

  test('asks for a factor that was bound since the page was made, and never lets a password bind another', () => {
    const at = { hasFactor: true, mayBindAnother: false }
    expect(decideStep({ prompt: 'assurance', reasons: ['factor_missing'] }, at)).toBe('factor')
  })

  test('lets who has just shown a factor bind a stronger one', () => {
    const at = { hasFactor: true, mayBindAnother: true }
    expect(decideStep({ prompt: 'assurance', reasons: ['factor_missing'] }, at)).toBe('enroll')
  })

  test('leads through binding anew when the factor was taken away since', () => {
    const at = { hasFactor: false, mayBindAnother: false }
    expect(decideStep({ prompt: 'assurance', reasons: ['factor_required'] }, at)).toBe('enroll')
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
