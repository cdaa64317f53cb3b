import type { NoticeTexts } from './notice-texts.ts'

export const de: NoticeTexts = {
  greeting: 'Guten Tag {name},',
  yourOrganisation: 'Ihre Organisation',
  when: 'Wann',
  account: 'Konto',
  app: 'App oder Gerät',
  source: 'Netzwerkadresse',
  ourAddress: 'Sie melden sich an bei',
  closing:
    'Diese Nachricht hat eine Maschine geschrieben. Sie fragt nie nach einem Passwort oder Code, und wer Ihnen hilft, tut das auch nicht.',
  untilForgotten: 'Sie ihn vergessen lassen',
  otherMethod: 'eine Anmeldemethode',
  methods: {
    totp: 'eine Authenticator-App',
    sms: 'eine Telefonnummer',
    webauthn: 'ein Passkey oder Sicherheitsschlüssel',
    'recovery-codes': 'Wiederherstellungscodes',
    approval: 'Bestätigung im Portal',
  },
  kinds: {
    factor_added: {
      subject: 'Ihrem Konto wurde eine Anmeldemethode hinzugefügt',
      happened: 'Ihr Konto hat einen weiteren zweiten Schritt: {method}.',
      next: 'Waren Sie das, ist nichts zu tun. Wenn nicht, ändern Sie jetzt Ihr Passwort und melden Sie sich bei der Betreuung von {realm}.',
    },
    factor_removed: {
      subject: 'Eine Anmeldemethode Ihres Kontos wurde entfernt',
      happened: 'Ein zweiter Schritt Ihres Kontos wurde entfernt: {method}.',
      next: 'Waren Sie das, ist nichts zu tun. Wenn nicht, ändern Sie jetzt Ihr Passwort und melden Sie sich bei der Betreuung von {realm}.',
    },
    factor_replaced: {
      subject: 'Eine Anmeldemethode Ihres Kontos wurde ersetzt',
      happened: 'Ein zweiter Schritt Ihres Kontos wurde ersetzt: {method}. Der bisherige gilt nicht mehr.',
      next: 'Waren Sie das, ist nichts zu tun. Wenn nicht, ändern Sie jetzt Ihr Passwort und melden Sie sich bei der Betreuung von {realm}.',
    },
    factors_reset: {
      subject: 'Alle zweiten Schritte Ihres Kontos wurden entfernt',
      happened:
        'Die Betreuung von {realm} hat jeden zweiten Schritt Ihres Kontos entfernt und alle Anmeldungen beendet. Bei der nächsten Anmeldung richten Sie einen neuen ein.',
      next: 'Haben Sie nicht darum gebeten, melden Sie sich sofort bei der Betreuung von {realm}.',
    },
    number_changed: {
      subject: 'Die Telefonnummer Ihres Kontos wurde geändert',
      happened: 'Codes für Ihr Konto gehen jetzt an eine andere Telefonnummer. Sie endet auf {number}.',
      next: 'Waren Sie das, ist nichts zu tun. Wenn nicht, ändern Sie jetzt Ihr Passwort und melden Sie sich bei der Betreuung von {realm}.',
    },
    recovery_codes_replaced: {
      subject: 'Ihr Konto hat neue Wiederherstellungscodes',
      happened: 'Für Ihr Konto wurden neue Wiederherstellungscodes erstellt. Die alten gelten nicht mehr.',
      next: 'Werfen Sie die alten weg. Waren Sie das nicht, ändern Sie jetzt Ihr Passwort und melden Sie sich bei der Betreuung von {realm}.',
    },
    recovery_code_used: {
      subject: 'Anmeldung mit einem Wiederherstellungscode',
      happened: 'Jemand hat sich mit einem Wiederherstellungscode bei Ihrem Konto angemeldet. Übrige Codes: {left}.',
      next: 'Waren Sie das, erstellen Sie neue, wenn wenige übrig sind. Wenn nicht, ändern Sie jetzt Ihr Passwort und melden Sie sich bei der Betreuung von {realm}.',
    },
    access_pass_given: {
      subject: 'Für Ihr Konto wurde ein befristeter Zugangspass ausgegeben',
      happened: 'Die Betreuung von {realm} hat für Ihr Konto einen befristeten Zugangspass ausgegeben. Er endet am {until}.',
      next: 'Haben Sie nicht darum gebeten, melden Sie sich sofort bei der Betreuung von {realm}.',
    },
    access_pass_used: {
      subject: 'Anmeldung mit einem befristeten Zugangspass',
      happened: 'Jemand hat sich mit einem befristeten Zugangspass bei Ihrem Konto angemeldet.',
      next: 'Waren Sie das nicht, melden Sie sich sofort bei der Betreuung von {realm}.',
    },
    failed_signins: {
      subject: 'Jemand versucht, sich bei Ihrem Konto anzumelden',
      happened: 'Anmeldungen bei Ihrem Konto sind {count} Mal in Folge fehlgeschlagen. Niemand kam hinein.',
      next: 'Waren Sie das, warten Sie etwas und versuchen Sie es noch einmal. Wenn nicht, ist Ihr Passwort vielleicht bekannt: Ändern Sie es.',
    },
    signin_after_failures: {
      subject: 'Anmeldung nach vielen Fehlversuchen',
      happened: 'Jemand hat sich bei Ihrem Konto angemeldet, nachdem {count} Versuche in Folge fehlgeschlagen waren.',
      next: 'Waren Sie das, ist nichts zu tun. Wenn nicht, ändern Sie jetzt Ihr Passwort und melden Sie sich bei der Betreuung von {realm}.',
    },
    stale_password: {
      subject: 'Eine App verwendet noch Ihr altes Passwort',
      happened: 'Ein Mailprogramm oder Gerät von Ihnen versucht es immer wieder mit einem Passwort, das nicht mehr stimmt.',
      next: 'Geben Sie dort Ihr neues Passwort ein oder entfernen Sie das Konto. Bis dahin kann es keine Mails abrufen. Ihr Konto wird dadurch nicht gesperrt.',
    },
    approval_denied: {
      subject: 'Sie haben gemeldet: Diese Anmeldung war ich nicht',
      happened: 'Eine Anmeldung bei Ihrem Konto wurde abgewiesen, weil sie mit „Das war ich nicht“ beantwortet wurde.',
      next: 'Wer es versucht hat, kannte Ihr Passwort. Ändern Sie es jetzt.',
    },
    password_changed: {
      subject: 'Ihr Passwort wurde geändert',
      happened: 'Das Passwort Ihres Kontos wurde geändert.',
      next: 'Waren Sie das, geben Sie das neue in Ihren Mailprogrammen ein. Wenn nicht, melden Sie sich sofort bei der Betreuung von {realm}.',
    },
    browser_remembered: {
      subject: 'Ein Browser wird für Ihr Konto wiedererkannt',
      happened:
        'Ein Browser, in dem Sie sich angemeldet haben, wird wiedererkannt, bis {until}. Er wird vielleicht seltener nach dem zweiten Schritt gefragt.',
      next: 'Waren Sie das nicht, ändern Sie jetzt Ihr Passwort und lassen Sie bei Ihren Anmeldemethoden alle Browser vergessen.',
    },
    mail_app_waiting: {
      subject: 'Eine neue App wartet auf Ihre Freigabe',
      happened:
        'Eine App, die Ihr Passwort hat, wollte auf Ihre Mails zugreifen ({protocol}). Sie bekommt keine, bis Sie sie freigeben.',
      next: 'Ist es Ihre, melden Sie sich auf {portal} an und aktivieren Sie sie dort; beim nächsten Versuch kommt sie hinein. Wenn nicht, kennt jemand Ihr Passwort: Ändern Sie es jetzt und sperren Sie die App.',
    },
    mail_app_quarantined: {
      subject: 'Eine neue App wartet auf die Betreuung',
      happened:
        'Eine App, die Ihr Passwort hat, wollte auf Ihre Mails zugreifen ({protocol}). Apps dieser Art gibt die Betreuung von {realm} frei; bis dahin bekommt sie keine.',
      next: 'Ist es Ihre, fragen Sie dort nach. Wenn nicht, kennt jemand Ihr Passwort: Ändern Sie es jetzt, auf {portal}.',
    },
    app_password_shared: {
      subject: 'Eine weitere App benutzt ein App-Passwort',
      happened: 'Eine App, die es bisher nicht benutzt hat, hat mit dem App-Passwort {label} Ihre Mails geöffnet.',
      next: 'Ist es Ihre, müssen Sie nichts tun. Wenn nicht, hat jemand dieses App-Passwort: Widerrufen Sie es auf {portal} und sperren Sie die App.',
    },
    mail_apps_too_many: {
      subject: 'Zu viele Apps für Ihre Mails',
      happened: 'So viele Apps wollten auf Ihre Mails zugreifen, dass keine weitere vermerkt wird. Weitere bekommen keine Mails.',
      next: 'Entfernen Sie auf {portal}, was nicht Ihnen gehört und was Sie nicht mehr benutzen. Kennen Sie keine davon, kennt jemand Ihr Passwort: Ändern Sie es jetzt.',
    },
    mail_app_activated: {
      subject: 'Eine App darf jetzt auf Ihre Mails zugreifen',
      happened: 'Eine App wurde für Ihre Mails freigegeben. Sie meldet sich mit Ihrem Passwort an.',
      next: 'Wenn Sie das nicht waren, sperren Sie die App auf {portal} und ändern Sie jetzt Ihr Passwort.',
    },
    app_password_created: {
      subject: 'Für Ihr Konto wurde ein App-Passwort erstellt',
      happened: 'Für eine Mail-App wurde ein Passwort erstellt: {label}. Wer es hat, kann Ihre Mails lesen und Mails senden.',
      next: 'Wenn Sie das nicht waren, widerrufen Sie es auf {portal}, ändern Sie Ihr Passwort und verständigen Sie {realm}.',
    },
  },
}
