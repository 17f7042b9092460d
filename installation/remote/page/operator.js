"use strict";
/* The page of whoever runs the show: every knob of the one registry, how it runs, and a look at the picture. */

let made = false, held = "", values = {};
const PRESSED = { next: "Next", previous: "Before", pause: "Hold / go on" };

const send = talk("/operator/live", async () => SECRET ? post("/operator/join", { secret: SECRET }) : { ok: true }, (told) => {
  if (told.said) { say(told.said); return; }
  el("main").hidden = false;
  el("title").textContent = told.now.title;
  el("artist").textContent = told.now.artist;
  el("guests").textContent = told.phones + (told.phones === 1 ? " phone, " : " phones, ") + told.votes + " of " + told.needed + " votes to skip";
  el("queue").textContent = "";
  told.queue.forEach((song) => {
    const line = document.createElement("li");
    line.textContent = song.when + ": " + song.title + ", " + song.artist + " (" + song.by + ")";
    el("queue").appendChild(line);
  });
  el("rows").textContent = "";
  told.rows.forEach((pair) => {
    const line = document.createElement("tr");
    pair.forEach((words) => { const cell = document.createElement("td"); cell.textContent = words; line.appendChild(cell); });
    el("rows").appendChild(line);
  });
  if (!made) { build(told.knobs); look(); }
  made = true;
  told.knobs.forEach(show);
});

function turn(name, value) { send({ turn: name, value: value }); }

function build(knobs) {
  knobs.forEach((knob) => {
    if (PRESSED[knob.name]) {
      const button = document.createElement("button");
      button.className = "large";
      button.textContent = PRESSED[knob.name];
      button.onclick = () => turn(knob.name, null);
      el("triggers").appendChild(button);
      return;
    }
    const box = document.createElement("label"), out = document.createElement("output"), words = document.createElement("p");
    const input = field(knob);
    box.className = "knob";
    box.style.display = "block";
    out.id = "out-" + knob.name;
    input.id = "knob-" + knob.name;
    words.textContent = knob.sentence;
    box.appendChild(document.createTextNode(knob.name + (knob.unit ? " (" + knob.unit + ")" : "")));
    box.appendChild(out);
    box.appendChild(input);
    box.appendChild(words);
    el("knobs").appendChild(box);
  });
}

function field(knob) {
  const whole = knob.kind === "whole";
  let input = document.createElement("input");
  if (knob.choices.length && !knob.others) {
    input = document.createElement("select");
    knob.choices.forEach((word) => { const each = document.createElement("option"); each.textContent = word; input.appendChild(each); });
    input.onchange = () => turn(knob.name, input.value);
  } else if (knob.kind === "switch") {
    input.type = "checkbox";
    input.onchange = () => turn(knob.name, input.checked);
  } else if (knob.kind === "number" || whole) {
    input.type = "range";
    input.min = knob.low;
    input.max = knob.high;
    input.step = whole ? 1 : (knob.high - knob.low) / 200;
    input.onpointerdown = () => { held = knob.name; };
    input.oninput = () => { held = knob.name; turn(knob.name, Number(input.value)); };
    input.onchange = () => { setTimeout(() => { held = ""; }, 500); };
  } else if (knob.kind === "press" || knob.kind === "toggle") {
    input.type = "button";
    input.value = "press";
    input.onclick = () => turn(knob.name, null);
  } else {
    input.type = knob.kind === "seconds" ? "number" : "text";
    input.onfocus = () => { held = knob.name; };
    input.onblur = () => { held = ""; };
    input.onchange = () => turn(knob.name, knob.kind === "seconds" ? Number(input.value) : input.value);
    if (knob.choices.length) input.setAttribute("list", words(knob).id);
  }
  return input;
}

/* The words that are there, beside which any other may be typed. */
function words(knob) {
  const list = document.createElement("datalist");
  list.id = "words-" + knob.name;
  knob.choices.forEach((word) => { const each = document.createElement("option"); each.value = word; list.appendChild(each); });
  el("knobs").appendChild(list);
  return list;
}

function show(knob) {
  const input = el("knob-" + knob.name), out = el("out-" + knob.name);
  if (!input || knob.value === null || values[knob.name] === knob.value) return;
  values[knob.name] = knob.value;
  out.textContent = typeof knob.value === "number" ? String(Math.round(knob.value * 1000) / 1000) : "";
  if (held === knob.name) return;
  if (input.type === "checkbox") input.checked = knob.value; else input.value = knob.value;
}

function look() { el("picture").src = "/operator/picture?" + Date.now(); }
el("look").onclick = look;
