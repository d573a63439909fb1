// What the page asks of the gateway. The cookie is the browser's business: no script here ever sees it.

export class Refusal extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

async function ask(method, path, body) {
  const options = { method, credentials: 'same-origin', cache: 'no-store' };
  if (body !== undefined) {
    options.headers = { 'Content-Type': 'application/json' };
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options);
  const text = await answer.text();
  let told = null;
  try { told = text ? JSON.parse(text) : null; } catch { /* a proxy's own page: the status says enough */ }
  if (!answer.ok) throw new Refusal(answer.status, told?.ResponseStatus?.Message ?? `The gateway answered ${answer.status}.`);
  return told;
}

export const session = () => ask('GET', '/inbox/session');
export const signIn = (given) => ask('POST', '/inbox/session', given);
export const signOut = () => ask('DELETE', '/inbox/session');
export const page = (before) => ask('GET', `/api/v2/inbox?limit=30${before ? `&before=${before}` : ''}`);
export const unread = async () => (await ask('GET', '/api/v2/inbox/unread')).unread;
export const read = (id) => ask('POST', `/api/v2/inbox/${id}/read`);
export const answer = (id, value) => ask('POST', `/api/v2/inbox/${id}/answer`, { answer: value });
export const register = (subscription, name) => ask('POST', '/api/v2/device', { subscription, name });
export const forget = (id) => ask('DELETE', `/api/v2/device/${id}`);

// The live stream. The browser opens it again by itself, and says which item it saw last.
export function listen({ opened, lost, item, over }) {
  const stream = new EventSource('/api/v2/inbox/stream');
  stream.onopen = opened;
  stream.onerror = () => (stream.readyState === EventSource.CLOSED ? over : lost)();
  stream.addEventListener('message', (event) => item(JSON.parse(event.data)));
  return () => stream.close();
}
