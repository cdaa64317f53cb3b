import { claimsOf } from '../history.ts'
import { invariant } from './invariant.ts'

const WORD = /[A-Za-z0-9_-]{16,}/g

/** Words of a row, and of what its bytes spell where they are text in disguise. */
function* wordsOf(text: string): Generator<string> {
  for (const [word] of text.matchAll(WORD)) yield word
  for (const [, digits = ''] of text.matchAll(/\\x([0-9a-f]{32,})/g))
    for (const [word] of Buffer.from(digits, 'hex').toString('latin1').matchAll(WORD)) yield word
}

export const secretsAreNowhereAtRest = invariant(
  'I18',
  'No token, code, seed or password stands in a table or a log.',
  ({ dump, logs }, { asked, secrets }, fact) => {
    const places = [...dump, { table: 'a log', text: logs }]
    const found = new Map<string, string>()
    for (const { table, text } of places) for (const word of wordsOf(text)) found.set(word, table)
    const forbidden = new Map<string, string>()
    for (const one of asked) {
      for (const member of ['code', 'refresh_token', 'client_assertion', 'device_code', 'client_secret', 'code_verifier']) {
        const value = one.form[member]
        if (value !== undefined) forbidden.set(value, member)
      }
      for (const member of ['access_token', 'refresh_token', 'id_token', 'device_code'])
        if (typeof one.answer?.body[member] === 'string') forbidden.set(String(one.answer.body[member]), member)
    }
    for (const [value, what] of forbidden) {
      const parts = value.split('.')
      // Of a JWT the signature is the secret part; of a refresh token so is the handle that it carries.
      const { jti } = what === 'refresh_token' ? claimsOf(value) : {}
      for (const secret of [parts.at(-1), jti])
        if (typeof secret === 'string' && secret.length >= 16)
          fact(!found.has(secret), () => `a ${what} stands in ${found.get(secret)}`)
    }
    const whole = places.map(({ text }) => text).join('\n')
    for (const { what, value } of secrets) {
      const hidden = Buffer.from(value).toString('hex')
      fact(!whole.includes(value) && !whole.includes(hidden), () => `${what} stands in a table or a log`)
    }
  },
)
