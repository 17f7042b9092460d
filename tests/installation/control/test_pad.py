"""Gamepads: by events alone, by a pad that is made up, and by one that SDL itself believes in."""

from __future__ import annotations

import ctypes
import math
from pathlib import Path
from types import SimpleNamespace

import pytest

from installation.control.pad import AIM_S, CLOSER, FLY, PADS, Pads

pygame = pytest.importorskip("pygame")


class Hands:
    """Pads over a map, and what they asked of it."""

    def __init__(self, **settings):
        self.flown, self.let_go, self.helped, self.now_s = [], [], 0, 0.0
        self.pads = Pads(
            fly=lambda *move: self.flown.append(move) or (("look_x", 0.5 + move[0]),),
            aimed=lambda: "aimed",
            any_song=lambda: "any",
            volume=lambda: 0.5,
            onward=lambda knob, by: {"scene": ("grid", "wall")[by > 0], "map": "timbre"}[knob],
            help=self.help,
            **settings,
        )

    def help(self):
        self.helped += 1

    def do(self, *events, after_s=0.02):
        self.now_s += after_s
        return [(each.source, each.knob, each.value) for each in self.pads.translate(events, now_s=self.now_s)]

    def fly(self, seconds, *, every_s=0.02):
        for _ in range(round(seconds / every_s)):
            self.do(after_s=every_s)
        return [sum(move[axis] for move in self.flown) for axis in range(3)]


def stick(axis, share, pad=0):
    return pygame.event.Event(pygame.CONTROLLERAXISMOTION, instance_id=pad, axis=axis, value=round(share * 32767))


def button(which):
    return pygame.event.Event(pygame.CONTROLLERBUTTONDOWN, instance_id=0, button=which)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("A", ("seed", "aimed")),
        ("X", ("seed", "any")),
        ("Y", ("scene", "auto")),
        ("B", ("map", "timbre")),
        ("DPAD_LEFT", ("previous", None)),
        ("DPAD_RIGHT", ("next", None)),
        ("DPAD_UP", ("volume", 0.55)),
        ("DPAD_DOWN", ("volume", 0.45)),
        ("LEFTSHOULDER", ("scene", "grid")),
        ("RIGHTSHOULDER", ("scene", "wall")),
        ("START", ("pause", None)),
    ],
)
def test_a_button_does_what_the_help_says(name, meant):
    assert Hands().do(button(getattr(pygame, f"CONTROLLER_BUTTON_{name}"))) == [("pad", *meant)]


def test_back_shows_the_help_and_other_buttons_do_nothing():
    hands = Hands()
    assert hands.do(button(pygame.CONTROLLER_BUTTON_BACK), button(pygame.CONTROLLER_BUTTON_GUIDE), button(99)) == []
    assert hands.helped == 1
    assert len({what for what, _ in PADS}) == len(PADS)


@pytest.mark.parametrize("every_s", [0.05, 0.01])
def test_a_stick_flies_by_time_however_many_frames_that_takes(every_s):
    hands = Hands()
    hands.do(stick(pygame.CONTROLLER_AXIS_LEFTX, 1.0), stick(pygame.CONTROLLER_AXIS_RIGHTY, -1.0), after_s=every_s)
    across, down, closer = hands.fly(1.0, every_s=every_s)
    assert (across, down, closer) == pytest.approx((-FLY, 0.0, CLOSER))


def test_a_stick_at_rest_is_still_and_little_is_gentle():
    hands = Hands()
    hands.do(stick(pygame.CONTROLLER_AXIS_LEFTX, 0.1), stick(pygame.CONTROLLER_AXIS_LEFTY, -0.1))
    hands.fly(1.0)
    assert hands.flown == []
    assert hands.pads.ring < 1e-6
    hands.do(stick(pygame.CONTROLLER_AXIS_LEFTX, 0.5))
    across, _, _ = hands.fly(1.0)
    assert -0.3 * FLY < across < 0.0


def test_triggers_come_nearer_and_farther():
    hands = Hands()
    hands.do(stick(pygame.CONTROLLER_AXIS_TRIGGERLEFT, 1.0))
    assert hands.fly(0.5)[2] == pytest.approx(-0.5 * CLOSER)


def test_a_show_that_hung_does_not_throw_the_camera_far():
    hands = Hands()
    hands.do(stick(pygame.CONTROLLER_AXIS_LEFTX, 1.0))
    hands.do(after_s=30.0)
    assert hands.flown[-1][0] == pytest.approx(-0.1 * FLY)


def test_the_ring_comes_with_the_stick_and_goes_a_little_later():
    hands = Hands()
    hands.do(stick(pygame.CONTROLLER_AXIS_LEFTX, 1.0))
    hands.fly(1.0)
    assert hands.pads.ring > 0.95
    hands.do(stick(pygame.CONTROLLER_AXIS_LEFTX, 0.0))
    hands.fly(AIM_S - 0.5)
    assert hands.pads.ring > 0.95
    hands.fly(1.5)
    assert hands.pads.ring < 0.01


def test_a_ring_around_no_song_plays_none():
    pads = Pads(fly=lambda *_: (), aimed=lambda: None, any_song=lambda: None, volume=lambda: 1.0, onward=lambda *_: 0)
    assert pads.translate([button(pygame.CONTROLLER_BUTTON_A)], now_s=0.0) == []


def test_a_pad_that_is_pulled_out_with_its_stick_at_the_end_flies_no_further():
    quits = []
    hands = Hands(open_pad=lambda number: (7, SimpleNamespace(quit=lambda: quits.append(number))))
    hands.do(pygame.event.Event(pygame.CONTROLLERDEVICEADDED, device_index=0))
    assert hands.pads.there
    hands.do(stick(pygame.CONTROLLER_AXIS_LEFTX, 1.0, pad=7))
    hands.fly(0.2)
    hands.do(pygame.event.Event(pygame.CONTROLLERDEVICEREMOVED, instance_id=7))
    flown = len(hands.flown)
    hands.fly(0.5)
    assert len(hands.flown) == flown
    assert (quits, hands.pads.there) == ([0], False)


def test_a_pad_that_cannot_be_opened_is_told_and_the_rest_goes_on():
    hands = Hands(open_pad=lambda _: (_ for _ in ()).throw(pygame.error("busy")))
    assert hands.do(pygame.event.Event(pygame.CONTROLLERDEVICEADDED, device_index=0), button(pygame.CONTROLLER_BUTTON_START))
    assert hands.pads.errors() == ["a gamepad cannot be read: busy"]
    assert not hands.pads.there


def test_values_beyond_the_end_are_the_end():
    hands = Hands()
    hands.do(*(stick(pygame.CONTROLLER_AXIS_LEFTX, -1.0, pad=pad) for pad in range(4)))
    assert hands.fly(0.1)[0] == pytest.approx(0.1 * FLY)
    assert all(math.isfinite(value) for move in hands.flown for value in move)


@pytest.fixture
def sdl(monkeypatch):
    """SDL itself, which can be told of pads that are not there."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    maps = Path("/proc/self/maps")
    found = [word for word in maps.read_text().split() if "libSDL2-" in word] if maps.exists() else []
    if not found or not hasattr(ctypes.CDLL(found[0]), "SDL_JoystickAttachVirtual"):
        pytest.skip("SDL cannot be told of a pad here")
    library = ctypes.CDLL(found[0])
    library.SDL_JoystickFromInstanceID.restype = ctypes.c_void_p
    yield library
    pygame.display.quit()


def test_a_pad_that_sdl_believes_in_comes_flies_plays_and_goes(sdl):
    hands = Hands()
    hands.pads.open()
    assert hands.pads.errors() == []
    pygame.event.get()
    number = sdl.SDL_JoystickAttachVirtual(1, 6, 15, 0)
    assert number >= 0
    try:
        hands.do(*pygame.event.get())
        assert hands.pads.there
        (instance,) = hands.pads._pads
        pad = ctypes.c_void_p(sdl.SDL_JoystickFromInstanceID(instance))
        sdl.SDL_JoystickSetVirtualAxis(pad, pygame.CONTROLLER_AXIS_LEFTX, 32767)
        sdl.SDL_JoystickSetVirtualButton(pad, pygame.CONTROLLER_BUTTON_A, 1)
        asked = hands.do(*pygame.event.get()) + hands.do(*pygame.event.get())
        assert ("pad", "seed", "aimed") in asked
        assert hands.fly(0.5)[0] < -0.4 * FLY
    finally:
        sdl.SDL_JoystickDetachVirtual(number)
    hands.do(*pygame.event.get())
    assert not hands.pads.there
    flown = len(hands.flown)
    hands.fly(0.2)
    assert len(hands.flown) == flown
    hands.pads.close()
