/** The rules alone, for benchmarks that need no service around them. */
export { createPolicy, evaluate, type Policy, type Signals } from '../policy/policy.ts'
