/** E.164, or `undefined`. */
export const parsePhoneNumber = (text: string): string | undefined => {
  const digits = text.replace(/[\s().-]/g, '')
  return /^\+[1-9]\d{6,14}$/.test(digits) ? digits : undefined
}
export const maskPhoneNumber = (number: string): string => `${number.slice(0, 3)}…${number.slice(-2)}`
