// Lets forms marked `data-webauthn` ask for a passkey or a security key, put the answer into their field, and send
// themselves. Without this script their buttons stay hidden. What can go wrong is said in words that the page brought along.
const library = globalThis.SimpleWebAuthnBrowser

for (const form of document.querySelectorAll('form[data-webauthn]')) enliven(form)

function enliven(form) {
  if (!library.browserSupportsWebAuthn()) return tell(form, 'toldElsewhere')
  const begins = form.querySelector('[data-begins]')
  const button = begins.querySelector('button')
  begins.hidden = false
  button.addEventListener('click', () => void ask(form, button))
  if (form.dataset.starts === 'once') void ask(form, button)
  if (form.dataset.offers === 'autofill') void offer(form)
}

/** The browser's own dialogue. Whatever the field of the name offers meanwhile is called off by the library. */
async function ask(form, button) {
  tell(form)
  button.disabled = true
  try {
    send(form, await answerTo(form))
  } catch (problem) {
    button.disabled = false
    const told = wordsFor(problem)
    if (told === undefined) return
    tell(form, told)
    button.focus()
    if (form.dataset.offers === 'autofill') void offer(form)
  }
}

/** Passkeys among what the field of the name completes to. Nobody asked for it, so nothing that goes wrong is told. */
async function offer(form) {
  try {
    if (!(await library.browserSupportsWebAuthnAutofill())) return
    send(form, await library.startAuthentication({ optionsJSON: optionsOf(form), useBrowserAutofill: true }))
  } catch {
    // Called off because the button was pressed, or the browser had nothing to offer.
  }
}

function optionsOf(form) {
  return JSON.parse(form.dataset.options)
}

function answerTo(form) {
  const optionsJSON = optionsOf(form)
  return form.dataset.webauthn === 'create'
    ? library.startRegistration({ optionsJSON })
    : library.startAuthentication({ optionsJSON })
}

/** Only what is read at the other end: browsers add more, and a form has a limit. */
function send(form, { id, rawId, type, authenticatorAttachment, response }) {
  const { clientDataJSON, authenticatorData, signature, userHandle, attestationObject, transports } = response
  const shown =
    form.dataset.webauthn === 'create'
      ? { clientDataJSON, attestationObject, transports }
      : { clientDataJSON, authenticatorData, signature, userHandle }
  form.elements.namedItem(form.dataset.answer).value = JSON.stringify({
    id,
    rawId,
    type,
    authenticatorAttachment,
    response: shown,
  })
  form.submit()
}

/** `undefined`: called off by this page itself. */
function wordsFor(problem) {
  if (problem.code === 'ERROR_CEREMONY_ABORTED') return undefined
  switch (problem.cause?.name ?? problem.name) {
    case 'NotAllowedError':
      return 'toldCancelled'
    case 'InvalidStateError':
      return 'toldTaken'
    case 'ConstraintError':
    case 'NotSupportedError':
      return 'toldUnsuited'
    case 'SecurityError':
      return 'toldElsewhere'
    default:
      return 'toldBroken'
  }
}

/** Read out at once by screen readers. What the server complained of is over as soon as there is something newer. */
function tell(form, told) {
  const place = form.querySelector('[data-told]')
  const words = told === undefined ? undefined : (form.dataset[told] ?? form.dataset.toldBroken)
  place.textContent = words ?? ''
  place.className = words === undefined ? '' : 'complaint'
  place.hidden = words === undefined
}
