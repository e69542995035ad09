// Tab lists after the WAI-ARIA pattern: arrows move, the chosen panel is the only one shown.
import { findAll } from './dom.js';

function choose(tab) {
  for (const other of findAll('[role=tab]', tab.closest('[role=tablist]'))) {
    const chosen = other === tab;
    other.setAttribute('aria-selected', chosen);
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute('aria-controls')).hidden = !chosen;
  }
  tab.focus();
}

document.addEventListener('click', (event) => {
  const tab = event.target.closest('[role=tab]');
  if (tab) choose(tab);
});

document.addEventListener('keydown', (event) => {
  const list = event.target.closest?.('[role=tablist]');
  if (!list || !['ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(event.key)) return;
  const tabs = findAll('[role=tab]', list);
  const at = tabs.indexOf(document.activeElement);
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  event.preventDefault();
  choose(tabs.at(next % tabs.length));
});
