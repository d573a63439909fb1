// The page: who is signed in, the list, what comes in live, and what its buttons do.

import * as server from './server.js';
import * as push from './push.js';
import { ago, show } from './item.js';

const at = (id) => document.getElementById(id);
const items = new Map(); // by id
const state = { onlyUnread: false, older: null, unread: 0, key: '', worker: null, hangUp: null, stay: false };
const company = Number(new URLSearchParams(location.search).get('company')) || 0;

// ---------------------------------------------------------------------------------- signing in and out

async function start() {
  state.worker = await push.prepare().catch(() => null);
  try {
    enter(await server.session());
  } catch {
    offline();
  }
}

function enter({ user, push: key, stay = state.stay }) {
  Object.assign(state, { key, stay });
  at('stay').parentElement.hidden = !stay;
  at('door').hidden = Boolean(user);
  at('inside').hidden = !user;
  if (!user) return at('user').focus();
  at('name').textContent = user.name;
  at('whose').textContent = `${user.name}, ${user.company}`;
  connect();
  offer();
}

at('sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = event.submitter;
  button.disabled = true;
  at('refused').textContent = '';
  try {
    const who = await server.signIn({
      user: at('user').value, password: at('password').value, company, stay: at('stay').checked,
    });
    at('password').value = '';
    enter(who);
  } catch (refusal) {
    at('refused').textContent = refusal.status ? refusal.message : 'The gateway cannot be reached.';
  }
  button.disabled = false;
});

at('leave').addEventListener('click', async () => {
  await push.end(state.worker).catch(() => {}); // the subscription is gone from this browser in any case
  await server.signOut().catch(trouble);
  leave();
});

document.addEventListener('click', (event) => { if (!at('menu').contains(event.target)) at('menu').open = false; });
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && at('menu').open) { at('menu').open = false; at('menu').firstElementChild.focus(); }
});

function leave() {
  state.hangUp?.();
  state.hangUp = null;
  items.clear();
  at('items').replaceChildren();
  at('menu').open = false;
  count(0);
  enter({ user: null, push: state.key });
}

function offline() {
  at('inside').hidden = false;
  line('lost', 'Offline');
  trouble(new Error('The gateway cannot be reached. Messages are kept there, and come when it is back.'));
  setTimeout(() => location.reload(), 15000);
}

// ---------------------------------------------------------------------------------- the list

function connect() {
  state.hangUp?.();
  state.hangUp = server.listen({
    opened: async () => { line('live', 'Live'); await load(); },
    lost: () => line('lost', 'Reconnecting'),
    item: (item) => { put(item, true); soon(); },
    over: async () => { // refused: the session has ended, or the gateway has no place
      line('lost', 'Not connected');
      const who = await server.session().catch(() => null);
      if (who && !who.user) leave();
      else setTimeout(connect, 5000);
    },
  });
}

// After the stream is open, so that nothing falls between the two.
async function load() {
  await tried(async () => {
    const { items: newest, next } = await server.page();
    if (!items.size) older(next);
    newest.forEach((item) => put(item, false));
    empty();
    await recount();
  });
}

at('more').addEventListener('click', () => tried(async () => {
  const { items: further, next } = await server.page(state.older);
  older(next);
  further.forEach((item) => put(item, false));
  empty();
}));

function older(next) {
  state.older = next ? new URL(next).searchParams.get('before') : null;
  at('more').hidden = !state.older;
}

function put(item, fresh) {
  const known = items.get(item.id);
  items.set(item.id, { ...item, answer: item.answer ?? known?.answer, trouble: item.trouble });
  draw(items.get(item.id), fresh && !known);
}

// Newest first, whatever the order in which they come.
function draw(item, fresh) {
  const there = at(`item-${item.id}`);
  if (state.onlyUnread && item.state !== 'unread' && !there) return empty();
  const entry = show(item, { read, answer });
  if (fresh) entry.classList.add('fresh');
  if (there) {
    const focused = there.contains(document.activeElement);
    there.replaceWith(entry);
    if (focused) { entry.tabIndex = -1; entry.focus({ preventScroll: true }); }
  } else {
    const after = [...at('items').children].find((each) => Number(each.id.slice(5)) < item.id);
    at('items').insertBefore(entry, after ?? null);
  }
  empty();
}

function redraw() {
  at('items').replaceChildren();
  [...items.values()].filter((item) => !state.onlyUnread || item.state === 'unread').forEach((item) => draw(item, false));
  empty();
}

function empty() {
  at('empty').textContent = state.onlyUnread ? 'Nothing unread.' : 'Nothing here yet. What is sent to you appears by itself.';
  at('empty').hidden = Boolean(at('items').childElementCount);
}

for (const [id, only] of [['all', false], ['new', true]]) {
  at(id).addEventListener('click', () => {
    state.onlyUnread = only;
    at('all').setAttribute('aria-pressed', String(!only));
    at('new').setAttribute('aria-pressed', String(only));
    redraw();
  });
}

// ---------------------------------------------------------------------------------- reading and answering

async function read(item) {
  if (items.get(item.id).state !== 'unread') return;
  await tried(async () => put(await server.read(item.id), false));
  await recount();
}

async function answer(item, value) {
  try {
    put(await server.answer(item.id, value), false);
  } catch (refusal) {
    put({ ...item, trouble: refusal.message }, false);
  }
  await recount();
}

at('read-all').addEventListener('click', async () => {
  at('read-all').disabled = true;
  for (const item of [...items.values()]) if (item.state === 'unread') await read(item);
  redraw();
  at('read-all').disabled = false;
});

function soon() { // many that come at once are counted once
  clearTimeout(state.counting);
  state.counting = setTimeout(recount, 200);
}

async function recount() {
  await tried(async () => count(await server.unread()));
}

function count(unread) {
  state.unread = unread;
  at('unread').textContent = unread > 99 ? '99+' : String(unread);
  at('unread').hidden = !unread;
  at('read-all').hidden = !unread;
  document.title = unread ? `(${unread}) Inbox` : 'Inbox';
  if (unread) navigator.setAppBadge?.(unread)?.catch(() => {});
  else navigator.clearAppBadge?.()?.catch(() => {});
}

// ---------------------------------------------------------------------------------- notifications

const OFFERS = {
  off: ['Be told of messages while this page is closed.', 'Turn on notifications'],
  install: ['Add this page to the home screen to be told of messages while it is closed.', ''],
  blocked: ['This browser blocks notifications of this page: allow them in its settings for this site.', ''],
};

async function offer() {
  const standing = await push.standing(state.worker, state.key).catch(() => 'none');
  say(standing);
  if (standing === 'on') await push.renew(state.worker, state.key).catch(trouble);
}

function say(standing) {
  const [words, button] = OFFERS[standing] ?? ['', ''];
  at('offer').hidden = !words;
  at('offered').textContent = words;
  at('notify').textContent = button;
  at('notify').hidden = !button;
  at('quiet').hidden = standing !== 'on';
}

at('quiet').addEventListener('click', async () => {
  await push.end(state.worker).catch(trouble);
  at('menu').open = false;
  say('off');
});

at('notify').addEventListener('click', async () => {
  at('notify').disabled = true;
  try {
    await navigator.serviceWorker.ready;
    say(await push.begin(state.worker, state.key));
  } catch (refusal) {
    trouble(new Error(`This browser could not subscribe: ${refusal.message}`));
  }
  at('notify').disabled = false;
});

// ---------------------------------------------------------------------------------- what goes wrong, and the time

async function tried(work) {
  try {
    await work();
    at('trouble').hidden = true;
  } catch (refusal) {
    if (refusal.status === 401) leave();
    else trouble(refusal.status ? refusal : new Error('The gateway cannot be reached. It is tried again.'));
  }
}

function trouble(error) {
  at('trouble').textContent = error.message;
  at('trouble').hidden = false;
}

function line(kind, words) {
  at('line').className = kind;
  at('line').textContent = ` · ${words}`;
}

setInterval(() => document.querySelectorAll('#items time').forEach((time) => {
  time.textContent = ago(Date.parse(time.dateTime));
}), 30000);

start();
