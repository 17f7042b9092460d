from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from installation.camera import STRETCH
from installation.maps import Family
from installation.names import SIZES, names_of, presence
from installation.stage import Stage
from mixtape.types import Region


def test_names_of_a_depth_do_not_touch_at_the_zoom_they_are_meant_for():
    rng = np.random.default_rng(2)
    regions = tuple(
        Region(f"Island {level} {k}", level, ("a",), (float(x), float(y)))
        for level, count in enumerate((6, 20, 60))
        for k, (x, y) in enumerate(rng.random((count, 2)))
    )
    found = names_of(regions)
    for level, zoom in enumerate((-0.5, 1.0, 2.2)):
        mine = [name for name in found if name.level == level]
        assert len(mine) >= 4
        boxes = [(name.x * 2**zoom, name.y * 2**zoom + name.shift, 0.56 * SIZES[level] * len(name.words)) for name in mine]
        for k, (x, y, wide) in enumerate(boxes):
            for other_x, other_y, other_wide in boxes[:k]:
                assert abs(x - other_x) > (wide + other_wide) / 2 or abs(y - other_y) > SIZES[level]


def test_where_few_islands_are_large_the_next_smaller_ones_are_named_from_afar_as_well():
    regions = (Region("Sea", 0, ("a",), (0.5, 0.9)), Region("Bay", 1, ("a",), (0.2, 0.2)))
    assert [(name.words, name.level) for name in names_of(regions)] == [("Sea", 0), ("Bay", 0), ("Bay", 1)]
    bay = names_of(regions)[1]
    assert (bay.x, bay.y) == pytest.approx(((0.2 - 0.5) * STRETCH, -0.3))


def test_names_come_and_go_with_the_zoom_and_never_jump():
    for level in range(3):
        strong = [presence(level, zoom) for zoom in np.arange(-3.0, 11.0, 0.02)]
        assert max(strong) == 1.0
        assert max(abs(b - a) for a, b in pairwise(strong)) < 0.09
    assert presence(0, 0.0) == 1.0
    assert presence(2, 0.0) == 0.0
    assert presence(0, 3.0) == 0.0
    assert presence(2, 3.0) == 1.0


def test_an_island_s_name_stands_in_the_picture_where_the_island_is(gl, make_world, play):
    from dataclasses import replace

    world = make_world(40)
    state = play(world, 3.0, (0.0, "scene", "map"), (0.0, "title_s", 0.0), (0.0, "grain", 0.0))

    def with_islands(*found):
        return replace(world, family=Family(world.song_map, world.grid, tints=lambda: world.maps.tints, regions=lambda _: found))

    bare, named = with_islands(), with_islands(Region("WWWWWWWW", 0, ("a",), (0.5, 0.5)))
    frames = []
    for each in (bare, named):
        stage = Stage(gl, each, size=(320, 180), patient=True)
        stage.draw(state)
        frames.append(stage.read().astype(int))
    rows, cols = np.nonzero(np.abs(frames[1] - frames[0]).max(axis=2) > 20)
    screen, _ = stage._drawing.over_map(state).project(np.zeros((1, 2), np.float32))
    assert len(rows) > 20
    assert cols.mean() == pytest.approx((screen[0, 0] / (16 / 9) + 0.5) * 320, abs=6)
    assert rows.mean() == pytest.approx((0.5 - screen[0, 1]) * 180, abs=6)
