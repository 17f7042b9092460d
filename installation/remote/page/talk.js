"use strict";
/* What both pages share: the way in, and a socket that comes back by itself. ES2017. */

var SECRET = "";

/* The secret must not stay in the address that somebody may show or share. */
function takeSecret() {
  if (!location.hash) return false;
  SECRET = location.hash.slice(1);
  if (window.history.replaceState) history.replaceState(null, "", location.pathname);
  return true;
}
takeSecret();

let SILENT_MS = 25000; /* The show speaks every 10 s at least. */
const ENTER_MS = 8000;

function el(id) { return document.getElementById(id); }

let hushed = 0;
function say(words) {
  el("said").textContent = words;
  clearTimeout(hushed);
  if (words) hushed = setTimeout(() => say(""), 15000);
}

function within(promise, ms) {
  return Promise.race([promise, new Promise((_, no) => setTimeout(() => no(new Error("late")), ms))]);
}

async function post(path, body) {
  const answer = await within(fetch(path, {
    method: "POST", credentials: "same-origin", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  }), ENTER_MS);
  const told = await answer.json().catch(() => ({}));
  return { ok: answer.ok, status: answer.status, why: told.why || "the show does not answer" };
}

async function ask(path) {
  const answer = await within(fetch(path, { credentials: "same-origin" }), ENTER_MS);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

/*
 * Opens the socket `path` after `enter` let us in. `page.hear` gets every message, `page.link` how it stands: "on", "away" (it is
 * tried again) or "over" (not before another code is scanned), with words, `page.old` where the pass is of before. Gives a function
 * that sends, and says whether it could.
 */
function talk(path, enter, page) {
  let socket = null, wait = 500, timer = 0, ended = false, heard = 0, opening = false;

  function lost(words, ms) {
    socket = null;
    page.link("away", words || "");
    clearTimeout(timer);
    timer = setTimeout(open, ms || wait * (0.7 + 0.6 * Math.random()));
    wait = Math.min(wait * 2, 15000);
  }

  function over(words) {
    socket = null;
    ended = true;
    page.link("over", words);
  }

  async function open() {
    clearTimeout(timer);
    if (opening || ended || socket) return;
    opening = true;
    try {
      const entered = await enter();
      if (entered.status === 429) lost(entered.why, 20000);
      else if (!entered.ok) over(entered.why);
      else connect();
    } catch (error) {
      lost();
    }
    opening = false;
  }

  function connect() {
    const mine = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + path);
    socket = mine;
    heard = Date.now();
    mine.onopen = () => { if (socket === mine) { wait = 500; page.link("on", ""); } };
    mine.onmessage = (message) => { if (socket === mine) { heard = Date.now(); page.hear(JSON.parse(message.data)); } };
    mine.onclose = (closed) => {
      if (socket !== mine) return;
      if (closed.code === 4401) over(page.old);
      else if (closed.code === 4409) over("this page is open in another window too; reload to use this one");
      else lost();
    };
  }

  /* A network that is gone tells nobody: who is not heard any more is not there. */
  function look() {
    if (!socket || Date.now() - heard < SILENT_MS) return;
    const dead = socket;
    wait = 500;
    lost("", 1);
    dead.close();
  }
  setInterval(look, 1000);

  function again() {
    wait = 500;
    ended = false;
    look();
    open();
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) again(); });
  window.addEventListener("online", again);
  window.addEventListener("offline", () => { if (socket) { const dead = socket; lost(); dead.close(); } });
  window.addEventListener("hashchange", () => { if (takeSecret()) again(); });
  open();
  return (what) => {
    if (!socket || socket.readyState !== 1) return false;
    socket.send(JSON.stringify(what));
    return true;
  };
}
