"""A page of faders for every knob of the registry: a session file of Open Stage Control (openstagecontrol.ammd.net), as JSON.

`python -m installation.control.layout > docs/mixtape.open-stage-control.json`. The app sends to the show and follows its knobs:
when a session is opened it asks by `/mixtape/subscribe` to be told, and again while it is open.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from installation.control.knobs import ROOT, LiveKnob, find, registry
from installation.control.subscribers import LASTS_S, SUBSCRIBE

Widget: TypeAlias = dict[str, Any]

VERSION = "1.26.2"
"""The app's version whose properties these are; later ones read them as well."""

SHOW = "127.0.0.1:9100"
"""Where the show listens; one variable of the session, so that it is changed in one place."""

LISTENS = 9000
"""The port the app listens on (its setting `osc-port`)."""

PAGES: Mapping[str, tuple[str, ...]] = {
    "play": ("seed", "previous pause next", "skip", "seek", "volume", "record"),
    "choose": ("seed_at", "recipe", "variation", "similar_*", "map", "map_s"),
    "scenes": (
        "scene",
        "scene_mix",
        "scene_other",
        "scene_s",
        "transition_s",
        "title_s",
        "look_x",
        "look_y",
        "look_zoom",
        "look_s",
    ),
    "wall": ("wall_*",),
    "look": ("palette", "energy", "grain", "bloom", "grading", "trails"),
    "sound": ("crossfade_s", "crossfade_at_sections", "sound_offset_ms"),
    "sight": ("quality", "reduced_motion", "remote_code", "test_picture", "overlap", "projector_gamma", "output_*"),
}
"""The rows of each page: knobs by name, several of one row with spaces between them, a star for all that begin so. What is named
nowhere stands on the last page."""

_TO_SHOW: Widget = {"target": "@{root.variables.show}", "ignoreDefaults": True}
"""To the show once, even where the app's setting `send` names it too: a press that came twice would hold a song and let it go."""

_BY_HAND = ("line", "lasso")
"""What is drawn over the map: no widget of the app does that."""

_ROW_PX, _NAME_PX, _VALUE_PX, _PAD_PX = 54, 170, 80, 300
_SKIPS_S = (-30, -10, 10, 30)
_MANY = 7


def as_json() -> str:
    """The text of the session file."""
    return json.dumps(session(), indent=1) + "\n"


def session() -> Widget:
    """The session: a root with a tab for each of `PAGES`."""
    again_ms = round(500 * LASTS_S)
    subscribe = f"send('{SUBSCRIBE}', {{type: 'i', value: {LISTENS}}})"
    root = {
        "type": "root",
        "id": "root",
        "variables": {"show": SHOW},
        "target": SHOW,
        "onCreate": f"{subscribe}\nsetInterval(() => {{ {subscribe} }}, {again_ms})",
        "tabs": [_tab(page) for page in PAGES],
    }
    return {"createdWith": "Open Stage Control", "version": VERSION, "type": "session", "content": root}


def rows(page: str) -> tuple[tuple[LiveKnob, ...], ...]:
    """The knobs of a page, row by row."""
    found = list(_rows(PAGES[page]))
    if page == list(PAGES)[-1]:
        named = {knob.name for each in PAGES.values() for row in _rows(each) for knob in row}
        found += [(knob,) for knob in registry() if knob.name not in named and knob.name not in _BY_HAND]
    return tuple(found)


def _rows(patterns: Iterable[str]) -> Iterator[tuple[LiveKnob, ...]]:
    for pattern in patterns:
        if pattern[-1] == "*":
            yield from ((knob,) for knob in registry() if knob.name.startswith(pattern[:-1]))
        else:
            yield tuple(knob for name in pattern.split() if (knob := find(name)) is not None)


def _tab(page: str) -> Widget:
    """A page; over the knobs stands what no knob is."""
    above = {"play": [_song()], "scenes": [_camera()]}.get(page, [])
    widgets = [*above, *(_row(knobs) for knobs in rows(page))]
    return {"type": "tab", "id": f"page_{page}", "label": page, "layout": "vertical", "scroll": True, "widgets": widgets}


def _row(knobs: tuple[LiveKnob, ...]) -> Widget:
    """Names of knobs, what turns them, and where they stand."""
    widgets = [widget for knob in knobs for widget in (*_controls(knob), *_standing(knob))]
    high = max((int(each.get("height", 0)) for each in widgets), default=0)
    words = knobs[0].name.replace("_", " ") if len(knobs) == 1 else "song"
    return _in_line(knobs[0].name, words, widgets, high=high, comments=" ".join(knob.sentence for knob in knobs))


def _standing(knob: LiveKnob) -> list[Widget]:
    """What says where a knob stands, where its own widget does not."""
    if knob.kind in ("number", "whole"):
        unit = f" {knob.unit}" if knob.unit else ""
        return [_text(f"{knob.name}_value", f"@{{{knob.name}}}{unit}", wide=_VALUE_PX)]
    return [_lamp(knob)] if knob.kind == "toggle" else []


def _in_line(name: str, words: str, widgets: list[Widget], *, high: int = 0, comments: str = "") -> Widget:
    height = max(_ROW_PX, high + 6)
    for each in widgets:
        each.pop("height", None)
    return {
        "type": "panel",
        "id": f"row_{name}",
        "layout": "horizontal",
        "height": height,
        "expand": False,
        "scroll": False,
        "alphaStroke": 0,
        "innerPadding": False,
        "comments": comments,
        "widgets": [_text(f"name_{name}", words, wide=_NAME_PX, align="left"), *widgets],
    }


def _text(name: str, value: str, *, wide: int, align: str = "center") -> Widget:
    return {
        "type": "text",
        "id": name,
        "value": value,
        "width": wide,
        "align": align,
        "interaction": False,
        "address": f"/_/{name}",
    }


def _song() -> Widget:
    """What plays: title and artist, of the id, title, artist and album that the show tells."""
    told = f"OSC{{{ROOT}out/song, '', false}}"
    value = f"JS{{ var song = {told}; return song.length > 2 ? song[1] + '   ' + song[2] : '' }}"
    return _in_line("now", "now", [{**_text("song", value, wide=0, align="left"), "width": "auto", "expand": True}])


def _lamp(knob: LiveKnob) -> Widget:
    """Lit while a trigger that goes to and fro is on, as the show tells it."""
    told = {"pause": "paused", "record": "recording"}.get(knob.name, knob.name)
    return {"type": "led", "id": f"lamp_{knob.name}", "address": f"{ROOT}out/{told}", "width": _VALUE_PX}


def _controls(knob: LiveKnob) -> list[Widget]:
    """The widgets that turn a knob."""
    common = {"id": knob.name, "address": knob.address, **_TO_SHOW, "expand": True}
    match knob.kind:
        case "number" | "whole":
            return [{**common, **_fader(knob)}]
        case "switch":
            return [
                {**common, "type": "button", "mode": "toggle", "on": 1, "off": 0, "typeTags": "i", "label": "on", **_first(knob)}
            ]
        case "choice" if len(knob.choices) > _MANY:
            return [{**common, "type": "dropdown", "values": list(knob.choices), "typeTags": "s", **_first(knob)}]
        case "choice":
            choices = {"layout": "horizontal", "values": list(knob.choices), "typeTags": "s"}
            return [{**common, "type": "switch", **choices, **_first(knob)}]
        case "press" | "toggle":
            return [{**common, "type": "button", "mode": "momentary", "label": knob.name}]
        case "seconds" if knob.low is not None and knob.low < 0.0:
            return [_skip(common, seconds) for seconds in _SKIPS_S]
        case "seconds":
            return [{**common, "type": "input", "numeric": True, "typeTags": "f", "unit": knob.unit}]
        case "points":
            return [_pad(knob.name, "stop", f"send('{knob.address}', {_float('value[0]')}, {_float('value[1]')})")]
        case "colours":
            return _colours(common)
    return [{**common, "type": "input", "typeTags": "s", "align": "left"}]


def _first(knob: LiveKnob) -> Widget:
    return {"default": int(knob.default) if isinstance(knob.default, bool) else knob.default}


def _fader(knob: LiveKnob) -> Widget:
    whole = knob.kind == "whole"
    low, high = knob.low or 0.0, 1.0 if knob.high is None else knob.high
    steps: Widget = {"steps": round(high - low) + 1} if whole else {}
    return {
        "type": "fader",
        "horizontal": True,
        "design": "compact",
        "range": {"min": low, "max": high},
        **steps,
        "decimals": 0 if whole else 3,
        "typeTags": "i" if whole else "f",
        "doubleTap": True,
        **_first(knob),
    }


def _skip(common: Widget, seconds: int) -> Widget:
    name = f"skip_{'back' if seconds < 0 else 'on'}_{abs(seconds)}"
    return {
        **common,
        "id": name,
        "type": "button",
        "mode": "tap",
        "on": seconds,
        "off": 0,
        "typeTags": "f",
        "label": f"{seconds:+d} s",
    }


def _colours(common: Widget) -> list[Widget]:
    """A field of one colour, and a text for several."""
    field = {
        **common,
        "id": f"{common['id']}_field",
        "type": "rgb",
        "range": {"min": 0, "max": 1},
        "typeTags": "f",
        "decimals": 3,
    }
    words = {**common, "type": "input", "typeTags": "s", "align": "left"}
    return [{**field, "snap": True, "height": _PAD_PX}, words]


def _camera() -> Widget:
    """A pad that flies the camera over the map."""
    x, y = (find(f"look_{axis}") for axis in "xy")
    assert x is not None and y is not None
    sent = f"send('{x.address}', {_float('value[0]')})\nsend('{y.address}', {_float('value[1]')})"
    return _in_line("camera", "fly over the map", [_pad("camera", "", sent)], high=_PAD_PX)


def _pad(name: str, when: str, sent: str) -> Widget:
    """A place from 0 to 1 both ways, y up; `sent` runs as it moves, or when it is let go ("stop")."""
    pad = {"type": "xy", "id": name, "expand": True, "height": _PAD_PX, "snap": True, "bypass": True, "decimals": 3}
    scripts = {"onTouch": f"if (event.type == '{when}') {sent}"} if when else {"onValue": sent}
    return {**pad, **_TO_SHOW, "rangeX": {"min": 0, "max": 1}, "rangeY": {"min": 0, "max": 1}, **scripts}


def _float(value: str) -> str:
    return f"{{type: 'f', value: {value}}}"


if __name__ == "__main__":
    import sys

    sys.stdout.write(as_json())
