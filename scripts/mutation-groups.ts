/**
 * Which files of packages/resource-server are mutated together, and which tests speak of them: a mutant need not run the rest.
 *
 * Paths are below `packages/resource-server/src`, without `.ts` and `.test.ts`. The nearest tests first: they judge most mutants.
 */
export interface MutationGroup {
  readonly mutate: readonly string[]
  readonly tests: readonly string[]
}

const acting = (name: string) => `server-to-server/${name}`

/** In the order in which they are run: what meets a stranger's token first. */
export const MUTATION_GROUPS: Readonly<Record<string, MutationGroup>> = {
  form: {
    mutate: ['compact-token', 'strict-json'],
    tests: ['compact-token', 'strict-json', 'validator', 'hostile-tokens-are-refused'],
  },
  claims: { mutate: ['claims', 'scopes'], tests: ['claims', 'scopes', 'validator', 'hostile-tokens-are-refused', 'guard'] },
  keys: {
    mutate: ['weak-keys', 'verification-key'],
    tests: ['weak-keys', 'verification-key', 'issuer-keys', 'server-to-server/times', 'hostile-tokens-are-refused'],
  },
  'issuer-keys': {
    mutate: ['issuer-keys', 'kept-keys', 'web-address', 'read-bounded'],
    tests: ['web-address', 'read-bounded', 'issuer-keys', 'kept-keys', 'kept-keys-on-disk', 'validator'],
  },
  validator: {
    mutate: ['validator', 'token-memory', 'least-recently-used', 'option-range'],
    tests: [
      'least-recently-used',
      'token-memory',
      'validator',
      'revocations/validator-with-revocations',
      'hostile-tokens-are-refused',
      'issuer-keys',
      'kept-keys',
    ],
  },
  challenge: {
    mutate: ['challenge-parser', 'challenge', 'sasl'],
    tests: ['challenge-parser', 'challenge', 'sasl', 'guard', 'discovery'],
  },
  'actor-forms': {
    mutate: [
      'token-form',
      'actor-claims',
      'times',
      'principal',
      'certificates',
      'user-token',
      'user-lookup',
      'self-issued',
      'errors',
      'diagnostics',
      'actor-status',
    ].map(acting),
    tests: [
      'token-form',
      'actor-claims',
      'times',
      'principal',
      'certificates',
      'user-token',
      'user-lookup',
      'errors',
      'actor-status',
      'self-issued',
      'actor-token-properties',
      'actor-token',
      'unsigned-tokens',
      'captured-examples',
      'certificate-of-another-principal',
      'partner-realm-swapped',
      'hostile-actor-tokens-are-refused',
    ].map(acting),
  },
  'actor-tokens': {
    mutate: ['actor-token', 'actor-tokens', 'acting-partners', 'partner-metadata', 'metadata-document', 'issuer-source'].map(
      acting,
    ),
    tests: [
      'metadata-document',
      'partner-pins',
      'actor-tokens',
      'issuer-source',
      'acting-partners',
      'what-is-told-of-actors',
      'actor-token',
      'partner-metadata',
      'actor-token-properties',
      'unsigned-tokens',
      'captured-examples',
      'certificate-of-another-principal',
      'partner-realm-swapped',
      'hostile-actor-tokens-are-refused',
      'times',
    ].map(acting),
  },
  revocations: {
    mutate: [
      'revocations/revocation-marks',
      'revocations/feed-page',
      'revocations/revocation-feed',
      'revocations/security-event',
      'system-timer',
    ],
    tests: [
      'system-timer',
      ...['revocation-marks', 'feed-page', 'security-event', 'what-the-feed-does', 'revocation-feed'].map(
        (name) => `revocations/${name}`,
      ),
      'revocations/validator-with-revocations',
    ],
  },
  guard: {
    mutate: ['guard', 'diagnostics', 'errors', 'metadata', 'node-http', 'express', 'koa', 'fetch'],
    tests: [
      'errors',
      'what-is-answered',
      'metadata',
      'node-http',
      'what-adapters-hand-over',
      'guard',
      'adapters',
      'adapters-with-passwords',
    ],
  },
  discovery: {
    mutate: ['discovery', 'authorization-server', 'guarded-fetch', 'network-address'],
    tests: ['network-address', 'guarded-fetch', 'authorization-server', 'what-discovery-tells', 'discovery'],
  },
  passwords: {
    mutate: [
      'legacy-auth',
      'activesync-device',
      'exchange-path',
      'gate-memory',
      'gate-question',
      'gate-answer',
      'basic-credentials',
    ].map((name) => `legacy-auth/${name}`),
    tests: [
      ...[
        'basic-credentials',
        'exchange-path',
        'activesync-device',
        'gate-answer',
        'gate-question',
        'gate-line',
        'legacy-auth',
      ].map((name) => `legacy-auth/${name}`),
      'adapters-with-passwords',
    ],
  },
  client: {
    mutate: [
      'token-status',
      'user-tokens',
      'replayable-request',
      'signing-identity',
      'server-client',
      'token-request',
      'token-answer',
      'use-reports',
      'issuer-connection',
      'assertions',
      'actor-tokens',
      'challenge-match',
      'clock-offset',
      'errors',
      'exchange',
    ].map((name) => `client/${name}`),
    tests: [
      'exchange',
      'replayable-request',
      'signing-identity',
      'misuse-is-said-at-once',
      'challenge-match',
      'token-answer',
      'token-source',
      'kept-actor-tokens',
      'reports-and-status',
      'each-step-of-a-call',
      'what-is-sent',
      'what-is-refused',
      'issuer-connection',
      'server-client',
      'acting-for-people',
    ].map((name) => `client/${name}`),
  },
}
