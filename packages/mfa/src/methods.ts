import type { Method } from './method.ts'
import { totp } from './totp/totp.ts'

/** Every method there is. To add one: a folder, and a line here. */
const methods: readonly Method[] = [
  totp, //
]

/** @throws {TypeError} when there is no such method. */
export function requireMethod(id: string): Method {
  const method = methods.find((one) => one.id === id)
  if (method === undefined) throw new TypeError(`There is no method "${id}".`)
  return method
}
