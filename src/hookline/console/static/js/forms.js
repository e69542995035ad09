// What forms do beyond sending themselves.
import { find, findAll, swapIcon } from './dom.js';

// A button that waits for the person to type a text, such as the last four of a token.
document.addEventListener('input', (event) => {
  const expected = event.target.dataset.match;
  if (expected === undefined) return;
  const button = find(`[data-match-for="${event.target.id}"]`);
  button.disabled = event.target.value.trim() !== expected;
});

// Without this script the button must work, so it is only disabled from here.
function armMatches(root) {
  for (const input of findAll('[data-match]', root)) {
    find(`[data-match-for="${input.id}"]`).disabled = input.value.trim() !== input.dataset.match;
  }
}
document.addEventListener('htmx:afterSettle', (event) => armMatches(event.detail.target));
armMatches(document);

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-show-password]');
  if (!button) return;
  const input = document.getElementById(button.dataset.showPassword);
  const shown = input.type === 'password';
  input.type = shown ? 'text' : 'password';
  button.setAttribute('aria-pressed', shown);
  button.setAttribute('aria-label', shown ? 'Hide password' : 'Show password');
  swapIcon(button, shown ? 'eye-off' : 'eye');
  input.focus();
});

// Filters apply as they are chosen; the button beside them is for browsers without scripts.
document.addEventListener('change', (event) => {
  if (event.target.matches('[data-submit-on-change] select')) event.target.form.requestSubmit();
});

// One click is one request, also for forms that htmx does not send.
document.addEventListener('submit', (event) => {
  if (event.target.matches('[data-once]')) {
    for (const button of findAll('[type=submit]', event.target)) button.disabled = true;
  }
});
addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  for (const button of findAll('[data-once] [type=submit]')) button.disabled = false;
});

// A file is read here and sent as text, so that what was checked is what will be stored.
document.addEventListener('change', async (event) => {
  const input = event.target;
  if (!input.matches('[data-read-into]') || !input.files.length) return;
  document.getElementById(input.dataset.readInto).value = await input.files[0].text();
});
