from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from mixtape.errors import ShapeError
from mixtape.maps import assignment
from mixtape.maps.grid import EXACT_CELLS, assign_grid, cell_centres, grid_shape, grid_solver


def cheapest(xy: np.ndarray, rows: int, cols: int) -> float:
    """The least cost SciPy finds, from the definition: cloud stretched to the unit box, centres in it, row 0 at the top."""
    low, span = xy.min(axis=0), np.ptp(xy, axis=0)
    place = np.where(span > 0, (xy - low) / np.where(span > 0, span, 1.0), 0.5)
    centres = np.array([((col + 0.5) / cols, 1.0 - (row + 0.5) / rows) for row in range(rows) for col in range(cols)])
    cost = ((place[:, None] - centres[None]) ** 2).sum(axis=2)
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


@pytest.mark.parametrize(("n", "rows", "cols"), [(60, 8, 8), (1500, 40, 40)])
def test_the_same_points_give_the_same_bytes(n: int, rows: int, cols: int):
    xy = np.random.default_rng(3).normal(size=(n, 2))
    first, again = (assign_grid(xy, rows=rows, cols=cols) for _ in range(2))
    assert first.cell.tobytes() == again.cell.tobytes()
    assert first.cost == again.cost


@pytest.mark.parametrize("n", [1156, 1100])
def test_large_grids_come_within_two_per_cent_of_the_cheapest(n: int):
    chance = np.random.default_rng(4)
    xy = chance.normal(size=(12, 2))[chance.integers(0, 12, n)] + 0.15 * chance.normal(size=(n, 2))
    assert grid_solver(34 * 34) == "shufflesnap"
    assert assign_grid(xy, rows=34, cols=34).cost <= 1.02 * cheapest(xy, 34, 34)


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
