// Brings the "show password" button to life. Without this script the button stays hidden and the form works as it is.
for (const button of document.querySelectorAll('button[data-reveals]')) {
  const field = document.getElementById(button.dataset.reveals)
  if (!(field instanceof HTMLInputElement)) continue
  const reveal = (shown) => {
    field.type = shown ? 'text' : 'password'
    button.setAttribute('aria-pressed', String(shown))
  }
  button.hidden = false
  button.addEventListener('click', () => {
    reveal(field.type === 'password')
    field.focus()
  })
  // A password is sent as a password, so that browsers neither offer to complete it nor remember it as text.
  field.form?.addEventListener('submit', () => reveal(false))
}
