// The virtual phone: Enter sends, quick words fill in and send, the newest bubble stays in sight.
import { find, findAll } from './dom.js';

const NEAR_PX = 80;

const scrollers = () => findAll('[data-bubbles]');
const toEnd = (box) => { box.scrollTop = box.scrollHeight; };

scrollers().forEach(toEnd);

let following = new Set();
document.addEventListener('htmx:beforeSwap', () => {
  following = new Set(scrollers()
    .filter((box) => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX)
    .map((box) => box.id));
});
document.addEventListener('htmx:afterSettle', () => {
  for (const box of scrollers()) if (following.has(box.id) || !box.scrollTop) toEnd(box);
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  if (!event.target.matches?.('[data-enter-sends]')) return;
  event.preventDefault();
  if (event.target.value.trim()) event.target.form.requestSubmit();
});

document.addEventListener('click', (event) => {
  const quick = event.target.closest('[data-quick]');
  if (!quick) return;
  const field = find('[name=text]', quick.closest('form'));
  field.value = quick.dataset.quick;
  field.form.requestSubmit();
});

document.addEventListener('htmx:afterRequest', (event) => {
  const form = event.detail.elt;
  if (!form.matches?.('[data-reply]') || !event.detail.successful) return;
  const field = find('[name=text]', form);
  field.value = '';
  field.focus();
});
