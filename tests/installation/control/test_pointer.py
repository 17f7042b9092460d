"""Mouse and fingers through real pygame events: a tap is a click, fingers fly and pinch, and nothing counts twice."""

from __future__ import annotations

import math
import random

import pytest

from installation.control.keys import Keys
from installation.control.pointer import HOLD_S
from installation.messages import ControlEvent

pygame = pytest.importorskip("pygame")
SIZE = (200, 100)


def finger(kind, x, y, *, number=1, device=5):
    return pygame.event.Event(kind, touch_id=device, finger_id=number, x=x, y=y, dx=0.0, dy=0.0, pressure=1.0)


def down(x, y, **which):
    return finger(pygame.FINGERDOWN, x, y, **which)


def on(x, y, **which):
    return finger(pygame.FINGERMOTION, x, y, **which)


def up(x, y, **which):
    return finger(pygame.FINGERUP, x, y, **which)


def mouse(kind, x, y, *, touch, button=1):
    return pygame.event.Event(kind, pos=(round(x * SIZE[0]), round(y * SIZE[1])), button=button, rel=(0, 0), touch=touch)


class Hands:
    """Keys over a picture whose left half is one song, and a list that may be open over it."""

    is_open = False

    def __init__(self):
        self.flown, self.strokes, self.pointed, self.scrolled, self.now_s = [], [], [], 0, 1.0
        self.keys = Keys(
            pick=lambda x, _y: "song" if x < 0.5 else None,
            fly=lambda *move: self.flown.append(move) or (("look_x", 0.25),),
            grip=lambda x, y: (x, y),
            drawn=lambda stroke: self.strokes.append(stroke) or ("seed", "drawn"),
            learn=self,
            row_at=lambda _x, y: int(y * 10),
        )

    def point(self, row):
        self.pointed.append(row)

    def scroll(self, rows):
        self.scrolled += rows

    def open(self):
        self.is_open = True

    def key(self, key, text):
        pass

    def do(self, *events, after_s=0.05) -> list[ControlEvent]:
        self.now_s += after_s
        return self.keys.translate(events, size_px=SIZE, now_s=self.now_s)


def said(events):
    return [(each.source, each.knob, each.value) for each in events]


def test_a_tap_plays_the_song_under_the_finger_once_though_sdl_makes_a_click_of_it_too():
    hands = Hands()
    made = hands.do(down(0.2, 0.5), mouse(pygame.MOUSEBUTTONDOWN, 0.2, 0.5, touch=True))
    made += hands.do(up(0.2, 0.505), mouse(pygame.MOUSEBUTTONUP, 0.2, 0.5, touch=True))
    assert said(made) == [("touch", "seed", "song")]
    assert hands.do(down(0.8, 0.5)) + hands.do(up(0.8, 0.5)) == []


def test_fingers_that_sdl_makes_of_a_mouse_are_the_mouses():
    hands = Hands()
    made = hands.do(down(0.2, 0.5, device=-1), mouse(pygame.MOUSEBUTTONDOWN, 0.2, 0.5, touch=False), up(0.2, 0.5, device=-1))
    assert said(made) == [("mouse", "seed", "song")]


def test_one_finger_drags_the_land_from_anywhere_and_plays_nothing():
    hands = Hands()
    made = hands.do(down(0.2, 0.5)) + hands.do(on(0.3, 0.6), on(0.4, 0.6)) + hands.do(up(0.4, 0.6))
    assert said(made) == [("touch", "look_x", 0.25)]
    assert hands.flown == [pytest.approx((0.2, 0.1, 0.0))]


def test_two_fingers_pinch_about_their_middle_and_neither_taps():
    hands = Hands()
    hands.do(down(0.4, 0.5), down(0.6, 0.5, number=2))
    hands.do(on(0.3, 0.5), on(0.7, 0.5, number=2))
    assert hands.flown == [pytest.approx((0.0, 0.0, 1.0))]
    hands.do(on(0.4, 0.6), on(0.8, 0.6, number=2))
    across, along, closer = hands.flown[1]
    assert (across, along) == pytest.approx((0.1, 0.1))
    assert closer == pytest.approx(0.0, abs=1e-9)
    assert hands.do(up(0.4, 0.6), up(0.8, 0.6, number=2)) == []
    assert said(hands.do(down(0.2, 0.2)) + hands.do(up(0.2, 0.2))) == [("touch", "seed", "song")]


def test_a_finger_that_rests_draws_and_a_second_one_takes_it_back():
    hands = Hands()
    hands.do(down(0.2, 0.5))
    assert hands.keys.stroke == ()
    hands.do(after_s=HOLD_S + 0.01)
    assert hands.keys.stroke == ((0.2, 0.5),)
    assert hands.flown == [(0.0, 0.0, 0.0)], "the land holds still"
    made = hands.do(on(0.3, 0.5), on(0.4, 0.5)) + hands.do(up(0.4, 0.5))
    assert said(made) == [("touch", "seed", "drawn")]
    assert hands.strokes == [((0.2, 0.5), (0.3, 0.5), (0.4, 0.5))]
    assert len(hands.flown) == 1
    hands.do(down(0.2, 0.5))
    hands.do(after_s=HOLD_S + 0.01)
    hands.do(down(0.6, 0.5, number=2))
    assert hands.keys.stroke == ()


@pytest.mark.parametrize("how", ["middle", "shift", "pen"])
def test_the_mouse_draws_with_shift_with_its_middle_button_or_in_pen_mode(how, monkeypatch):
    hands = Hands()
    if how == "shift":
        monkeypatch.setattr(pygame.display, "get_init", lambda: True)
        monkeypatch.setattr(pygame.key, "get_mods", lambda: pygame.KMOD_LSHIFT)
    if how == "pen":
        hands.do(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_l, unicode="l", mod=0))
        assert hands.keys.pen
    button = 2 if how == "middle" else 1
    hands.do(mouse(pygame.MOUSEBUTTONDOWN, 0.2, 0.5, touch=False, button=button))
    hands.do(mouse(pygame.MOUSEMOTION, 0.6, 0.6, touch=False), mouse(pygame.MOUSEMOTION, 0.8, 0.5, touch=False))
    assert len(hands.keys.stroke) == 3
    made = hands.do(mouse(pygame.MOUSEBUTTONUP, 0.8, 0.5, touch=False, button=button))
    assert said(made) == [("mouse", "seed", "drawn")]
    assert [place for place, _ in hands.strokes[0]] == pytest.approx([0.2, 0.6, 0.8])
    # A stroke that goes nowhere is a click.
    hands.do(mouse(pygame.MOUSEBUTTONDOWN, 0.2, 0.5, touch=False, button=button))
    made = hands.do(mouse(pygame.MOUSEBUTTONUP, 0.2, 0.5, touch=False, button=button))
    assert said(made) == [("mouse", "seed", "song")]


def test_beside_the_map_a_pen_draws_nothing_and_a_press_is_still_a_press():
    hands = Hands()
    hands.keys._pointer._grip = lambda _x, _y: None
    hands.do(mouse(pygame.MOUSEBUTTONDOWN, 0.2, 0.5, touch=False, button=2))
    hands.do(mouse(pygame.MOUSEMOTION, 0.6, 0.6, touch=False))
    assert hands.keys.stroke == ()
    assert hands.do(mouse(pygame.MOUSEBUTTONUP, 0.6, 0.6, touch=False, button=2)) == []
    assert hands.keys.missed == 1
    hands.do(mouse(pygame.MOUSEBUTTONDOWN, 0.2, 0.5, touch=False, button=2))
    assert said(hands.do(mouse(pygame.MOUSEBUTTONUP, 0.2, 0.5, touch=False, button=2))) == [("mouse", "seed", "song")]


def test_an_open_list_takes_clicks_taps_and_the_wheel_and_the_show_none_of_them():
    hands = Hands()
    hands.open()
    assert hands.do(mouse(pygame.MOUSEBUTTONDOWN, 0.2, 0.35, touch=False), down(0.2, 0.75), up(0.2, 0.75)) == []
    assert hands.pointed == [3, 7]
    assert hands.do(pygame.event.Event(pygame.MOUSEWHEEL, x=0, y=-2, touch=False)) == []
    assert hands.scrolled == 2
    hands.do(down(0.2, 0.9))
    assert hands.do(*(on(0.2, 0.9 - 0.01 * step) for step in range(1, 51)), up(0.2, 0.4)) == []
    assert hands.scrolled > 8
    assert hands.pointed == [3, 7]


def test_a_window_that_loses_the_pointer_lets_go_of_it():
    hands = Hands()
    hands.do(down(0.2, 0.5), mouse(pygame.MOUSEBUTTONDOWN, 0.8, 0.5, touch=False))
    hands.do(pygame.event.Event(pygame.WINDOWFOCUSLOST))
    assert hands.do(up(0.2, 0.5), mouse(pygame.MOUSEMOTION, 0.9, 0.5, touch=False)) == []
    assert said(hands.do(down(0.3, 0.3)) + hands.do(up(0.3, 0.3))) == [("touch", "seed", "song")]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_finger_at_no_place_is_none(value):
    hands = Hands()
    assert hands.do(down(value, 0.5), up(value, 0.5)) == []


@pytest.mark.parametrize("seed", range(4))
def test_whatever_hands_do_in_any_order_nothing_stays_held_once_all_is_let_go(seed):
    hands, rng = Hands(), random.Random(seed)
    kinds = (pygame.FINGERDOWN, pygame.FINGERUP, pygame.FINGERMOTION)
    presses = (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP, pygame.MOUSEMOTION)
    for _ in range(800):
        x, y, touch = rng.uniform(-0.2, 1.2), rng.uniform(-0.2, 1.2), rng.random() < 0.5
        number, device = rng.randrange(4), rng.choice((5, 6, -1))
        happened = (
            finger(rng.choice(kinds), x, y, number=number, device=device)
            if touch
            else mouse(rng.choice(presses), x, y, touch=rng.random() < 0.3, button=rng.randrange(1, 5))
        )
        hands.do(happened, after_s=rng.choice((0.0, 0.02, 0.6)))
    hands.do(*(up(0.5, 0.5, number=number, device=device) for number in range(4) for device in (5, 6)))
    hands.do(mouse(pygame.MOUSEBUTTONUP, 0.5, 0.5, touch=False))
    assert hands.keys.stroke == ()
    before = len(hands.flown)
    assert hands.do(mouse(pygame.MOUSEMOTION, 0.9, 0.9, touch=False), on(0.1, 0.1), after_s=2.0) == []
    assert len(hands.flown) == before
    assert said(hands.do(down(0.2, 0.2)) + hands.do(up(0.2, 0.2))) == [("touch", "seed", "song")]
