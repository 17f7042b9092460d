from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from installation.chart import GLIDE_S, lines_of, page_of
from installation.gl.tiles import tiles_of
from installation.stage import Stage

SHAPES = (16 / 9, 4 / 3, 1.0, 9 / 16)


@pytest.mark.parametrize("aspect", SHAPES)
def test_lines_stand_below_each_other_in_the_order_they_play_and_inside_the_picture(aspect, small_world, play):
    state = play(small_world, 20.0, (5.0, "next", None), (8.0, "next", None))
    lines = sorted(lines_of(state, page_of(aspect)), key=lambda line: line.rank)
    assert [line.track_id for line in lines] == [*state.history, *state.next_ids]
    assert all(above.y - above.half > below.y + below.half for above, below in pairwise(lines))
    for line in lines:
        assert abs(line.x) + line.half < aspect / 2
        assert line.there < 0.05 or abs(line.y) + line.half < 0.5
    playing = next(line for line in lines if line.track_id == state.track_id)
    assert (playing.rank, playing.large, playing.there) == (0.0, 1.0, 1.0)


def test_lines_glide_up_when_a_song_comes_and_never_leap(small_world, play):
    page, at = page_of(16 / 9), 10.0
    state = play(small_world, at - 0.05)
    before = {line.track_id: line for line in lines_of(state, page)}
    for seconds in np.arange(at, at + GLIDE_S + 0.4, 0.1):
        state = play(small_world, seconds, (at - 0.01, "next", None))
        now = {line.track_id: line for line in lines_of(state, page)}
        for song in now.keys() & before.keys():
            assert abs(now[song].y - before[song].y) < 0.08
            assert abs(now[song].half - before[song].half) < 0.03
        before = now
    assert before[state.track_id].large == 1.0


def test_a_song_that_comes_twice_has_one_tile(small_world, play):
    state = play(small_world, 4.0)
    again = replace(state, next_ids=(*state.next_ids[:2], state.track_id))
    lines = lines_of(again, page_of(1.5))
    assert len({line.track_id for line in lines}) == len(lines)
    assert next(line for line in lines if line.track_id == state.track_id).rank == 0.0


def test_the_chart_shows_the_tiles_of_its_lines_and_no_others(gl, small_world, play):
    stage = Stage(gl, small_world, size=(160, 90), patient=True)
    state = play(small_world, 9.0, (0.0, "scene", "chart"))
    shown = {small_world.tracks[row].id for row in tiles_of(state, stage._drawing, "chart").order}
    assert shown <= {line.track_id for line in lines_of(state, page_of(16 / 9))}
    assert {state.track_id, *state.next_ids[:3]} <= shown
    line = next(line for line in lines_of(state, page_of(16 / 9)) if line.track_id == state.next_ids[0])
    assert stage.pick((line.x / (16 / 9) + 0.5) * 160, (0.5 - line.y) * 90, state) == state.next_ids[0]


def test_a_song_s_tile_flies_from_the_grid_to_its_line(gl, small_world, play):
    stage = Stage(gl, small_world, size=(160, 90), patient=True)
    way = [play(small_world, 10.0 + s, (0.0, "scene", "grid"), (9.99, "scene", "chart")) for s in np.linspace(0.1, 2.6, 40)]
    row = small_world.row[way[0].track_id]
    x = [float(_of(stage, state, row)[0]) for state in way]
    assert max(abs(b - a) for a, b in pairwise(x)) < 0.15
    assert x[-1] == pytest.approx(page_of(16 / 9).x, abs=1e-3)


def _of(stage, state, row):
    from installation.gl.tiles import flies, flying

    tiles = flying(state, stage._drawing) if flies(state) else tiles_of(state, stage._drawing, state.scene)
    return tiles.screen[row]
