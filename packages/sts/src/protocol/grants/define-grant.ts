/**
 * define-grant gives every grant of ours the same phases in the same order, so that none can forget one.
 *
 * authenticate (who asks), prove (that what is shown is right and used up), assess (policy), cap (what may be given at
 * most), issue, audit. Each phase sees what those before it found. A refusal is thrown and ends the request; what a phase
 * means in a grant is the grant's own.
 * @module
 */

/** The phases of one grant, from the request to its answer. */
export interface GrantPhases<Request, Actor, Proof, Permit, Answer> {
  /** Who asks. Checks the credential, and that this client may use the grant at all. */
  authenticate(request: Request): Promise<Actor>
  /** What is handed in: its signature, times, audience and single use. */
  prove(request: Request, found: { readonly actor: Actor }): Promise<Proof>
  /** Asks policy. Throws where it blocks or demands more. */
  assess(request: Request, found: { readonly actor: Actor; readonly proof: Proof }): Promise<void>
  /** What may be given at most: the target, and scopes that nobody widens. */
  cap(request: Request, found: { readonly actor: Actor; readonly proof: Proof }): Promise<Permit>
  issue(request: Request, found: { readonly actor: Actor; readonly proof: Proof; readonly permit: Permit }): Promise<Answer>
  /** Writes the row before the answer leaves; without the row there is no answer (R133). */
  audit(
    request: Request,
    found: { readonly actor: Actor; readonly proof: Proof; readonly permit: Permit; readonly answer: Answer },
  ): Promise<void>
}

/** The grant as one function. Refusals pass through: whoever calls it answers and records them. */
export function defineGrant<Request, Actor, Proof, Permit, Answer>(
  phases: GrantPhases<Request, Actor, Proof, Permit, Answer>,
): (request: Request) => Promise<Answer> {
  return async (request) => {
    const actor = await phases.authenticate(request)
    const proof = await phases.prove(request, { actor })
    await phases.assess(request, { actor, proof })
    const permit = await phases.cap(request, { actor, proof })
    const answer = await phases.issue(request, { actor, proof, permit })
    await phases.audit(request, { actor, proof, permit, answer })
    return answer
  }
}
