// Lets a button wait that would be of no use yet, and counts the seconds. Without this script the sentence says when, and the
// button may be pressed at any time.
const form = document.querySelector('form[data-waits]')
const told = document.querySelector('[data-when]')
if (form !== null && told !== null) {
  const button = form.querySelector('button')
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang)
  const readyAt = Date.now() + Number(form.dataset.waits) * 1000
  const count = () => {
    const seconds = Math.ceil((readyAt - Date.now()) / 1000)
    button.disabled = seconds > 0
    told.hidden = seconds <= 0
    told.textContent = told.dataset.when.replace('{when}', words.format(Math.max(seconds, 1), 'second'))
    if (seconds <= 0) clearInterval(timer)
  }
  const timer = setInterval(count, 1000)
  count()
}
