import type { BoundFactor } from '@postern/mfa'
import type { IconName } from '../../http/icons.ts'
import type { Messages, TextKey } from '../../http/messages/catalogue.ts'

interface Told {
  readonly drawing: IconName
  readonly name: TextKey
}

const told: Readonly<Record<string, Told>> = {
  totp: { drawing: 'smartphone', name: 'portalMethodTotp' },
  sms: { drawing: 'message-square', name: 'portalMethodSms' },
  voice: { drawing: 'phone', name: 'portalMethodVoice' },
  webauthn: { drawing: 'key-round', name: 'portalMethodWebauthn' },
}

/** How a factor is drawn and called. A method that the portal does not know yet has a plain name. */
export function tellMethod({ method, detail }: Pick<BoundFactor, 'method' | 'detail'>): Told {
  const known = method === 'sms' && detail.channel === 'voice' ? 'voice' : method
  return (Object.hasOwn(told, known) ? told[known] : undefined) ?? { drawing: 'shield-check', name: 'portalMethodOther' }
}

/** What tells it apart without giving it away: of telephones the masked number. */
export const hintOf = ({ detail }: Pick<BoundFactor, 'detail'>): string | undefined =>
  typeof detail.masked === 'string' ? detail.masked : undefined

/** Whether the person has given it a name of their own, beside what it is. */
export const nameOf = (texts: Messages, factor: Pick<BoundFactor, 'method' | 'detail' | 'label'>): string =>
  factor.label.trim() === '' ? texts[tellMethod(factor).name] : factor.label

/** What was shown in a session (`amr`), in words; signals and what we have no word for are left out. */
export function tellShown(texts: Messages, evidence: readonly string[]): readonly string[] {
  const words: readonly (readonly [amr: readonly string[], text: TextKey])[] = [
    [['pwd'], 'portalShownPwd'],
    [['otp'], 'portalShownOtp'],
    [['sms'], 'portalShownSms'],
    [['hwk', 'swk'], 'portalShownKey'],
    [['mca'], 'portalShownMca'],
  ]
  return words.filter(([amr]) => amr.some((one) => evidence.includes(one))).map(([, text]) => texts[text])
}
