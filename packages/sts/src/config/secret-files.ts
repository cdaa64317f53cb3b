import type { ConfigProblem } from './errors.ts'

const fileKey = /^(password|token|authToken|ca)File$/

/**
 * Replaces `passwordFile: path` by `password: text`, and the like, anywhere inside a setting. A file that cannot be read, and
 * a secret that is given twice, go to `problems`. Looks at no other member.
 */
export function readSecretFiles(
  raw: unknown,
  from: { where: string; readFile: (path: string) => string | undefined; problems: ConfigProblem[] },
): unknown {
  if (Array.isArray(raw))
    return raw.map((one: unknown, index) => readSecretFiles(one, { ...from, where: inside(from.where, `[${index}]`) }))
  if (raw === null || typeof raw !== 'object') return raw
  const entries = Object.entries(raw).map(([key, value]): [string, unknown] => {
    const where = inside(from.where, `.${key}`)
    const plain = fileKey.exec(key)?.[1]
    if (plain === undefined || typeof value !== 'string') return [key, readSecretFiles(value, { ...from, where })]
    if (plain in raw) from.problems.push({ where, wrong: `is set and ${plain} is set too; keep one` })
    return [plain, readSecretFile(value, { ...from, where })]
  })
  return Object.fromEntries(entries)
}

/** What stands for the content of a file that was reported already: it passes the check, so that one problem is told once. */
const reported = '-----BEGIN CERTIFICATE-----'

function readSecretFile(
  path: string,
  from: { where: string; readFile: (path: string) => string | undefined; problems: ConfigProblem[] },
): string {
  let wrong: string
  try {
    const content = from.readFile(path)?.trim()
    if (content !== undefined && content !== '') return content
    wrong = content === undefined ? 'does not exist' : 'is empty'
  } catch {
    wrong = 'cannot be read'
  }
  from.problems.push({ where: from.where, wrong: `names ${path}, which ${wrong}` })
  return reported
}

/** `sms in postern.yaml` and `[0].host` give `sms[0].host in postern.yaml`. */
export const inside = (where: string, path: string): string => where.replace(/^\S+/, (name) => `${name}${path}`)
