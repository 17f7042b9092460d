"""Islands and their names, on maps whose islands are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtape.errors import ShapeError
from mixtape.maps.names import directions, name_for, scores, terms_of
from mixtape.maps.regions import LEVELS, regions, without_overlap
from mixtape.types import SongMap, Track


def track(song: str, *, genre: str = "", artist: str = "", year: int | None = None, title: str = "") -> Track:
    return Track(song, Path(f"/m/{song}.mp3"), artist, title or f"Song {song}", "", genre, year, 100.0, None)


def archipelago(islands: int, songs: int, *, genres: bool = True) -> tuple[SongMap, dict[str, Track]]:
    """Islands on a circle, each of one genre."""
    rng = np.random.default_rng(4)
    turn = np.arange(islands) * 2 * np.pi / islands
    centres = 0.5 + 0.35 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    xy = np.concatenate([centre + 0.015 * rng.normal(size=(songs, 2)) for centre in centres]).astype(np.float32)
    ids = tuple(f"{row:04d}" for row in range(len(xy)))
    tracks = {song: track(song, genre=f"genre {row // songs}" if genres else "") for row, song in enumerate(ids)}
    return SongMap("fused", ids, xy, "fused", 30.0, 1), tracks


def test_islands_are_found_and_named_by_what_is_distinctive_in_them():
    song_map, tracks = archipelago(6, 40)
    found = [region for region in regions(song_map, tracks) if region.level == 1]
    assert sorted(region.label for region in found) == [f"genre {k}" for k in range(6)]
    for region in found:
        assert {tracks[song].genre for song in region.ids} == {region.label}
        assert np.hypot(*(np.array(region.centre) - song_map.xy[[int(s) for s in region.ids]].mean(axis=0))) < 0.03


def test_a_name_that_everybody_has_names_nobody():
    song_map, tracks = archipelago(4, 30)
    tracks = {song: track(song, genre="Game", artist=f"artist {int(song) // 30}") for song in tracks}
    labels = {region.label for region in regions(song_map, tracks) if region.level == 0}
    assert labels == {f"artist {k}" for k in range(4)}


def test_without_tags_the_traits_name_an_island_and_without_traits_its_middle_song():
    song_map, tracks = archipelago(3, 30, genres=False)
    island = np.arange(90) // 30
    bpm = np.array([60.0, 125.0, 170.0], np.float32)[island]
    labels = {region.label for region in regions(song_map, tracks, traits={"tempo_bpm": bpm}) if region.level == 0}
    assert labels == {"slow", "dance tempo", "fast"}
    assert all(region.label.startswith("around Song") for region in regions(song_map, tracks))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 60), st.integers(0, 3), st.booleans())
def test_whatever_the_map_no_two_islands_of_a_level_share_a_name_or_a_song(n, spread, same):
    rng = np.random.default_rng(n)
    xy = np.full((n, 2), 0.5, np.float32) if same else rng.random((n, 2)).astype(np.float32) ** (spread + 1)
    ids = tuple(f"{row:03d}" for row in range(n))
    tracks = {song: track(song, genre="Rock" if int(song) % 3 else "Jazz", artist=f"a{int(song) % 7}") for song in ids}
    found = regions(SongMap("fused", ids, xy, "fused", 5.0, 1), tracks)
    for level in range(len(LEVELS)):
        here = [region for region in found if region.level == level]
        assert len({region.label for region in here}) == len(here)
        songs = [song for region in here for song in region.ids]
        assert len(songs) == len(set(songs))
        assert all(0 <= c <= 1 for region in here for c in region.centre)


def test_the_same_map_has_the_same_islands():
    song_map, tracks = archipelago(5, 25)
    assert regions(song_map, tracks) == regions(song_map, tracks)


def test_a_song_without_a_track_is_said():
    song_map, tracks = archipelago(2, 10)
    tracks.pop("0003")
    with pytest.raises(ShapeError, match="0003"):
        regions(song_map, tracks)


def test_a_taken_name_is_not_given_again():
    terms = terms_of([track(str(k), genre="Dub" if k < 10 else "Ska", artist="A" if k < 10 else "B") for k in range(40)])
    assert {term for _, _, term in scores(range(10), terms)[:2]} == {"Dub", "A"}
    first = name_for(range(10), terms, set(), middle="x")
    second = name_for(range(10), terms, {first}, middle="x")
    assert {first, second} == {"Dub", "A"}
    assert name_for(range(10), terms, {"Dub", "A"}, middle="x") in ("A, Dub", "Dub, A")


def test_directions_say_what_changes_where():
    rng = np.random.default_rng(0)
    xy = rng.random((200, 2)).astype(np.float32)
    traits = {"tempo_bpm": 90 + 60 * xy[:, 0], "brightness": -xy[:, 1] + 0.2 * rng.random(200), "energy": rng.random(200)}
    assert directions(xy, traits) == ("slower to faster, left to right", "darker to brighter, top to bottom")
    assert directions(xy, {"tempo_bpm": np.full(200, 120.0)}) == ()


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9), st.floats(0.1, 4), st.floats(0.1, 4)), max_size=20))
def test_of_overlapping_labels_the_first_is_shown(rough):
    boxes = [(x, y, x + w, y + h) for x, y, w, h in rough]
    kept = without_overlap(boxes)
    assert (0 in kept) == bool(boxes)
    for a in kept:
        for b in kept:
            if a < b:
                one, other = boxes[a], boxes[b]
                assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
