import type { webauthnEn } from './webauthn-en.ts'

export const webauthnDe = {
  webauthnSignIn: 'Mit Passkey anmelden',
  webauthnTitle: 'Passkey oder Sicherheitsschlüssel verwenden',
  webauthnText:
    'Ihr Browser fragt nach Fingerabdruck, Gesicht oder PIN oder nach dem Schlüssel, den Sie für {realm} registriert haben.',
  webauthnButton: 'Passkey verwenden',
  webauthnWrong:
    'Dieser Passkey oder Schlüssel wurde nicht angenommen. Nehmen Sie den, den Sie für dieses Konto registriert haben, oder einen anderen Weg.',

  webauthnCreateTitle: 'Passkey anlegen',
  webauthnCreateText:
    'Ihr Browser fragt, wo er liegen soll: auf diesem Gerät, auf Ihrem Telefon oder auf einem Sicherheitsschlüssel. Danach melden Sie sich mit Fingerabdruck, Gesicht oder PIN an.',
  webauthnCreateButton: 'Passkey anlegen',
  webauthnCreateWrong:
    'Dieser Passkey ließ sich nicht registrieren. Versuchen Sie es noch einmal, oder nehmen Sie ein anderes Gerät oder einen anderen Schlüssel.',
  webauthnCreateTaken: 'Dieser Passkey oder Schlüssel ist schon registriert. Nehmen Sie einen anderen.',
  webauthnLabel: 'Passkey',
  webauthnLabelNext: 'Passkey {number}',

  webauthnRefused:
    'Dieser Passkey wurde hier nicht angenommen. Nehmen Sie einen anderen, oder geben Sie E-Mail-Adresse und Passwort ein.',
  webauthnUnverified:
    'Dieser Schlüssel hat nicht geprüft, ob Sie es sind. Richten Sie für ihn eine PIN oder einen Fingerabdruck ein, oder geben Sie E-Mail-Adresse und Passwort ein.',
  webauthnExpired: 'Das hat zu lange gedauert. Bitte versuchen Sie es noch einmal.',

  webauthnCancelled:
    'Von Ihrem Passkey oder Schlüssel kam nichts: Es wurde abgebrochen oder hat zu lange gedauert. Drücken Sie den Knopf, um es noch einmal zu versuchen.',
  webauthnUnsuited: 'Dieses Gerät oder dieser Schlüssel kann nicht, was hier nötig ist. Nehmen Sie ein anderes.',
  webauthnElsewhere:
    'Dieser Browser kann hier keine Passkeys oder Sicherheitsschlüssel verwenden. Nehmen Sie einen anderen Browser oder einen anderen Weg.',
  webauthnBroken:
    'Ihr Gerät oder Schlüssel hat nicht so geantwortet, wie es sollte. Drücken Sie den Knopf, um es noch einmal zu versuchen.',
  webauthnNoScript: 'Passkeys und Sicherheitsschlüssel brauchen JavaScript, das in diesem Browser ausgeschaltet ist.',
} as const satisfies Record<keyof typeof webauthnEn, string>
