"""Words for whoever steers, over the finished picture."""

import numpy as np
import pytest

from installation.scenes.overlay import NOTHING, Shown
from installation.stage import Stage

SIZE = (320, 180)


@pytest.fixture
def stage(gl, small_world):
    return Stage(gl, small_world, size=SIZE, patient=True)


def drawn(stage, state, shown=NOTHING):
    stage.draw(state, shown=shown)
    return stage.read().astype(int)


def test_a_search_stands_out_at_the_upper_left_and_leaves_no_trace(stage, small_world, play):
    state = play(small_world, 12.0)
    before = drawn(stage, state)
    found = tuple((track.title, track.artist) for track in small_world.tracks[:5])
    words = drawn(stage, state, Shown("slow wat_", found, marked=0))
    assert words[:40, :160].max() > 200
    assert words[100:].mean() < 0.6 * before[100:].mean()
    assert np.array_equal(drawn(stage, state), before)


@pytest.mark.parametrize(
    "shown",
    [
        Shown("w" * 400, (("q" * 300, "p" * 300),) * 40, marked=39),
        Shown("", (("no song like 'Ωmega 雨' here", ""),)),
        Shown(" ", ()),
        Shown("keys", (("", ""),)),
    ],
)
def test_whatever_is_typed_can_be_drawn(stage, small_world, play, shown):
    drawn(stage, play(small_world, 1.0), shown)


def test_a_picture_fills_the_viewport_it_is_put_into_after_a_change_of_size(gl, stage, small_world, play):
    state = play(small_world, 1.0)
    screen = gl.framebuffer([gl.texture((500, 400), 4)])
    for size in (SIZE, (480, 360), (160, 90)):
        stage.resize(size)
        screen.clear(1.0, 0.0, 1.0)
        screen.viewport = (0, 0, *size)
        stage.draw(state, screen)
        seen = np.frombuffer(screen.read(components=3, viewport=(0, 0, *size)), np.uint8).reshape(size[1], size[0], 3)
        assert np.array_equal(seen[::-1], stage.read())
