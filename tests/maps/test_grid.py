from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from mixtape.errors import ShapeError
from mixtape.maps import assignment
from mixtape.maps.grid import EXACT_CELLS, assign_grid, cell_centres, grid_gap, grid_shape, grid_solver, map_grid
from mixtape.types import Grid, SongMap


def cheapest(xy: np.ndarray, rows: int, cols: int, aspect: float = 1.0, blocked: np.ndarray | None = None) -> float:
    """The least cost SciPy finds, from the definition: cloud stretched to the box, centres in it, row 0 at the top."""
    if len(xy) == 0:
        return 0.0
    low, span = xy.min(axis=0), np.ptp(xy, axis=0)
    place = np.where(span > 0, (xy - low) / np.where(span > 0, span, 1.0), 0.5)
    centres = np.array([((col + 0.5) / cols, 1.0 - (row + 0.5) / rows) for row in range(rows) for col in range(cols)])
    if blocked is not None:
        centres = centres[~blocked.ravel()]
    cost = (((place[:, None] - centres[None]) * [aspect, 1.0]) ** 2).sum(axis=2)
    return float(cost[linear_sum_assignment(cost)].sum())


@pytest.mark.parametrize("kind", ["round", "islands", "even", "on few places"])
def test_no_assignment_is_cheaper_on_200_random_clouds(kind: str):
    chance = np.random.default_rng(len(kind))
    for _ in range(50):
        rows, cols = (int(each) for each in chance.integers(1, 13, size=2))
        n = int(chance.integers(1, rows * cols + 1))
        xy = {
            "round": lambda n=n: chance.normal(size=(n, 2)),
            "islands": lambda n=n: 5.0 * chance.normal(size=(4, 2))[chance.integers(0, 4, n)] + 0.2 * chance.normal(size=(n, 2)),
            "even": lambda n=n: chance.random((n, 2)) * [3.0, 1e-3],
            "on few places": lambda n=n: chance.integers(0, 3, size=(n, 2)).astype(float),
        }[kind]()
        grid = assign_grid(xy, rows=rows, cols=cols)
        assert grid.cost == pytest.approx(cheapest(xy, rows, cols), rel=1e-9, abs=1e-12)
        assert len(set(grid.cell.tolist())) == n
        assert 0 <= grid.cell.min() <= grid.cell.max() < rows * cols


def test_a_point_at_the_top_left_of_the_map_gets_the_first_cell():
    corners = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0]], np.float32)
    assert assign_grid(corners, rows=2, cols=2).cell.tolist() == [0, 1, 2, 3]


def test_cell_centres_go_down_row_after_row():
    assert np.allclose(cell_centres(2, 2), [[0.25, 0.75], [0.75, 0.75], [0.25, 0.25], [0.75, 0.25]])


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 7, 13, 47, 97])
@pytest.mark.parametrize("same", [False, True])
def test_any_number_of_points_fits_even_all_on_one_place(n: int, same: bool):
    xy = np.ones((n, 2)) if same else np.random.default_rng(n).random((n, 2))
    rows, cols = grid_shape(n)
    grid = assign_grid(xy, rows=rows, cols=cols, ids=[f"s{k}" for k in range(n)])
    assert len(np.unique(grid.cell)) == n == len(grid.ids)
    assert math.isfinite(grid.cost)


@pytest.mark.parametrize(("n", "rows", "cols"), [(60, 8, 8), (900, 31, 31), (1500, 40, 40)])
def test_the_same_points_give_the_same_bytes(n: int, rows: int, cols: int):
    xy = np.random.default_rng(3).normal(size=(n, 2))
    first, again = (assign_grid(xy, rows=rows, cols=cols) for _ in range(2))
    assert first.cell.tobytes() == again.cell.tobytes()
    assert first.cost == again.cost


@pytest.mark.parametrize("n", [1156, 1100])
def test_large_grids_come_within_a_thousandth_of_the_cheapest(n: int):
    chance = np.random.default_rng(4)
    xy = chance.normal(size=(12, 2))[chance.integers(0, 12, n)] + 0.15 * chance.normal(size=(n, 2))
    assert grid_solver(34 * 34) == "shufflesnap"
    assert assign_grid(xy, rows=34, cols=34).cost <= 1.001 * cheapest(xy, 34, 34)


@pytest.mark.parametrize("n", [0, 1, 40, 1300, 1600])
def test_without_shufflesnap_the_grid_is_still_whole_and_not_far_off(n: int, monkeypatch: pytest.MonkeyPatch):
    xy = np.random.default_rng(5).normal(size=(n, 2))
    best = assign_grid(xy, rows=40, cols=40).cost
    monkeypatch.setattr(assignment.importlib.util, "find_spec", lambda name: None)
    assert grid_solver(1600) == "bisection"
    grid = assign_grid(xy, rows=40, cols=40)
    assert len(np.unique(grid.cell)) == n
    if n == 1600:
        assert grid.cost < 1.3 * best


def test_neighbours_on_the_map_stay_neighbours_on_the_grid():
    across, up = np.meshgrid(np.arange(9.0), np.arange(5.0))
    xy = np.stack([across.ravel(), up.ravel()], axis=1)
    cells = assign_grid(xy, rows=5, cols=9).cell.reshape(5, 9)
    assert np.array_equal(cells[::-1].ravel(), np.arange(45))


@pytest.mark.parametrize(
    ("xy", "rows", "cols", "said"),
    [
        (np.zeros((5, 2)), 2, 2, r"5 points for 2 x 2 = 4 cells; 2 x 3 would hold them"),
        (np.array([[0.0, np.nan], [1.0, 1.0]]), 2, 2, "1 of 2 points are NaN"),
        (np.zeros((4, 3)), 2, 2, r"\(4, 3\)"),
        (np.zeros(4), 2, 2, r"\(4,\)"),
        (np.zeros((0, 2)), 0, 2, "at least 1 x 1"),
    ],
)
def test_what_cannot_be_put_on_a_grid_is_said(xy: np.ndarray, rows: int, cols: int, said: str):
    with pytest.raises(ShapeError, match=said):
        assign_grid(xy, rows=rows, cols=cols)


def test_ids_must_be_as_many_as_points():
    with pytest.raises(ShapeError, match="1 ids for 2 points"):
        assign_grid(np.eye(2), rows=1, cols=2, ids=["a"])


@pytest.mark.parametrize(("n", "shape"), [(0, (1, 1)), (1, (1, 1)), (144, (9, 16)), (48, (5, 10))])
def test_grid_shapes_for_a_screen(n: int, shape: tuple[int, int]):
    assert grid_shape(n) == shape


@pytest.mark.parametrize("aspect", [0.5, 1.0, 16 / 9, 3.0])
def test_a_grid_shape_holds_all_wastes_little_and_keeps_its_proportions(aspect: float):
    for n in range(1, 1200):
        rows, cols = grid_shape(n, aspect=aspect)
        assert n <= rows * cols < n + max(rows, cols)
        if n >= 30:
            assert aspect / 1.5 < cols / rows < aspect * 1.5
    assert EXACT_CELLS >= 1024


def islands(n: int, seed: int) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return chance.normal(size=(12, 2))[chance.integers(0, 12, n)] + 0.1 * chance.normal(size=(n, 2))


def cells_apart(one: Grid, other: Grid) -> np.ndarray:
    """How many cells the songs of one grid are from where another has them: the larger of rows and columns."""
    was = {name: divmod(int(cell), one.cols) for name, cell in zip(one.ids, one.cell, strict=True)}
    now = {name: divmod(int(cell), other.cols) for name, cell in zip(other.ids, other.cell, strict=True)}
    return np.array([max(abs(a - b) for a, b in zip(was[name], now[name], strict=True)) for name in one.ids])


numbers = st.floats(-1e6, 1e6, allow_nan=False, width=32) | st.sampled_from([0.0, 1.0])


@settings(max_examples=60, deadline=None)
@given(data=st.data(), rows=st.integers(1, 9), cols=st.integers(1, 30), aspect=st.sampled_from([0.3, 1.0, 16 / 9]))
def test_any_points_any_shape_any_blocked_cells_give_the_cheapest_grid(data: st.DataObject, rows: int, cols: int, aspect: float):
    blocked = np.array(data.draw(st.lists(st.booleans(), min_size=rows * cols, max_size=rows * cols))).reshape(rows, cols)
    room = int((~blocked).sum())
    xy = np.array(data.draw(st.lists(st.tuples(numbers, numbers), max_size=room))).reshape(-1, 2)
    grid = assign_grid(xy, rows=rows, cols=cols, aspect=aspect, blocked=blocked)
    assert len(np.unique(grid.cell)) == len(xy)
    assert not blocked.ravel()[grid.cell].any()
    assert grid.cost == pytest.approx(cheapest(xy, rows, cols, aspect, blocked), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("free", [0, 30, 200])
@pytest.mark.parametrize("walls", [False, True])
def test_grids_too_large_for_every_pair_are_proven_cheapest_all_the_same(seed: int, free: int, walls: bool):
    blocked = np.zeros((17, 25), bool)
    blocked[4:14, 8] = blocked[9, 3:20] = walls
    xy = islands(int((~blocked).sum()) - free, seed)
    assert grid_solver(17 * 25) == "exact"
    grid = assign_grid(xy, rows=17, cols=25, blocked=blocked)
    assert grid.cost == pytest.approx(cheapest(xy, 17, 25, 1.0, blocked), rel=1e-9)


@pytest.mark.parametrize("free", [0, 1, 300])
def test_the_proven_gap_of_a_large_grid_is_a_thousandth_at_most(free: int):
    xy = islands(45 * 45 - free, 3)
    grid = assign_grid(xy, rows=45, cols=45)
    assert grid_gap(xy, grid) <= 1e-3


def test_the_proven_gap_is_never_below_the_true_one():
    xy = islands(300, 6)
    best = assign_grid(xy, rows=20, cols=20)
    worse = dataclasses.replace(best, cell=np.random.default_rng(0).permutation(best.cell))
    low, span = xy.min(axis=0), np.ptp(xy, axis=0)
    cost = (((xy - low) / span - cell_centres(20, 20)[worse.cell]) ** 2).sum()
    assert 1.0 > grid_gap(xy, worse) >= 1.0 - best.cost / cost


@pytest.mark.parametrize(
    "kind", ["all on one place", "three places", "a line", "duplicates", "far outlier", "a lattice", "heavy"]
)
@pytest.mark.parametrize("free", [0, 100])
def test_hostile_clouds_get_a_whole_grid(kind: str, free: int):
    chance, n = np.random.default_rng(8), 40 * 40 - free
    xy = {
        "all on one place": lambda: np.full((n, 2), 3.25),
        "three places": lambda: chance.integers(0, 3, (n, 1)) * np.ones((1, 2)),
        "a line": lambda: np.stack([chance.random(n), np.zeros(n)], axis=1),
        "duplicates": lambda: np.repeat(chance.random(((n + 1) // 2, 2)), 2, axis=0)[:n],
        "far outlier": lambda: np.concatenate([chance.normal(size=(n - 1, 2)), [[1e9, -1e9]]]),
        "a lattice": lambda: np.stack(np.divmod(np.arange(n), 40), axis=1),
        "heavy": lambda: chance.standard_cauchy((n, 2)),
    }[kind]()
    grid = assign_grid(xy, rows=40, cols=40)
    assert len(np.unique(grid.cell)) == n and math.isfinite(grid.cost)


@pytest.mark.parametrize(
    ("n", "before", "after"),
    [(400, (21, 21), (21, 21)), (440, (21, 21), (21, 21)), (441, (21, 21), (21, 22)), (11, (3, 4), (3, 4)), (12, (3, 4), (3, 5))],
)
@pytest.mark.parametrize("news", ["in an island", "far outside", "and the map relaxed"])
def test_a_new_song_leaves_the_others_within_a_cell_of_where_they_were(n: int, before: tuple, after: tuple, news: str):
    xy, ids = islands(n + 1, 9), [f"song {k}" for k in range(n + 1)]
    old = assign_grid(xy[:n], rows=before[0], cols=before[1], ids=ids[:n])
    if news == "far outside":
        xy[n] = xy.max(axis=0) + 0.2 * np.ptp(xy, axis=0)
    if news == "and the map relaxed":
        xy = xy + np.random.default_rng(1).normal(size=xy.shape) * 0.01 * np.ptp(xy, axis=0)
    new = assign_grid(xy, rows=after[0], cols=after[1], ids=ids, previous=old)
    assert len(np.unique(new.cell)) == n + 1
    assert (cells_apart(old, new) <= 1).mean() >= 0.95


def test_songs_that_are_gone_or_in_another_order_do_not_disturb_a_grid_that_follows():
    xy, ids = islands(300, 10), [f"song {k}" for k in range(300)]
    old = assign_grid(xy, rows=18, cols=18, ids=ids)
    stay = np.random.default_rng(2).permutation(300)[:290]
    new = assign_grid(xy[stay], rows=18, cols=18, ids=[ids[k] for k in stay], previous=old)
    kept = dataclasses.replace(old, ids=tuple(ids[k] for k in stay), cell=old.cell[stay])
    assert (cells_apart(kept, new) <= 1).mean() >= 0.95


def test_a_grid_remembers_its_blocked_cells_and_the_one_that_follows_keeps_them_free():
    blocked = np.zeros((18, 18), bool)
    blocked[6:12, 6:12] = True
    xy, ids = islands(280, 10), [f"song {k}" for k in range(280)]
    old = assign_grid(xy[:279], rows=18, cols=18, ids=ids[:279], blocked=blocked)
    assert np.array_equal(old.blocked, np.flatnonzero(blocked))
    new = assign_grid(xy, rows=18, cols=18, ids=ids, previous=old)
    assert np.array_equal(new.blocked, old.blocked) and not np.isin(new.cell, old.blocked).any()
    assert (cells_apart(old, new) <= 1).mean() >= 0.95
    opened = assign_grid(xy, rows=18, cols=18, ids=ids, previous=old, blocked=np.zeros((18, 18)))
    assert len(opened.blocked) == 0
    assert len(assign_grid(np.zeros((0, 2)), rows=18, cols=18, blocked=blocked).blocked) == 36


def test_a_proof_knows_which_cells_were_blocked():
    blocked = np.zeros((20, 20), bool)
    blocked[:, 9:11] = True
    xy = islands(340, 6)
    shut, open_ = (assign_grid(xy, rows=20, cols=20, blocked=each) for each in (blocked, None))
    assert open_.cost < shut.cost
    assert grid_gap(xy, shut) <= 1e-3
    assert grid_gap(xy, dataclasses.replace(shut, blocked=open_.blocked)) >= 1.0 - open_.cost / shut.cost


@pytest.mark.parametrize(
    ("cell", "blocked", "said"),
    [([0, 1], [1], "stand in some of the 1"), ([0], [3, 2], "rising"), ([0], [4], "from 0 to 3"), ([0], [-1, 2], "from 0 to 3")],
)
def test_blocked_cells_must_be_cells_of_the_grid_in_which_nobody_stands(cell: list[int], blocked: list[int], said: str):
    with pytest.raises(ShapeError, match=said):
        Grid((), 2, 2, np.array(cell, np.int32), 0.0, np.array(blocked, np.int32))


def test_a_mixtape_gets_a_grid_of_its_own_from_the_map():
    ids = tuple(f"song {k}" for k in range(300))
    song_map = SongMap("fused", ids, np.random.default_rng(1).random((300, 2), np.float32), "fused", 30.0, 1)
    tape = ids[250:10:-8]
    grid = map_grid(song_map, ids=tape)
    assert set(grid.ids) == set(tape) and (grid.rows, grid.cols) == grid_shape(len(tape))
    assert map_grid(song_map, ids=tape, shape=(1, 40)).cols == 40
    assert len(map_grid(song_map).ids) == 300 and len(map_grid(song_map, ids=()).ids) == 0
    with pytest.raises(ShapeError, match="1 of 2 songs are not on map 'fused', such as unknown"):
        map_grid(song_map, ids=["song 1", "unknown"])


@pytest.mark.parametrize(("n", "rows", "cols"), [(1000, 32, 32), (1600, 40, 40), (3000, 56, 56)])
def test_a_new_song_in_a_large_grid_leaves_the_others_where_they_were(n: int, rows: int, cols: int):
    xy, ids = islands(n, 9), [f"song {k}" for k in range(n)]
    old = assign_grid(xy[:-1], rows=rows, cols=cols, ids=ids[:-1])
    assert (cells_apart(old, assign_grid(xy, rows=rows, cols=cols, ids=ids, previous=old)) <= 1).mean() >= 0.95


@pytest.mark.parametrize("free", [0, 40, 900])
def test_tiles_or_where_cells_are_free_short_moves_find_nearly_what_long_ones_over_the_whole_board_find(
    free: int, monkeypatch: pytest.MonkeyPatch
):
    xy = islands(50 * 50 - free, 11)
    whole = assign_grid(xy, rows=50, cols=50)
    monkeypatch.setattr(assignment, "TILED_CELLS", 1200)
    monkeypatch.setattr(assignment, "TILE", 20)
    tiled = assign_grid(xy, rows=50, cols=50)
    assert len(np.unique(tiled.cell)) == len(xy)
    assert abs(tiled.cost - whole.cost) <= (1e-3 if free else 2e-3) * whole.cost


@pytest.mark.parametrize("free", [0, 40])
def test_the_proof_of_a_grid_searched_in_tiles_is_a_thousandth_at_most(free: int, monkeypatch: pytest.MonkeyPatch):
    xy = islands(60 * 60 - free, 11)
    grid = assign_grid(xy, rows=60, cols=60)
    monkeypatch.setattr(assignment, "TILED_CELLS", 1200)
    monkeypatch.setattr(assignment, "WHOLE_CELLS", 1200)
    monkeypatch.setattr(assignment, "LARGE_TILE", 40)
    assert grid_gap(xy, grid) <= 1e-3


def test_the_number_of_threads_changes_nothing():
    from threadpoolctl import threadpool_limits

    xy = islands(1500, 12)
    grids = []
    for threads in (1, 4):
        with threadpool_limits(threads):
            grids += [assign_grid(xy, rows=40, cols=40), assign_grid(xy[:900], rows=31, cols=30)]
    assert [grid.cell.tobytes() for grid in grids[:2]] == [grid.cell.tobytes() for grid in grids[2:]]


def test_wide_aspects_put_points_where_they_are_seen():
    xy = np.array([[0.0, 0.0], [1.0, 1.0], [0.4, 0.9], [0.6, 0.1]])
    costs = [assign_grid(xy, rows=2, cols=2, aspect=aspect).cost for aspect in (1.0, 2.0)]
    assert costs[0] < costs[1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"blocked": np.ones((2, 3))}, r"\(2, 3\) for a grid of 2 x 2"),
        ({"blocked": [[True, True], [False, True]]}, "2 points for the 1 cells of 2 x 2 that are not blocked"),
        ({"aspect": 0.0}, "aspect 0"),
        ({"aspect": float("nan")}, "aspect nan"),
    ],
)
def test_what_does_not_fit_a_grid_is_said(given: dict, said: str):
    with pytest.raises(ShapeError, match=said):
        assign_grid(np.eye(2), rows=2, cols=2, **given)
