/**
 * The time zone that a caller of GetUserAvailability sends along: a bias and the two days on which the clocks change.
 *
 * Pure. It turns wall-clock times into instants and back. It knows no names of time zones: the caller's rules are all
 * there is ([MS-OXWAVLS] section 2.2.4, SerializableTimeZone).
 */

/** One change of the clocks. `bias` is in minutes and is added to the zone's; `dayOrder` 5 is the last such day of the month. */
export type ClockChange = Readonly<{
  bias: number
  month: number
  dayOrder: number
  /** 0 is Sunday. */
  dayOfWeek: number
  /** Minutes after midnight, on the clock that is about to change. */
  minuteOfDay: number
}>

/** UTC = wall clock + `bias` minutes (+ that of the season). */
export type TimeZone = Readonly<{ bias: number; standard: ClockChange; daylight: ClockChange }>

const MINUTE = 60_000
const none: ClockChange = Object.freeze({ bias: 0, month: 0, dayOrder: 0, dayOfWeek: 0, minuteOfDay: 0 })

export const UTC: TimeZone = Object.freeze({ bias: 0, standard: none, daylight: none })

/** The wall clock of the zone at an instant, as `2026-11-23T09:00:00`. */
export function toWallClock(instant: Date, zone: TimeZone): string {
  return new Date(instant.getTime() - biasAt(instant.getTime(), zone) * MINUTE).toISOString().slice(0, 19)
}

/**
 * The instant of an `xs:dateTime`. Without an offset it is read on the wall clock of the zone. Undefined: it is no such time.
 * An hour that the clocks skip is read as if they had not; of an hour that comes twice the first is meant.
 */
export function parseInstant(text: string, zone: TimeZone): Date | undefined {
  const parts = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d{1,7})?(Z|[+-]\d{2}:\d{2})?$/.exec(text)
  if (parts === null) return undefined
  const [, local = '', offset] = parts
  const read = Date.parse(`${local}${offset ?? 'Z'}`)
  if (Number.isNaN(read) || new Date(Date.parse(`${local}Z`)).toISOString().slice(0, 19) !== local) return undefined
  if (offset !== undefined) return new Date(read)
  const [standard, daylight] = [zone.standard.bias, zone.daylight.bias].map((bias) => read + (zone.bias + bias) * MINUTE)
  const fits = [daylight, standard].find((one) => one !== undefined && one - biasAt(one, zone) * MINUTE === read)
  return new Date(fits ?? standard ?? read)
}

/** In minutes: how far the wall clock is behind UTC. */
function biasAt(time: number, zone: TimeZone): number {
  const { standard, daylight } = zone
  if (standard.month === 0 || daylight.month === 0) return zone.bias + standard.bias
  const year = new Date(time - (zone.bias + standard.bias) * MINUTE).getUTCFullYear()
  // Each change is told on the clock that still runs: standard time until summer begins, daylight time until it ends.
  const begins = dayOf(year, daylight) + (zone.bias + standard.bias) * MINUTE
  const ends = dayOf(year, standard) + (zone.bias + daylight.bias) * MINUTE
  const isSummer = begins < ends ? time >= begins && time < ends : time >= begins || time < ends
  return zone.bias + (isSummer ? daylight.bias : standard.bias)
}

/** The wall clock of the change, counted as if it were UTC. */
function dayOf(year: number, { month, dayOrder, dayOfWeek, minuteOfDay }: ClockChange): number {
  const first = new Date(Date.UTC(year, month - 1, 1)).getUTCDay()
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate()
  let day = 1 + ((dayOfWeek - first + 7) % 7) + (dayOrder - 1) * 7
  while (day > days) day -= 7
  return Date.UTC(year, month - 1, day, 0, minuteOfDay)
}
