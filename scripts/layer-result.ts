/**
 * Judges what vitest says about one layer of tests. Pure: scripts/verify.ts runs the layers and prints.
 *
 * A layer that ran nothing has proved nothing, so it fails; so does a skipped test, because nothing is skipped silently.
 */

export interface LayerResult {
  readonly name: string
  readonly passed: number
  readonly failed: number
  /** Why the layer fails, one sentence each. Empty when it passes. */
  readonly problems: readonly string[]
}

const count = (report: object, key: string): number => {
  const value: unknown = Reflect.get(report, key)
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : 0
}

/**
 * Reads vitest's JSON report of one layer. `report` is undefined when vitest wrote none. Each problem that is not a
 * failed test counts as one failure more, so that a layer with problems never adds up to "0 failed".
 */
export function judgeLayer(name: string, report: unknown, exitCode: number): LayerResult {
  if (typeof report !== 'object' || report === null) {
    return Object.freeze({ name, passed: 0, failed: 1, problems: [`vitest ended with ${exitCode} and wrote no report`] })
  }
  const passed = count(report, 'numPassedTests')
  const failedTests = count(report, 'numFailedTests')
  const skipped = count(report, 'numPendingTests') + count(report, 'numTodoTests')
  const problems: string[] = []
  if (passed + failedTests === 0) problems.push('no test ran')
  if (skipped > 0) problems.push(`${skipped} ${skipped === 1 ? 'test was' : 'tests were'} skipped`)
  if (exitCode !== 0 && failedTests === 0 && problems.length === 0) {
    problems.push(`vitest ended with ${exitCode} although no test failed: a file that does not load, or an error outside a test`)
  }
  const failed = failedTests + problems.length
  if (failedTests > 0) problems.unshift(`${failedTests} failed`)
  return Object.freeze({ name, passed, failed, problems: Object.freeze(problems) })
}
