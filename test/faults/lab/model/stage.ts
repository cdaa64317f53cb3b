import type { TestPerson } from '@postern/sts/testing'
import type { PersonBrowser } from '../../../support/person-browser.ts'
import { signInOnce } from '../../../support/person-browser.ts'
import type { HonestClient } from '../honest-client.ts'
import type { Laboratory, LabService, LabWorld } from '../laboratory.ts'

export interface Session {
  readonly client: HonestClient
  readonly person: number
  /** Every refresh token that it had, oldest first. */
  readonly had: string[]
  /** Whether the model says that its newest token works. */
  alive: boolean
}

/** What the model knows: who should be signed in. */
export interface Model {
  readonly sessions: Session[]
  readonly happened: Map<string, number>
  /** Answers that nothing explains. */
  readonly surprises: string[]
}

/** Where it happens: a world, two processes, and people in front of browsers. */
export interface Stage {
  readonly lab: Laboratory
  readonly world: LabWorld
  readonly people: readonly { readonly person: TestPerson; browser: PersonBrowser }[]
  readonly processes: LabService[]
  readonly model: Model
}

export async function openStage(lab: Laboratory, options: { people: number }): Promise<Stage> {
  const world = await lab.world()
  const processes = await Promise.all([world.service(), world.service()])
  const people: Stage['people'][number][] = []
  for (let at = 0; at < options.people; at += 1) {
    const person = await world.person(`person${at}`)
    const browser = await signInOnce(world.sts, person)
    world.history.unrecorded(1)
    people.push({ person, browser })
  }
  return { lab, world, processes, people, model: { sessions: [], happened: new Map(), surprises: [] } }
}

export const addressOf = (stage: Stage, which: number): string =>
  stage.processes[which % stage.processes.length]?.address ?? stage.world.sts.baseUrl

/** SIGKILL, and another one in its place. */
export async function replaceProcess(stage: Stage, which: number): Promise<void> {
  const at = which % stage.processes.length
  await stage.processes[at]?.kill()
  const next = await stage.world.service()
  const gone = stage.processes[at]?.address
  stage.processes[at] = next
  for (const { client } of stage.model.sessions) if (client.address === gone) client.address = next.address
}

export async function closeStage(stage: Stage): Promise<void> {
  for (const one of stage.processes) await one.kill()
}
