// Notifications while the page is closed: the browser subscribes, and registers as a device of whoever is signed in.

import { register, forget } from './server.js';

const KEPT = 'device'; // the id under which the gateway knows this browser

const policy = self.trustedTypes?.createPolicy('worker', { createScriptURL: () => '/inbox/worker.js' });

export async function prepare() {
  if (!('serviceWorker' in navigator)) return null;
  return navigator.serviceWorker.register(policy ? policy.createScriptURL('') : '/inbox/worker.js', { scope: '/inbox' });
}

// What can be offered: nothing, to install first, to begin, what stands in the way, or that it is on.
export async function standing(worker, key) {
  if (key && navigator.standalone === false) return 'install'; // iPhones and iPads notify from the home screen alone
  if (!key || !worker || !('PushManager' in self)) return 'none';
  if (Notification.permission === 'denied') return 'blocked';
  const subscription = await worker.pushManager.getSubscription();
  return subscription && Notification.permission === 'granted' ? 'on' : 'off';
}

export async function begin(worker, key) {
  if ((await Notification.requestPermission()) !== 'granted') return 'blocked';
  await enrol(await subscribed(worker, key));
  return 'on';
}

// At every visit: the gateway forgets devices that it has not heard of for long, and keys may change.
export async function renew(worker, key) {
  await enrol(await subscribed(worker, key));
}

async function subscribed(worker, key) {
  const there = await worker.pushManager.getSubscription();
  if (there && same(there.options.applicationServerKey, key)) return there;
  await there?.unsubscribe();
  return worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

function same(buffer, key) {
  if (!buffer) return true; // a browser that does not tell
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '') === key.replace(/=+$/, '');
}

async function enrol(subscription) {
  const device = await register(subscription.toJSON(), browser());
  localStorage.setItem(KEPT, String(device.id));
}

// On signing out: whoever uses this browser next must not see what comes.
export async function end(worker) {
  const id = localStorage.getItem(KEPT);
  localStorage.removeItem(KEPT);
  const subscription = await worker?.pushManager?.getSubscription();
  await subscription?.unsubscribe();
  if (id) await forget(id);
}

function browser() {
  const agent = navigator.userAgent;
  const name = ['Edg', 'Firefox', 'Chrome', 'Safari'].find((each) => agent.includes(each)) ?? 'Browser';
  const system = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac', 'Linux'].find((each) => agent.includes(each));
  return `${name === 'Edg' ? 'Edge' : name}${system ? ` on ${system}` : ''}`;
}
