// One event stream for all tabs of an account: HTTP/1.1 allows six connections to a host, so one
// stream a tab would hang the seventh.
const RETRY_MS = 2000;
const RETRY_MAX_MS = 60_000;
const ports = new Set();
let source = null;
let state = 'lost';
let position = 0;
let retryMs = RETRY_MS;

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

const standing = () => ({ name: 'state', state, position });

function open() {
  source = new EventSource('/live');
  source.addEventListener('position', (event) => {
    retryMs = RETRY_MS;
    state = 'open';
    position = Number(event.data);
    tell(standing());
  });
  source.addEventListener('change', (event) => {
    const [at, ...kinds] = event.data.split(' ');
    position = Number(at);
    tell({ name: 'change', kinds, position });
  });
  source.onerror = () => {
    state = 'lost';
    tell(standing());
    if (source.readyState !== EventSource.CLOSED) return; // the browser reconnects by itself
    source = null;
    setTimeout(() => { if (ports.size && !source) open(); }, retryMs);
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  };
}

function join(port) {
  ports.add(port);
  port.postMessage(standing());
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
