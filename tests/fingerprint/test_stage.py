from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from mixtape import audio
from mixtape.fingerprint import stage
from mixtape.fingerprint.constellation import VERSION
from mixtape.fingerprint.index import kept
from mixtape.fingerprint.stage import fingerprint
from mixtape.library import Library
from mixtape.types import Skipped, Track
from scripts.figures.rooms import song


def _collection(folder: Path, library: Library, *, songs: int) -> list[Track]:
    tracks = []
    for seed in range(songs):
        path = folder / f"{seed}.wav"
        soundfile.write(path, song(seed, seconds=12), audio.SAMPLE_RATE_HZ)
        tracks.append(Track(audio.content_id(path), path, "", f"{seed}", "", "", None, 12.0, None))
    library.put_tracks(tracks)
    return tracks


def test_a_cut_off_run_goes_on_where_it_was_and_a_new_song_costs_one_song(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Library(tmp_path / "library", create=True) as library:
        tracks = _collection(tmp_path, library, songs=4)

        def cut(name: str, done: int, total: int) -> None:
            if done == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fingerprint(library, progress=cut)
        done = []
        real = stage._constellation
        monkeypatch.setattr(stage, "_constellation", lambda path: done.append(path) or real(path))
        assert fingerprint(library) == ()
        assert len(done) == 2
        for track in tracks:
            match = kept(library.fingerprint_folder).recognise(audio.decode(track.path, start_s=3.0, length_s=8.0))
            assert match is not None
            assert match.track_id == track.id
            assert abs(match.song_s - 3.0) < 0.015
        done.clear()
        assert fingerprint(library) == ()
        assert done == []


def test_a_file_that_is_away_keeps_its_fingerprint_and_one_that_breaks_has_its_reason(tmp_path: Path) -> None:
    with Library(tmp_path / "library", create=True) as library:
        tracks = _collection(tmp_path, library, songs=3)
        assert fingerprint(library) == ()
        tracks[0].path.unlink()
        away = replace(tracks[1], id="0" * 32, path=tmp_path / "away.wav")
        broken = replace(tracks[1], id="1" * 32, path=tmp_path / "broken.wav")
        broken.path.write_bytes(b"no music")
        library.put_tracks([away, broken])
        (skipped,) = fingerprint(library)
        assert isinstance(skipped, Skipped)
        assert skipped.path == broken.path
        assert set(kept(library.fingerprint_folder).ids) == {track.id for track in tracks}


def test_another_version_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    with Library(tmp_path / "library", create=True) as library:
        (track,) = _collection(tmp_path, library, songs=1)
        fingerprint(library)
        peaks = library.constellation(track.id, version=VERSION)
        library.put_constellation(track.id, peaks, version=VERSION + 1)
        assert library.constellation_written(track.id, version=VERSION) == 0
        assert library.constellation_written(track.id, version=VERSION + 1) > 0


@pytest.mark.slow
def test_songs_are_fingerprinted_in_several_processes(tmp_path: Path) -> None:
    with Library(tmp_path / "library", create=True) as library:
        tracks = _collection(tmp_path, library, songs=3)
        assert fingerprint(library, jobs=2) == ()
        assert set(kept(library.fingerprint_folder).ids) == {track.id for track in tracks}
