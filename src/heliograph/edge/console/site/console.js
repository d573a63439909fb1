"use strict";
// Fetches the page it is on again, and puts in what changed. Everything works without this file; it makes no markup of texts.

const main = document.querySelector("main[data-live]");

function busy(part) {
  if (part.contains(document.activeElement) && document.activeElement !== main) return true;
  if (part.querySelector("input[type=checkbox]:checked")) return true;
  const chosen = document.getSelection();
  return Boolean(chosen && !chosen.isCollapsed && part.contains(chosen.anchorNode));
}

function take(fresh) {
  const opened = new Set([...main.querySelectorAll("details[open]")].map((each) => each.id));
  for (const part of main.querySelectorAll(":scope > [id]")) {
    const next = fresh.getElementById(part.id);
    if (!next || next.isEqualNode(part) || busy(part)) continue;
    const taken = document.importNode(next, true);
    for (const each of taken.querySelectorAll("details")) if (opened.has(each.id)) each.open = true;
    part.replaceWith(taken);
  }
}

function look() {
  if (document.hidden) return again();
  const request = new XMLHttpRequest();
  const address = new URL(location.href);
  for (const name of ["did", "n", "of"]) address.searchParams.delete(name);
  request.open("GET", address.pathname + address.search);
  request.responseType = "document";
  request.setRequestHeader("X-Heliograph-Watching", "1");
  request.timeout = 20000;
  request.onload = () => {
    if (request.status === 401) return location.reload();
    if (request.status === 200 && request.response) take(request.response);
    again();
  };
  request.onerror = request.ontimeout = again;
  request.send();
}

function again() {
  setTimeout(look, Number(main.dataset.live) * 1000);
}

if (main) again();

// A one-time code comes behind the address, where no server and no log sees it.
const code = document.getElementById("code");
if (code && location.hash.length > 10) {
  code.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname + location.search);
  code.form.querySelector("button").focus();
}

// What was said after a button stays out of the address, so that a reload does not say it again.
if (/[?&]did=/.test(location.search)) {
  const address = new URL(location.href);
  for (const name of ["did", "n", "of"]) address.searchParams.delete(name);
  history.replaceState(null, "", address.pathname + address.search + address.hash);
}

// Asks once more before much is done, and lets no button be pressed twice.
document.addEventListener("submit", (event) => {
  const sure = event.submitter && event.submitter.dataset.sure;
  if (sure && !confirm(sure)) return event.preventDefault();
  if (event.target.method === "post") setTimeout(() => event.submitter && (event.submitter.disabled = true));
});
