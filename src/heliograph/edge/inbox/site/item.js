// One message as people see it. What was sent is only ever text here: nothing of it becomes markup.

const KINDS = { ImportantMessage: 'Important', YesNoQuestion: 'Question', RemoteAction: 'Action', ShowWebPage: 'Page' };
const STEPS = [[60, 'second'], [60, 'minute'], [24, 'hour'], [7, 'day']];
const words = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' });

export function ago(then, now = Date.now()) {
  let amount = (then - now) / 1000;
  if (Math.abs(amount) < 45) return 'now';
  for (const [step, unit] of STEPS) {
    if (Math.abs(amount) < step) return words.format(Math.round(amount), unit);
    amount /= step;
  }
  return new Date(then).toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
}

function made(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}

// An address that a person may be sent to; null for any that would run here instead.
export function linkTo(url) {
  try {
    const target = new URL(url);
    return target.protocol === 'https:' || target.protocol === 'http:' ? target : null;
  } catch { return null; }
}

function link(url) {
  const target = linkTo(url);
  if (!target) return null;
  const anchor = made('a', 'go', `Open ${target.host}`);
  anchor.href = target.href;
  anchor.target = '_blank';
  anchor.rel = 'noopener noreferrer';
  return anchor;
}

function question(item, does) {
  const row = [];
  for (const [value, label] of [['yes', 'Yes'], ['no', 'No']]) {
    const button = made('button', 'answer', label);
    button.addEventListener('click', async () => {
      row.forEach((each) => { each.disabled = true; });
      await does.answer(item, value);
      row.forEach((each) => { each.disabled = false; });
    });
    row.push(button);
  }
  return row;
}

// `does` says what the buttons do: read(item), answer(item, value).
export function show(item, does) {
  const entry = made('li', item.state);
  entry.id = `item-${item.id}`;
  const head = made('div', 'head');
  head.append(made('h2', '', item.title || 'Message'));
  const time = made('time', '', ago(Date.parse(item.time)));
  time.dateTime = item.time;
  time.title = new Date(item.time).toLocaleString();
  head.append(time);
  if (KINDS[item.type]) entry.append(made('span', 'kind', KINDS[item.type]));
  entry.append(head);
  if (item.body) entry.append(text(item.body));
  const row = made('div', 'does');
  if (item.type === 'YesNoQuestion' && item.state !== 'answered') row.append(...question(item, does));
  if (item.state === 'answered') row.append(made('span', 'said', item.answer ? `You answered ${item.answer}` : 'Answered'));
  const anchor = item.url ? link(item.url) : null;
  if (anchor) {
    anchor.addEventListener('click', () => does.read(item));
    row.append(anchor);
  }
  if (item.state === 'unread') {
    const button = made('button', 'quiet mark-read', 'Mark as read');
    button.addEventListener('click', () => does.read(item));
    row.append(button);
  }
  entry.append(row);
  if (item.trouble) entry.append(made('p', 'bad', item.trouble));
  return entry;
}

const LONG = 700; // characters

function text(body) {
  if (body.length <= LONG) return made('p', 'text', body);
  const whole = made('div');
  const shown = made('p', 'text long', body);
  const more = made('button', 'quiet more', 'Show all');
  more.addEventListener('click', () => { shown.classList.remove('long'); more.remove(); });
  whole.append(shown, more);
  return whole;
}
