// One event stream for all tabs of an account: HTTP/1.1 allows six connections to a host, so one
// stream a tab would hang the seventh.
const RETRY_MS = 2000;
const RETRY_MAX_MS = 60_000;
const ports = new Set();
let source = null;
let state = 'lost';
let retryMs = RETRY_MS;

function tell(name, kinds) {
  for (const port of ports) port.postMessage({ name, kinds });
}

function setState(now) {
  state = now;
  tell('state', state);
}

function open() {
  source = new EventSource('/live');
  source.onopen = () => {
    retryMs = RETRY_MS;
    setState('open');
  };
  source.onerror = () => {
    setState('lost');
    if (source.readyState !== EventSource.CLOSED) return; // the browser reconnects by itself
    source = null;
    setTimeout(() => { if (ports.size && !source) open(); }, retryMs);
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  };
  source.addEventListener('change', (event) => tell('change', event.data.split(' ')));
}

function join(port) {
  ports.add(port);
  port.postMessage({ name: 'state', kinds: state });
  if (!source) open();
}

function leave(port) {
  ports.delete(port);
  if (ports.size || !source) return;
  source.close();
  source = null;
  state = 'lost';
}

onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => (data === 'bye' ? leave(port) : join(port));
  join(port);
};
