"""The page on OSC, made from the registry: `python -m installation.control.osc_page > docs/osc.md`."""

from __future__ import annotations

import sys
from string import Template

from installation.control.knobs import ALL_S, OUT, ROOT, LiveKnob, registry


def as_markdown() -> str:
    """The text of docs/osc.md."""
    every = registry()
    return _PAGE.substitute(
        triggers="\n".join(f"| `{each.address}` | {_value_words(each)} | {each.sentence} |" for each in every if each.is_trigger),
        knobs="\n".join(
            f"| `{each.address}` | {_value_words(each)} | {'empty' if each.default == '' else each.default} | {each.sentence} |"
            for each in every
            if not each.is_trigger
        ),
        out="\n".join(f"| `{ROOT}out/{name}` | {values} | {when} |" for name, values, when in OUT),
        all_s=f"{ALL_S:g}",
    )


def _value_words(knob: LiveKnob) -> str:
    if knob.choices:
        return ", ".join(knob.choices)
    if knob.kind in ("number", "whole", "seconds"):
        return f"{knob.low:g} to {knob.high:g}{' ' if knob.unit else ''}{knob.unit}"
    if knob.kind == "points":
        low, high = knob.places
        return "x y, each 0 to 1" if high == 1 else f"x y x y ..., each 0 to 1, {low} to {high} places"
    if knob.kind == "colours":
        return 'such as "#1a2b3c #ffcc00", or r g b r g b ..., each 0 to 1'
    return {"text": "a text", "words": "a text", "press": "none", "toggle": "1, 0 or none", "switch": "1 or 0"}[knob.kind]


_PAGE = Template("""\
# OSC

The show listens for OSC over UDP on port 9100 of this computer alone (`[control]` in config.toml: `osc`, `osc_port`).
A tablet or another computer is let in by its address: [From other computers](#from-other-computers).

With the sender that comes with python-osc:

```python
from pythonosc.udp_client import SimpleUDPClient
show = SimpleUDPClient("127.0.0.1", 9100)
show.send_message("/mixtape/seed", "night train")
show.send_message("/mixtape/scene", "wall")
show.send_message("/mixtape/wall/rows", 12)
show.send_message("/mixtape/norm/wall/rows", 0.5)
show.send_message("/mixtape/next", [])
```

or with liblo's:

    oscsend localhost 9100 /mixtape/scene s wall
    oscsend localhost 9100 /mixtape/energy f 0.8

## Triggers

| address | value | what it does |
| --- | --- | --- |
$triggers

A seed of two numbers is a place on the map, as with `/mixtape/seed/at`: `/mixtape/seed 0.3 0.7`.

## Knobs

| address | value | at first | what it does |
| --- | --- | --- | --- |
$knobs

Knobs of the picture (strength, colours, energy, grain, bloom and their like) glide to where they are turned, within about half
a second, so that no step of a controller is seen.

Scenes of your own ([docs/shaders.md](shaders.md)) have their inputs at `/mixtape/scene/NAME/INPUT`, the numbers of a
point or a colour at `.../x` and `.../y` or `.../r` to `.../a`, or all in one message; `mixtape scenes` lists them.

## Faders from 0 to 1

Every knob with a range or choices, and every switch, can also be turned by a plain fader, at `/mixtape/norm/` and
the rest of its address: `/mixtape/norm/wall/rows 0.5` is 21 rows. 0 to 1 is the knob's range, choices share it
evenly, a switch is on from 0.5.

## From other computers

    [control]
    allow = "192.168.1.20 192.168.1.0/24"

in config.toml names who may send, addresses and networks, of IPv4 or IPv6; then

    mixtape show --lan

listens on all networks of this computer (or on one, with its address here in `osc_host`) and takes packets of those
and of this computer; those of others are not opened, counted on F1 and said once. `lan = true` does the same as
`--lan`. Without anybody in `allow` OSC stays on this computer. A sender's address can be forged by whoever is on
the same network: use one that is yours. What a stranger can do at worst: [docs/control.md](control.md).

## What is taken, and what is not

- A number may come as int32, int64, float32, float64, true or false; a choice as its word or its place in the list,
  counted from 0. Values are in the units of the table; what lies outside the range is brought to its end.
- A press may come bare or with 1; 0 is the button let go, and means nothing.
- Of a knob only the last value before a frame counts; triggers wait in a queue of 256. What lets another song begin does
  so four times a second at most, whoever wishes, in its order; a song that is chosen takes the place of those that wait.
- A bundle whose time tag lies up to 1 s ahead is taken when its time has come; further ahead it is refused.
- Refused and counted: NaN and infinity, several values, addresses with wildcards (`* ? [ ] { }`), packets over 8 kB
  or 128 messages, packets that are cut off or break the rules of OSC 1.0 in any byte, and what a sender sends
  beyond 24,000 messages at once and 8,000 a second.
- OSC can neither name files nor end the show.

## What the show tells

`osc_out = "127.0.0.1:9000"` in config.toml (several with commas) sends a bundle `osc_out_hz` times a second, for
lights, other visuals, or faders that shall move along. Every knob is told at the address it is turned by when it
has turned, and all of them every $all_s s, where it was turned to; numbers in the units above, or, with
`127.0.0.1:9000 norm`, as places from 0 to 1 at `/mixtape/norm/...`.

A program that may send can also ask to be told, with the port it listens on:

    oscsend localhost 9100 /mixtape/subscribe i 9000
    oscsend localhost 9100 /mixtape/subscribe is 9000 norm
    oscsend localhost 9100 /mixtape/unsubscribe i 9000

It is told everything at once and then what changes, for 60 s; sent again, for 60 s more. 16 can be told at a time,
always at the address the wish came from. Nobody else is told.

| address | values | when |
| --- | --- | --- |
$out

To see it, with liblo:

    oscdump 9000

or with python-osc:

```python
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer
show = Dispatcher()
show.set_default_handler(print)
BlockingOSCUDPServer(("127.0.0.1", 9000), show).serve_forever()
```

Recipes for Open Stage Control (with a ready page of faders), TouchOSC, TouchDesigner, Resolume, Max and Ableton Live:
[docs/controllers.md](controllers.md).

## OSCQuery

Programs that speak OSCQuery can ask for every address with its range, its words and its value, by HTTP on port 9101
of the address OSC is taken on (`oscquery`, `oscquery_port`), and by WebSocket (`LISTEN`) each value as it changes,
16 clients at most. Who may send OSC may ask, others' connections are closed at once; a web page of somebody else in
a browser is refused. Nothing can be turned there: that is for OSC. With `oscquery_announced = true` they find it by
themselves (zeroconf, `_oscjson._tcp`).

    curl 'http://127.0.0.1:9101/mixtape/wall/rows'
    curl 'http://127.0.0.1:9101/?HOST_INFO'

This page is made by `python -m installation.control.osc_page`.
""")


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
