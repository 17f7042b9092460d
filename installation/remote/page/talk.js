"use strict";
/* What both pages share: the way in, and a socket that comes back by itself. ES2017. */

var SECRET = location.hash.slice(1);
// The secret must not stay in the address that somebody may show or share.
if (SECRET && window.history.replaceState) history.replaceState(null, "", location.pathname);

function el(id) { return document.getElementById(id); }

function say(words) { el("said").textContent = words; }

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST", credentials: "same-origin", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
  const told = await answer.json().catch(() => ({}));
  return { ok: answer.ok, why: told.why || "the show does not answer" };
}

async function ask(path) {
  const answer = await fetch(path, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

/* Opens the socket `path` after `enter` let us in; `hear` gets every message. Gives a function that sends. */
function talk(path, enter, hear) {
  let socket = null, wait = 500, timer = 0, ended = false;

  function later() {
    if (ended) return;
    clearTimeout(timer);
    timer = setTimeout(open, wait * (0.7 + 0.6 * Math.random()));
    wait = Math.min(wait * 2, 15000);
  }

  async function open() {
    clearTimeout(timer);
    if (ended || (socket && socket.readyState < 2)) return;
    try {
      const entered = await enter();
      if (!entered.ok) { ended = true; say(entered.why); return; }
    } catch (error) {
      say("No connection; trying again …");
      later();
      return;
    }
    socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + path);
    socket.onopen = () => { wait = 500; say(""); };
    socket.onmessage = (message) => hear(JSON.parse(message.data));
    socket.onclose = (closed) => {
      if (closed.code === 4401) { ended = true; say("This code is over; scan the one on the wall again."); return; }
      if (closed.code === 4409) { ended = true; say("The page is open in another window; reload to use this one."); return; }
      say("No connection; trying again …");
      later();
    };
  }

  document.addEventListener("visibilitychange", () => { if (!document.hidden) { wait = 500; open(); } });
  window.addEventListener("online", () => { wait = 500; open(); });
  open();
  return (what) => {
    if (!socket || socket.readyState !== 1) { say("No connection; trying again …"); return false; }
    socket.send(JSON.stringify(what));
    return true;
  };
}
