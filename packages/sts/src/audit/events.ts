/** What may be told of a decision. `word`, `text` and `id` are strings; see audit.ts for what each lets through. */
export type DetailKind = 'id' | 'word' | 'text' | 'flag' | 'count' | 'time'

interface EventDefinition {
  readonly outcome: 'allowed' | 'refused' | 'failed'
  /** One sentence for docs/reference/events.md. */
  readonly tells: string
  /** Every member that the row may have; those with `?` may be missing. There is no other way into the trail (R134). */
  readonly detail: Readonly<Record<string, DetailKind | `${DetailKind}?`>>
}

/** Every decision that is kept. An event that is not here cannot be recorded. */
export const events = {
  'token.issued': {
    outcome: 'allowed',
    tells: 'A token answer was given. `jti` is the one of the access token, never a token.',
    detail: {
      grantType: 'word',
      scope: 'text?',
      refresh: 'flag?',
      resource: 'text?',
      jti: 'id?',
      familyId: 'id?',
      acr: 'word?',
      amr: 'text?',
    },
  },
  'token.refused': {
    outcome: 'refused',
    tells: 'A token request was answered with an OAuth error. `reason` is for operators and was not sent out.',
    detail: { grantType: 'word?', error: 'word', reason: 'text?' },
  },
  'refresh.replayed': {
    outcome: 'allowed',
    tells: 'A refresh token that was used a moment ago came again and got the same answer.',
    detail: { familyId: 'id' },
  },
  'refresh.reused': {
    outcome: 'refused',
    tells: 'A refresh token was used that is not the current one; its whole family has ended.',
    detail: { familyId: 'id' },
  },
  'authorization.granted': {
    outcome: 'allowed',
    tells: 'A client was given a code for a person, after a sign-in or for one that goes on.',
    detail: { scope: 'text?', familyId: 'id?' },
  },
  'authorization.refused': {
    outcome: 'refused',
    tells: 'A request to authorize was refused, from a browser, pushed or from a device. `reason` is for operators.',
    detail: { endpoint: 'word', error: 'word', reason: 'text?' },
  },
  'device.approved': {
    outcome: 'allowed',
    tells: 'A person let a device in.',
    detail: { scope: 'text?', familyId: 'id?' },
  },
  'device.denied': {
    outcome: 'refused',
    tells: 'A device was turned away, by a person or because the sign-in for it failed.',
    detail: { error: 'word' },
  },
  'client.refused': {
    outcome: 'refused',
    tells: 'A program was turned away at an endpoint other than the one for tokens, for wrong credentials or a wrong request.',
    detail: { endpoint: 'word', error: 'word', reason: 'text?' },
  },
  'client.registered': {
    outcome: 'allowed',
    tells: 'An app registered itself as a client. `invitation` is the registration token that it came with, if any.',
    detail: { name: 'text', method: 'word', addresses: 'text', invitation: 'id?' },
  },
  'client.removed': {
    outcome: 'allowed',
    tells: 'A client that had registered itself took its registration back. Those that nobody uses go without a row.',
    detail: { name: 'text' },
  },
  'family.revoked': {
    outcome: 'allowed',
    tells: 'A refresh family was ended on purpose.',
    detail: { because: 'text', familyId: 'id?' },
  },
  'actor_token.issued': {
    outcome: 'allowed',
    tells:
      'A server was given an actor token. `delegated`: it may act for people there. `x5t` is the certificate that it showed.',
    detail: { grantType: 'word', resource: 'text', jti: 'id', delegated: 'flag', x5t: 'id' },
  },
  'actor_token.refused': {
    outcome: 'refused',
    tells: 'A server was refused an actor token. `reason` is for operators and was not sent out.',
    detail: { grantType: 'word?', error: 'word', reason: 'text?', resource: 'text?', x5t: 'id?' },
  },
  'actor_token.used': {
    outcome: 'allowed',
    tells:
      'A mail server let another server in by an actor token, for itself or for a person, and reported it. `reporter` is that mail server.',
    detail: { form: 'word', at: 'time', reporter: 'text', jti: 'id?', resource: 'text?', user: 'text?', realm: 'text?' },
  },
  'actor_token.use_refused': {
    outcome: 'refused',
    tells: 'A mail server turned another server away that showed an actor token or something like it, and reported it.',
    detail: {
      form: 'word',
      at: 'time',
      reporter: 'text',
      jti: 'id?',
      resource: 'text?',
      user: 'text?',
      realm: 'text?',
      reason: 'word?',
    },
  },
  'unsigned_user_token.accepted': {
    outcome: 'allowed',
    tells: 'A server named a person by a token that nobody signed, which the dangerous switch of this partner lets through.',
    detail: { user: 'text', jti: 'id?' },
  },
  'partner.metadata_read': {
    outcome: 'allowed',
    tells: 'The certificates of a partner were read from its metadata document, and some came or went.',
    detail: { added: 'count', removed: 'count' },
  },
  'partner.metadata_refused': {
    outcome: 'refused',
    tells: 'The metadata document of a partner could not be had, or says what it must not say. Its last good certificates stay.',
    detail: { reason: 'text' },
  },
  'signin.proved': {
    outcome: 'allowed',
    tells: 'A person showed something right. `method` is `password` or a factor.',
    detail: { method: 'word' },
  },
  'signin.failed': {
    outcome: 'failed',
    tells:
      'A wrong password or code, or a name that nobody has. What was typed is not kept. `because`: why a passkey was refused. `app`: what the mail app that tried calls itself.',
    detail: { method: 'word', attemptsLeft: 'count?', because: 'word?', app: 'text?' },
  },
  'signin.throttled': {
    outcome: 'refused',
    tells: 'Nothing was checked, since too many attempts had failed. Without `until`, the factor must be bound anew.',
    detail: { method: 'word', until: 'time?' },
  },
  'signin.blocked': {
    outcome: 'refused',
    tells: 'A policy let the person no further.',
    detail: { policy: 'text?', reason: 'text?' },
  },
  'factor.enrolled': {
    outcome: 'allowed',
    tells: 'A person bound a second factor and proved it.',
    detail: { method: 'word', authenticatorId: 'id?' },
  },
  'factor.enrolment_failed': {
    outcome: 'failed',
    tells: 'A code for a factor that is being bound was wrong, or came too late.',
    detail: { method: 'word', reason: 'word?', attemptsLeft: 'count?' },
  },
  'signin.stale_password': {
    outcome: 'failed',
    tells: 'The same wrong password keeps coming, as from a program that remembers an old one. `app` is what it calls itself.',
    detail: { app: 'text?' },
  },
  'factor.renamed': {
    outcome: 'allowed',
    tells: 'A second factor got another name.',
    detail: { method: 'word', authenticatorId: 'id' },
  },
  'factor.default': {
    outcome: 'allowed',
    tells: 'A second factor is asked for first from now on.',
    detail: { method: 'word', authenticatorId: 'id' },
  },
  'factor.removed': {
    outcome: 'allowed',
    tells: 'A second factor was removed by its owner.',
    detail: { method: 'word', authenticatorId: 'id' },
  },
  'factor.replaced': {
    outcome: 'allowed',
    tells: 'A second factor took the place of another; `replacedId` is the one that went.',
    detail: { method: 'word', authenticatorId: 'id', replacedId: 'id?' },
  },
  'factor.reset': {
    outcome: 'allowed',
    tells: 'An administrator took away everything of an account that could be shown, e.g. because the phone is lost.',
    detail: { authenticators: 'count', recoveryCodes: 'count', browsers: 'count', pass: 'flag' },
  },
  'factor.proposed': {
    outcome: 'allowed',
    tells: 'An administrator or an import put a telephone number there, which its owner confirms before it counts.',
    detail: { method: 'word', authenticatorId: 'id' },
  },
  'factor.disabled': {
    outcome: 'refused',
    tells: 'Too many wrong answers in a row ended a second factor, until it is bound anew.',
    detail: { method: 'word', authenticatorId: 'id?' },
  },
  'factor.unlocked': {
    outcome: 'allowed',
    tells: 'An administrator had the wrong answers of a method forgotten.',
    detail: { method: 'word' },
  },
  'factor.code_sent': {
    outcome: 'allowed',
    tells: 'A code was to be sent. `outcome` says whether a sender took it; neither code nor number is kept.',
    detail: { method: 'word', channel: 'word', outcome: 'word', sender: 'word?' },
  },
  'recovery_codes.replaced': {
    outcome: 'allowed',
    tells: 'A new set of recovery codes took the place of whatever was there.',
    detail: { of: 'count' },
  },
  'recovery_code.used': {
    outcome: 'allowed',
    tells: 'A recovery code was used up.',
    detail: { left: 'count?' },
  },
  'access_pass.given': {
    outcome: 'allowed',
    tells: 'An access pass was made for an account. It was shown once and is not kept.',
    detail: { uses: 'word', startsAt: 'time?', expiresAt: 'time' },
  },
  'access_pass.used': {
    outcome: 'allowed',
    tells: 'A person showed an access pass.',
    detail: { uses: 'word?' },
  },
  'access_pass.revoked': {
    outcome: 'allowed',
    tells: 'An access pass was taken back before its time.',
    detail: {},
  },
  'enforcement.changed': {
    outcome: 'allowed',
    tells: 'What is demanded of an account, or of `count` of them, was changed.',
    detail: { state: 'word', count: 'count?', campaignId: 'id?' },
  },
  'enforcement.postponed': {
    outcome: 'allowed',
    tells: 'A person who was asked to set up a second factor put it off.',
    detail: { until: 'time?', campaignId: 'id?' },
  },
  'campaign.changed': {
    outcome: 'allowed',
    tells: 'A registration campaign began, was changed or ended.',
    detail: { campaignId: 'id', change: 'word' },
  },
  'approval.asked': {
    outcome: 'allowed',
    tells: 'A sign-in waits for its owner to approve it elsewhere.',
    detail: { approvalId: 'id?' },
  },
  'approval.approved': {
    outcome: 'allowed',
    tells: 'A person approved a sign-in that waited elsewhere.',
    detail: { approvalId: 'id?' },
  },
  'approval.denied': {
    outcome: 'refused',
    tells: 'A person said of a sign-in that waited elsewhere: it was not me. Or gave a wrong number, then `because` says so.',
    detail: { approvalId: 'id?', because: 'word?' },
  },
  'browser.remembered': {
    outcome: 'allowed',
    tells: 'A person had a browser remembered. It is a signal for policies and proves nothing.',
    detail: { browserId: 'id?', until: 'time?' },
  },
  'browser.forgotten': {
    outcome: 'allowed',
    tells: 'A remembered browser, or all of an account, is remembered no more.',
    detail: { browserId: 'id?', count: 'count?' },
  },
  'password.changed': {
    outcome: 'allowed',
    tells: 'A person changed the own password. `everywhere`: all that was proved with the old one has ended.',
    detail: { everywhere: 'flag' },
  },
  'consent.given': {
    outcome: 'allowed',
    tells: 'A person agreed to what a client asked for.',
    detail: { scope: 'text?' },
  },
  'consent.refused': {
    outcome: 'refused',
    tells: 'A person did not agree to what a client asked for.',
    detail: { scope: 'text?' },
  },
  'session.ended': {
    outcome: 'allowed',
    tells: 'A session was ended, by its owner or by an administrator.',
    detail: { because: 'text?' },
  },
  'mailapp.appeared': {
    outcome: 'refused',
    tells: 'A mail app that nobody had let in yet came with the right password. `state` says who has to let it in.',
    detail: { mailAppId: 'id', protocol: 'word', state: 'word', app: 'text?' },
  },
  'mailapp.allowed': {
    outcome: 'allowed',
    tells: 'The gate let a mail app in. Written at the first time, when the reason changes, and once an hour after that.',
    detail: { mailAppId: 'id?', appPasswordId: 'id?', protocol: 'word', reason: 'word', app: 'text?' },
  },
  'mailapp.refused': {
    outcome: 'refused',
    tells: 'The gate turned a mail app away. Written at the first time, when the reason changes, and once an hour after that.',
    detail: { mailAppId: 'id?', protocol: 'word', decision: 'word', reason: 'word', app: 'text?', policy: 'text?' },
  },
  'mailapp.decided': {
    outcome: 'allowed',
    tells:
      'A mail app was activated or blocked, by its owner or an administrator. `by` is `app-password` for one that waited and then showed an app password.',
    detail: { mailAppId: 'id', state: 'word', app: 'text?', by: 'word?' },
  },
  'mailapp.renamed': {
    outcome: 'allowed',
    tells: 'A mail app got another name.',
    detail: { mailAppId: 'id' },
  },
  'mailapp.removed': {
    outcome: 'allowed',
    tells: 'A mail app was removed, with the app passwords that were its own. If it comes again it is new.',
    detail: { mailAppId: 'id', app: 'text?' },
  },
  'mailapp.told': {
    outcome: 'allowed',
    tells: 'The owner was told of a new mail app. `by` is `nobody` where there was no way to.',
    detail: { mailAppId: 'id', by: 'word', sender: 'word?' },
  },
  'app_password.created': {
    outcome: 'allowed',
    tells: 'A person made an app password. It was shown once and is not kept.',
    detail: { appPasswordId: 'id', label: 'text?', protocols: 'text', networks: 'text?', bound: 'flag', expiresAt: 'time?' },
  },
  'app_password.bound': {
    outcome: 'allowed',
    tells: 'An app password was used for the first time and belongs to that mail app from now on.',
    detail: { appPasswordId: 'id', label: 'text?', mailAppId: 'id', app: 'text?' },
  },
  'app_password.revoked': {
    outcome: 'allowed',
    tells: 'An app password, or all of an account, was taken back.',
    detail: { appPasswordId: 'id?', label: 'text?', count: 'count?' },
  },
  'connections.ended': {
    outcome: 'allowed',
    tells: 'A mail server was made to end the open connections of a person. `because` is what had ended.',
    detail: { server: 'id', because: 'word', count: 'count?' },
  },
  'client.changed': {
    outcome: 'allowed',
    tells: 'A client registered itself or changed its own registration.',
    detail: { operation: 'word' },
  },
  'admin.changed': {
    outcome: 'allowed',
    tells: 'An administrator changed something. `subject` names what, never a secret.',
    detail: { operation: 'word', subject: 'text' },
  },
} as const satisfies Record<string, EventDefinition>

export type EventName = keyof typeof events

interface ValueOf {
  readonly id: string
  readonly word: string
  readonly text: string
  readonly flag: boolean
  readonly count: number
  readonly time: Date
}
type Member<Kind> = Kind extends `${infer Plain extends DetailKind}?`
  ? ValueOf[Plain]
  : Kind extends DetailKind
    ? ValueOf[Kind]
    : never
type Detail<Fields> = {
  readonly [Name in keyof Fields as Fields[Name] extends DetailKind ? Name : never]: Member<Fields[Name]>
} & {
  readonly [Name in keyof Fields as Fields[Name] extends DetailKind ? never : Name]?: Member<Fields[Name]> | undefined
}

/** One decision. `detail` holds exactly what the table of events allows. */
export type AuditEvent = {
  [Name in EventName]: {
    readonly event: Name
    readonly detail: Detail<(typeof events)[Name]['detail']>
    /** Correlation id, equal to the one in the log and on the page. */
    readonly reference: string
    readonly accountId?: string | undefined
    readonly clientId?: string | undefined
    /** Who did it, where that is not the account itself. */
    readonly actor?: string | undefined
    /** IP address of the caller. */
    readonly source?: string | undefined
  }
}[EventName]
