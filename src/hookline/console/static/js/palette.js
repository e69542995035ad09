// The command palette. Its commands are the page's own links and buttons that carry data-cmd, so
// it never offers what is not there; a pasted id or number is looked up by the server.
import { element, find, findAll, icon } from './dom.js';

const palette = find('#palette');
const input = palette && find('input', palette);
const list = palette && find('ul', palette);
const LOOKS_LIKE_ID = /^([a-z]{3,4}_[0-9a-z]{26}|\+?[0-9][0-9 ()-]{5,})$/i;
let shown = [];
let at = 0;

export function togglePalette() {
  if (!palette) return;
  if (palette.open) {
    palette.close();
    return;
  }
  find('dialog[open]')?.close();
  if (find('dialog[open]')) return; // a revealed secret stays
  input.value = '';
  palette.showModal();
  draw();
  input.focus();
}

/** The page's own commands first; of two with one name, the page's. */
function commands() {
  const targets = [...findAll('main [data-cmd]'), ...findAll('[data-cmd]')];
  const byName = new Map();
  for (const target of targets) {
    const text = target.dataset.cmd;
    if (!byName.has(text)) byName.set(text, target);
  }
  return [...byName].map(([text, target]) => ({
    text,
    icon: target.dataset.icon || 'chev',
    keys: target.dataset.keys || '',
    run: () => target.click(),
  }));
}

function lookUp(text) {
  return {
    text: `Open ${text}`,
    icon: 'search',
    keys: '',
    run: () => { location.href = `/find?q=${encodeURIComponent(text)}`; },
  };
}

function draw() {
  const typed = input.value.trim();
  const words = typed.toLowerCase().split(/\s+/);
  shown = commands().filter(({ text }) => words.every((word) => text.toLowerCase().includes(word)));
  if (LOOKS_LIKE_ID.test(typed)) shown.unshift(lookUp(typed));
  at = Math.max(0, Math.min(at, shown.length - 1));
  list.replaceChildren(...shown.map(row));
  if (!shown.length) list.append(nothing());
  input.setAttribute('aria-activedescendant', shown.length ? `cmd-${at}` : '');
  find('[aria-selected=true]', list)?.scrollIntoView({ block: 'nearest' });
}

function row(command, index) {
  const item = element('li');
  item.id = `cmd-${index}`;
  item.role = 'option';
  item.ariaSelected = index === at;
  item.append(icon(command.icon), command.text);
  if (command.keys) {
    const keys = element('small');
    keys.append(...command.keys.split(' ').map((key) => element('kbd', '', key.toUpperCase())));
    item.append(keys);
  }
  item.addEventListener('click', () => run(index));
  return item;
}

function nothing() {
  const item = element('li', 'h', 'Nothing matches. Paste an id or a number to open it.');
  item.role = 'option';
  item.ariaDisabled = true;
  return item;
}

function run(index) {
  if (!shown[index]) return;
  palette.close();
  shown[index].run();
}

if (palette) {
  input.addEventListener('input', () => { at = 0; draw(); });
  palette.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) {
      event.preventDefault();
      at = (at + step + shown.length) % shown.length;
      draw();
    }
    if (event.key === 'Enter') {
      event.preventDefault();
      run(at);
    }
  });
  palette.addEventListener('click', (event) => { if (event.target === palette) palette.close(); });
  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-palette]')) togglePalette();
  });
}
