// Copy buttons: data-copy holds the text, data-copy-from the selector of the element that has it.
import { find, swapIcon } from './dom.js';
import { toast } from './toasts.js';

const DONE_MS = 1800;

async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeBySelection(text); // plain http from another machine has no clipboard API
  }
}

function writeBySelection(text) {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'vh';
  (find('dialog[open]') || document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}

async function copy(button, text) {
  if (!(await write(text))) {
    toast('The browser refused to copy. Select the text and copy it yourself.', 'bad');
    return;
  }
  if ('copied' in button.dataset) button.closest('dialog')?.setAttribute('data-copied', '');
  const label = find('span', button);
  const restoreIcon = swapIcon(button, 'check');
  const before = label?.textContent;
  if (label) label.textContent = 'Copied';
  button.focus();
  toast('Copied');
  setTimeout(() => {
    restoreIcon();
    if (label) label.textContent = before;
  }, DONE_MS);
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-copy], [data-copy-from]');
  if (!button) return;
  event.preventDefault();
  copy(button, button.dataset.copy ?? find(button.dataset.copyFrom).textContent.trim());
});
