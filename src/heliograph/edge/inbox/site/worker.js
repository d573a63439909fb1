// Shows notifications while the page is closed, and lets the page open without a network. It keeps no message.

const SHELL = 'inbox-1';
const FILES = ['/inbox', '/inbox/inbox.css', '/inbox/inbox.js', '/inbox/server.js', '/inbox/item.js', '/inbox/push.js',
  '/inbox/icon.svg', '/inbox/manifest.webmanifest'];

self.addEventListener('install', (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)));
});

self.addEventListener('activate', (event) => {
  const old = async () => {
    for (const name of await caches.keys()) if (name.startsWith('inbox-') && name !== SHELL) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(old());
});

// The page's own files come from the gateway while it can be reached; nothing else is touched.
self.addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== self.location.origin || !FILES.includes(pathname)) return;
  event.respondWith(fresh(event.request, pathname));
});

async function fresh(request, pathname) {
  try {
    const answer = await fetch(request);
    if (answer.ok) await (await caches.open(SHELL)).put(pathname, answer.clone());
    return answer;
  } catch (trouble) {
    const kept = await caches.match(pathname);
    if (kept) return kept;
    throw trouble;
  }
}

self.addEventListener('push', (event) => {
  let push = null;
  try { push = event.data?.json(); } catch { /* not ours: shown as a plain word below */ }
  if (!push?.silent) event.waitUntil(notify(push ?? {})); // a silent one is for apps; here it has nothing to do
});

async function notify(push) {
  const shown = push.tag ? await self.registration.getNotifications({ tag: push.tag }) : [];
  const again = shown.some((each) => each.data?.message === push.data?.message_id); // one that came twice stays quiet
  const question = push.type === 'YesNoQuestion' && push.answer_url;
  await self.registration.showNotification(push.title || 'Message', {
    body: push.body,
    icon: '/inbox/icon-192.png',
    badge: '/inbox/badge.png',
    image: push.image,
    tag: push.tag,
    renotify: Boolean(push.tag) && !again,
    silent: again,
    requireInteraction: push.type === 'ImportantMessage' || Boolean(question),
    timestamp: Date.now(),
    actions: question ? [{ action: 'yes', title: 'Yes' }, { action: 'no', title: 'No' }] : [],
    data: { message: push.data?.message_id, type: push.type, url: push.data?.url, answer: push.answer_url },
  });
}

self.addEventListener('notificationclick', (event) => {
  const { notification, action } = event;
  notification.close();
  const { type, url, answer } = notification.data ?? {};
  if (answer && (action === 'yes' || action === 'no')) event.waitUntil(reply(answer, action));
  else event.waitUntil(open(type === 'ShowWebPage' ? url : ''));
});

// Whoever holds the link is the recipient; when it cannot be reached, the page behind it says so.
async function reply(link, answer) {
  try {
    const sent = await fetch(link, { method: 'POST', body: new URLSearchParams({ answer }), credentials: 'omit' });
    if (!sent.ok) await open(link);
  } catch {
    await open(link);
  }
}

async function open(url) {
  if (url && /^https?:/i.test(url)) return self.clients.openWindow(url);
  for (const page of await self.clients.matchAll({ type: 'window', includeUncontrolled: true })) {
    if (new URL(page.url).pathname.startsWith('/inbox')) return page.focus();
  }
  return self.clients.openWindow('/inbox');
}

// The push service gave this browser another address: tell the gateway, as the same person.
self.addEventListener('pushsubscriptionchange', (event) => {
  event.waitUntil(moved(event.oldSubscription?.options?.applicationServerKey));
});

async function moved(key) {
  if (!key) return; // the page does it at the next visit
  const subscription = await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  await fetch('/api/v2/device', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ subscription, name: 'Browser' }),
  });
}
