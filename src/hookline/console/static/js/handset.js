// Calls at the virtual phone: the ringtone, what is heard, digits from the keyboard. The browser
// lets a page make sound only after the person has touched it; until then a phone rings silently.
import { find, findAll, swapIcon } from './dom.js';

const SOUND_KEY = 'hookline_phone_sound';
const RING_EVERY_MS = 3000;
const RING_S = 0.9;
const RING_HZ = [440, 480];
const known = new Set();
const speaker = new Audio();
let queue = [];
let context = null;
let ringing = null;
let said = '';
let lastLine = '';

const isOn = () => localStorage.getItem(SOUND_KEY) !== 'off';
const mayPlay = () => isOn() && (navigator.userActivation?.hasBeenActive ?? true);

function ringOnce() {
  if (!mayPlay()) return;
  context ??= new AudioContext();
  context.resume();
  const gain = context.createGain();
  const [from, to] = [context.currentTime, context.currentTime + RING_S];
  gain.gain.setValueAtTime(0, from);
  gain.gain.linearRampToValueAtTime(0.06, from + 0.03);
  gain.gain.setValueAtTime(0.06, to - 0.05);
  gain.gain.linearRampToValueAtTime(0, to);
  gain.connect(context.destination);
  for (const hertz of RING_HZ) {
    const tone = context.createOscillator();
    tone.frequency.value = hertz;
    tone.connect(gain);
    tone.start(from);
    tone.stop(to);
  }
}

function ring(shouldRing) {
  if (shouldRing && ringing === null) {
    ringOnce();
    ringing = setInterval(ringOnce, RING_EVERY_MS);
  } else if (!shouldRing && ringing !== null) {
    clearInterval(ringing);
    ringing = null;
    context?.suspend();
  }
}

function playNext() {
  const url = queue.shift();
  if (!url) return;
  speaker.src = url;
  speaker.play().catch(() => {});
}
speaker.addEventListener('ended', playNext);
speaker.addEventListener('error', playNext);

function silence() {
  queue = [];
  speaker.pause();
}

/** What came out of a phone's speaker since the last look. */
function listen(isFirstLook) {
  for (const line of findAll('[data-sound]')) {
    if (known.has(line.id)) continue;
    known.add(line.id);
    if (!isFirstLook && mayPlay()) queue.push(line.dataset.sound);
  }
  if (queue.length && speaker.paused) playNext();
  if (!find('[data-call=talking]')) silence();
}

/** Says once, to those who cannot see it, what has changed on a line. */
function tellNews() {
  const box = find('#phone-news');
  const news = findAll('[data-news]').map(({ dataset }) => dataset.news).join('. ');
  if (news !== said) box.textContent = news;
  said = news;
}

/** A pressed button is gone with what it did: the focus goes on to what can be done next. */
function keepFocus() {
  if (document.activeElement !== document.body || !lastLine) return;
  const line = document.getElementById(lastLine);
  const next = line && (find('[data-focus]', line) || find('h2', line.closest('.device')));
  next?.focus({ preventScroll: true });
}

function tick() {
  for (const time of findAll('[data-timer]')) {
    const seconds = Math.max(0, Math.round((Date.now() - new Date(time.dateTime)) / 1000));
    time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }
}

function showSwitch() {
  const button = find('[data-sound-switch]');
  button.hidden = false;
  button.setAttribute('aria-pressed', isOn());
  find('span', button).textContent = isOn() ? 'Sound on' : 'Sound off';
  swapIcon(button, isOn() ? 'sound' : 'muted');
}

function look(isFirstLook = false) {
  ring(Boolean(find('[data-call=ringing]')));
  listen(isFirstLook);
  tellNews();
  keepFocus();
  tick();
  for (const box of findAll('[data-scroll]')) box.scrollTop = box.scrollHeight;
}

function press(event) {
  const keypad = find('[data-keypad]', event.target.closest?.('.oncall') ?? document.createElement('i'));
  if (!keypad || event.target.matches('input') || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = find(`button[value="${CSS.escape(event.key)}"]`, keypad);
  if (!key) return;
  event.preventDefault();
  key.click();
}

if (find('#phone-news')) {
  document.addEventListener('htmx:afterSettle', () => look());
  document.addEventListener('keydown', press);
  document.addEventListener('focusin', (event) => {
    lastLine = event.target.closest('.line-of')?.id ?? '';
  });
  document.addEventListener('click', (event) => {
    const again = event.target.closest('[data-hear]');
    if (again) {
      queue = [again.dataset.hear];
      playNext();
    }
    if (!event.target.closest('[data-sound-switch]')) return;
    localStorage.setItem(SOUND_KEY, isOn() ? 'off' : 'on');
    if (!isOn()) silence();
    if (!isOn()) context?.suspend();
    showSwitch();
  });
  addEventListener('pagehide', () => { ring(false); silence(); });
  setInterval(tick, 1000);
  showSwitch();
  look(true);
}
