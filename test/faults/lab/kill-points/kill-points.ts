/**
 * kill-points are requests that use something up, each with what must be true of it when the process died inside: either
 * nothing happened, or all of it, and never twice.
 * @module
 */
import type { LabWorld } from '../laboratory.ts'
import { ceremonyPoints } from './ceremony-points.ts'
import { type KillPoint, openScene } from './kill-point.ts'
import { personPoints } from './person-points.ts'
import { tokenPoints } from './token-points.ts'

export async function createKillPoints(world: LabWorld): Promise<readonly KillPoint[]> {
  const scene = await openScene(world)
  return [...tokenPoints(scene), ...personPoints(scene), ...ceremonyPoints(scene)]
}
