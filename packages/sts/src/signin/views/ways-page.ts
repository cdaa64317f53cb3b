import { type ChoiceWords, renderChoiceClosed, renderChoiceLink, renderQuietForm } from '../../http/controls.ts'
import { fill, html } from '../../http/html.ts'
import type { IconName } from '../../http/icons.ts'
import { inWords, messagesIn } from '../../http/language.ts'
import type { Language } from '../../http/messages/catalogue.ts'
import { renderFrame } from '../../http/page-frame.ts'
import type { Choice } from '../ways.ts'
import { type FactorPage, renderTop } from './factor-page.ts'

const icons: Readonly<Record<string, IconName>> = {
  totp: 'smartphone',
  sms: 'message-square',
  webauthn: 'key-round',
  'recovery-code': 'life-buoy',
  'access-pass': 'ticket',
  approval: 'bell-ring',
}

/** One way in words: what it is, and which one. */
export function wordsOfChoice(choice: Choice, at: { language: Language; realmName: string; now: Date }): ChoiceWords {
  const { language, realmName, now } = at
  const texts = messagesIn(language)
  const words = (title: string, hint: string): ChoiceWords => {
    if (choice.state === 'disabled') return { icon: iconOf(choice), title, hint: texts.wayLocked }
    const { pausedUntil } = choice
    if (pausedUntil === undefined) return { icon: iconOf(choice), title, hint }
    return { icon: iconOf(choice), title, hint: fill(texts.wayPaused, { when: inWords(language, now, pausedUntil) }) }
  }
  switch (choice.method) {
    case 'totp':
      return words(texts.wayTotp, texts.wayTotpHint)
    case 'sms': {
      const isCall = choice.channel === 'voice'
      const to = choice.hint ?? ''
      return words(isCall ? texts.wayVoice : texts.waySms, fill(isCall ? texts.wayVoiceHint : texts.waySmsHint, { to }))
    }
    case 'webauthn':
      return words(texts.wayWebauthn, texts.wayWebauthnHint)
    case 'recovery-code': {
      const count = Number(choice.hint)
      const one = new Intl.PluralRules(language).select(count) === 'one'
      return words(texts.wayRecovery, fill(one ? texts.wayRecoveryHintOne : texts.wayRecoveryHintOther, { count }))
    }
    case 'access-pass':
      return words(texts.wayPass, fill(texts.wayPassHint, { realm: realmName }))
    case 'approval':
      return words(texts.wayApproval, texts.wayApprovalHint)
    default:
      return words(choice.label, choice.hint ?? '')
  }
}

const iconOf = ({ method, channel }: Choice): IconName =>
  method === 'sms' && channel === 'voice' ? 'phone' : (icons[method] ?? 'shield-check')

/**
 * What a person may choose from. `notice` says why they are here without having asked for it, e.g. because no message can
 * be sent. `again`: what could not be done, to be tried once more.
 */
export function renderWaysPage(
  view: Omit<FactorPage, 'othersAddress' | 'rememberDays' | 'complaint'> & {
    choices: readonly Choice[]
    addressOf: (choice: Choice) => string
    now: Date
    again?: { words: string; action: string; way: string }
    /** Tells the app that it gets nothing. */
    refuseAction: string
  },
): string {
  const texts = messagesIn(view.language)
  const named = { realm: view.realm.displayName }
  const at = { language: view.language, realmName: view.realm.displayName, now: view.now }
  const rows = view.choices.map((choice) =>
    choice.state === 'disabled'
      ? renderChoiceClosed(wordsOfChoice(choice, at))
      : renderChoiceLink(wordsOfChoice(choice, at), view.addressOf(choice)),
  )
  return renderFrame(view, {
    title: texts.waysTitle,
    main: html`${renderTop(view, texts.waysTitle)}
${rows.length > 0 && html`<p class="block">${texts.waysText}</p><ul class="choices">${rows}</ul>`}
${rows.length === 0 && html`<p class="block">${fill(texts.waysNone, named)}</p>`}
<div class="turns">${
      view.again !== undefined &&
      renderQuietForm({
        action: view.again.action,
        fields: { csrf: view.csrf, way: view.again.way },
        words: view.again.words,
      })
    }${
      rows.length === 0 &&
      renderQuietForm({
        action: view.refuseAction,
        fields: { csrf: view.csrf },
        words: fill(texts.backToApp, { app: view.appName }),
      })
    }</div>`,
  })
}
