// The player of recordings: our own controls over a native <audio>, which stays when scripts do not
// run. The waveform is the slider; the server drew it, this moves its clip.
import { find, swapIcon } from './dom.js';

const STEP_S = 5;
const KEYS = { ArrowLeft: -STEP_S, ArrowDown: -STEP_S, ArrowRight: STEP_S, ArrowUp: STEP_S };
const SPEED_KEY = 'hookline_speed';

function clock(seconds) {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(s).padStart(2, '0');
  return h ? `${h}:${String(m).padStart(2, '0')}:${tail}` : `${m}:${tail}`;
}

const lengthOf = (player) => {
  const { duration } = find('audio', player);
  return Number.isFinite(duration) ? duration : Number(player.dataset.duration) / 1000;
};

function draw(player) {
  const at = find('audio', player).currentTime;
  const length = lengthOf(player);
  const track = find('[data-track]', player);
  const width = find('svg', track).viewBox.baseVal.width;
  find('[data-played]', track).setAttribute('width', length ? (at / length) * width : 0);
  track.ariaValueNow = Math.round(at);
  track.ariaValueText = `${clock(at)} of ${clock(length)}`;
  find('[data-time]', player).textContent = `${clock(at)} / ${clock(length)}`;
}

function follow(player) {
  draw(player);
  if (!find('audio', player).paused) requestAnimationFrame(() => follow(player));
}

function show(player) {
  const isPlaying = !find('audio', player).paused;
  const button = find('[data-play]', player);
  button.setAttribute('aria-label', isPlaying ? 'Pause' : 'Play');
  swapIcon(button, isPlaying ? 'pause' : 'play');
  follow(player);
}

function seek(player, seconds) {
  const audio = find('audio', player);
  audio.currentTime = Math.min(Math.max(seconds, 0), lengthOf(player)); // also before it is loaded
  if (!audio.readyState) audio.load();
  draw(player);
}

function toggle(player) {
  const audio = find('audio', player);
  if (audio.paused) audio.play().catch(() => {});
  else audio.pause();
}

function pauseOthers(audio) {
  for (const other of document.querySelectorAll('audio')) if (other !== audio) other.pause();
}

function arm(player) {
  if (player.dataset.player) return;
  player.dataset.player = 'on';
  const audio = find('audio', player);
  const speed = find('[data-speed]', player);
  audio.controls = false;
  for (const part of player.querySelectorAll('[hidden]')) part.hidden = false;
  audio.addEventListener('play', () => { pauseOthers(audio); show(player); });
  for (const name of ['pause', 'ended']) audio.addEventListener(name, () => show(player));
  for (const name of ['timeupdate', 'seeked', 'loadedmetadata']) {
    audio.addEventListener(name, () => draw(player));
  }
  const chosen = sessionStorage.getItem(SPEED_KEY);
  if ([...speed.options].some(({ value }) => value === chosen)) speed.value = chosen;
  audio.defaultPlaybackRate = Number(speed.value);
  audio.playbackRate = Number(speed.value);
}

const playerOf = (target) => target.closest?.('[data-player]');

document.addEventListener('click', (event) => {
  const player = playerOf(event.target);
  if (player && event.target.closest('[data-play]')) toggle(player);
});

// Pressing into the waveform goes there; moving on with the button held goes along.
document.addEventListener('pointerdown', (event) => {
  const track = event.target.closest?.('[data-track]');
  if (!track || event.button) return;
  const player = playerOf(track);
  const box = track.getBoundingClientRect();
  const go = ({ clientX }) => seek(player, ((clientX - box.left) / box.width) * lengthOf(player));
  track.setPointerCapture(event.pointerId);
  track.addEventListener('pointermove', go);
  track.addEventListener('lostpointercapture', () => track.removeEventListener('pointermove', go), { once: true });
  go(event);
});

document.addEventListener('keydown', (event) => {
  if (!event.target.matches?.('[data-track]')) return;
  const player = playerOf(event.target);
  const at = find('audio', player).currentTime;
  if (event.key in KEYS) seek(player, at + KEYS[event.key]);
  else if (event.key === 'Home') seek(player, 0);
  else if (event.key === 'End') seek(player, lengthOf(player));
  else if (event.key === ' ' || event.key === 'Enter') toggle(player);
  else return;
  event.preventDefault();
});

document.addEventListener('change', (event) => {
  if (!event.target.matches('[data-speed]')) return;
  const audio = find('audio', playerOf(event.target));
  audio.defaultPlaybackRate = Number(event.target.value);
  audio.playbackRate = Number(event.target.value);
  sessionStorage.setItem(SPEED_KEY, event.target.value);
});

const armAll = () => document.querySelectorAll('[data-player]').forEach(arm);
document.addEventListener('htmx:afterSettle', armAll);
armAll();
