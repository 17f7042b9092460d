"""Words for whoever steers, over the finished picture."""

import time

import numpy as np
import pytest

from installation.gl import text
from installation.scenes.overlay import BETWEEN, NOTHING, Shown
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


def unhurried(gl, world, state):
    """A live stage with all its covers."""
    live = Stage(gl, world, size=SIZE, patient=True)
    live.draw(state)
    live.wait_for_covers(False)
    return live


def settled(stage, state, shown):
    """The picture once all letters are set; how often the picture before it was seen until then."""
    before, waits = drawn(stage, state), 0
    while np.array_equal(picture := drawn(stage, state, shown), before):
        waits += 1
        time.sleep(0.005)
        assert waits < 2000
    return picture, waits


def test_new_words_hold_up_no_frame_and_come_as_those_of_a_patient_stage(gl, small_world, play, stage):
    state, shown = play(small_world, 12.0), Shown("held up by nobody", (("one", "two"),) * 9)
    live = unhurried(gl, small_world, state)
    picture, waits = settled(live, state, shown)
    assert waits >= 1
    assert np.array_equal(picture, drawn(stage, state, shown))


def test_while_the_next_words_are_set_the_last_ones_stay(gl, small_world, play):
    state = play(small_world, 12.0)
    live = unhurried(gl, small_world, state)
    first, _ = settled(live, state, Shown("the first word"))
    assert np.array_equal(drawn(live, state, Shown("another, much longer one", (("row", "row"),) * 12)), first)


def test_readings_that_change_faster_than_they_can_be_set_are_seen_nevertheless(gl, small_world, play, monkeypatch):
    state, set_line = play(small_world, 12.0), text.line_image

    def slowly(*words, **about):
        time.sleep(0.02)
        return set_line(*words, **about)

    monkeypatch.setattr(text, "line_image", slowly)
    live = unhurried(gl, small_world, state)
    nothing, seen, began_s = drawn(live, state), set(), time.monotonic()
    while len(seen) < 3:
        # Ten rows take 0.4 s, and every 0.1 s there are others.
        now = int(10 * (time.monotonic() - began_s))
        picture = drawn(live, state, Shown(rows=tuple((f"row {row}", f"{now} of {row}") for row in range(10))))
        if not np.array_equal(picture, nothing):
            seen.add(picture.tobytes())
        assert time.monotonic() - began_s < 60.0, f"{len(seen)} seen"
    assert len(live._drawing.lines._coming) < 150


@pytest.mark.parametrize("between", [NOTHING, Shown(code=("10", "01"))])
def test_words_that_are_over_are_not_shown_again_in_place_of_the_next_ones(gl, small_world, play, between):
    state = play(small_world, 12.0)
    live = unhurried(gl, small_world, state)
    settled(live, state, Shown("the first word"))
    without = drawn(live, state, between)
    assert np.array_equal(
        drawn(live, state, Shown("another, much longer one", (("row", "row"),) * 12, code=between.code)), without
    )


def test_lines_that_nobody_asks_for_any_more_are_neither_set_nor_kept(gl, monkeypatch):
    monkeypatch.setattr(text, "_FORGOTTEN_S", 0.2)
    lines, made = text.Lines(gl), []

    def slowly(words, **_):
        made.append(words)
        time.sleep(0.01)
        return np.zeros((4, 4, 4), np.uint8)

    monkeypatch.setattr(text, "line_image", slowly)
    for word in range(200):
        lines.ready((text.Line(f"{word}", 20, "regular", 200),))
    last = text.Line("last", 20, "regular", 200)
    while not lines.ready((last,)):
        time.sleep(0.001)
    assert "last" in made and len(made) < 100
    again = text.Line("150", 20, "regular", 200)
    while not lines.ready((again,)):
        time.sleep(0.001)
    assert "150" in made and lines[again].size == (4, 4)
    time.sleep(0.3)
    lines.ready((text.Line("one more", 20, "regular", 200),))
    assert len(lines._coming) == 1


def test_words_that_cannot_be_set_are_left_out(gl, monkeypatch):
    def broken(*_, **__):
        raise ValueError("a font that breaks")

    monkeypatch.setattr(text, "line_image", broken)
    lines, line = text.Lines(gl), text.Line("words", 20, "regular", 200)
    while not lines.ready((line,)):
        time.sleep(0.001)
    assert lines[line].size == (1, 1)


def test_a_code_to_scan_lies_in_the_lower_right_corner_square_for_square(gl, small_world, play):
    code = tuple("".join("01"[(3 * row + 5 * col + row * col) % 7 < 3] for col in range(33)) for row in range(33))
    stage = Stage(gl, small_world, size=(960, 540), patient=True)
    state = play(small_world, 12.0)
    before, picture = drawn(stage, state), drawn(stage, state, Shown(code=code))
    changed = np.argwhere((picture != before).any(axis=2))
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0) + 1
    assert bottom - top <= right - left + 8
    margin, square = round(0.05 * 540), max(2, round(0.26 * 540 / 33))
    y, x = 540 - margin - 33 * square, 960 - margin - 33 * square
    seen = picture[y + square // 2 : 540 - margin : square, x + square // 2 : 960 - margin : square].mean(axis=2)
    assert ["".join("1" if value < 110 else "0" for value in row) for row in seen] == list(code)
    assert seen.min() < 30
    assert seen.max() > 200
    seen = stage.look()
    stage.draw(state, shown=Shown("keys", (("c", "the code"),), code=code))
    assert np.array_equal(seen(), picture)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_the_piece_of_a_row_under_the_pointer_is_the_one_whose_letters_are_there(stage, small_world, play, which):
    state, pieces = play(small_world, 12.0), ["energy 0.6", "wall_rows 8", "volume 0.25"]
    rows = (("frames", "60 a second"), ("knobs", BETWEEN.join(pieces)))
    until = drawn(stage, state, Shown(rows=(rows[0], ("knobs", BETWEEN.join(pieces[: which + 1])))))
    before = drawn(stage, state, Shown(rows=(rows[0], ("knobs", BETWEEN.join(pieces[:which]) + (BETWEEN if which else "")))))
    ys, xs = np.nonzero(np.abs(until - before).max(axis=2) > 60)
    y = (ys.min() + ys.max()) / 2 / SIZE[1]
    for share in (0.02, 0.5, 0.98):
        x = (xs.min() + share * (xs.max() - xs.min())) / SIZE[0]
        assert stage.piece_at(x, y, Shown(rows=rows)) == pieces[which]
        assert stage.row_at(x, y, Shown(rows=rows)) == 1
    assert stage.piece_at(0.99, y, Shown(rows=rows)) is None
    assert stage.row_at(0.1, 0.9, Shown(rows=rows)) is None
