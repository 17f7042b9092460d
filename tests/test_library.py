"""What the rooms rely on in the library."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mixtape.errors import LibraryError
from mixtape.library import Cover, FileEntry, Library
from mixtape.storage import save_arrays
from mixtape.types import Features, Grid, Neighbours, Palette, SongMap, Timeline, Track

VERSIONS = {"rp": 1, "timeline": 1}


def _track(name: str, **changes: object) -> Track:
    fields = {
        "artist": "Ålm",
        "title": f"Song {name}",
        "album": "First",
        "genre": "dub",
        "year": 1979,
        "duration_s": 61.5,
        "cover_id": None,
    }
    return Track(id=name * 32, path=Path(f"/music/{name}.flac"), **(fields | changes))  # type: ignore[arg-type]


def _timeline(rows: int = 120) -> Timeline:
    ramp = np.linspace(0, 1, rows, dtype=np.float32)
    return Timeline(ramp, np.tile(ramp[:, None], (1, 8)), ramp, ramp, np.array([0.5, 123.456], np.float32))


def _with_songs(library: Library, *names: str) -> list[Track]:
    tracks = [_track(name) for name in names]
    library.put_tracks(tracks)
    library.put_files(FileEntry(t.path, 10, 20, track_id=t.id) for t in tracks)
    return tracks


def test_a_song_comes_back_as_it_was_put_in_even_with_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    strange = Path("/music") / b"caf\xe9 \xff.mp3".decode("utf-8", "surrogateescape")
    track = Track("f" * 32, strange, "", "t", "", "", None, 12.0, "c" * 32)
    with Library(tmp_path, create=True) as library:
        library.put_tracks([track])
        library.put_files([FileEntry(strange, 1, 2, track_id=track.id)])
        assert library.track(track.id) == track
        assert list(library.files()) == [strange]


def test_search_finds_by_id_by_prefix_without_accents_and_by_sound_alike_spelling(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        first, second = _with_songs(library, "a", "b")
        assert library.find(first.id) == (first,)
        assert second in library.find("alm so") and len(library.find("alm so")) == 2
        assert library.find("Sngo a")[0].artist == "Ålm"
        assert library.find('zzzz"* OR (') == ()


def test_the_song_of_that_very_title_comes_before_those_that_only_begin_so(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        titles = {"a": "s14", "b": "s1 (live)", "c": "S1", "d": "s11", "e": "s1 s1 s1"}
        library.put_tracks(_track(name, title=title, album="s1") for name, title in titles.items())
        found = [track.title for track in library.find("s1")]
        assert found[0] == "S1" and set(found[1:3]) == {"s1 (live)", "s1 s1 s1"} and set(found[3:]) == {"s14", "s11"}
        assert [track.title for track in library.find("s1", limit=1)] == ["S1"]
        for text in ("ålm s1", "Alm - S1"):
            assert library.find(text, limit=1)[0].title == "S1"
        library.put_tracks([_track("f", title="Jóga"), _track("g", title="joga joga")])
        assert library.find("joga", limit=1)[0].title == "Jóga"


def test_a_song_whose_last_file_is_gone_leaves_and_a_copy_set_aside_does_not_keep_it(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        first, second = _with_songs(library, "a", "b")
        library.put_files([FileEntry(Path("/music/copy.flac"), 1, 1, track_id=first.id, copy_of=first.path)])
        library.forget_files([first.path])
        assert library.tracks() == (second,)
        assert first not in library.find("Song a")


def test_what_was_heard_comes_back_and_another_version_counts_as_not_heard(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        (track,) = _with_songs(library, "a")
        assert not library.heard(track.id, VERSIONS)
        vector = np.arange(5, dtype=np.float32)
        library.put_listening(track.id, {"rp": vector}, _timeline(), versions=VERSIONS)
        assert library.heard(track.id, VERSIONS) and not library.heard(track.id, {"rp": 2, "timeline": 1})
        assert np.array_equal(library.features("rp").values, vector[None])
        assert np.allclose(library.timeline(track.id).bands, _timeline().bands, atol=5e-4)
        assert np.array_equal(library.timeline(track.id).beats_s, _timeline().beats_s)
        with pytest.raises(LibraryError, match="build again"):
            library.features("timbre")


def test_features_follow_when_a_song_joins(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        for name in "ba":
            (track,) = _with_songs(library, name)
            library.put_listening(track.id, {"rp": np.full(3, ord(name), np.float32)}, _timeline(), versions=VERSIONS)
            values = library.features("rp").values
        assert values[:, 0].tolist() == [97.0, 98.0]


def test_a_half_written_song_counts_as_not_heard(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        (track,) = _with_songs(library, "a")
        library.put_listening(track.id, {"rp": np.ones(3, np.float32)}, _timeline(), versions=VERSIONS)
        file = next((tmp_path / "songs").rglob("*.npz"))
        file.write_bytes(file.read_bytes()[:100])
        assert not library.heard(track.id, VERSIONS)


def test_maps_grids_and_neighbours_come_back_and_say_what_they_were_made_from(tmp_path: Path) -> None:
    ids = ("a", "b", "c")
    song_map = SongMap("fused", ids, np.random.default_rng(0).random((3, 2), np.float32), "fused", 30.0, 1)
    grid = Grid(ids, 2, 3, np.array([3, 0, 1], np.int32), 0.25, np.array([2, 5], np.int32))
    near = Neighbours(ids, np.array([[1], [0], [0]], np.int32), np.ones((3, 1), np.float32))
    with Library(tmp_path, create=True) as library:
        assert library.made_from("maps", "fused") is None
        library.put_map(song_map, made_from="x")
        library.put_grid("fused", grid, made_from="y")
        library.put_neighbours("fused", near, made_from="z")
        assert library.map().ids == ids and np.array_equal(library.map().xy, song_map.xy)
        assert np.array_equal(library.grid().cell, grid.cell) and library.grid().cost == 0.25
        assert np.array_equal(library.grid().blocked, [2, 5])
        assert np.array_equal(library.neighbours().index, near.index)
        assert [library.made_from(k, "fused") for k in ("maps", "grids", "neighbours")] == ["x", "y", "z"]
        before = (tmp_path / "maps" / "fused.npz").read_bytes()
        library.put_map(song_map, made_from="x")
        assert (tmp_path / "maps" / "fused.npz").read_bytes() == before


def test_a_grid_kept_before_cells_could_be_blocked_is_still_read(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        about = {"rows": 1, "cols": 2, "cost": 0.5, "ids": ("a",), "made_from": "y"}
        save_arrays(tmp_path / "grids" / "fused.npz", {"cell": np.array([1], np.int32)}, about=about)
        assert library.grid().cell.tolist() == [1] and len(library.grid().blocked) == 0


def test_a_cover_is_kept_whole_and_small(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (128, 128, 3), np.uint8)
    palette = Palette(np.array([[1, 2, 3], [4, 5, 6]], np.uint8), np.array([0.75, 0.25], np.float32))
    cover = Cover("c" * 32, pixels, b"original bytes", ".jpg", Path("/music/a.mp3"), 600, 500, palette)
    with Library(tmp_path, create=True) as library:
        library.put_cover(cover)
        assert library.cover_ids() == (cover.id,)
        assert np.array_equal(library.cover_pixels(cover.id), pixels)
        assert library.cover_original(cover.id).read_bytes() == b"original bytes"
        assert np.array_equal(library.palette(cover.id).srgb, palette.srgb)


def test_two_builds_at_once_are_refused_and_the_second_goes_once_the_first_is_over(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as first, Library(tmp_path) as second:
        with first.building(), pytest.raises(LibraryError, match="another build"), second.building():
            pass
        with second.building():
            pass


def test_no_library_and_another_format_are_said_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="mixtape build"):
        Library(tmp_path / "nowhere")
    with Library(tmp_path, create=True) as library:
        library.put_meta("format", "99")
    with pytest.raises(LibraryError, match="format 99"):
        Library(tmp_path)


def test_words_that_are_no_text_find_nothing_rather_than_break(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        _with_songs(library, "a")
        assert library.find("\udcff\udcfe") == ()
        assert library.find("Song \udcff")[0].title == "Song a"


def test_a_library_copied_to_another_disk_has_still_heard_its_songs(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        (track,) = _with_songs(library, "a")
        library.put_listening(track.id, {"rp": np.ones(3, np.float32)}, _timeline(), versions=VERSIONS)
        os.utime(next((tmp_path / "songs").rglob("*.npz")), ns=(1, 1))
        assert not library.heard(track.id, {"rp": 2, "timeline": 1})
        assert library.heard(track.id, VERSIONS)


@pytest.mark.parametrize(
    "harm", [lambda whole: b"", lambda whole: whole[:200], lambda whole: whole.replace(b"\0\0\x80?", b"\0\0\0@")]
)
def test_arrays_that_were_harmed_are_broken_and_never_taken_for_whole(tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    with Library(tmp_path, create=True) as library:
        (track,) = _with_songs(library, "a")
        library.put_listening(track.id, {"rp": np.ones(3, np.float32)}, _timeline(), versions=VERSIONS)
        file = next((tmp_path / "songs").rglob("*.npz"))
        whole = file.read_bytes()
        file.write_bytes(harm(whole))
        assert file.read_bytes() != whole
        assert not library.heard(track.id, VERSIONS)
        with pytest.raises(LibraryError, match=r"broken .* build again"):
            library.timeline(track.id)
            library.features("rp")


def test_a_library_gathers_only_what_is_new_and_gives_rows_in_the_order_of_the_songs(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        for name in "cab":
            (track,) = _with_songs(library, name)
            vector = np.full(3, ord(name), np.float32)
            library.put_listening(track.id, {"rp": vector}, _timeline(), versions=VERSIONS)
            found = library.features("rp")
            assert found.ids == tuple(each.id for each in library.tracks())
        assert sorted(found.values[:, 0]) == [ord(name) for name in "abc"]
        for file in (tmp_path / "songs").rglob("*.npz"):
            os.utime(file, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
        kept = next((tmp_path / "features").glob("rp-*.npy"))
        before = kept.stat().st_mtime_ns
        assert np.array_equal(library.features("rp").values, found.values)
        assert kept.stat().st_mtime_ns == before
        library.put_listening(found.ids[1], {"rp": np.zeros(3, np.float32)}, _timeline(), versions=VERSIONS)
        assert library.features("rp").values[:, 0].tolist()[1] == 0.0
        assert len(list((tmp_path / "features").glob("rp-*.npy"))) == 1


def test_songs_heard_with_different_ears_are_not_put_into_one_matrix(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        for name, width in (("a", 3), ("b", 4)):
            (track,) = _with_songs(library, name)
            library.put_listening(track.id, {"rp": np.ones(width, np.float32)}, _timeline(), versions=VERSIONS)
        with pytest.raises(LibraryError, match=r"'rp' has 4 numbers .* build again"):
            library.features("rp")
        assert not list((tmp_path / "features").glob("*"))


def test_what_an_ear_learned_comes_in_the_order_of_the_songs_and_misses_none(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        for name in "ab":
            _with_songs(library, name)
        ids = tuple(track.id for track in library.tracks())
        values = np.array([[2.0, 0.5], [1.0, 0.5], [9.0, 9.0]], np.float32)
        library.put_learned(Features("ear_linear", (ids[1], ids[0], "gone"), values, 3), made_from="an ear")
        assert library.learned() == ("ear_linear",)
        assert library.features("ear_linear").values.tolist() == [[1.0, 0.5], [2.0, 0.5]]
        assert library.learned_features("ear_linear")[1] == "an ear"
        _with_songs(library, "c")
        with pytest.raises(LibraryError, match="does not know song"):
            library.features("ear_linear")
        library.forget_learned("ear_linear")
        assert library.learned() == ()


def test_a_sketch_is_kept_beside_its_song(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        (track,) = _with_songs(library, "a")
        with pytest.raises(LibraryError, match="not made yet"):
            library.sketch(track.id)
        sketch = np.arange(128, dtype=np.uint8).reshape(2, 64)
        library.put_listening(track.id, {"rp": np.ones(3, np.float32)}, _timeline(), versions=VERSIONS, sketch=sketch)
        assert np.array_equal(library.sketch(track.id), sketch)


def test_a_full_disk_is_said_in_one_line_with_the_remedy(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        # SQLite itself says "database or disk is full" at this limit.
        library._db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(LibraryError, match=r"full.*free some space"):
            library.put_meta("long", "x" * 10_000_000)
        assert library.meta("long") is None


def test_a_catalogue_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "catalogue.sqlite3").write_bytes(b"milk and bread\n" * 100)
    with pytest.raises(LibraryError, match="cannot be opened"):
        Library(tmp_path)


def test_what_a_killed_build_left_half_written_is_taken_away_by_the_next(tmp_path):
    with Library(tmp_path, create=True) as library, library.building():
        left = tmp_path / "songs" / "ab" / ".new-0123456789abcdef.npz"
        left.parent.mkdir(parents=True)
        left.write_bytes(b"half")
        (tmp_path / "build.unfinished").rename(tmp_path / "kept")
    (tmp_path / "kept").rename(tmp_path / "build.unfinished")
    with Library(tmp_path) as library, library.building():
        assert not left.exists()
    assert not (tmp_path / "build.unfinished").exists()
