"""A family of maps, and maps that songs join, in a library of made-up numbers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from itertools import pairwise
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest

from installation.world import siblings
from mixtape.apart import apart
from mixtape.build import family_of, map_library, relax_map
from mixtape.catalogue import FileEntry
from mixtape.config import BuildConfig, Config, MapsConfig
from mixtape.errors import ConfigError, LibraryError, MixtapeError
from mixtape.features import listen
from mixtape.library import Library
from mixtape.maps.embed import layout, relaxed
from mixtape.maps.family import STEP_MOVE, Member, Views, disparity, in_small_steps, median_move, members, walk
from mixtape.maps.fit import family_names
from mixtape.maps.fused import kept
from mixtape.similarity.sets import Weights
from mixtape.types import Timeline, Track

SETS = {"rp": 40, "rh": 12, "ssd": 24}
CONFIG = Config(build=BuildConfig(neighbours=10), maps=MapsConfig(family="fused:60 ssd:30 rp:30 ear:30", steps=6, rounds=80))


def numbers(n: int) -> dict[str, np.ndarray]:
    """Songs of six groups, which lie otherwise in each set."""
    groups = {name: np.random.default_rng(d).normal(size=(6, d)) * 2.0 for name, d in SETS.items()}
    songs = np.random.default_rng(0).normal(size=(400, max(SETS.values())))
    turns = {"rp": 1, "rh": 1, "ssd": 2}
    return {
        name: (groups[name][(np.arange(n) // turns[name]) % 6] + songs[:n, :d]).astype(np.float32) for name, d in SETS.items()
    }


def fill(library: Library, n: int, *, begin: int = 0) -> None:
    """Songs `begin` to n, heard."""
    found = numbers(n)
    for song in range(begin, n):
        track = Track(f"{song:032x}", Path(f"/m/{song:04d}.flac"), f"a{song % 6}", f"t{song}", "", "", None, 60.0, None)
        library.put_tracks([track])
        library.put_files([FileEntry(track.path, 1, 1, track_id=track.id)])
        still = np.zeros(60, np.float32)
        timeline = Timeline(still, np.zeros((60, 8), np.float32), still, still, np.zeros(0, np.float32))
        versions = dict.fromkeys((*SETS, "timeline"), 1)
        library.put_listening(track.id, {name: values[song] for name, values in found.items()}, timeline, versions=versions)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setattr("os.fsync", lambda handle: None)
    monkeypatch.setattr(listen, "SETS", tuple(SETS))
    with Library(tmp_path / "library", create=True) as opened:
        yield opened


def places(library: Library, name: str = "fused") -> dict[str, tuple[float, float]]:
    song_map = library.map(name)
    return {song: (float(x), float(y)) for song, (x, y) in zip(song_map.ids, song_map.xy, strict=True)}


def test_a_family_is_read_from_the_settings_and_what_is_no_map_is_said():
    assert members("ssd:30, fused:60 ear") == (Member("ssd", 30.0), Member("fused", 60.0), Member("ear", 30.0))
    for text, told in (("polka:30", "polka"), ("ssd:1", "ssd:1"), ("ssd:x", "ssd:x"), ("rp:30 rp:30", "twice")):
        with pytest.raises(ConfigError, match=told):
            members(text)


def test_from_map_to_map_songs_go_in_small_steps():
    sets, n = numbers(120), 120
    views = Views(sets, tuple(f"s{k}" for k in range(n)), Weights())
    first = layout(sets, views.near(views.shares("fused"), k=40), perplexity=11.0, seed=1)
    begin = Member("fused", 30.0)

    stations = list(walk(first.points, begin, members("ssd:30 rp:60 rp:30"), views, base=11.0, steps=6, rounds=80, seed=1))
    pairs = list(pairwise([first.points, *(points for station in stations for points in station.way)]))
    assert median_move(first.points, stations[0].points) > 0.05
    assert max(median_move(a, b) for a, b in pairs) < 0.05
    assert max(disparity(a, b) for a, b in pairs) < 0.05
    for station in stations:
        cold = layout(
            sets,
            views.near(views.shares(station.member.feature_set), k=119),
            perplexity=station.perplexity,
            seed=1,
        )
        assert station.kl < 1.06 * cold.kl


def test_of_what_was_seen_only_so_much_is_kept_that_no_step_is_large():
    line = np.stack([np.linspace(0, 10, 20), np.zeros(20)], axis=1)
    across = np.array([[0.0, 1.0], [0.0, -1.0]] * 10)
    seen = [line + height * across for height in np.linspace(0.0, 3.0, 301)]
    way = in_small_steps(seen)
    assert np.array_equal(way[-1], seen[-1]) and 9 <= len(way) <= 20
    assert max(median_move(a, b) for a, b in pairwise([seen[0], *way])) <= STEP_MOVE + 1e-9
    assert len(in_small_steps([line, line, line])) == 1


def test_the_whole_family_is_kept_once_and_is_the_same_bytes_again(library: Library, tmp_path: Path):
    fill(library, 40)
    map_library(library, config=CONFIG)
    made = family_of(library, config=CONFIG)
    # Nobody has learned an ear here: that map is passed by.
    assert made == ("fused", "fused-60", "ssd-30", "rp-30") == family_names(library)
    files = {path: path.stat().st_mtime_ns for path in library.folder.rglob("*.npz")}
    map_library(library, config=CONFIG)
    assert family_of(library, config=CONFIG) == made
    assert files == {path: path.stat().st_mtime_ns for path in library.folder.rglob("*.npz")}
    for name in made[1:]:
        ids, way, _ = library.way(name)
        assert ids == library.map(name).ids and np.array_equal(way[-1], library.map(name).xy)
    assert min(len(library.way(name)[1]) for name in made[1:]) >= 2
    with Library(tmp_path / "again", create=True) as again:
        fill(again, 40)
        map_library(again, config=CONFIG)
        family_of(again, config=CONFIG)
        for name in made:
            assert again.map(name).xy.tobytes() == library.map(name).xy.tobytes()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_fit_that_is_killed_is_said_and_the_next_run_ends_as_an_undisturbed_one(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with Library(tmp_path / "undisturbed", create=True) as undisturbed:
        fill(undisturbed, 30)
        map_library(undisturbed, config=CONFIG)
        made = family_of(undisturbed, config=CONFIG)
        wanted = {name: undisturbed.map(name).xy.tobytes() for name in made}
    fill(library, 30)
    map_library(library, config=CONFIG)

    def kill(stage: str, done: int, total: int, /) -> None:
        if done == 1:
            for child in active_children():
                os.kill(child.pid or 0, signal.SIGKILL)

    with monkeypatch.context() as really, pytest.raises(MixtapeError, match="SIGKILL"):
        really.setattr("mixtape.maps.fit.apart", apart)
        family_of(library, config=CONFIG, progress=kill)
    assert family_names(library)[:2] == ("fused", "fused-60")
    assert family_of(library, config=CONFIG) == made
    assert {name: library.map(name).xy.tobytes() for name in made} == wanted


def test_the_way_of_the_first_map_out_of_chaos_ends_at_the_map(library: Library):
    fill(library, 40)
    map_library(library, config=CONFIG)
    ids, way, _ = library.way()
    row = {song: at for at, song in enumerate(library.map().ids)}
    assert len(way) > 40 and ((way >= 0) & (way <= 1)).all()
    assert np.array_equal(way[-1][[ids.index(song) for song in row]], library.map().xy)
    from_last = [np.median(np.hypot(*(step - way[-1]).T)) for step in way]
    assert from_last[-2] < 0.1 < from_last[0]


def test_a_song_that_joins_moves_nobody_on_any_map_and_lies_among_its_like(library: Library):
    fill(library, 60)
    map_library(library, config=CONFIG)
    family_of(library, config=CONFIG)
    before = {name: places(library, name) for name in family_names(library)}
    fill(library, 64, begin=60)
    map_library(library, config=CONFIG)
    assert family_of(library, config=CONFIG) == tuple(before)
    for name, known in before.items():
        now = places(library, name)
        assert len(now) == 64 and {song: now[song] for song in known} == known
        assert len(set(now.values())) == 64
        assert library.map(name).ids == library.way(name)[0] if name != "fused" else True
    now, groups = places(library), {song: int(song, 16) % 6 for song in places(library)}
    for song in sorted(now)[-4:]:
        near = sorted(now, key=lambda other: np.hypot(now[other][0] - now[song][0], now[other][1] - now[song][1]))[1:6]
        assert any(groups[other] == groups[song] for other in near)


def test_many_new_songs_or_another_setting_make_the_map_anew_and_few_songs_always_do(library: Library):
    fill(library, 40)
    map_library(library, config=CONFIG)
    first = kept(library)
    fill(library, 47, begin=40)
    map_library(library, config=CONFIG)
    second = kept(library)
    assert first is not None and second is not None and second.fit == first.fit and second.changed == 7
    fill(library, 48, begin=47)
    map_library(library, config=CONFIG)
    third = kept(library)
    assert third is not None and third.fit != first.fit and third.changed == 0
    map_library(library, config=Config(build=BuildConfig(neighbours=10, seed=9), maps=CONFIG.maps))
    fourth = kept(library)
    assert fourth is not None and fourth.fit != third.fit


def test_relaxing_lets_songs_settle_near_where_they_were(library: Library):
    fill(library, 60)
    map_library(library, config=CONFIG)
    fill(library, 66, begin=60)
    map_library(library, config=CONFIG)
    before = library.map()
    relax_map(library, config=CONFIG)
    after = library.map()
    assert after.ids == before.ids and not np.array_equal(after.xy, before.xy)
    assert median_move(before.xy, after.xy) < 0.06
    assert library.grid().ids == after.ids
    now = kept(library)
    assert now is not None and now.changed == 0
    map_library(library, config=CONFIG)
    assert np.array_equal(library.map().xy, after.xy)


def test_songs_that_are_held_stay_to_the_last_bit_while_others_find_their_place():
    sets, n = numbers(80), 80
    views = Views(sets, tuple(f"s{k}" for k in range(n)), Weights())
    near = views.near(views.shares("fused"), k=30)
    made = layout(sets, near, perplexity=9.0, seed=1).points
    held = np.arange(n) % 8 != 0
    start = made.copy()
    start[~held] = 0.0
    moved = relaxed(start, near, perplexity=9.0, seed=1, rounds=100, held=held).points
    assert np.array_equal(moved[held], made[held])
    assert np.median(np.hypot(*(moved - made)[~held].T)) < 0.1 * np.ptp(made)


def test_the_show_reads_the_family_in_its_order_with_its_rows_in_the_order_of_the_songs(library: Library):
    fill(library, 40)
    map_library(library, config=CONFIG)
    family_of(library, config=CONFIG)
    ids = tuple(track.id for track in library.tracks())
    found = siblings(library, ids)
    assert tuple(found) == family_names(library)[1:] != ()
    first = dict(zip(library.map().ids, library.map().xy, strict=True))
    before = np.array([first[song] for song in ids])
    for name, read in found.items():
        each, kept_map = read(), library.map(name)
        row = {song: at for at, song in enumerate(kept_map.ids)}
        assert each.song_map.ids == ids
        assert np.array_equal(each.song_map.xy, kept_map.xy[[row[song] for song in ids]])
        assert np.array_equal(each.way[-1], each.song_map.xy)
        assert median_move(before, each.way[0]) < 0.1
        before = each.song_map.xy
    assert {name: read().words for name, read in found.items()} == {
        "fused-60": "By everything heard, broadly",
        "ssd-30": "By the statistics of the spectrum",
        "rp-30": "By rhythm patterns",
    }


def test_one_broken_file_costs_the_family_that_map_alone_and_reading_it_says_what_to_do(library: Library):
    fill(library, 40)
    map_library(library, config=CONFIG)
    made = family_of(library, config=CONFIG)
    path = library.folder / "maps" / "fused-60.npz"
    path.write_bytes(path.read_bytes()[:200])
    assert family_names(library) == (*(name for name in made if name != "fused-60"), "fused-60")
    found = siblings(library, tuple(track.id for track in library.tracks()))
    assert tuple(found) == family_names(library)[1:]
    with pytest.raises(LibraryError, match=r"fused-60.npz: broken .*; delete it and run mixtape build again"):
        found["fused-60"]()
