// One dialog for everything: htmx puts a form or an answer into it, this opens and empties it.
import { find } from './dom.js';
import { toast } from './toasts.js';

const dialog = find('#dlg');
let opener = null;

/** A revealed secret stays until it has been copied or confirmed. */
const mustStay = () => find('[data-sticky]', dialog) && !('copied' in dialog.dataset);

function refuse(event) {
  event.preventDefault();
  toast('Copy the token first: it is not shown again.', 'bad');
  find('[data-copied]', dialog)?.focus();
}

/** What the focus goes back to: the button that asked, or the one that opened its menu. */
function openerOf(asking) {
  const menu = asking?.closest('[role=menu]');
  return (menu && find(`[popovertarget="${menu.id}"]`)) || asking || document.activeElement;
}

function open(asking) {
  if (!dialog.open) {
    opener = openerOf(asking);
    dialog.showModal();
  }
  (find('[autofocus]', dialog) || find('h2', dialog) || dialog).focus();
}

if (dialog) {
  // A form that is a page of its own is answered in its place, not in a second copy above it.
  document.addEventListener('htmx:beforeSwap', (event) => {
    const page = event.detail.requestConfig.elt.closest('.alone');
    if (page && event.detail.target === dialog) event.detail.target = page;
  });
  // Not afterSwap: the forms inside are bound only once they have settled.
  document.addEventListener('htmx:afterSettle', (event) => {
    const { target } = event.detail;
    if (target.matches('.alone')) find('[aria-invalid], [autofocus]', target)?.focus();
    if (target !== dialog) return;
    if (dialog.innerHTML.trim()) open(event.detail.requestConfig?.elt);
    else dialog.close();
  });
  document.addEventListener('closeDialog', ({ detail }) => {
    if (!dialog.open && find('.alone')) location.assign(detail.value);
    dialog.close();
  });
  // Chromium lets a second Escape pass by `cancel`, so the key itself is stopped as well.
  dialog.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && mustStay()) refuse(event);
  });
  dialog.addEventListener('cancel', (event) => {
    if (mustStay()) refuse(event);
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog && !find('[data-sticky]', dialog)) dialog.close();
    if (event.target.closest('[data-close]')) {
      event.preventDefault();
      if (find('[data-sticky]', dialog)) dialog.replaceChildren(); // not after the closing: now
      dialog.close();
    }
  });
  dialog.addEventListener('close', () => {
    dialog.replaceChildren(); // never leave a secret in the page
    delete dialog.dataset.copied;
    // The opener may have been replaced by a refreshed list: take its successor.
    const back = opener?.isConnected ? opener : opener?.id && document.getElementById(opener.id);
    (back || find('#main'))?.focus({ preventScroll: true });
    opener = null;
  });
}

// Dialogs that are part of the page, such as the list of keys.
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-dialog]');
  if (button) document.getElementById(button.dataset.dialog).showModal();
  const closing = event.target.closest('[data-close]')?.closest('dialog');
  if (closing && closing !== dialog) closing.close();
});
