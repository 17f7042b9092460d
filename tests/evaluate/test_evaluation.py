"""What a person relies on: the same table for the same songs, the agreed JSON, honest words, and no break on odd collections."""

from __future__ import annotations

import json
from pathlib import Path

import made_up
import numpy as np
import pytest

from mixtape.config import Config
from mixtape.errors import LibraryError, MixtapeError
from mixtape.evaluate import evaluation as room
from mixtape.evaluate.evaluation import COLUMNS, Evaluation, evaluate
from mixtape.evaluate.labels import labels_of
from mixtape.evaluate.picture import WIDTH_PX, picture
from mixtape.evaluate.sentences import sentences
from mixtape.evaluate.spaces import distances, plain_distances, proximities, refused, write_neighbours
from mixtape.evaluate.table import HEAD, table_rows
from mixtape.features import halves as hearing
from mixtape.features.listen import SETS
from mixtape.library import Library
from mixtape.similarity.fusion import fused_distances
from mixtape.similarity.sets import Weights
from mixtape.types import Track


def judged(folder: Path, tracks: list[Track], *, halves: bool = False) -> Evaluation:
    with made_up.library(folder, tracks) as library:
        return evaluate(library, Config(), halves=halves)


@pytest.fixture(scope="module")
def albums(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """24 songs of six albums that sound plainly different."""
    return judged(tmp_path_factory.mktemp("albums"), [made_up.labelled(number) for number in range(24)])


def test_the_json_has_the_agreed_names_for_every_set_the_joining_and_the_fused_distance(albums: Evaluation) -> None:
    told = json.loads(json.dumps(albums.as_json(), allow_nan=False))
    assert told["songs"] == 24
    assert set(told["sets"]) == {"rp", "rh", "ssd", "raw_concatenation", "fused"}
    for row in told["sets"].values():
        assert {
            "self_match", "p5_album", "p5_artist", "p5_genre", "p5_artist_filtered", "hub_skew", "largest_hub",
            "never_recommended", "smoothness",
        } <= set(row)  # fmt: skip
        assert row["self_match"] is None
        assert all(0.0 <= row[name] <= 1.0 for name in COLUMNS if name.startswith("p5_"))
        assert set(row["se"]) == set(row["chance"]) >= set(COLUMNS)


def test_albums_that_sound_alike_are_found_and_chance_is_stated(albums: Evaluation) -> None:
    found = albums.rows["fused"]["p5_album"]
    # An album has four songs, so three of five is the most.
    assert found.value == pytest.approx(3 / 5)
    assert found.best == pytest.approx(3 / 5)
    assert found.chance == pytest.approx(3 / 23)
    assert "Of 5 songs recommended, 3.0 are from the same album; by chance it would be 0.7" in " ".join(sentences(albums))


def test_the_artist_filter_looks_at_genres_and_says_so(albums: Evaluation) -> None:
    # Albums 0 and 3 share a genre and not an artist; nothing in their sound is alike, and the words do not claim it.
    assert albums.artist_filtered_by == "genre"
    assert albums.rows["fused"]["p5_artist_filtered"].chance == pytest.approx(4 / 16)
    assert any("Is it the music" in each and "too few" in each for each in sentences(albums))


def test_the_same_songs_give_the_same_table(tmp_path: Path) -> None:
    tracks = [made_up.labelled(number) for number in range(12)]
    first, second = judged(tmp_path / "a", tracks), judged(tmp_path / "b", tracks)
    assert first.as_json() == second.as_json()


def test_without_labels_only_what_needs_none_is_said(tmp_path: Path) -> None:
    found = judged(tmp_path, [made_up.track(number) for number in range(12)])
    row = found.as_json()["sets"]["fused"]
    assert [row[name] for name in ("p5_album", "p5_artist", "p5_genre", "p5_artist_filtered")] == [None] * 4
    assert row["hub_skew"] is not None
    told = " ".join(sentences(found))
    assert "nothing can be said" in told
    assert "tags cannot tell" in told


@pytest.mark.parametrize("songs", [1, 2, 5, 6])
def test_tiny_collections_are_judged_as_far_as_that_goes(songs: int, tmp_path: Path) -> None:
    found = judged(tmp_path, [made_up.labelled(number) for number in range(songs)])
    json.dumps(found.as_json(), allow_nan=False)
    assert all(len(row) == len(HEAD) for row in table_rows(found))
    assert any("few" in each for each in sentences(found))
    assert picture(found).width == WIDTH_PX


def test_an_empty_library_says_what_to_do(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library, pytest.raises(LibraryError, match="mixtape build"):
        evaluate(library, Config())


def test_large_collections_are_judged_on_whole_albums(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(room, "MOST_SONGS", 12)
    found = judged(tmp_path, [made_up.labelled(number) for number in range(24)])
    assert (found.songs, found.collection) == (12, 24)
    assert np.bincount(found.together).tolist() == [4, 4, 4]
    assert "12 of 24 songs" in sentences(found)[0]


def test_halves_that_were_heard_before_are_matched_without_hearing_them_again(tmp_path: Path) -> None:
    tracks = [made_up.labelled(number) for number in range(8)]
    heard, chance = made_up.vectors(tracks), np.random.default_rng(9)
    with made_up.library(tmp_path, tracks) as library:
        for each, vectors in zip(tracks[:6], heard, strict=False):
            near = [{name: v + 0.05 * chance.normal(size=v.shape) for name, v in vectors.items()} for _ in range(2)]
            full = [{**{name: np.zeros(3) for name in SETS}, **half} for half in near]
            as_heard = {
                name: {k: np.asarray(v, np.float32) for k, v in half.items()} for name, half in zip("12", full, strict=True)
            }
            halves = tuple(hearing.Half(half, np.zeros((9, 64), np.uint8)) for half in as_heard.values())
            hearing._keep(room.halves_folder(library), each.id, halves)
        found = evaluate(library, Config())
    # The two others have no file to hear: they are left out, not an error.
    assert found.halves == 6
    assert found.rows["fused"]["self_match"].value == 1.0
    assert found.rows["fused"]["self_match"].chance == pytest.approx(1 / 11)
    assert "finds its other half among all 12 halves 100 %" in " ".join(sentences(found))


# Labels ------------------------------------------------------------------------------------------------------------------------


def test_an_album_is_a_title_with_a_folder_or_an_artist() -> None:
    tracks = [
        made_up.track(0, artist="Ann", album="Live", folder="a"),
        made_up.track(1, artist="ANN ", album="live", folder="b"),
        made_up.track(2, artist="Bob", album="Live", folder="c"),
        made_up.track(3, artist="Cy", album="Hits", folder="d"),
        made_up.track(4, artist="Di", album="Hits", folder="d"),
        made_up.track(5),
    ]
    labels = labels_of(tracks)
    assert labels.album.tolist() == [0, 0, 1, 2, 2, -1]
    assert labels.artist.tolist() == [0, 0, 1, 2, 3, -1]
    assert labels.genre.tolist() == [-1] * 6
    assert len(set(labels.together.tolist())) == 4


# Spaces ------------------------------------------------------------------------------------------------------------------------


def test_plain_distances_are_those_between_the_rows() -> None:
    rows = np.random.default_rng(1).normal(50, 3, (7, 11)).astype(np.float32)
    wanted = np.sqrt(((rows[:, None].astype(np.float64) - rows[None]) ** 2).sum(axis=2))
    np.testing.assert_allclose(plain_distances(rows), wanted, rtol=1e-5, atol=1e-5)


def test_settings_are_compared_with_the_very_distance_that_recommends() -> None:
    tracks = [made_up.labelled(number) for number in range(12)]
    sets = {name: np.stack([song[name] for song in made_up.vectors(tracks)]) for name in made_up.SIZES}
    weights = Weights(rhythm=3.0, timbre=0.5)
    np.testing.assert_allclose(refused(proximities(sets), weights=weights), fused_distances(sets, weights=weights), atol=2e-6)


def test_neighbours_can_be_read_by_anybody(tmp_path: Path) -> None:
    tracks = [made_up.labelled(number) for number in range(8)]
    with made_up.library(tmp_path, tracks) as library:
        for space in ("fused", "raw_concatenation", "ssd"):
            assert write_neighbours(tmp_path / "near.npz", library, Config(), space=space, k=50) == 8
            with np.load(tmp_path / "near.npz", allow_pickle=False) as near:
                paths, index, distance = near["paths"], near["index"], near["distance"]
            assert paths.tolist() == [str(each.path) for each in library.tracks()]
            assert index.shape == distance.shape == (8, 7)
            assert (np.diff(distance, axis=1) >= 0).all()
            assert all(row not in index[row] for row in range(8))
            wanted = distances(space, {name: library.features(name).values for name in made_up.SIZES}, weights=Weights())
            if space != "fused":
                np.testing.assert_allclose(distance[0], wanted[0, index[0]], rtol=1e-6)


def test_an_unknown_space_is_refused_with_the_ones_there_are(tmp_path: Path) -> None:
    with made_up.library(tmp_path, [made_up.track(0), made_up.track(1)]) as library:
        raised = pytest.raises(MixtapeError, match="there is rp, rh, ssd, raw_concatenation, fused")
        with raised:
            write_neighbours(tmp_path / "near.npz", library, Config(), space="rpp")


# Picture -----------------------------------------------------------------------------------------------------------------------


def test_the_picture_is_the_same_for_the_same_table_and_shows_something(albums: Evaluation) -> None:
    first, second = np.asarray(picture(albums)), np.asarray(picture(albums))
    assert np.array_equal(first, second)
    assert first.shape[1] == WIDTH_PX
    assert (first.max(axis=2) > 200).sum() > 5000
    assert np.median(first) < 30
