"""What the rest of the project, and everybody's first minute with it, relies on in the made-up collection."""

import hashlib
import os
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from tinytag import TinyTag

from mixtape.demo.collection import MARKER, make_collection
from mixtape.demo.plan import SONGS, albums, chosen
from mixtape.errors import ConfigError, LibraryError


def _digests(folder: Path) -> dict[str, str]:
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != MARKER)
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    return folder, make_collection(folder, songs=2, jobs=1)


def test_the_plan_has_48_songs_by_12_or_more_artists_in_8_or_more_styles():
    records = albums(1)
    assert SONGS == sum(len(album.songs) for album in records) == 48
    assert len({album.artist for album in records}) >= 12
    assert len({album.style for album in records}) >= 8
    assert {album.suffix for album in records} == {"mp3", "flac", "ogg", "opus", "m4a"}
    assert {album.cover for album in records} == {"embedded", "cover.jpg", "folder.jpg", "front.png"}
    assert all(1969 <= album.year <= 2025 and album.songs[0].genre for album in records)


@pytest.mark.parametrize("seed", [1, 2, 77])
def test_every_song_lasts_20_to_60_seconds_whatever_the_seed(seed):
    assert all(20 <= song.duration_s <= 60 for album in albums(seed) for song in album.songs)


def test_a_small_collection_takes_one_song_from_as_many_albums_as_it_can():
    assert len({album.seed for album, _ in chosen(1, 19)}) == 19


def test_another_seed_is_another_music():
    first, second = ([(s.bpm, s.tonic, s.bars, s.seed) for a in albums(seed) for s in a.songs] for seed in (1, 2))
    assert first != second


def test_two_runs_and_two_workers_write_the_same_bytes(small, tmp_path):
    make_collection(tmp_path, songs=2, jobs=2)
    assert _digests(tmp_path) == _digests(small[0])


def test_a_second_run_keeps_what_is_there_and_mends_what_is_torn(small, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(small[0], folder)
    paths = make_collection(folder, songs=2, jobs=1)
    before, steps = _digests(folder), []
    paths[1].write_bytes(paths[1].read_bytes()[:1000])
    paths[1].with_name(f".{paths[1].name}.123.part").write_bytes(b"half")
    make_collection(folder, songs=2, jobs=1, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 2), (2, 2)]
    assert _digests(folder) == before
    assert not list(folder.rglob("*.part"))


def test_files_decode_with_sound_from_start_to_end_and_never_clip(small):
    for path in small[1]:
        with av.open(str(path)) as source:
            stream = source.streams.audio[0]
            scale = 32768.0 if stream.codec_context.format.name.startswith("s16") else 1.0
            frames = [frame.to_ndarray().reshape(-1) / scale for frame in source.decode(stream)]
        sound = np.concatenate(frames)
        assert np.isfinite(sound).all() and 0.05 < np.abs(sound).max() <= 1.0
        assert abs(sound.mean()) < 1e-3
        assert np.abs(sound[:64]).max() < 0.02 and np.abs(sound[-64:]).max() < 0.02


def test_asking_for_too_many_songs_says_how_many_there_are(tmp_path):
    with pytest.raises(ConfigError, match=r"49.*48"):
        make_collection(tmp_path, songs=49)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named_with_a_remedy(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(LibraryError, match="folder"):
        make_collection(tmp_path / "in", songs=1)


def test_a_file_where_the_folder_should_be_is_named_with_a_remedy(tmp_path):
    (tmp_path / "in").write_text("not a folder")
    with pytest.raises(LibraryError, match="another folder"):
        make_collection(tmp_path / "in", songs=1)


def test_a_full_disk_is_said_before_anything_is_played(tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 1_000_000})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(LibraryError, match="Make room"):
        make_collection(tmp_path, songs=2)


@pytest.mark.slow
def test_the_whole_collection_reads_back_with_tags_and_sleeves(tmp_path):
    paths = make_collection(tmp_path)
    for path, (album, song) in zip(paths, chosen(1, 48), strict=True):
        tag = TinyTag.get(path, image=True)
        assert (tag.artist, tag.title, tag.album, tag.genre, tag.year) == (
            song.artist, song.title, song.album, song.genre, str(song.year),
        )  # fmt: skip
        assert (tag.images.any is not None) == (album.cover == "embedded")
        assert album.cover == "embedded" or (path.parent / album.cover).exists()
