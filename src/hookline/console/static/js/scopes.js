// The scope grid: presets tick boxes, and a box that is ticked by hand clears the preset.
import { find, findAll } from './dom.js';

function count(form) {
  const chosen = findAll('[name=scope]:checked', form).length;
  const output = find('[data-scope-count]', form);
  if (output) output.textContent = chosen === 1 ? '1 scope chosen' : `${chosen} scopes chosen`;
}

function press(form, pressed) {
  for (const preset of findAll('[data-preset]', form)) {
    preset.setAttribute('aria-pressed', preset === pressed);
  }
}

document.addEventListener('click', (event) => {
  const preset = event.target.closest('[data-preset]');
  if (!preset) return;
  const form = preset.closest('form');
  const wanted = new Set(preset.dataset.preset.split(' '));
  for (const box of findAll('[name=scope]', form)) box.checked = wanted.has(box.value);
  press(form, preset);
  count(form);
});

document.addEventListener('change', (event) => {
  if (!event.target.matches('[name=scope]')) return;
  press(event.target.form, null);
  count(event.target.form);
});
