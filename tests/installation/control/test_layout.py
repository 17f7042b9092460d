"""The page of faders for Open Stage Control: whole, fresh, and every message it can send is one the show takes."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pythonosc.osc_message import OscMessage

from installation.control.feedback import packet
from installation.control.knobs import OUT, ROOT, Refusal, event, find, registry
from installation.control.layout import as_json, session
from installation.control.subscribers import SUBSCRIBE, Subscribers

DOCS = Path(__file__).parents[3] / "docs"

COMMON = {"type", "id", "comments", "width", "height", "expand", "interaction", "alphaStroke", "default", "value", "address"}
COMMON |= {"target", "ignoreDefaults", "bypass", "decimals", "typeTags", "onCreate", "onValue", "onTouch"}
PROPERTIES = {
    "root": {"variables", "tabs"},
    "tab": {"label", "layout", "scroll", "widgets"},
    "panel": {"layout", "scroll", "innerPadding", "widgets"},
    "text": {"align", "wrap"},
    "fader": {"horizontal", "design", "range", "steps", "doubleTap"},
    "button": {"mode", "on", "off", "label"},
    "switch": {"layout", "values"},
    "dropdown": {"values"},
    "input": {"align", "numeric", "unit"},
    "xy": {"snap", "rangeX", "rangeY"},
    "rgb": {"snap", "range"},
    "led": set(),
}
"""What the app's reference of properties (openstagecontrol.ammd.net) names, as far as it is used."""


def widgets(of=None):
    of = session()["content"] if of is None else of
    yield of
    for each in (*of.get("tabs", ()), *of.get("widgets", ())):
        yield from widgets(each)


ALL = list(widgets())
SENDING = [each for each in ALL if each.get("ignoreDefaults")]


def test_the_file_is_fresh():
    text = (DOCS / "mixtape.open-stage-control.json").read_text(encoding="utf-8")
    assert text == as_json(), "run python -m installation.control.layout > docs/mixtape.open-stage-control.json"


def test_only_what_the_app_knows_is_written_and_no_two_widgets_are_one():
    data = json.loads(as_json())
    assert (data["createdWith"], data["type"], data["content"]["type"]) == ("Open Stage Control", "session", "root")
    for each in ALL:
        assert not set(each) - COMMON - PROPERTIES[each["type"]], each
    ids = [each["id"] for each in ALL]
    assert len(set(ids)) == len(ids)


def test_every_knob_and_trigger_has_a_widget_that_says_what_it_does():
    sent = {each.get("address") for each in SENDING}
    scripts = " ".join(each.get("onTouch", "") + each.get("onValue", "") for each in ALL)
    comments = " ".join(each.get("comments", "") for each in ALL)
    for knob in registry():
        if knob.name in ("line", "lasso"):
            continue
        assert knob.address in sent or f"'{knob.address}'" in scripts, knob.name
        assert knob.sentence in comments


def values(widget):
    """What a widget can send."""
    match widget["type"]:
        case "fader":
            return [widget["range"]["min"], widget["range"]["max"], widget["default"]]
        case "button":
            return {"momentary": [None], "tap": [widget.get("on")], "toggle": [widget.get("on"), widget.get("off")]}[
                widget["mode"]
            ]
        case "switch" | "dropdown":
            return widget["values"]
        case "rgb":
            return [(0.0, 0.5, 1.0)]
    return ["12"] if widget.get("numeric") else ["#ffffff"]


@pytest.mark.parametrize("widget", [each for each in SENDING if not each.get("bypass")], ids=lambda each: each["id"])
def test_the_show_takes_whatever_a_widget_sends_as_it_is(widget):
    for value in values(widget):
        tag = widget.get("typeTags", "")
        args = value if isinstance(value, tuple) else () if value is None else ({"i": int, "f": float, "s": str}[tag](value),)
        taken = event("osc", widget["address"], args, time_s=0.0)
        if find(widget["address"]).kind == "words" and "output" in widget["address"]:
            continue
        assert not isinstance(taken, Refusal), taken
        if widget["type"] == "fader":
            assert taken.value == value, "its range is the knob's"


def test_pads_send_what_the_show_takes():
    pads = [each for each in ALL if each["type"] == "xy"]
    assert len(pads) == 2
    for pad in pads:
        for address, args in re.findall(r"send\('([^']+)', (.*?)\)(?:\n|$)", pad.get("onTouch") or pad["onValue"]):
            numbers = (0.25,) * args.count("type: 'f'")
            assert not isinstance(event("osc", address, numbers, time_s=0.0), Refusal)


def test_lamps_show_what_the_show_tells():
    told = {f"{ROOT}out/{name}" for name, _, _ in OUT}
    assert {each["address"] for each in ALL if each["type"] == "led"} == {f"{ROOT}out/paused", f"{ROOT}out/recording"}
    assert {each["address"] for each in ALL if each["type"] == "led"} <= told


def test_it_asks_to_be_told_in_a_way_that_is_heard_and_often_enough():
    script = session()["content"]["onCreate"]
    port = int(re.search(r"type: 'i', value: (\d+)", script)[1])
    subscribers = Subscribers()
    assert SUBSCRIBE in script
    assert subscribers.take(SUBSCRIBE, (port,), "127.0.0.1") == ""
    assert int(re.search(r"}, (\d+)\)$", script)[1]) < 60_000


def test_the_lines_for_resolume_send_on_what_the_show_tells(tmp_path):
    lines = re.search(r"```python\n(.*?)```", (DOCS / "controllers.md").read_text(encoding="utf-8"), re.S)[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolume, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as show:
        resolume.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        lines = lines.replace("7000", str(resolume.getsockname()[1])).replace("9000", str(port))
        (tmp_path / "relay.py").write_text(lines, encoding="utf-8")
        with subprocess.Popen([sys.executable, str(tmp_path / "relay.py")]) as running:
            resolume.settimeout(0.2)
            until_s, got = time.monotonic() + 30.0, None
            while got is None and time.monotonic() < until_s and running.poll() is None:
                show.sendto(packet([(f"{ROOT}out/level", (0.25,)), (f"{ROOT}out/scene", ("map", 1.0))]), ("127.0.0.1", port))
                try:
                    got = OscMessage(resolume.recv(4096))
                except TimeoutError:
                    continue
            running.kill()
    assert got is not None
    assert (got.address, got.params) == ("/composition/layers/1/video/opacity", [0.25])
