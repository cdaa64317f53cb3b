/**
 * signin is the pages between an app's request and its answer: who is it, a second thing, may the app.
 *
 * It owns the steps and their pages. It does not decide what is missing (protocol/interaction-policy.ts does), check a
 * secret (accounts and mfa do), or know oidc-provider. No step names another: each ends in `interactions.finish`.
 * @module
 */
import { z } from 'zod'
import { type Feature, route } from '../http/route.ts'
import { createAttemptNotes } from './attempt-notes.ts'
import { createBlockedStep } from './blocked-step.ts'
import { createConsentStep } from './consent-step.ts'
import { createEnrollStep } from './enroll-step.ts'
import { createFactorStep } from './factor-step.ts'
import { createPasswordStep } from './password-step.ts'
import type { SigninParts } from './ports.ts'
import type { StepName } from './steps.ts'
import { createVisits, type Step } from './visit.ts'

export function createSignin(parts: SigninParts): Feature {
  const notes = createAttemptNotes(parts)
  const visits = createVisits(parts, notes)
  const steps = {
    password: createPasswordStep(parts, visits),
    factor: createFactorStep(parts, notes, visits),
    enroll: createEnrollStep(parts, notes, visits),
    blocked: createBlockedStep(parts, visits),
    consent: createConsentStep(parts, visits),
  } as const satisfies Record<StepName, Step>

  const query = z.object({ as: z.string().optional(), way: z.string().max(64).optional() })
  const show = route('GET /signin/:uid', { query }, async (request) => {
    const visit = await visits.open(request)
    if ('instead' in visit) return visit.instead
    const { as, way } = request.query
    return steps[visit.step].show(visit, { otherAccount: as === 'other', ...(way !== undefined && { way }) })
  })

  return Object.freeze({ name: 'signin', routes: Object.freeze([show, ...Object.values(steps).flatMap((step) => step.routes)]) })
}
