"""Hands on a real window: events of pygame and a gamepad of SDL's, through the window, the live loop, the step and the stage."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="module")
def told():
    places = os.pathsep.join(map(str, (ROOT, HERE, HERE.parent)))
    done = subprocess.run(
        [sys.executable, str(HERE / "hands_in_a_window.py")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        env={**os.environ, "SDL_VIDEODRIVER": "offscreen", "PYTHONPATH": places},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_tap_on_a_tile_plays_it_once_though_sdl_clicks_there_too(told):
    assert told["tapped"]
    assert told["taps"] == 2


def test_a_line_drawn_with_shift_from_tile_to_tile_begins_with_the_one_and_ends_with_the_other(told):
    assert told["places"] > 15
    assert told["drawn"][0] == 11
    assert told["drawn"][-1] == 35
    assert len(set(told["drawn"])) == len(told["drawn"])


def test_what_is_typed_is_lit(told):
    assert told["lit"] == list(range(3, 40, 4))


def test_a_gamepad_that_is_plugged_in_flies_and_plays_what_its_ring_is_around(told):
    if "flown" not in told:
        pytest.skip("SDL cannot be told of a pad here")
    assert told["flown"] < -0.02
    assert told["aimed"]
    assert told["gone"]


def test_nothing_went_wrong(told):
    assert told["said"] == []
