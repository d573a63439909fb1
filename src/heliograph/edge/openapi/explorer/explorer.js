"use strict";
// The explorer: everything it shows comes from /openapi.json, as text and never as markup.

const $ = (id) => document.getElementById(id);
const VERBS = ["get", "post", "put", "patch", "delete"];
let operations = [];
let schemas = {};
let running = null; // the AbortController of the request under way

/** An element with properties and children; strings become text. */
function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

const resolved = (schema) =>
  schema && schema.$ref ? schemas[schema.$ref.split("/").pop()] || {} : schema || {};
const authorization = () => $("authorization").value.trim();

async function start() {
  const told = await (await fetch("/openapi.json", { credentials: "omit" })).json();
  schemas = told.components.schemas;
  $("version").textContent = told.info.version;
  for (const [path, verbs] of Object.entries(told.paths)) {
    for (const verb of VERBS.filter((each) => each in verbs)) {
      const operation = { path, verb, security: told.security, ...verbs[verb] };
      operation.words = `${verb} ${path} ${operation.summary} ${operation.tags}`.toLowerCase();
      operations.push(operation);
    }
  }
  const order = told.tags.map((tag) => tag.name);
  operations.sort((a, b) => order.indexOf(a.tags[0]) - order.indexOf(b.tags[0]));
  list();
  show();
}

// ------------------------------------------------------------------- the list

function list() {
  const wanted = $("filter").value.toLowerCase().split(/\s+/);
  const found = operations.filter((each) => wanted.every((word) => each.words.includes(word)));
  const groups = new Map();
  for (const each of found) groups.set(each.tags[0], [...(groups.get(each.tags[0]) || []), each]);
  $("list").replaceChildren(
    ...[...groups].flatMap(([tag, those]) => [
      el("h2", {}, tag),
      el("ul", {}, ...those.map((each) => el("li", {}, link(each)))),
    ])
  );
  $("found").textContent = `${found.length} of ${operations.length} operations`;
  mark();
}

function link(operation) {
  const name = operation.path.replace(/^\/api\/v\d\//, "").replace(/^Agents\/\w+\//, "");
  return el("a", { href: `#${operation.operationId}`, title: operation.summary }, verb(operation), el("span", {}, ...folding(name)));
}

/** A long name that may break before its capitals. */
const folding = (name) => name.split(/(?=[A-Z/])/).flatMap((part) => [part, el("wbr")]);

const verb = (operation) => el("span", { className: `verb ${operation.verb}` }, operation.verb.toUpperCase());
const chosen = () => operations.find((each) => `#${each.operationId}` === location.hash) || operations[0];

function mark() {
  for (const each of $("list").querySelectorAll("a")) {
    if (each.hash === `#${chosen().operationId}`) each.setAttribute("aria-current", "page");
    else each.removeAttribute("aria-current");
  }
}

// -------------------------------------------------------------- one operation

function show() {
  if (running) running.abort();
  const operation = chosen();
  mark();
  const content = (operation.requestBody || {}).content || {};
  const media = Object.keys(content).filter((name) => content[name].example !== undefined);
  const form = el("form", { id: "request" });
  form.append(
    ...(operation.parameters || []).map(parameter),
    ...(media.length ? body(content, media) : []),
    el("div", { className: "row" }, el("button", { id: "send" }, "Send"),
      el("button", { id: "stop", type: "button", className: "plain", disabled: true }, "Stop"),
      el("span", { className: "dim" }, "Ctrl+Enter sends"))
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(operation);
  });
  $("operation").replaceChildren(
    el("h2", {}, verb(operation), el("span", { className: "path" }, operation.path)),
    el("p", {}, operation.summary),
    el("p", { className: "dim" }, access(operation)),
    form,
    el("div", { id: "answer", role: "status" }),
    answers(operation)
  );
  $("stop").addEventListener("click", () => running && running.abort());
}

function access(operation) {
  if (operation.security.length === 0) return "No sign-in needed.";
  const keyed = operation.security.some((way) => Object.keys(way).length === 0);
  return keyed ? "By the company's key, or by an administrator: say above who calls." : "Signed-in callers only: say above who calls.";
}

function parameter(each) {
  const id = `parameter-${each.name}`;
  const note = [each.in, each.required ? "required" : "", each.description || ""].filter(Boolean).join(", ");
  const choices = (each.schema || {}).enum;
  const input = choices
    ? el("select", { id }, el("option", { value: "" }, ""), ...choices.map((one) => el("option", {}, one)))
    : el("input", { id, autocomplete: "off", required: Boolean(each.required), value: each.required ? "1" : "" });
  return el("div", { className: "field" }, el("label", { htmlFor: id }, each.name, " ", el("small", {}, note)), input);
}

const sample = (example) => (typeof example === "string" ? example : JSON.stringify(example, null, 2));

function body(content, media) {
  const area = el("textarea", { id: "body", spellcheck: false, value: sample(content[media[0]].example) });
  const kind = el("select", { id: "media" }, ...media.map((name) => el("option", {}, name)));
  kind.addEventListener("change", () => (area.value = sample(content[kind.value].example)));
  return [
    el("label", { htmlFor: "media" }, "Notation"), kind,
    el("label", { htmlFor: "body" }, "Body"), area,
  ];
}

function answers(operation) {
  const rows = Object.entries(operation.responses).map(([status, told]) => {
    const schema = Object.values(told.content || {}).map((each) => each.schema)[0];
    const name = schema && (schema.$ref || (schema.items || {}).$ref || "").split("/").pop();
    return el("tr", {}, el("th", { scope: "row" }, status), el("td", {}, told.description),
      el("td", {}, name ? shape(name) : ""));
  });
  return el("section", {}, el("h3", {}, "Answers"), el("table", {}, el("tbody", {}, ...rows)));
}

function shape(name) {
  const members = Object.entries(resolved({ $ref: `#/${name}` }).properties || {});
  const lines = members.map(([member, schema]) => `${member}: ${kind(schema)}`).join("\n");
  return el("details", {}, el("summary", {}, name), el("pre", {}, lines));
}

function kind(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(kind).join(" or ");
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.type === "array") return `${kind(schema.items)}[]`;
  return [schema.type].flat().join(" or ");
}

// ------------------------------------------------------------------- sending

function request(operation) {
  const headers = {};
  const query = new URLSearchParams();
  let path = operation.path;
  for (const each of operation.parameters || []) {
    const value = $(`parameter-${each.name}`).value;
    if (each.in === "path") path = path.replace(`{${each.name}}`, encodeURIComponent(value));
    else if (value && each.in === "query") query.set(each.name, value);
    else if (value && each.in === "header") headers[each.name] = value;
  }
  if (authorization() && operation.security.length) headers.Authorization = authorization();
  const options = { method: operation.verb.toUpperCase(), headers, credentials: "omit" };
  if ($("media")) {
    headers["Content-Type"] = $("media").value;
    headers.Accept = $("media").value;
    options.body = $("body").value;
  }
  return [path + (query.size ? `?${query}` : ""), options];
}

function curl(address, options) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const headers = Object.entries(options.headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  const data = options.body === undefined ? [] : [`--data-binary ${quoted(options.body)}`];
  return [`curl -i -X ${options.method} ${quoted(location.origin + address)}`, ...headers, ...data].join(" \\\n  ");
}

async function send(operation) {
  const [address, options] = request(operation);
  const line = el("p", { className: "status", id: "status" }, "Asking …");
  const text = el("pre", { id: "text", tabIndex: 0 });
  const heads = el("pre", { id: "headers" });
  $("answer").replaceChildren(el("h3", {}, "Answer"), line, text,
    el("details", {}, el("summary", {}, "Headers"), heads),
    el("details", {}, el("summary", {}, "The same with curl (it holds your credentials)"), el("pre", {}, curl(address, options))));
  running = new AbortController();
  $("send").disabled = !($("stop").disabled = false);
  const began = performance.now();
  try {
    const response = await fetch(address, { ...options, signal: running.signal });
    const took = Math.round(performance.now() - began);
    line.textContent = `${response.status} ${response.statusText} · ${took} ms`;
    line.classList.add(response.ok ? "ok" : "bad");
    heads.textContent = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    await read(response, text);
  } catch (error) {
    const stopped = error.name === "AbortError";
    if (!stopped || !text.textContent) line.textContent = stopped ? "Stopped." : `No answer: ${error.message}`;
  } finally {
    running = null;
    if ($("send")) $("send").disabled = !($("stop").disabled = true);
  }
}

async function read(response, text) {
  const type = response.headers.get("content-type") || "";
  if (type.startsWith("text/event-stream")) {
    const stream = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await stream.read(); !part.done; part = await stream.read()) text.append(part.value);
    return;
  }
  const told = await response.text();
  text.textContent = told || "(nothing)";
  if (type.includes("json") && told) text.textContent = JSON.stringify(JSON.parse(told), null, 2);
}

// ------------------------------------------------------------------- sign-in

async function signIn(event) {
  event.preventDefault();
  const given = { UserName: $("user").value, Password: $("password").value };
  const response = await fetch("/api/v1/Agents/SoPrincipal/AuthenticateUsernamePassword", {
    method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" }, body: JSON.stringify(given),
  });
  const told = await response.json();
  if (!told.AuthenticationSucceeded) {
    $("sign-in-answer").textContent = told.ErrorMessage || told.MessageDetail || "The user name or the password is not valid.";
    return;
  }
  $("password").value = "";
  $("authorization").value = `SOTicket ${told.Credentials.Ticket}`;
  $("sign-in-answer").textContent = `Signed in as ${told.Response.FullName || told.Response.Associate}.`;
  who(told.Response.FullName || told.Response.Associate);
}

function who(name) {
  $("who").textContent = authorization() ? name || authorization().split(" ")[0] : "nobody yet";
}

$("sign-in").addEventListener("submit", (event) =>
  signIn(event).catch((error) => ($("sign-in-answer").textContent = `No answer: ${error.message}`)));
$("authorization").addEventListener("input", () => who());
$("filter").addEventListener("input", list);
window.addEventListener("hashchange", () => {
  show();
  $("operation").focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/INPUT|TEXTAREA|SELECT/.test(event.target.tagName)) {
    event.preventDefault();
    $("filter").focus();
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && $("request")) {
    event.preventDefault();
    $("request").requestSubmit();
  }
});
start().catch((error) => ($("operation").textContent = `The API document cannot be read: ${error.message}`));
