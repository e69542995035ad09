// Light or dark: the system's choice until the person makes one, which the server then renders.
const COOKIE = 'hookline_theme';
const YEAR_S = 31_536_000;
const root = document.documentElement;

const isDark = () => root.dataset.theme === 'dark'
  || (!root.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);

document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-theme-toggle]')) return;
  root.dataset.theme = isDark() ? 'light' : 'dark';
  document.cookie = `${COOKIE}=${root.dataset.theme}; path=/; max-age=${YEAR_S}; samesite=lax`;
});
