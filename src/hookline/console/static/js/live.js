// Live pages: the server says what kind of thing changed, and the regions that show such things
// (data-live="message …") fetch themselves again. The page never builds rows of its own.
import { find, findAll, swapIcon } from './dom.js';

const WAIT_MS = 250; // changes within it are shown by one request
const NEW_MS = 2000;
const key = document.body.dataset.liveKey;
const waiting = new Map();
const asked = new Map(); // regions that are being fetched, and whether to fetch them once more
let seen = Number(document.body.dataset.livePosition);
let isLeaving = false;
let changesUnderWay = 0;
let isConnected = false;
let isPressing = false;

function refresh(region) {
  const id = region.id;
  if (asked.has(id)) { // what comes may be older than what we were just told of
    asked.set(id, true);
    return;
  }
  asked.set(id, false);
  const before = new Set(findAll('[data-row]', region).map((row) => row.id));
  const source = region.dataset.source || location.pathname + location.search;
  // htmx would let a second request of one source wait, and drop it with the source, which is replaced.
  const how = { source: region, target: region, select: `#${id}`, swap: 'outerHTML' };
  const done = () => {
    const isOld = asked.get(id);
    const now = document.getElementById(id);
    asked.delete(id);
    mark(now, before);
    if (isOld && now && !isLeaving) refresh(now);
  };
  htmx.ajax('GET', source, how).then(done, done);
}

function mark(region, before) {
  if (!region) return;
  const rows = findAll('[data-row]', region).filter((row) => row.id && !before.has(row.id));
  for (const row of rows) row.classList.add('new');
  setTimeout(() => rows.forEach((row) => row.classList.remove('new')), NEW_MS);
}

// Nothing may vanish that a person has opened or presses.
const isHeld = (region) => isPressing || find(':popover-open', region);
// Moving a player stops it in browsers that cannot move what they keep (hx-preserve).
const isPlaying = (region) => findAll('audio', region).some(({ paused }) => !paused);
const isPaused = ({ id }) => find(`[data-live-pause="${id}"][aria-pressed=true]`) !== null;

function schedule(region) {
  if (waiting.has(region.id) || isPaused(region)) return;
  waiting.set(region.id, setTimeout(() => {
    waiting.delete(region.id);
    const now = document.getElementById(region.id);
    if (!now || isLeaving || isPaused(now)) return;
    // What is being deleted just now may be gone already.
    if (document.hidden || changesUnderWay || isHeld(now) || isPlaying(now)) schedule(now);
    else refresh(now);
  }, Number(region.dataset.liveWait) || WAIT_MS));
}

function refreshKinds(kinds) {
  for (const kind of kinds) {
    for (const region of findAll(`[data-live~="${CSS.escape(kind)}"]`)) schedule(region);
  }
}

/** Something happened between the making of this page and the opening of the stream. */
function catchUp(position) {
  if (position > seen) findAll('[data-live]').forEach(schedule);
}

function hear(message) {
  if (message.name === 'change') refreshKinds(message.kinds);
  else {
    isConnected = message.state === 'open';
    for (const lamp of findAll('[data-live-state]')) {
      lamp.dataset.liveState = message.state;
      lamp.textContent = message.state === 'open' ? 'Connected' : 'Reconnecting';
    }
    if (message.state === 'open') {
      catchUp(message.position);
      refreshKinds(['request']); // these have no position to catch up by
    }
  }
  seen = Math.max(seen, message.position);
}

for (const name of ['pointerdown', 'pointerup', 'pointercancel']) {
  document.addEventListener(name, () => { isPressing = name === 'pointerdown'; }, true);
}

// An answer that comes after a menu was opened waits until it is closed again; one that comes while
// a change is under way, until that is done: its button would be gone, and what it triggers with it.
document.addEventListener('htmx:beforeSwap', (event) => {
  const { target: region, requestConfig } = event.detail;
  if (requestConfig.verb !== 'get' || !region.matches('[data-live]')) return;
  if (!changesUnderWay && !isHeld(region)) return;
  event.detail.shouldSwap = false;
  schedule(region);
});

// Counted by the request itself: an element that has left the page tells nobody of its end.
document.addEventListener('htmx:beforeSend', ({ detail }) => {
  if (detail.requestConfig.verb === 'get') return;
  changesUnderWay += 1;
  detail.xhr.addEventListener('loadend', () => { changesUnderWay -= 1; });
});

// The page may be about something that was just deleted: do not ask for it once more.
document.addEventListener('htmx:beforeOnLoad', (event) => {
  if (event.detail.xhr.getResponseHeader('HX-Redirect')) isLeaving = true;
});
addEventListener('pagehide', () => { isLeaving = true; });
addEventListener('pageshow', () => { isLeaving = false; });

// What the person changed themselves is shown at once.
document.addEventListener('refresh', () => findAll('[data-live]').forEach(refresh));

// A person who reads wants the list to stand still; going on shows what was missed.
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-live-pause]');
  if (!button) return;
  const pauses = button.getAttribute('aria-pressed') !== 'true';
  button.setAttribute('aria-pressed', pauses);
  find('span', button).textContent = pauses ? 'Go on' : 'Pause';
  swapIcon(button, pauses ? 'play' : 'pause');
  const region = document.getElementById(button.dataset.livePause);
  if (!pauses && region) refresh(region);
});

function joinWorker() {
  const worker = new SharedWorker(new URL('live-worker.js', import.meta.url), { name: key });
  worker.port.onmessage = (event) => hear(event.data);
  addEventListener('pagehide', () => worker.port.postMessage('bye'));
  addEventListener('pageshow', (event) => { if (event.persisted) worker.port.postMessage('hello'); });
}

function openOwnStream() {
  const source = new EventSource('/live');
  source.addEventListener('position', (event) => {
    hear({ name: 'state', state: 'open', position: Number(event.data) });
  });
  source.addEventListener('change', (event) => {
    const [at, ...kinds] = event.data.split(' ');
    hear({ name: 'change', kinds, position: Number(at) });
  });
  source.onerror = () => hear({ name: 'state', state: 'lost', position: 0 });
}

// How a link is changes without an event: such a region looks every now and then, while the page
// is in front and the server there.
for (const { id, dataset } of findAll('[data-live-every]')) {
  setInterval(() => {
    const region = document.getElementById(id);
    const isIdle = !region || 'liveIdle' in region.dataset; // nothing in it moves just now
    if (!isIdle && isConnected && !document.hidden) schedule(region);
  }, Number(dataset.liveEvery));
}

if (key && find('[data-live]')) {
  if (globalThis.SharedWorker) joinWorker();
  else openOwnStream();
}
