"""Each recipe does what its sentence says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from playlists.made_up import hostile

from mixtape.errors import LibraryError, MixtapeError
from mixtape.playlists.collection import Collection
from mixtape.playlists.energy_curve import energies
from mixtape.playlists.harmony import code, goes
from mixtape.playlists.order import way_length
from mixtape.playlists.recipe import Request
from mixtape.playlists.registry import RECIPES
from mixtape.playlists.same_colours import colour_distances, colour_table
from mixtape.playlists.side_by_side import overlaps
from mixtape.playlists.sources import NO_SOURCES
from mixtape.playlists.tempo_ramp import STEP, paces, steps
from mixtape.types import Neighbours, SongMap


@cache
def collection() -> Collection:
    return hostile("plain", 400, seed=7, known=True)


def rows_of(name: str, request: Request, songs: Collection | None = None) -> list[int]:
    songs = songs or collection()
    return [songs.row(song) for song in RECIPES[name](request, songs).ids]


def places(rows: list[int]) -> np.ndarray:
    return collection().song_map.xy[rows].astype(float)


def test_there_are_sixteen_and_each_has_a_sentence():
    assert len(RECIPES) == 16
    assert len({recipe.__doc__.strip().splitlines()[0] for recipe in RECIPES.values()}) == 16


def test_one_seed_gives_lists_that_differ():
    for seed in ("s0", "s100", "s200", "s300"):
        made = {name: recipe(Request(seed), collection()) for name, recipe in RECIPES.items()}
        assert sum(len(each.ids) == 12 for each in made.values()) >= 15
        assert np.median(overlaps(made)) <= 0.6
        assert len({frozenset(each.ids) for each in made.values()}) >= 14


def test_a_path_ends_where_it_was_told_to_and_never_turns_back_far():
    a, b = 0, int(collection().map_distances(0).argmax())
    rows = rows_of("path", Request("s0", through=(f"s{b}",)))
    assert (rows[0], rows[-1]) == (a, b)
    along = (places(rows) - places([a])) @ (places([b]) - places([a]))[0]
    along /= along[-1]
    assert np.diff(along).min() > -0.15
    assert np.diff(along).max() < 0.35


def test_waypoints_come_in_the_order_they_were_named():
    named = ("s50", "s10", "s200")
    made = RECIPES["waypoints"](Request("s0", length=20, through=named), collection())
    at = [made.ids.index(song) for song in ("s0", *named)]
    assert at == sorted(at) and at[-1] == 19
    assert [made.reasons[place] for place in at[1:]] == ["waypoint 1 of 3", "waypoint 2 of 3", "waypoint 3 of 3"]


def test_a_path_comes_by_the_songs_named_on_its_way():
    ids = RECIPES["path"](Request("s0", length=10, through=("s7", "s30", "s41")), collection()).ids
    assert len(ids) == 10 and [song for song in ids if song in ("s0", "s7", "s30", "s41")] == ["s0", "s7", "s30", "s41"]
    assert ids[-1] == "s41"


@pytest.mark.parametrize("size", [{"length": 2}, {"minutes": 1.0}])
def test_a_list_says_when_it_is_longer_for_the_songs_that_were_named(size: dict[str, float]):
    made = RECIPES["waypoints"](Request("s0", through=("s7", "s30", "s41"), **size), collection())  # type: ignore[arg-type]
    assert len(made.ids) == 4 and "longer, for all the songs that were named" in made.reasons[0]


def test_a_loop_turns_where_it_was_told_to_and_comes_home_over_others():
    far = int(collection().map_distances(0).argmax())
    rows = rows_of("loop", Request("s0", length=16, through=(f"s{far}",)))
    away = collection().map_distances(0)[rows]
    assert rows.index(far) in (7, 8) and int(away.argmax()) == rows.index(far)
    assert away[-1] < 0.3 * away.max()


def test_a_wander_does_not_come_back():
    away = collection().ways(3)[rows_of("wander", Request("s3", length=15))]
    assert np.corrcoef(away, np.arange(15))[0, 1] > 0.95


def test_a_curve_is_followed():
    energy = energies(collection())
    for curve in ((0.1, 0.9), (0.9, 0.1, 0.8), (0.5, 0.5)):
        rows = rows_of("energy_curve", Request("s5", length=15, curve=curve))
        wanted = np.interp(np.linspace(0, 1, 15), np.linspace(0, 1, len(curve)), curve)
        assert np.abs(energy[rows] - wanted)[1:].max() < 0.15


def test_a_ramp_gets_faster_in_steps_of_six_percent_or_less():
    pace = paces(collection())
    for seed in np.flatnonzero(np.isfinite(pace))[:5]:
        made = RECIPES["tempo_ramp"](Request(f"s{seed}", length=12), collection())
        line = pace[[collection().row(song) for song in made.ids]]
        assert np.diagonal(steps(line), 1).max() <= STEP + 1e-9
        climbed = float(np.sum((np.diff(line) + 0.5) % 1 - 0.5))
        assert climbed > np.log2(1.04)


def test_a_ramp_leads_to_the_tempo_asked_for_at_half_or_double_speed_if_need_be():
    pace = paces(collection())
    seed = int(np.flatnonzero(np.isfinite(pace))[0])
    line = pace[rows_of("tempo_ramp", Request(f"s{seed}", length=16, bpm=140.0))]
    off = line[-1] - np.log2(140.0)
    assert abs(off - round(off)) < np.log2(1.06)


def test_keys_are_numbered_as_djs_do():
    assert [code(0, major=True), code(9, major=False), code(7, major=True), code(4, major=False)] == ["8B", "8A", "9B", "9A"]
    assert code(11, major=True) == "1B" and code(8, major=False) == "1A"
    assert goes("8A", "8B") and goes("8A", "9A") and goes("12A", "1A")
    assert not goes("8A", "9B") and not goes("8A", "10A")


def test_contrast_lies_farther_from_song_to_song_than_chance():
    rows = rows_of("contrast", Request("s0"))
    table = collection().map_table(rows)
    chance = collection().map_table(range(0, 400, 10))
    assert np.diagonal(table, 1).mean() > 1.2 * chance[np.triu_indices(40, 1)].mean()


def test_alchemy_keeps_away_from_what_it_is_told_to():
    towards = int(collection().neighbours.index[0, 20])
    plain = places(rows_of("nearest_features", Request("s0"))[1:])
    turned = places(rows_of("alchemy", Request("s0", unlike=(f"s{towards}",)))[1:])
    there = places([towards])
    assert np.linalg.norm(turned - there, axis=1).mean() > np.linalg.norm(plain - there, axis=1).mean()
    made = RECIPES["alchemy"](Request("s0", like=("s9",)), collection())
    assert "s9" in made.ids


def test_islands_are_visited_one_after_another():
    clusters = np.repeat(np.array([[0.1, 0.1], [0.9, 0.1], [0.1, 0.9], [0.9, 0.9]]), 30, axis=0)
    xy = (clusters + 0.02 * np.random.default_rng(0).normal(size=clusters.shape)).astype(np.float32)
    whole = hostile("no tags", 120, seed=1, known=False)
    songs = Collection(whole.tracks, SongMap("fused", whole.ids, xy, "rp", 30.0, 1), whole.neighbours)
    rows = rows_of("islands", Request("s0"), songs)
    assert len(songs.islands) >= 4
    label = [row // 30 for row in rows]
    assert len(set(label)) >= 3 and sum(a != b for a, b in pairwise(label)) == len(set(label)) - 1


def test_hidden_gems_are_in_few_lists():
    rows = rows_of("hidden_gems", Request("s0"))[1:]
    assert collection().reached[rows].max() <= np.quantile(collection().reached, 0.15)


def test_covers_of_one_colour_come_together():
    rows = rows_of("same_colours", Request("s1"))
    apart = colour_distances(colour_table(collection().palettes), 1)
    assert apart[rows[1:]].max() < np.quantile(apart, 0.2)
    without = RECIPES["same_colours"](Request("s4"), collection())
    assert "no cover, so in the colours of" in without.reasons[0]


def test_a_record_has_two_sides_that_fit():
    made = RECIPES["album"](Request("s0", max_s=400.0), collection())
    turn = next(place for place, reason in enumerate(made.reasons) if reason.startswith("side B"))
    lengths = collection().durations_s[[collection().row(song) for song in made.ids]]
    for side in (lengths[:turn], lengths[turn:]):
        assert 22.5 * 60 - 90 < side.sum() <= 22.5 * 60


def test_a_tour_comes_by_every_part_of_the_map():
    rows = rows_of("tour", Request("s0", length=20))
    nearest = np.linalg.norm(collection().song_map.xy[:, None] - places(rows)[None], axis=2).min(axis=1)
    assert nearest.max() < 0.3
    table = collection().map_table(rows)
    assert way_length(range(20), table) < 0.5 * 19 * table[np.triu_indices(20, 1)].mean()


def test_a_tour_can_be_of_every_song():
    songs = hostile("no tags", 90, seed=3, known=False)
    assert sorted(rows_of("tour", Request("s0", length=90), songs)) == list(range(90))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("energy_curve", "energy is not known here"),
        ("tempo_ramp", "no tempo is known here"),
        ("same_colours", "there are no covers here"),
        ("path", "as no other song was named"),
        ("waypoints", "as no other song was named"),
        ("loop", "as no other song was named"),
        ("alchemy", "less like"),
    ],
)
def test_what_a_recipe_has_to_do_without_is_said(name: str, told: str):
    bare = replace(collection(), sources=NO_SOURCES)
    made = RECIPES[name](Request("s0"), bare)
    assert told in made.reasons[0] and len(made.ids) == 12


def test_a_song_asked_for_that_is_not_there_and_wishes_that_cannot_be_are_said():
    for request in (Request("s0", through=("nowhere",)), Request("s0", unlike=("nowhere",))):
        with pytest.raises(LibraryError, match="'nowhere'"):
            RECIPES["path" if request.through else "alchemy"](request, collection())
    for wrong in (
        {"adventurous": 2.0},
        {"curve": (0.5,)},
        {"curve": (0.0, 2.0)},
        {"minutes": 0.0},
        {"bpm": 5.0},
        {"min_s": 9.0, "max_s": 3.0},
    ):
        with pytest.raises(MixtapeError, match=r"needed|must not"):
            Request("s0", **wrong)


def test_no_neighbours_at_all_is_no_obstacle():
    none = Neighbours(collection().ids, np.zeros((400, 0), np.int32), np.zeros((400, 0), np.float32))
    for recipe in RECIPES.values():
        assert len(recipe(Request("s0"), replace(collection(), neighbours=none)).ids) >= 10
