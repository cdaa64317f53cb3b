import { renderComplaint, renderHidden, renderPrimary } from '../../http/controls.ts'
import { html, type Markup } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import type { TextKey } from '../../http/messages/catalogue.ts'
import type { MailProtocol } from '../../policy/mail/protocols.ts'
import { protocolNamesOf } from './mail-app-words.ts'
import { type PortalView, renderBack, renderPanel, renderPortal } from './portal-frame.ts'

/** What people want to do, and the protocols that it takes. Each protocol is in at least one of them. */
export const appPasswordUses = {
  mail: { words: 'appPasswordUseMail', protocols: ['imap', 'smtp'] },
  pop: { words: 'appPasswordUsePop', protocols: ['pop', 'smtp'] },
  activesync: { words: 'appPasswordUseActivesync', protocols: ['activesync', 'autodiscover'] },
  exchange: { words: 'appPasswordUseExchange', protocols: ['ews', 'mapi', 'oab', 'rpc', 'autodiscover'] },
  jmap: { words: 'appPasswordUseJmap', protocols: ['jmap'] },
  sieve: { words: 'appPasswordUseSieve', protocols: ['sieve'] },
  powershell: { words: 'appPasswordUsePowershell', protocols: ['powershell'] },
} as const satisfies Record<string, { words: TextKey; protocols: readonly MailProtocol[] }>
export type AppPasswordUse = keyof typeof appPasswordUses

export const appPasswordExpiries = { '30': 30, '90': 90, '365': 365, never: undefined } as const
export type AppPasswordExpiry = keyof typeof appPasswordExpiries

const expiryWords = {
  '30': 'appPasswordExpiry30',
  '90': 'appPasswordExpiry90',
  '365': 'appPasswordExpiry365',
  never: 'appPasswordExpiryNever',
} as const satisfies Record<AppPasswordExpiry, TextKey>
const expiryOrder = ['30', '90', '365', 'never'] as const

/** As it was typed, to be shown again with what is wrong. */
export interface AppPasswordDraft {
  readonly label: string
  readonly uses: readonly AppPasswordUse[]
  readonly binds: boolean
  readonly expiry: AppPasswordExpiry
  readonly networks: string
}

export interface AppPasswordComplaints {
  readonly label?: string
  readonly uses?: string
  readonly networks?: string
}

/** One decision a line; what few people need is behind a line of its own. `offered`: with the protocols that policy leaves of each. */
export function renderAppPasswordForm(
  view: PortalView,
  form: {
    readonly offered: readonly { readonly use: AppPasswordUse; readonly protocols: readonly MailProtocol[] }[]
    readonly draft: AppPasswordDraft
    readonly complaints?: AppPasswordComplaints
  },
): string {
  const texts = messagesIn(view.language)
  const { offered, draft, complaints = {} } = form
  const boxes = offered.map(
    ({ use, protocols }) =>
      html`<div class="tick"><input id="use-${use}" name="use-${use}" type="checkbox" value="yes"${draft.uses.includes(use) && html` checked`} aria-describedby="use-${use}-hint"><div><label for="use-${use}">${texts[appPasswordUses[use].words]}</label><p id="use-${use}-hint">${protocolNamesOf(protocols).join(', ')}</p></div></div>`,
  )
  const isAdvancedOpen = draft.networks !== '' || complaints.networks !== undefined
  return renderPortal(view, {
    title: texts.appPasswordNewTitle,
    main: html`${renderBack(view, '/app-passwords', texts.appPasswordsTitle)}
${renderPanel(html`<h1>${texts.appPasswordNewTitle}</h1>
<p class="lead">${texts.appPasswordsText}</p>
<form class="fields" method="post" action="${view.base}/app-passwords/new" novalidate>
${renderHidden({ csrf: view.csrf })}
${renderTextField({ name: 'label', label: texts.appPasswordLabel, value: draft.label, hint: texts.appPasswordLabelHint, most: 60 }, complaints.label)}
<fieldset${complaints.uses !== undefined && html` aria-describedby="uses-complaint"`}><legend class="label">${texts.appPasswordUses}</legend>
<div class="ticks">${boxes}</div>
${renderComplaint('uses-complaint', complaints.uses)}</fieldset>
<div class="field"><label for="expiry">${texts.appPasswordExpiry}</label><div class="control chooser"><select id="expiry" name="expiry">${expiryOrder.map((one) => html`<option value="${one}"${draft.expiry === one && html` selected`}>${texts[expiryWords[one]]}</option>`)}</select>${icon('chevron-down')}</div></div>
<div class="tick"><input id="binds" name="binds" type="checkbox" value="yes"${draft.binds && html` checked`} aria-describedby="binds-hint"><div><label for="binds">${texts.appPasswordBind}</label><p id="binds-hint">${texts.appPasswordBindHint}</p></div></div>
<details class="advanced"${isAdvancedOpen && html` open`}><summary>${icon('chevron-right')}${texts.appPasswordAdvanced}</summary>
${renderTextField({ name: 'networks', label: texts.appPasswordNetworks, value: draft.networks, hint: texts.appPasswordNetworksHint, most: 1000 }, complaints.networks)}</details>
${renderPrimary(texts.appPasswordMake)}
</form>`)}`,
  })
}

function renderTextField(
  field: { name: string; label: string; value: string; hint: string; most: number },
  complaint: string | undefined,
): Markup {
  const { name, label, value, hint, most } = field
  const described = complaint !== undefined && html` aria-invalid="true"`
  return html`<div class="field">
<label for="${name}">${label}</label>
<div class="control"><input id="${name}" name="${name}" type="text" maxlength="${most}" autocomplete="off" value="${value}" aria-describedby="${name}-hint${complaint !== undefined && ` ${name}-complaint`}"${described}></div>
<p class="field-hint" id="${name}-hint">${hint}</p>
${renderComplaint(`${name}-complaint`, complaint)}
</div>`
}
