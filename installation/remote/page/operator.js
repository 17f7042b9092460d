"use strict";
/* The page of whoever runs the show: every knob of the one registry, how it runs, and a look at the picture. */

/* Sets a knob's field to a value, by the knob's name; and the field that somebody has hold of, which is left alone. */
let setters = {}, values = {}, held = "", looking = 0;
const TRANSPORT = ["next", "previous", "pause"];
const ANOTHER = "\u0000";

const send = talk("/operator/live", async () => SECRET ? post("/operator/join", { secret: SECRET }) : { ok: true }, {
  old: "the show has begun anew since then",
  link: (how, words) => {
    const over = how === "over";
    el("link").hidden = how !== "away";
    el("link").textContent = how === "away" ? "Not connected. Trying again." : "";
    el("over").hidden = !over;
    el("over-words").textContent = over ? words.charAt(0).toUpperCase() + words.slice(1) + "." : "";
    el("playing").hidden = over;
    if (over) el("main").hidden = el("nav").hidden = true;
  },
  hear: (told) => {
    if (told.said) { say(told.said); return; }
    if (!told.now) return;
    const first = el("main").hidden;
    el("main").hidden = el("nav").hidden = false;
    el("title").textContent = told.now.title;
    el("artist").textContent = told.now.artist;
    comes(told);
    fill(el("rows"), told.rows.map((pair) => made("tr", {}, pair.map((words) => made("td", {}, [words])))));
    if (told.knobs) build(told.knobs);
    el("pause").setAttribute("aria-pressed", String(told.paused));
    el("pause").textContent = told.paused ? "Go on" : "Hold";
    Object.keys(told.values).forEach((name) => show(name, told.values[name]));
    if (first) look();
  },
});

function turn(name, value) { if (!send({ turn: name, value: value })) say("Not connected: nothing was turned."); }

function made(tag, said, inside) {
  const one = document.createElement(tag);
  Object.keys(said).forEach((name) => {
    if (name in one) one[name] = said[name]; else one.setAttribute(name, said[name]);
  });
  (inside || []).forEach((each) => one.appendChild(typeof each === "string" ? document.createTextNode(each) : each));
  return one;
}

function fill(parent, children) {
  parent.textContent = "";
  children.forEach((each) => parent.appendChild(each));
}

/* What comes ---------------------------------------------------------------------------------------------------------- */

function comes(told) {
  const artist = (song) => song.artist ? ", " + song.artist : "";
  const wishes = told.queue.map((song) => song.when + ": " + song.title + artist(song) + " (" + song.by + ")");
  const after = told.coming.map((song) => song.title + artist(song));
  fill(el("queue"), wishes.concat(after).map((words) => made("li", {}, [words])));
  const waiting = told.waiting === 1 ? "1 song waits" : told.waiting + " songs wait";
  el("tape").textContent = told.manner[0] + (told.waiting ? "; " + waiting : "") + ". " + told.manner[1];
  el("guests").textContent = told.phones + (told.phones === 1 ? " phone, " : " phones, ") + told.votes + " of " + told.needed +
    " votes to skip";
}

el("forth").onclick = () => turn("next", null);
el("previous").onclick = () => turn("previous", null);
el("pause").onclick = () => turn("pause", null);

/* The picture --------------------------------------------------------------------------------------------------------- */

function look() { el("picture").src = "/operator/picture?" + Date.now(); }
el("look").onclick = look;
el("keep").onclick = () => {
  clearInterval(looking);
  looking = looking ? 0 : setInterval(() => { if (!document.hidden) look(); }, 3000);
  el("keep").setAttribute("aria-pressed", String(Boolean(looking)));
  if (looking) look();
};

/* The knobs ----------------------------------------------------------------------------------------------------------- */

function build(knobs) {
  const sections = {};
  setters = {};
  values = {};
  knobs.filter((knob) => TRANSPORT.indexOf(knob.name) < 0).forEach((knob) => {
    (sections[knob.section] = sections[knob.section] || []).push(block(knob));
  });
  fill(el("knobs"), Object.keys(sections).map((heading) =>
    made("details", {}, [made("summary", {}, [heading]), made("div", { className: "group" }, sections[heading])])));
  sift();
}

function block(knob) {
  const id = "knob-" + knob.name, bare = knob.unit ? knob.name.replace(/_m?s$/, "") : knob.name;
  const said = bare.replace(/^scene\/[^/]*\//, "").replace(/[_/]/g, " ");
  const words = said.charAt(0).toUpperCase() + said.slice(1);
  const fields = (FIELDS[knob.kind] || FIELDS.words)(knob, id, words);
  const box = made("div", { className: "knob knob-" + knob.kind }, [
    made("label", { htmlFor: id }, [words + (knob.unit ? " (" + knob.unit + ")" : "")]),
    made("div", { className: "fields" }, fields),
    made("p", { id: id + "-says" }, [knob.sentence]),
  ]);
  fields[0].setAttribute("aria-describedby", id + "-says");
  box.setAttribute("data-words", (knob.name + " " + said + " " + knob.sentence + " " + knob.section).toLowerCase());
  return box;
}

/* While somebody has hold of a field, what is told does not move it. */
function holding(name, input) {
  input.addEventListener("focus", () => { held = name; });
  input.addEventListener("blur", () => { held = ""; delete values[name]; });
  return input;
}

function ranged(knob, id, words) {
  const whole = knob.kind === "whole", step = whole ? 1 : (knob.high - knob.low) / 200;
  const slide = made("input", { type: "range", id: id, min: knob.low, max: knob.high, step: step });
  const exact = holding(knob.name, made("input", {
    type: "number", className: "exact", min: knob.low, max: knob.high, step: whole ? 1 : "any", inputMode: "decimal",
    "aria-label": words + ", exactly",
  }));
  let moved = 0;
  slide.oninput = () => { moved = Date.now(); exact.value = short(Number(slide.value)); turn(knob.name, Number(slide.value)); };
  exact.onchange = () => { if (exact.value !== "") turn(knob.name, Number(exact.value)); };
  setters[knob.name] = (value) => {
    if (Date.now() - moved > 700) slide.value = value; else return false;
    if (document.activeElement !== exact) exact.value = short(value);
    return true;
  };
  return [slide, exact];
}

function short(value) { return String(Math.round(value * 1000) / 1000); }

function choice(knob, id, words) {
  const pick = made("select", { id: id });
  const typed = holding(knob.name, made("input", { type: "text", "aria-label": words + ", another", hidden: true }));
  const options = knob.choices.map((word) => made("option", { value: word }, [word]));
  if (knob.others) options.push(made("option", { value: ANOTHER }, ["another …"]));
  fill(pick, options);
  pick.onchange = () => {
    typed.hidden = pick.value !== ANOTHER;
    if (typed.hidden) turn(knob.name, pick.value); else typed.focus();
  };
  typed.onchange = () => turn(knob.name, typed.value);
  setters[knob.name] = (value) => {
    if (knob.choices.indexOf(value) < 0) { typed.value = value; pick.value = ANOTHER; } else pick.value = value;
    typed.hidden = pick.value !== ANOTHER;
    return true;
  };
  return knob.others ? [pick, typed] : [pick];
}

/* A text, a place or a second that is sent when it is complete, and of which each counts. */
function told(knob, id, kind, hint) {
  const input = made("input", { type: kind, id: id, placeholder: hint, step: "any", autocomplete: "off", autocapitalize: "off" });
  const go = () => {
    if (input.value.trim() === "") return;
    turn(knob.name, kind === "number" ? Number(input.value) : input.value);
    input.value = "";
  };
  input.onkeydown = (key) => { if (key.key === "Enter") go(); };
  return [input, made("button", { type: "button", className: "small", onclick: go, "aria-label": "Send " + knob.name.replace(/_/g, " ") }, ["Send"])];
}

function lasting(knob, id) {
  const input = holding(knob.name, made("input", { type: "text", id: id, autocomplete: "off", autocapitalize: "off", spellcheck: false }));
  input.onchange = () => turn(knob.name, input.value);
  setters[knob.name] = (value) => { input.value = value; return true; };
  return [input];
}

/* Up to five colours, each a well; none means the cover's. */
function colours(knob, id) {
  const box = made("div", { className: "wells" }), fields = lasting(knob, id), text = fields[0];
  text.placeholder = "the cover's";
  const wells = () => (text.value.match(/#[0-9a-f]{6}/gi) || []).slice(0, 5);
  const tell = () => { turn(knob.name, text.value); draw(); };
  function draw() {
    const all = wells(), buttons = all.map((colour, at) => made("input", {
      type: "color", value: colour.toLowerCase(), "aria-label": "Colour " + (at + 1),
      onchange: (change) => { const now = wells(); now[at] = change.target.value; text.value = now.join(" "); tell(); },
    }));
    if (all.length < 5) buttons.push(made("button", {
      type: "button", className: "small", "aria-label": "One colour more", onclick: () => { text.value = all.concat("#d8c8a0").join(" "); tell(); },
    }, ["+"]));
    if (all.length) buttons.push(made("button", { type: "button", className: "small", onclick: () => { text.value = ""; tell(); } }, ["The cover's"]));
    if (!box.contains(document.activeElement) || document.activeElement.type !== "color") fill(box, buttons);
  }
  const set = setters[knob.name];
  setters[knob.name] = (value) => { set(value); draw(); return true; };
  draw();
  return [text, box];
}

const FIELDS = {
  number: ranged,
  whole: ranged,
  choice: choice,
  colours: colours,
  words: lasting,
  text: (knob, id) => told(knob, id, "text", "a title, an artist"),
  points: (knob, id) => told(knob, id, "text", knob.name === "seed_at" ? "0.3 0.7" : "0.3 0.7 0.4 0.6 …"),
  seconds: (knob, id) => told(knob, id, "number", knob.low < 0 ? "10 or -10" : "0"),
  switch: (knob, id) => {
    const input = made("input", { type: "checkbox", id: id, role: "switch", onchange: () => turn(knob.name, input.checked) });
    setters[knob.name] = (value) => { input.checked = Boolean(value); return true; };
    return [input];
  },
  press: (knob, id) => [made("button", { type: "button", id: id, className: "small", onclick: () => turn(knob.name, null) }, ["Press"])],
  toggle: (knob, id) => {
    const button = made("button", { type: "button", id: id, className: "small", onclick: () => turn(knob.name, null) }, ["Begin"]);
    setters[knob.name] = (value) => {
      button.setAttribute("aria-pressed", String(Boolean(value)));
      button.textContent = value ? "On: end it" : "Begin";
      return true;
    };
    return [button];
  },
};

function show(name, value) {
  if (!setters[name] || value === null || held === name || values[name] === value) return;
  if (setters[name](value)) values[name] = value;
}

/* Only the knobs that have these words. Without any, all sections are there, opened where there is room for it. */
function sift() {
  const wanted = el("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  let some = 0;
  const room = window.innerWidth >= 960;
  Array.from(el("knobs").children).forEach((section, at) => {
    let here = 0;
    section.querySelectorAll(".knob").forEach((box) => {
      const fits = wanted.every((word) => box.getAttribute("data-words").indexOf(word) >= 0);
      box.hidden = !fits;
      here += fits ? 1 : 0;
    });
    section.hidden = !here;
    section.open = wanted.length ? here > 0 : room || at === 0;
    some += here;
  });
  el("none").textContent = wanted.length ? (some === 1 ? "One knob" : (some || "No") + " knobs") : "";
}
el("filter").oninput = sift;
