// Keys for those who like them. What a key does is written on the element: data-key clicks or
// focuses it, data-go is the letter after G that follows a link.
import { find, findAll } from './dom.js';
import { togglePalette } from './palette.js';

const SEQUENCE_MS = 900;
let goPressedAt = -Infinity;

const isTyping = (target) => target.matches?.('input, textarea, select, [contenteditable]');

function move(step) {
  const rows = findAll('[data-row]');
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
  find('a, button', next)?.focus();
}

function press(key, event) {
  if (event.timeStamp - goPressedAt < SEQUENCE_MS) {
    goPressedAt = -Infinity;
    const link = find(`[data-go="${CSS.escape(key)}"]`);
    if (link) link.click();
    return Boolean(link);
  }
  if (key === 'g') goPressedAt = event.timeStamp;
  else if (key === 'j' || key === 'k') move(key === 'j' ? 1 : -1);
  else if (key === '?') find('#keys')?.showModal();
  else {
    const wanted = find(`[data-key="${CSS.escape(key)}"]`);
    if (!wanted) return false;
    if (wanted.matches('input')) wanted.select();
    else wanted.click();
  }
  return true;
}

document.addEventListener('keydown', (event) => {
  const command = event.metaKey || event.ctrlKey;
  if (command && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    togglePalette();
  } else if (command && event.key === 'Enter') {
    const form = event.target.closest?.('form');
    if (!form) return;
    event.preventDefault();
    form.requestSubmit();
  } else if (!command && !event.altKey && !isTyping(event.target) && !find('dialog[open]')) {
    if (press(event.key, event)) event.preventDefault();
  }
});

// Keyboards without a command key show Ctrl.
function nameCommandKey() {
  if (/Mac|iPhone|iPad/.test(navigator.platform)) return;
  for (const key of findAll('[data-command-key]')) key.textContent = 'Ctrl';
}
nameCommandKey();
document.addEventListener('htmx:afterSettle', nameCommandKey);
