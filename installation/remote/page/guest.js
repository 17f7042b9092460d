"use strict";
/* The guests' page. ES2017, no libraries: it must run on a phone of ten years. */

let told = null, heardAt = 0, touched = 0, open = "", map = null, coming = "", mark = -1, asked = 0, back = null;

const send = talk("/live", () => post("/join", { token: SECRET }), hear);

function wish(what, value) { touched = Date.now(); send({ do: what, what: value }); }

function hear(message) {
  if (message.said) { say(message.said.charAt(0).toUpperCase() + message.said.slice(1)); return; }
  const before = told;
  told = message;
  heardAt = Date.now();
  el("main").hidden = el("nav").hidden = false;
  if (!before || before.now.id !== told.now.id) {
    el("title").textContent = told.now.title;
    el("artist").textContent = told.now.artist;
    document.title = told.now.title + " · mixtape";
    picture(el("cover"), told.now.id);
    tint(told.colours);
  }
  queue();
  votes();
  for (const name of ["energy", "wall_strength"]) {
    const dial = el(name);
    if (document.activeElement !== dial || Date.now() - touched > 3000) dial.value = told.moods[name];
  }
  progress();
  if (map && map.map !== told.map && !el("map").hidden) showMap();
  draw();
}

function picture(image, id) {
  image.onload = () => { image.hidden = false; };
  image.onerror = () => { image.hidden = true; };
  image.src = "/cover?id=" + encodeURIComponent(id);
}

/* The song's strongest colour that can be read: light on dark, dark on light. */
function tint(colours) {
  const light = window.matchMedia && matchMedia("(prefers-color-scheme: light)").matches;
  let best = "", score = 0;
  for (const colour of colours) {
    const rgb = [1, 3, 5].map((at) => parseInt(colour.substr(at, 2), 16));
    const far = Math.max.apply(null, rgb) - Math.min.apply(null, rgb);
    const moved = rgb.map((part) => Math.round(light ? part * 0.45 : 255 - (255 - part) * 0.55));
    if (far >= score) { score = far; best = "rgb(" + moved.join(",") + ")"; }
  }
  if (best) document.documentElement.style.setProperty("--tint", best);
}

function progress() {
  if (!told) return;
  const at = told.at_s + (told.paused ? 0 : (Date.now() - heardAt) / 1000);
  el("bar").style.width = 100 * Math.min(1, at / Math.max(told.long_s, 1)) + "%";
}
setInterval(progress, 500);

function row(song, words, onBack) {
  const line = document.createElement("li"), button = document.createElement("button");
  const title = document.createElement("b"), under = document.createElement("span");
  button.className = "song";
  title.textContent = song.title;
  under.textContent = words;
  button.appendChild(title);
  button.appendChild(under);
  button.onclick = () => choose(song.id, song);
  line.appendChild(button);
  if (onBack) {
    const away = document.createElement("button");
    away.className = "back";
    away.textContent = "×";
    away.setAttribute("aria-label", "Take back " + song.title);
    away.onclick = onBack;
    line.appendChild(away);
  }
  return line;
}

function fill(list, rows, none) {
  list.textContent = "";
  rows.forEach((each) => list.appendChild(each));
  if (!rows.length && none) {
    const line = document.createElement("li");
    line.className = "none";
    line.textContent = none;
    list.appendChild(line);
  }
}

let queued = "";
function queue() {
  const now = JSON.stringify([told.queue, told.coming]);
  if (now === queued) return;
  queued = now;
  const wishes = told.queue.map((song) =>
    row(song, [song.when + (song.mine ? ", your wish" : ""), song.artist].filter(Boolean).join(" · "),
      song.mine ? () => wish("withdraw", song.id) : null));
  const coming = told.coming.map((song) => row(song, ["next, unless somebody wishes", song.artist].filter(Boolean).join(" · ")));
  fill(el("queue"), wishes.concat(coming));
}

function votes() {
  const button = el("vote");
  const count = told.votes ? " (" + told.votes + " of " + told.needed + ")" : told.needed > 1 ? " (" + told.needed + " needed)" : "";
  button.textContent = (told.voted ? "You voted to skip" : "Vote to skip") + count;
  button.disabled = told.voted;
}

el("like").onclick = () => told && wish("like", told.now.id);
el("vote").onclick = () => told && wish("vote", told.now.id);
for (const name of ["energy", "wall_strength"]) el(name).onchange = () => wish(name, Number(el(name).value));

/* One song ------------------------------------------------------------------------------------------------------------- */

async function choose(id, known) {
  if (!open) back = document.activeElement;
  open = id;
  el("sheet").hidden = false;
  el("sheet").scrollTop = 0;
  el("chosen").textContent = known ? known.title : "…";
  el("chosen-artist").textContent = known ? known.artist : "";
  el("near").textContent = "";
  el("chosen-cover").hidden = true;
  picture(el("chosen-cover"), id);
  el("chosen").focus();
  try {
    const song = await ask("/song?id=" + encodeURIComponent(id)), near = await ask("/like?id=" + encodeURIComponent(id));
    if (open !== id) return;
    el("chosen").textContent = song.title;
    el("chosen-artist").textContent = [song.artist, song.album].filter(Boolean).join(" · ");
    fill(el("near"), near.map((each) => row(each, each.artist)));
  } catch (error) { say("No connection; trying again …"); }
}

function close() {
  el("sheet").hidden = true;
  open = "";
  if (back && back.focus) back.focus();
}
el("close").onclick = close;
el("ask").onclick = () => { wish("seed", open); close(); };
el("ask-like").onclick = () => { wish("like", open); close(); };
document.addEventListener("keydown", (key) => {
  if (!open) return;
  if (key.key === "Escape") close();
  if (key.key === "Tab") {
    // What lies under the sheet is not reached while it is open.
    const all = el("sheet").querySelectorAll("button"), first = all[0], last = all[all.length - 1];
    const at = document.activeElement;
    if (key.shiftKey && (at === first || at === el("chosen"))) { key.preventDefault(); last.focus(); }
    else if (!key.shiftKey && at === last) { key.preventDefault(); first.focus(); }
  }
});

/* Pages ---------------------------------------------------------------------------------------------------------------- */

el("nav").addEventListener("click", (click) => {
  const page = click.target.getAttribute("data-page");
  if (!page) return;
  for (const button of el("nav").children) button.removeAttribute("aria-current");
  click.target.setAttribute("aria-current", "page");
  for (const id of ["play", "map", "find"]) el(id).hidden = id !== page;
  window.scrollTo(0, 0);
  if (page === "map") showMap();
  if (page === "find") el("words").focus();
});

el("words").addEventListener("input", () => {
  const mine = ++asked;
  setTimeout(async () => {
    if (mine !== asked) return;
    const text = el("words").value.trim();
    if (!text) { fill(el("found"), []); return; }
    try {
      const found = await ask("/search?q=" + encodeURIComponent(text));
      if (mine === asked) fill(el("found"), found.map((each) => row(each, [each.artist, each.album].filter(Boolean).join(" · "))),
        "Nothing like it here.");
    } catch (error) { say("No connection; trying again …"); }
  }, 250);
});

const HINT = el("hint").textContent;

/* The map -------------------------------------------------------------------------------------------------------------- */

async function showMap() {
  const name = told ? told.map : "";
  if (name && coming !== name && (!map || map.map !== name)) {
    coming = name;
    try {
      const found = measured(await ask("/songs?map=" + encodeURIComponent(name)));
      found.was = map && map.ids.length === found.ids.length ? map : null;
      found.since = Date.now();
      map = found;
    } catch (error) { say("No connection; trying again …"); return; }
    finally { coming = ""; }
    const some = map.ids.length < map.of ? " " + map.ids.length + " of " + map.of + " songs are drawn." : "";
    el("hint").textContent = (map.by ? map.by + ". " : "") + HINT + some;
  }
  draw();
}

/* How far a map reaches, so that it fills its canvas. */
function measured(found) {
  const xs = found.xy.filter((_, at) => at % 2 === 0), ys = found.xy.filter((_, at) => at % 2 === 1);
  const least = (all) => all.reduce((a, b) => Math.min(a, b), 1000), most = (all) => all.reduce((a, b) => Math.max(a, b), 0);
  found.left = least(xs);
  found.top = most(ys);
  found.span = Math.max(most(xs) - found.left, found.top - least(ys), 1);
  found.high = (found.top - least(ys)) / found.span;
  return found;
}

/* How far the dots have come from the map before, 0 to 1. */
function glided() {
  if (!map.was) return 1;
  const still = window.matchMedia && matchMedia("(prefers-reduced-motion: reduce)").matches;
  const t = still ? 1 : Math.min(1, (Date.now() - map.since) / 1500);
  if (t === 1) map.was = null;
  return t * t * (3 - 2 * t);
}

/* Where a dot is on a canvas so wide: the map fills it, its shape kept; `p` of the way from the map before. */
function place(at, side, p) {
  const here = spot(map, at, side);
  if (p === undefined || p === 1 || !map.was) return here;
  const there = spot(map.was, at, side);
  return [there[0] + (here[0] - there[0]) * p, there[1] + (here[1] - there[1]) * p];
}

function spot(of, at, side) {
  const one = (side - 28) / of.span;
  return [14 + (of.xy[2 * at] - of.left) * one, 14 + (of.top - of.xy[2 * at + 1]) * one];
}

function draw() {
  const canvas = el("dots");
  if (!map || el("map").hidden) return;
  const side = canvas.clientWidth, scale = window.devicePixelRatio || 1;
  const p = glided(), tall = map.was ? map.was.high + (map.high - map.was.high) * p : map.high;
  const high = Math.round(28 + tall * (side - 28));
  if (p < 1) requestAnimationFrame(draw);
  canvas.style.height = high + "px";
  canvas.width = Math.round(side * scale);
  canvas.height = Math.round(high * scale);
  const pen = canvas.getContext("2d"), look = getComputedStyle(document.documentElement);
  const ink = look.getPropertyValue("--faint"), bright = look.getPropertyValue("--tint"), strong = look.getPropertyValue("--ink");
  pen.scale(scale, scale);
  const waiting = told ? told.queue.map((song) => song.id) : [];
  const radius = map.ids.length > 800 ? 1.6 : map.ids.length > 200 ? 2.6 : 4;
  map.ids.forEach((id, at) => {
    const xy = place(at, side, p), wished = waiting.indexOf(id) >= 0;
    pen.globalAlpha = wished ? 1 : 0.75;
    pen.fillStyle = wished ? bright : ink;
    pen.beginPath();
    pen.arc(xy[0], xy[1], wished ? radius + 2.5 : radius, 0, 7);
    pen.fill();
    if ((told && id === told.now.id) || at === mark) {
      pen.globalAlpha = 1;
      pen.strokeStyle = at === mark ? strong : bright;
      pen.lineWidth = 2.5;
      pen.beginPath();
      pen.arc(xy[0], xy[1], 9, 0, 7);
      pen.stroke();
    }
  });
}
window.addEventListener("resize", draw);

el("dots").addEventListener("click", (click) => {
  if (!map) return;
  const box = el("dots").getBoundingClientRect();
  let best = -1, nearest = 36 * 36;
  map.ids.forEach((id, at) => {
    const xy = place(at, box.width), far = Math.pow(xy[0] - click.clientX + box.left, 2) + Math.pow(xy[1] - click.clientY + box.top, 2);
    if (far < nearest) { nearest = far; best = at; }
  });
  if (best >= 0) { mark = best; draw(); choose(map.ids[best]); }
});

el("dots").addEventListener("keydown", async (key) => {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key.key];
  if (!map || (!way && key.key !== "Enter")) return;
  key.preventDefault();
  if (mark < 0) mark = Math.max(0, told ? map.ids.indexOf(told.now.id) : 0);
  if (!way) { choose(map.ids[mark]); return; }
  let best = mark, nearest = Infinity;
  map.ids.forEach((id, at) => {
    const x = map.xy[2 * at] - map.xy[2 * mark], y = map.xy[2 * at + 1] - map.xy[2 * mark + 1];
    const along = x * way[0] + y * way[1], aside = Math.abs(x * way[1]) + Math.abs(y * way[0]);
    if (along > 0 && along + 2 * aside < nearest) { nearest = along + 2 * aside; best = at; }
  });
  mark = best;
  draw();
  const here = mark;
  try {
    const song = await ask("/song?id=" + encodeURIComponent(map.ids[here]));
    if (here === mark) say(song.title + (song.artist ? ", " + song.artist : ""));
  } catch (error) { say("No connection; trying again …"); }
});

/* Somebody is here: what the majority of votes is counted from. */
document.addEventListener("click", () => { touched = Date.now(); });
setInterval(() => { if (!document.hidden && told) send({ do: "here" }); }, 60000);
