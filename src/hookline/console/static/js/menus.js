// Popover menus: CSS anchors place them; this moves the focus, and places them in older browsers.
import { find, findAll } from './dom.js';

const HAS_ANCHORS = CSS.supports('position-area: bottom');
const GAP = 4;

function place(menu) {
  const button = find(`[popovertarget="${menu.id}"]`).getBoundingClientRect();
  const below = button.bottom + GAP + menu.offsetHeight <= innerHeight;
  menu.style.left = `${Math.max(8, button.right - menu.offsetWidth)}px`;
  menu.style.top = `${below ? button.bottom + GAP : button.top - menu.offsetHeight - GAP}px`;
}

document.addEventListener('toggle', (event) => {
  const menu = event.target;
  if (!menu.matches?.('.menu') || event.newState !== 'open') return;
  if (!HAS_ANCHORS) place(menu);
  find('[role=menuitem]', menu)?.focus({ preventScroll: true });
}, true);

document.addEventListener('click', (event) => {
  if (event.target.closest('[role=menuitem]')) event.target.closest('.menu')?.hidePopover();
});

document.addEventListener('keydown', (event) => {
  const menu = event.target.closest?.('[role=menu]');
  if (!menu || !['ArrowDown', 'ArrowUp', 'Home', 'End'].includes(event.key)) return;
  const items = findAll('[role=menuitem]', menu);
  const at = items.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  event.preventDefault();
  items.at(next % items.length).focus();
});
