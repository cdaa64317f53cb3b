/** option-range says what a number in the options of a validator may be. It knows no option by name. */

/** @throws {TypeError} unless `value` is a whole number from `least` to `most` */
export function requireRange(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new TypeError(`${name} must be a whole number from ${least} to ${most}`)
  return value
}
