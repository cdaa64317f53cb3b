// Shows the buttons that need script: copy and print. Without it the codes can be downloaded, written down and selected.
const copier = document.querySelector('[data-copies]')
if (copier !== null && navigator.clipboard !== undefined) {
  copier.hidden = false
  copier.addEventListener('click', async () => {
    await navigator.clipboard.writeText(copier.dataset.copies)
    copier.querySelector('span').textContent = copier.dataset.copied
  })
}

const printer = document.querySelector('[data-prints]')
if (printer !== null) {
  printer.hidden = false
  printer.addEventListener('click', () => print())
}
