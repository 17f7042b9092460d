"use strict";
/* The guests' page. ES2017, no libraries: it must run on a phone of ten years. */

const DIALS = { energy: ["calmer", "wilder"], wall_strength: ["dreaming freely", "following the song"] };

let told = null, heardAt = 0, touched = 0, open = "", map = null, fetching = "", mark = -1, asked = 0, back = null, away = true;

/* What was wished and not yet heard by the show; each has a number, so that nothing sent twice counts twice. */
let waiting = [], count = 0;
const VISIT = Math.random().toString(36).slice(2, 14);
const WAITING = 10;

const send = talk("/live", () => post("/join", { token: SECRET }), {
  hear: hear, link: link, old: "this code is over; scan the one on the wall",
});

function wish(what, value) {
  touched = Date.now();
  if (DIALS[what]) waiting = waiting.filter((each) => each.do !== what);
  if (waiting.length >= WAITING) { say("Enough waits to be sent; it is sent when the show is back."); return; }
  const one = { do: what, what: value, visit: VISIT, n: ++count };
  waiting.push(one);
  if (away || !send(one)) say(waiting.length === 1 ? "It waits here, and is sent when the show is back." :
    waiting.length + " wishes wait here, and are sent when the show is back.");
}

function link(how, words) {
  const was = away;
  away = how !== "on";
  el("link").hidden = how !== "away";
  el("link").textContent = how === "away" ? "Not connected. " + (words ? capital(words) + "." : "Trying again.") : "";
  el("over").hidden = how !== "over";
  el("playing").hidden = how === "over";
  document.body.classList.toggle("away", away);
  if (how === "over") {
    close();
    el("main").hidden = el("nav").hidden = true;
    el("over-words").textContent = capital(words) + ".";
    waiting = [];
    say("");
  }
  if (how === "on" && was) {
    if (told) { say("Connected again."); el("main").hidden = el("nav").hidden = false; }
    waiting.forEach(send);
  }
}

function capital(words) { return words.charAt(0).toUpperCase() + words.slice(1); }

function hear(message) {
  if (message.got) { waiting = waiting.filter((each) => each.n > message.got); return; }
  if (message.said) { say(capital(message.said)); return; }
  if (!message.now) {
    if (told) { told.at_s = message.at_s; heardAt = Date.now(); progress(); }
    return;
  }
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
  news(before);
  queue();
  votes();
  for (const name of Object.keys(DIALS)) {
    const dial = el(name);
    if (document.activeElement !== dial || Date.now() - touched > 3000) { dial.value = told.moods[name]; spoken(dial); }
  }
  progress();
  if (map && map.map !== told.map && !el("map").hidden) showMap();
  draw();
}

/* For those who hear the page: another song, and where one's own wishes stand. */
function news(before) {
  const words = [];
  if (!before || before.now.id !== told.now.id) words.push("Now: " + named(told.now) + ".");
  const stood = {};
  if (before) before.queue.forEach((song) => { stood[song.id] = song.when; });
  told.queue.forEach((song) => {
    if (song.mine && stood[song.id] && stood[song.id] !== song.when) words.push("Your wish " + song.title + " comes " + song.when + ".");
  });
  if (words.length) el("news").textContent = words.join(" ");
}

function named(song) { return song.title + (song.artist ? ", " + song.artist : ""); }

function picture(image, id) {
  image.onload = () => { image.hidden = false; };
  image.onerror = () => { image.hidden = true; };
  image.src = "/cover?id=" + encodeURIComponent(id);
}

/* The song's strongest colour, made light (on dark) or dark (on light) until it can be read: a contrast of 7 as WCAG 2 counts it. */
function tint(colours) {
  const light = window.matchMedia && matchMedia("(prefers-color-scheme: light)").matches;
  let best = null, score = -1;
  for (const colour of colours) {
    const rgb = [1, 3, 5].map((at) => parseInt(colour.substr(at, 2), 16));
    const far = Math.max.apply(null, rgb) - Math.min.apply(null, rgb);
    if (far > score) { score = far; best = rgb; }
  }
  if (!best) return;
  const ground = light ? [247, 245, 241] : [11, 11, 13], end = light ? 0 : 255;
  for (let step = 0; step < 40 && contrast(best, ground) < 7.1; step++) best = best.map((part) => Math.round(part + (end - part) * 0.08));
  document.documentElement.style.setProperty("--tint", "rgb(" + best.join(",") + ")");
}

function luminance(rgb) {
  const line = rgb.map((part) => part / 255 <= 0.04045 ? part / 255 / 12.92 : Math.pow((part / 255 + 0.055) / 1.055, 2.4));
  return 0.2126 * line[0] + 0.7152 * line[1] + 0.0722 * line[2];
}

function contrast(one, other) {
  const light = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light[0] + 0.05) / (light[1] + 0.05);
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
  button.appendChild(document.createTextNode(" "));
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
  if (!rows.length && none) list.appendChild(note(none));
}

function note(words) {
  const line = document.createElement("li");
  line.className = "none";
  line.textContent = words;
  return line;
}

/* Of a long queue the first songs, and one's own, so that the dials stay near. */
const FIRST = 3;
let queued = "", whole = false;
el("all").onclick = () => { whole = !whole; queued = ""; queue(); };
function queue() {
  const now = JSON.stringify([told.queue, told.later, told.coming, told.tape]);
  if (now === queued) return;
  queued = now;
  const wishes = told.queue.map((song) =>
    row(song, [song.when + (song.mine ? ", your wish" : ""), song.artist].filter(Boolean).join(" · "),
      song.mine ? () => wish("withdraw", song.id) : null));
  const coming = told.coming.map((song, at) =>
    row(song, [at ? "" : told.queue.length ? "then" : "next, unless somebody wishes", song.artist].filter(Boolean).join(" · ")));
  const rows = wishes.concat(coming), seen = whole ? rows : rows.filter((_, at) => at < FIRST || (told.queue[at] || {}).mine);
  if (whole && told.later) seen.splice(wishes.length, 0, note("and " + told.later + (told.later === 1 ? " other wish" : " other wishes")));
  keepFocus(el("queue"), () => fill(el("queue"), seen, "Nothing yet."));
  el("all").hidden = rows.length <= FIRST;
  el("all").textContent = whole ? "Fewer" : "All " + (rows.length + told.later) + " songs";
  el("all").setAttribute("aria-expanded", String(whole));
  el("tape").textContent = told.tape ? "From the mixtape “" + told.tape.name + "”. " + told.tape.words : "";
}

/* A list that is made anew keeps who was on its third row there. */
function keepFocus(list, change) {
  const at = Array.prototype.indexOf.call(list.querySelectorAll("button"), document.activeElement);
  change();
  if (at < 0) return;
  const all = list.querySelectorAll("button");
  if (all.length) all[Math.min(at, all.length - 1)].focus();
}

function votes() {
  const button = el("vote");
  const count = told.votes ? " (" + told.votes + " of " + told.needed + ")" : told.needed > 1 ? " (" + told.needed + " needed)" : "";
  button.textContent = (told.voted ? "You want to skip" : "Vote to skip") + count;
  button.setAttribute("aria-disabled", told.voted ? "true" : "false");
}

el("like").onclick = () => told && wish("like", told.now.id);
el("vote").onclick = () => told && !told.voted && wish("vote", told.now.id);
el("song").onclick = () => told && choose(told.now.id, told.now);
for (const name of Object.keys(DIALS)) {
  el(name).oninput = () => spoken(el(name));
  el(name).onchange = () => wish(name, Number(el(name).value));
}

/* What a dial says to those who do not see it. */
function spoken(dial) {
  const far = Math.round(100 * Math.abs(dial.value)), ends = DIALS[dial.id];
  dial.setAttribute("aria-valuetext", far ? far + " % " + ends[dial.value < 0 ? 0 : 1] : "in the middle");
}

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
  } catch (error) { say("Not reached just now; try again."); }
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
  for (const button of Array.from(el("nav").children)) button.removeAttribute("aria-current");
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
    if (!text) { fill(el("found"), []); el("count").textContent = ""; return; }
    try {
      const found = await ask("/search?q=" + encodeURIComponent(text));
      if (mine !== asked) return;
      fill(el("found"), found.map((each) => row(each, [each.artist, each.album].filter(Boolean).join(" · "))), "Nothing like it here.");
      el("count").textContent = found.length === 1 ? "One song found" : found.length + " songs found";
    } catch (error) { say("Not reached just now; try again."); }
  }, 250);
});

/* The map -------------------------------------------------------------------------------------------------------------- */

const HINT = el("hint").textContent;

async function showMap() {
  const name = told ? told.map : "";
  if (name && fetching !== name && (!map || map.map !== name)) {
    fetching = name;
    try {
      const found = measured(await ask("/songs?map=" + encodeURIComponent(name)));
      found.was = map && map.ids.length === found.ids.length ? map : null;
      found.since = Date.now();
      map = found;
    } catch (error) { say("Not reached just now; try again."); return; }
    finally { fetching = ""; }
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
  found.wide = Math.max(most(xs) - found.left, 1);
  found.high = Math.max(found.top - least(ys), 1);
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

/* Where a dot is on a canvas so wide and high: the map fills it, its shape kept; `p` of the way from the map before. */
function place(at, side, high, p) {
  const here = spot(map, at, side, high);
  if (p === undefined || p === 1 || !map.was) return here;
  const there = spot(map.was, at, side, high);
  return [there[0] + (here[0] - there[0]) * p, there[1] + (here[1] - there[1]) * p];
}

function spot(of, at, side, high) {
  const one = Math.min((side - 28) / of.wide, (high - 28) / of.high), from = (side - one * of.wide) / 2;
  return [from + (of.xy[2 * at] - of.left) * one, 14 + (of.top - of.xy[2 * at + 1]) * one];
}

function draw() {
  const canvas = el("dots");
  if (!map || el("map").hidden) return;
  const side = canvas.clientWidth, scale = window.devicePixelRatio || 1;
  const p = glided(), tall = (of) => 28 + of.high * (side - 28) / of.wide;
  const free = window.innerHeight - el("playing").offsetHeight - el("hint").offsetHeight - el("nav").offsetHeight - 24;
  const wanted = map.was ? tall(map.was) + (tall(map) - tall(map.was)) * p : tall(map);
  const high = Math.round(Math.max(160, Math.min(wanted, free)));
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
    const xy = place(at, side, high, p), wished = waiting.indexOf(id) >= 0;
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
    const xy = place(at, box.width, box.height), far = Math.pow(xy[0] - click.clientX + box.left, 2) + Math.pow(xy[1] - click.clientY + box.top, 2);
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
    if (here === mark) say(named(song));
  } catch (error) { say("Not reached just now; try again."); }
});

/* Somebody is here: what the majority of votes is counted from. */
document.addEventListener("click", () => { touched = Date.now(); });
setInterval(() => { if (!document.hidden && told && !away) send({ do: "here" }); }, 60000);
