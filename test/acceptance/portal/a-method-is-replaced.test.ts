/** A person puts a new method in the place of an old one: the old one opens the account until the new one does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { textOf } from '../support/browser.ts'
import type { World } from '../support/world.ts'
import {
  codeFor,
  eventsOf,
  factorsOf,
  formTo,
  keyOn,
  mailsOf,
  newestOf,
  pathOf,
  send,
  somebody,
  startQuietWorld,
  trailOf,
  visitPortal,
} from './portal-visit.ts'

let world: World
beforeAll(async () => {
  world = await startQuietWorld()
})
afterAll(() => world.close())

/** As far as the question whether the old one goes. */
async function replaceApp(person: Awaited<ReturnType<typeof somebody>>) {
  const old = await newestOf(world, person)
  await world.sts.kept.authenticators.makeDefault(person.account.id, old)
  // Whoever has recovery codes is led on at once; who has none is shown them in between.
  await world.sts.kept.recoveryCodes.replace(person.account.id, { digests: [new Uint8Array(32)], at: new Date() })
  const visit = await visitPortal(world, person, `/methods/${old}`)
  const choice = await visit.browser.open(`${visit.page.url}/replace`)
  const shown = await send({ ...visit, page: choice }, '/portal/add', { method: 'totp' })
  const wrong = await send({ ...visit, page: shown }, '/confirm', { answer: '000000' })
  const secret = keyOn(wrong)
  const asked = await send({ ...visit, page: wrong }, '/confirm', { answer: await codeFor(secret) })
  return { old, visit, choice, asked, next: await newestOf(world, person) }
}

describe('replacing a method', () => {
  it('adds the new one, then asks about the old one; one mark, one row and one mail tell of it', async () => {
    const mary = await somebody(world)
    const { old, visit, choice, asked, next } = await replaceApp(mary)
    expect(textOf(choice.html)).toContain('Replace Test')
    // Of its own kind first, the others below it.
    expect([...choice.html.matchAll(/name="method" value="(\w+)"/g)].map(([, kind]) => kind)).toEqual(['totp', 'webauthn', 'sms'])
    expect(pathOf(asked)).toBe(`/portal/methods/${old}/remove`)
    expect(textOf(asked.html)).toContain('Keep both')
    expect((await factorsOf(world, mary)).map(({ id, isDefault }) => [id, isDefault])).toEqual([
      [old, true],
      [next, false],
    ])
    await mailsOf(world, mary)

    expect(pathOf(await send({ ...visit, page: asked }, '/remove'))).toBe('/portal/methods')
    expect((await factorsOf(world, mary)).map(({ id, isDefault }) => [id, isDefault])).toEqual([[next, true]])
    expect((await trailOf(world, mary)).find(({ event }) => event === 'factor.replaced')?.detail).toEqual({
      method: 'totp',
      authenticatorId: next,
      replacedId: old,
    })
    expect(await eventsOf(world, mary)).not.toContain('factor.removed')
    expect((await mailsOf(world, mary)).map(({ subject }) => subject)).toEqual(['A sign-in method of your account was replaced'])
  })

  it('tells its owner of the new one at once, so that nobody adds one unseen by leaving at the question', async () => {
    const mary = await somebody(world)
    const { old, next } = await replaceApp(mary)
    expect((await mailsOf(world, mary)).map(({ subject }) => subject)).toEqual(['A sign-in method was added to your account'])
    expect((await factorsOf(world, mary)).map(({ id }) => id)).toEqual([old, next])
  })

  it('leads on from the recovery codes to the question, where it had to make some', async () => {
    const mary = await somebody(world)
    const old = await newestOf(world, mary)
    const visit = await visitPortal(world, mary, `/methods/${old}/replace`)
    const shown = await send(visit, '/portal/add', { method: 'totp' })
    const codes = await send({ ...visit, page: shown }, '/confirm', { answer: await codeFor(keyOn(shown)) })
    expect(textOf(codes.html)).toContain('Save your recovery codes')
    const further = new RegExp(`href="([^"]+/portal/methods/${old}/remove\\?by=[^"]+)"`).exec(codes.html)?.[1] ?? ''
    expect(textOf((await visit.browser.open(new URL(further, visit.page.url).href)).html)).toContain('Keep both')
  })

  it('is of an own one only, and one that was there before replaces nothing', async () => {
    const [mary, anna] = [await somebody(world), await somebody(world)]
    const theirs = await newestOf(world, anna)
    const visit = await visitPortal(world, mary, '/add')
    expect((await visit.browser.open(`${world.issuer}/portal/methods/${theirs}/replace`)).status).toBe(404)
    const shown = await send(visit, '/portal/add', { method: 'totp', replaces: theirs })
    expect(shown.html).not.toContain(theirs)
    const done = await send({ ...visit, page: shown }, '/confirm', {
      answer: await codeFor(keyOn(shown)),
      replaces: theirs,
    })
    expect(done.html).not.toContain(theirs)
    expect(await factorsOf(world, anna)).toHaveLength(1)

    const [before] = await factorsOf(world, mary)
    const question = await visit.browser.open(
      `${world.issuer}/portal/methods/${await newestOf(world, mary)}/remove?by=${before?.id}`,
    )
    expect(formTo(question, '/remove').fields.map(({ name }) => name)).toEqual(['csrf'])
    await send({ ...visit, page: question }, '/remove', { by: before?.id ?? '' })
    expect(await eventsOf(world, mary)).toContain('factor.removed')
    expect(await eventsOf(world, mary)).not.toContain('factor.replaced')
  })
})
