import type { MailHost, MailHosts } from '@postern/storage'
import { fill, html, type Markup } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import type { TextKey } from '../../http/messages/catalogue.ts'
import type { SetupFile } from '../ports.ts'
import { type PortalView, renderBack, renderPanel, renderPortal } from './portal-frame.ts'

const texted = {
  'postern-thunderbird.xpi': 'mailSetupFileThunderbird',
  'mail.mobileconfig': 'mailSetupFileApple',
  'config-v1.1.xml': 'mailSetupFileAutoconfig',
} as const satisfies Record<string, TextKey>

const isTexted = (name: string): name is keyof typeof texted => Object.hasOwn(texted, name)

const mailboxes = [
  ['imap', 'mailSetupImap'],
  ['pop', 'mailSetupPop'],
  ['smtp', 'mailSetupSmtp'],
] as const
const addresses = [
  ['activesync', 'mailSetupActivesync'],
  ['ews', 'mailSetupEws'],
  ['jmap', 'mailSetupJmap'],
] as const

/** How apps get in, what they ask for, and files that tell them. Files that only programs read are not listed. */
export function renderSetupPage(view: PortalView, known: { hosts: MailHosts; files: readonly SetupFile[] }): string {
  const texts = messagesIn(view.language)
  const { base, realm, upn } = view
  const servers = renderServers(view, known.hosts)
  const files = known.files.filter(({ name }) => isTexted(name))
  return renderPortal(view, {
    title: texts.mailSetupTitle,
    main: html`${renderBack(view, '', texts.portalNavHome)}
<h1>${texts.mailSetupTitle}</h1>
<p class="lead">${texts.mailSetupText}</p>
${renderPanel(html`<dl class="facts paired"><div><dt>${texts.mailSetupName}</dt><dd class="selectable address">${upn}</dd></div>${servers}</dl>
${servers.length === 0 && html`<p class="hint">${fill(texts.mailSetupNothing, { realm: realm.displayName })}</p>`}`)}
${files.length > 0 && renderPanel(html`<ul class="rows">${files.map((file) => renderFile(view, file))}</ul>`, texts.mailSetupFiles)}
${renderPanel(
  html`<ul class="list"><li>${icon('shield-check')}<span>${texts.mailSetupHowModern}</span></li><li>${icon('bell-ring')}<span>${texts.mailSetupHowPassword}</span></li><li>${icon('key-round')}<span><a href="${base}/app-passwords">${texts.mailSetupHowAppPassword}</a></span></li></ul>`,
  texts.mailSetupHow,
)}`,
  })
}

function renderServers(view: PortalView, hosts: MailHosts): readonly Markup[] {
  const texts = messagesIn(view.language)
  const tellHost = ({ host, port, tls }: MailHost): string =>
    `${fill(texts.mailSetupServer, { host, port })}, ${tls === 'implicit' ? texts.mailSetupTlsImplicit : texts.mailSetupTlsStarttls}`
  const fact = (words: string, told: string): Markup =>
    html`<div><dt>${words}</dt><dd class="selectable address">${told}</dd></div>`
  return [
    ...mailboxes.flatMap(([name, words]) => {
      const host = hosts[name]
      return host === undefined ? [] : [fact(texts[words], tellHost(host))]
    }),
    ...addresses.flatMap(([name, words]) => {
      const address = hosts[name]
      return address === undefined ? [] : [fact(texts[words], address)]
    }),
  ]
}

function renderFile(view: PortalView, { name, address }: SetupFile): Markup | false {
  const texts = messagesIn(view.language)
  if (!isTexted(name)) return false
  return html`<li class="row"><span class="row-mark">${icon('download')}</span>
<div class="row-text"><strong>${texts[texted[name]]}</strong><span>${name}</span></div>
<a class="button small" href="${address}" download aria-label="${fill(texts.mailSetupDownloadLong, { name })}">${texts.mailSetupDownload}</a></li>`
}
