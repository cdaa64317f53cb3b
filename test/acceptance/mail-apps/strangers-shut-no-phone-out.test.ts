/** Whatever others do behind the same address, or at the same account: a phone that its owner let in goes on (decision 0014). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Gate, phone, startGate, thunderbird, verdictOf } from './gate-stage.ts'

let gate: Gate
beforeAll(async () => {
  gate = await startGate()
})
afterAll(() => gate.world.close())

/** A person with a phone that she has let in, which asks from this address. */
async function withPhone(source: string) {
  const person = await gate.person()
  const tried = { name: person.upn, protocol: 'activesync', app: phone, source }
  expect(verdictOf(await gate.ask({ ...tried, secret: person.password }))).toBe('pending app_pending')
  await gate.decide((await gate.tiles(person))[0], 'active')
  gate.world.pass(400) // what is remembered of a right password is over
  return { person, tried }
}
/** Enough different failures behind one address for it to be heard no more. */
async function useUp(source: string): Promise<void> {
  for (let count = 0; count < 22; count++)
    await gate.ask({ name: `nobody${count}@contoso.com`, secret: 'stale password', source })
}

describe('a phone that its owner let in', () => {
  it('gets in from an address that is refused for others; a program without a device id does not', async () => {
    const source = '198.51.100.20'
    const { person, tried } = await withPhone(source)
    await useUp(source)
    const asked = { ...tried, secret: person.password }
    expect(verdictOf(await gate.ask({ ...asked, app: { ...phone, deviceId: 'OTHER9' } }))).toBe('denied throttled')
    expect(verdictOf(await gate.ask({ ...asked, protocol: 'imap', app: thunderbird }))).toBe('denied throttled')
    expect(verdictOf(await gate.ask(asked))).toBe('allow app_active')
  })

  it('gets in while a stranger has used up the tries of the account', async () => {
    const { person, tried } = await withPhone('198.51.100.30')
    for (let count = 0; count < 12; count++)
      await gate.ask({ name: person.upn, secret: `guess ${count}`, source: `203.0.113.${100 + count}` })
    expect(verdictOf(await gate.ask({ name: person.upn, secret: person.password, source: '192.0.2.99' }))).toBe(
      'denied throttled',
    )
    expect(verdictOf(await gate.ask({ ...tried, secret: person.password }))).toBe('allow app_active')
  })

  it('is no way to guess without end: it has a count of its own, and a new password begins it anew', async () => {
    const { person, tried } = await withPhone('198.51.100.40')
    const answers: string[] = []
    for (let count = 0; count < 8; count++) answers.push(verdictOf(await gate.ask({ ...tried, secret: `guess ${count}` })))
    expect(answers.filter((one) => one === 'denied throttled').length).toBeGreaterThan(0)
    const { kept, service } = gate.world.sts
    await service.accounts.setPassword(kept, person.account.id, 'a new password for this person')
    expect(verdictOf(await gate.ask({ ...tried, secret: 'a new password for this person' }))).toBe('allow app_active')
  })
})
