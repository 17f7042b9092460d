from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtape.errors import LibraryError, MixtapeError, ShapeError
from mixtape.library import Library
from mixtape.playlists.collection import Collection, ranked
from mixtape.playlists.order import keeps_gap
from mixtape.playlists.recipe import Request
from mixtape.playlists.registry import RECIPES, recipe_named, sentence_of
from mixtape.similarity.nearest import nearest
from mixtape.types import Neighbours, Playlist, SongMap, Track


def a_track(song: str, *, artist: str, title: str = "") -> Track:
    return Track(song, Path("/music") / f"{song}.mp3", artist, title or f"Title {song}", "", "", None, 180.0, None)


def made_up(artists: list[str], *, k: int = 50, seed: int = 0, same_place: bool = False, titles: list[str] | None = None):
    """Songs at random places in a plane that is both the map and, slightly bent, the sound."""
    n = len(artists)
    chance = np.random.default_rng(seed)
    xy = np.full((n, 2), 0.5) if same_place else chance.random((n, 2))
    bent = xy + (0.0 if same_place else 0.1) * chance.normal(size=(n, 2))
    distances = np.hypot(*(bent[:, None] - bent[None]).transpose(2, 0, 1)) / 3.0
    ids = tuple(f"s{row}" for row in range(n))
    tracks = tuple(a_track(ids[k], artist=artists[k], title=titles[k] if titles else "") for k in range(n))
    return Collection(tracks, SongMap("fused", ids, xy.astype(np.float32), "rp", 30.0, 1), nearest(distances, ids, k=k))


def artists_of(playlist: Playlist, collection: Collection) -> list[object]:
    named = [collection.tracks[collection.row(song)].artist for song in playlist.ids]
    return [artist or ("nobody", place) for place, artist in enumerate(named)]


def widest_gap(artists: list[str], length: int, seed: int) -> int:
    """The largest artist gap any list of that length can have, found by trying every list."""
    others = [row for row in range(len(artists)) if row != seed]
    best = -1
    for rest in itertools.permutations(others, length - 1):
        line = [artists[row] for row in (seed, *rest)]
        best = max([best, *(gap for gap in range(best + 1, 5) if keeps_gap(line, gap))])
    return best


collections = st.builds(
    lambda artists, k, seed, same_place: made_up(artists, k=k, seed=seed, same_place=same_place),
    st.lists(st.sampled_from(["", "A", "B", "C", "D", "E"]), min_size=1, max_size=40)
    | st.lists(st.just("A"), min_size=1, max_size=20),
    st.sampled_from([0, 1, 3, 50]),
    st.integers(0, 20),
    st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(
    recipe=st.sampled_from(list(RECIPES)),
    collection=collections,
    length=st.integers(1, 45),
    gap=st.integers(0, 6),
    variation=st.integers(0, 3),
    pick=st.integers(0, 1000),
)
def test_the_rules_hold_in_any_collection(recipe, collection, length, gap, variation, pick):
    seed_id = collection.ids[pick % len(collection.ids)]
    request = Request(seed_id, length=length, variation=variation, artist_gap=gap)
    playlist = RECIPES[recipe](request, collection)
    assert playlist.ids[0] == seed_id
    assert recipe == "album" or len(playlist.ids) == min(length, len(collection.ids))
    assert len(set(playlist.ids)) == len(playlist.ids)
    assert playlist == RECIPES[recipe](request, collection)
    assert all(reason and len(reason) < 220 for reason in playlist.reasons)
    told = playlist.reasons[0]
    assert keeps_gap(artists_of(playlist, collection), gap) or "artists" in told
    assert (len(playlist.ids) >= length) or "only" in told


@settings(max_examples=60, deadline=None)
@given(
    artists=st.lists(st.sampled_from("ABC"), min_size=2, max_size=7),
    gap=st.integers(0, 3),
    length=st.integers(2, 6),
    seed=st.integers(0, 6),
)
def test_artists_stay_as_far_apart_as_any_list_of_that_length_allows(artists, gap, length, seed):
    seed, length = seed % len(artists), min(length, len(artists))
    collection = made_up(artists)
    playlist = RECIPES["nearest_features"](Request(f"s{seed}", length=length, artist_gap=gap), collection)
    allowed = min(gap, widest_gap(artists, length, seed))
    assert keeps_gap(artists_of(playlist, collection), allowed)
    assert ("artists" in playlist.reasons[0]) == (allowed < gap)


def test_without_rules_in_the_way_the_nearest_songs_are_chosen():
    collection = made_up([f"artist {k}" for k in range(60)])
    by_map = ranked(collection.map_distances(5), 5)[:11]
    by_sound = collection.neighbours.index[5, :11]
    made = {name: RECIPES[name](Request("s5"), collection) for name in RECIPES}
    assert set(made["nearest_map"].ids[1:]) == {collection.ids[row] for row in by_map}
    assert set(made["nearest_features"].ids[1:]) == {collection.ids[row] for row in by_sound}


def test_reasons_tell_the_real_rank():
    collection = made_up([f"artist {k}" for k in range(60)])
    playlist = RECIPES["nearest_features"](Request("s5", length=15), collection)
    place = dict(zip(playlist.ids, playlist.reasons, strict=True))
    order = [collection.ids[row] for row in collection.neighbours.index[5]]
    assert place["s5"] == "the seed song"
    assert [place[song] for song in order[:3]] == ["nearest by sound", "second nearest by sound", "third nearest by sound"]
    assert place[order[10]] == "among the nearest 19 % by sound"
    on_map = RECIPES["nearest_map"](Request("s5"), collection)
    assert "next to it on the map" in on_map.reasons


def test_a_rank_that_is_only_estimated_is_not_passed_off_as_counted():
    playlist = RECIPES["nearest_features"](Request("s0", length=12), made_up([""] * 40, k=5))
    assert playlist.reasons.count("beyond the 5 nearest by sound") == 6


def test_the_order_is_smoother_than_that_of_nearness():
    collection = made_up([f"artist {k}" for k in range(200)], k=199)
    ratios = []
    for row in range(0, 200, 10):
        playlist = RECIPES["nearest_features"](Request(f"s{row}", length=20), collection)
        rows = [collection.row(song) for song in playlist.ids]
        chosen = sorted(rows, key=lambda each: collection.sound_distances(row)[each])
        steps = [sum(collection.sound_distances(a)[b] for a, b in itertools.pairwise(way)) for way in (rows, chosen)]
        ratios.append(steps[0] / steps[1])
    assert np.mean(ratios) < 0.85


def test_another_variation_gives_another_list():
    collection = made_up([f"artist {k}" for k in range(100)])
    for name in RECIPES:
        lists = [frozenset(RECIPES[name](Request("s7", variation=number), collection).ids) for number in range(8)]
        assert len(set(lists)) == 8
        assert all(other != lists[0] for other in lists[1:])


def test_the_same_title_by_the_same_artist_comes_once_while_there_are_others():
    titles = ["Song", "song ", "Other", "Third", "SONG"]
    collection = made_up(["A", "a", "B", "C", "A"], titles=titles)
    short = RECIPES["nearest_map"](Request("s0", length=3), collection)
    assert set(short.ids) == {"s0", "s2", "s3"}
    long = RECIPES["nearest_map"](Request("s0", length=5), collection)
    assert len(long.ids) == 5
    assert "recordings come twice" in long.reasons[0]


def test_songs_that_are_gone_or_not_yet_on_the_map_are_left_out():
    full = made_up(["A", "B", "C", "D", "E"])
    tracks = (full.tracks[3], a_track("new", artist="N"), full.tracks[0], full.tracks[4])
    joined = Collection.joined(tracks, full.song_map, full.neighbours)
    assert joined.ids == ("s3", "s0", "s4")
    assert np.array_equal(joined.song_map.xy[0], full.song_map.xy[3])
    kept = [row for row in full.neighbours.index[3].tolist() if row in (0, 4)]
    assert [joined.ids[row] for row in joined.neighbours.index[0] if row >= 0] == [full.ids[row] for row in kept]
    assert len(RECIPES["nearest_features"](Request("s0"), joined).ids) == 3


def test_a_collection_comes_from_the_library_in_the_order_of_its_tracks(tmp_path: Path):
    made = made_up(["C", "B", "A", "D"])
    with Library(tmp_path / "library", create=True) as library:
        library.put_tracks(made.tracks)
        with pytest.raises(LibraryError, match="mixtape build"):
            Collection.of(library)
        library.put_map(made.song_map, made_from="")
        library.put_neighbours("fused", made.neighbours, made_from="")
        loaded = Collection.of(library)
        assert loaded.tracks == library.tracks()
    assert [track.artist for track in loaded.tracks] == ["A", "B", "C", "D"]
    for name, recipe in RECIPES.items():
        assert recipe(Request("s2"), loaded).ids == RECIPES[name](Request("s2"), made).ids


def test_songs_behind_the_stored_neighbours_come_after_them_and_by_the_map():
    collection = made_up([""] * 50, k=10)
    for row in range(50):
        distances = collection.sound_distances(row)
        assert ranked(distances, row)[:10].tolist() == collection.neighbours.index[row].tolist()
        assert np.isfinite(distances).all()


def test_a_song_that_is_not_there_and_requests_that_cannot_be_are_said():
    collection = made_up(["A", "B"])
    with pytest.raises(LibraryError, match="'nowhere'"):
        RECIPES["nearest_map"](Request("nowhere"), collection)
    for wrong in ({"length": 0}, {"variation": -1}, {"artist_gap": -1}):
        with pytest.raises(MixtapeError, match="or more is needed"):
            Request("s0", **wrong)
    with pytest.raises(ShapeError, match="same order"):
        Collection(collection.tracks[::-1], collection.song_map, collection.neighbours)
    twice = Neighbours(("s0", "s0"), np.zeros((2, 1), np.int32), np.zeros((2, 1), np.float32))
    with pytest.raises(ShapeError, match="twice"):
        Collection((collection.tracks[0],) * 2, SongMap("m", ("s0", "s0"), np.zeros((2, 2), np.float32), "", 1.0, 1), twice)


def test_recipes_are_found_by_name_and_say_what_they_do():
    assert recipe_named("nearest_map") is recipe_named("nearest-map") is RECIPES["nearest_map"]
    assert all(sentence_of(recipe).endswith(".") for recipe in RECIPES.values())
    with pytest.raises(MixtapeError, match="did you mean nearest-map"):
        recipe_named("nearest-mop")
    with pytest.raises(MixtapeError, match="there is nearest-map, nearest-features"):
        recipe_named("polka")


def test_five_hundred_songs_by_few_artists_can_be_ordered():
    collection = made_up([f"artist {k % 7}" for k in range(600)])
    playlist = RECIPES["nearest_features"](Request("s0", length=120, artist_gap=3), collection)
    assert len(playlist.ids) == 120
    assert keeps_gap(artists_of(playlist, collection), 3)
