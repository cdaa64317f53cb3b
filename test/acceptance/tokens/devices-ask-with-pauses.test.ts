/** A device that asks without a pause is told to slow down (R75; RFC 8628 section 3.5). */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createBrowser } from '../support/browser.ts'
import { approve, startDevice, type WaitingDevice } from '../support/device.ts'
import { startWorld, verdict, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

const PENDING = '400 authorization_pending'
const SLOW = '400 slow_down'
const after = async (seconds: number, device: WaitingDevice) => {
  world.pass(seconds)
  return verdict(await device.poll())
}

it('is told so each time, and must wait five seconds longer each time', async () => {
  const device = await startDevice(world)
  expect(await after(0, device)).toBe(PENDING)
  expect(await after(device.interval, device)).toBe(PENDING)
  expect(await after(2, device)).toBe(SLOW) // 10 s from now on
  expect(await after(5, device)).toBe(SLOW) // 15 s from now on
  expect(await after(15, device)).toBe(PENDING)
  expect(await after(10, device)).toBe(SLOW)
  expect(await after(20, device)).toBe(PENDING)
})

it('may be a little early, as networks are', async () => {
  const device = await startDevice(world)
  expect(await after(0, device)).toBe(PENDING)
  expect(await after(4, device)).toBe(PENDING)
})

it('slows no other device', async () => {
  const [one, other] = [await startDevice(world), await startDevice(world)]
  expect([await after(0, one), await after(0, one)]).toEqual([PENDING, SLOW])
  expect(await after(0, other)).toBe(PENDING)
})

it('gets its tokens all the same once somebody has let it in', async () => {
  const device = await startDevice(world)
  expect([await after(0, device), await after(0, device)]).toEqual([PENDING, SLOW])
  await approve(world, createBrowser(), device.userCode)
  expect(await after(0, device)).toBe('200 ok')
})

it('of many questions at once one is answered, and none fails', async () => {
  const device = await startDevice(world)
  const answers = await Promise.all(Array.from({ length: 8 }, () => device.poll()))
  expect(answers.map(verdict).toSorted()).toEqual([PENDING, ...Array<string>(7).fill(SLOW)])
})
