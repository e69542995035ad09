// Relative times that stay true while the page is open; hovering shows local time and UTC.
import { findAll } from './dom.js';

const EVERY_MS = 20_000;
const STEPS = [[60, 1, 'second'], [3600, 60, 'minute'], [86_400, 3600, 'hour'], [30 * 86_400, 86_400, 'day']];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** “just now”, “5 min. ago”, “yesterday”, “3 Mar 2026”. */
function say(moment) {
  const seconds = (moment - Date.now()) / 1000;
  const distance = Math.abs(seconds);
  if (distance < 10) return 'just now';
  const step = STEPS.find(([limit]) => distance < limit);
  return step ? relative.format(Math.trunc(seconds / step[1]), step[2]) : day.format(moment);
}

function refresh(root = document) {
  for (const time of findAll('time[data-ago]', root)) {
    const moment = new Date(time.dateTime);
    time.textContent = say(moment);
    time.title = `${full.format(moment)} local\n${time.dateTime.replace('T', ' ').slice(0, 19)} UTC`;
  }
}

refresh();
setInterval(refresh, EVERY_MS);
document.addEventListener('htmx:afterSettle', () => refresh());
