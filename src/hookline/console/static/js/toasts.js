// Short notes at the corner, read out by screen readers. The server asks for one with the header
// HX-Trigger: {"toast": …} or, across a redirect, with the cookie `hookline_note`.
import { element, find, icon } from './dom.js';

const SHOWN_MS = 4000;
const SHOWN_ERROR_MS = 9000;
const FLASH_COOKIE = 'hookline_note';

export function toast(text, kind = 'ok') {
  const box = find('#toasts');
  if (!box) return;
  for (const shown of box.children) if (shown.textContent === text) shown.remove();
  const note = element('div', kind);
  note.append(icon(kind === 'bad' ? 'warn' : 'check'), element('span', '', text));
  // Hiding and showing again puts the box above a dialog that was opened meanwhile.
  if (box.matches(':popover-open')) box.hidePopover();
  box.append(note);
  box.showPopover();
  setTimeout(() => {
    note.remove();
    if (!box.childElementCount) box.hidePopover();
  }, kind === 'bad' ? SHOWN_ERROR_MS : SHOWN_MS);
}

document.addEventListener('toast', (event) => toast(event.detail.text, event.detail.kind));

document.addEventListener('htmx:sendError', () => {
  toast('The server cannot be reached. Check the connection and try again.', 'bad');
});

const flash = document.cookie.split('; ').find((pair) => pair.startsWith(`${FLASH_COOKIE}=`));
if (flash) {
  document.cookie = `${FLASH_COOKIE}=; path=/; max-age=0; samesite=lax`;
  toast(decodeURIComponent(flash.slice(FLASH_COOKIE.length + 1)));
}
