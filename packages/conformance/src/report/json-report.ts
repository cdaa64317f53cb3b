/** Writes a report for programs: stable names, times in ISO 8601, no secret in it (the runner saw to that). Pure. */
import type { Report } from '../runner.ts'

export const renderJson = (report: Report): string => `${JSON.stringify(report, undefined, 2)}\n`
