// Live pages: the server says what kind of thing changed, and the regions that show such things
// (data-live="message …") fetch themselves again. The page never builds rows of its own.
import { find, findAll } from './dom.js';

const WAIT_MS = 250; // changes within it are shown by one request
const NEW_MS = 2000;
const key = document.body.dataset.live;
const waiting = new Map();

function refresh(region) {
  const id = region.id;
  const before = new Set(findAll('[data-row]', region).map((row) => row.id));
  const source = region.dataset.source || location.pathname + location.search;
  return htmx.ajax('GET', source, { target: region, select: `#${id}`, swap: 'outerHTML' })
    .then(() => mark(document.getElementById(id), before));
}

function mark(region, before) {
  if (!region) return;
  const rows = findAll('[data-row]', region).filter((row) => row.id && !before.has(row.id));
  for (const row of rows) row.classList.add('new');
  setTimeout(() => rows.forEach((row) => row.classList.remove('new')), NEW_MS);
}

function schedule(region) {
  if (waiting.has(region.id)) return;
  waiting.set(region.id, setTimeout(() => {
    waiting.delete(region.id);
    const now = document.getElementById(region.id);
    if (!now) return;
    if (document.hidden || find(':popover-open', now)) schedule(now); // do not close an open menu
    else refresh(now);
  }, Number(region.dataset.liveWait) || WAIT_MS));
}

function hear({ name, kinds }) {
  if (name === 'state') {
    for (const lamp of findAll('[data-live-state]')) {
      lamp.dataset.liveState = kinds;
      lamp.textContent = kinds === 'open' ? 'Live' : 'Reconnecting';
    }
    return;
  }
  for (const kind of kinds) {
    for (const region of findAll(`[data-live~="${CSS.escape(kind)}"]`)) schedule(region);
  }
}

// What the person changed themselves is shown at once.
document.addEventListener('refresh', () => findAll('[data-live]').forEach(refresh));

function joinWorker() {
  const worker = new SharedWorker(new URL('live-worker.js', import.meta.url), { name: key });
  worker.port.onmessage = (event) => hear(event.data);
  addEventListener('pagehide', () => worker.port.postMessage('bye'));
  addEventListener('pageshow', (event) => { if (event.persisted) worker.port.postMessage('hello'); });
}

function openOwnStream() {
  const source = new EventSource('/live');
  source.onopen = () => hear({ name: 'state', kinds: 'open' });
  source.onerror = () => hear({ name: 'state', kinds: 'lost' });
  source.addEventListener('change', (event) => hear({ name: 'change', kinds: event.data.split(' ') }));
}

if (key && find('[data-live]')) {
  if (globalThis.SharedWorker) joinWorker();
  else openOwnStream();
}
