"""What a person relies on when a folder of music is built, built again, and cut off in the middle."""

from __future__ import annotations

import io
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from mixtape import audio
from mixtape.build import BuildReport, build, map_library
from mixtape.config import BuildConfig, Config
from mixtape.errors import LibraryError
from mixtape.features import listen, workers
from mixtape.features.listen import SETS, Listening
from mixtape.library import Library
from mixtape.types import Skipped, Timeline

CONFIG = Config(build=BuildConfig(jobs=1))


def _song(path: Path, hz: float, *, seconds: float = 0.2, **tags: str) -> Path:
    """A tone with tags; the same tone gives the same packets whatever the tags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    t = np.arange(int(44100 * seconds)) / 44100
    wave = np.sin(2 * np.pi * hz * t) * (0.4 + 0.3 * np.sign(np.sin(2 * np.pi * hz / 100 * t)))
    with av.open(str(path), "w") as out:
        out.metadata.update(tags)
        stream = out.add_stream("flac", rate=44100, layout="mono")
        for start in range(0, len(wave), 4096):
            frame = av.AudioFrame.from_ndarray((wave[None, start : start + 4096] * 20000).astype(np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = 44100, start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def _picture(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 40), colour).save(out, "PNG")
    return out.getvalue()


def _collection(root: Path, *, seconds: float = 0.2) -> Path:
    """Five songs of two artists, an exact copy, a re-tagged copy, a file of rubbish twice, covers for one album."""
    for n, name in enumerate(("One", "Two", "Three")):
        _song(
            root / "Ålm" / "First" / f"0{n + 1} {name}.flac",
            220 + 50 * n,
            seconds=seconds,
            title=name,
            artist="Ålm",
            album="First",
        )
    for n, name in enumerate(("Four", "Five")):
        _song(root / "Bo" / f"{name}.flac", 500 + 90 * n, seconds=seconds, title=name, artist="Bo", date="1979")
    (root / "Downloads").mkdir()
    shutil.copyfile(root / "Bo" / "Four.flac", root / "Downloads" / "Four (1).flac")
    _song(root / "Downloads" / "two.flac", 270, seconds=seconds, title="two")
    for name in ("bad.mp3", "bad again.mp3"):
        (root / "Downloads" / name).write_bytes(b"milk and bread\n" * 50)
    (root / "Ålm" / "First" / "cover.png").write_bytes(_picture((200, 30, 30)))
    (root / "Bo" / "folder.jpg").write_bytes(b"no picture at all")
    return root


def _fake_listening(path: Path) -> Listening | Skipped:
    """What listening might have given: numbers that depend on the sound alone."""
    samples = audio.decode(path)
    if len(samples) < 4000:
        return Skipped(path, "too short")
    chance = np.random.default_rng(int(1e6 * float(np.abs(samples).sum())))
    ramp = np.linspace(0, 1, len(samples) // 735, dtype=np.float32)
    timeline = Timeline(ramp, np.tile(ramp[:, None], (1, 8)), ramp, ramp, np.zeros(0, np.float32))
    sketch = chance.integers(0, 256, (40, 64), np.uint8)
    # Nine numbers: a Gaussian in three dimensions, which `timbre` is to be; any other set takes as many as there are.
    vectors = {name: chance.random(9, np.float32) for name in SETS}
    return Listening(vectors, timeline, sketch, len(samples) / 44100, "pyav")


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Quick ears in this process; the paths they were given."""
    given: list[Path] = []

    def listen_all(paths: Iterable[Path], *, jobs: int | None = None) -> Iterator[tuple[Path, Listening | Skipped]]:
        for path in paths:
            given.append(path)
            yield path, _fake_listening(path) if path.exists() else Skipped(path, "there is no such file")

    def answers(task: Callable[[Path], Any], paths: Iterable[Path], **_: object) -> Iterator[tuple[Path, Any]]:
        yield from ((path, task(path)) for path in paths)

    # Nobody pulls the plug here, and waiting for the disk is most of what these tests would do.
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setattr(listen, "listen_all", listen_all)
    monkeypatch.setattr(workers, "answers", answers)
    return given


@pytest.fixture
def music(tmp_path: Path) -> Path:
    return _collection(tmp_path / "music")


def _build(music: Path, folder: Path, **options: Any) -> BuildReport:
    with Library(folder, create=True) as library, library.building():
        return build(music, library, config=CONFIG, **options)


def _dump(folder: Path) -> dict[str, object]:
    """Everything a library holds: the rows of all tables, the bytes of all files but those stamped with a time."""
    with sqlite3.connect(folder / "catalogue.sqlite3") as db:
        rows: dict[str, object] = {
            name: sorted(db.execute(f"SELECT * FROM {name}"), key=repr) for name in ("files", "tracks", "covers", "words", "meta")
        }
    stamped = (folder, folder / "features", folder / "fingerprint")
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.parent not in stamped)
    return rows | {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _rows(folder: Path) -> dict[str, tuple[str, str, str]]:
    with Library(folder) as library:
        return {track.title: (track.artist, track.album, track.path.name) for track in library.tracks()}


def test_every_file_is_a_song_a_copy_or_skipped_with_its_reason(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    report = _build(music, tmp_path / "library")
    assert report.line == "5 ready, 2 copies set aside, 2 skipped" and (report.new, report.heard, report.copies) == (5, 5, 2)
    assert [each.path.name for each in report.skipped] == ["bad again.mp3", "bad.mp3"]
    assert all("no sound" in each.reason and str(music) not in each.reason for each in report.skipped)
    assert [(note.path.name, "known format" in note.reason) for note in report.notes] == [("folder.jpg", True)]
    with Library(tmp_path / "library") as library:
        copies = {(copy.name, kept.name) for copy, kept in library.copies()}
        covers = {track.title: track.cover_id is not None for track in library.tracks()}
        duration_s = library.tracks()[0].duration_s
        sizes = [len(made.ids) for made in (library.map(), library.grid(), library.neighbours(), library.neighbours("map"))]
    assert copies == {("Four (1).flac", "Four.flac"), ("two.flac", "02 Two.flac")}
    assert covers == {"One": True, "Two": True, "Three": True, "Four": False, "Five": False}
    assert duration_s == pytest.approx(0.2, abs=1 / 60) and sizes == [5, 5, 5, 5]


def test_the_music_is_only_read(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    before = {path: (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns) for path in music.rglob("*")}
    _build(music, tmp_path / "library")
    assert {path: (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns) for path in music.rglob("*")} == before


def test_a_second_run_opens_no_file_and_makes_nothing_again(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    _build(music, tmp_path / "library")
    before, heard = _dump(tmp_path / "library"), len(ears)
    for path in music.rglob("*.*"):
        # Whoever opened the file now would find something else in it.
        about = path.stat()
        path.write_bytes(bytes(about.st_size))
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    report = _build(music, tmp_path / "library")
    assert (report.line, report.new, report.heard, len(ears)) == ("5 ready, 2 copies set aside, 2 skipped", 0, 0, heard)
    assert _dump(tmp_path / "library") == before


def test_with_nothing_new_nothing_heavy_is_imported(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    _build(music, tmp_path / "library")
    script = (
        "import sys; from pathlib import Path; from mixtape.build import build; from mixtape.library import Library\n"
        "from mixtape.config import Config\n"
        f"with Library(Path({str(tmp_path / 'library')!r})) as library: build(Path({str(music)!r}), library, config=Config())\n"
        "print([name for name in ('torch', 'sklearn', 'openTSNE', 'av', 'scipy', 'PIL', 'lap') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_the_report_counts_which_decoder_read_what(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    report = _build(music, tmp_path / "library")
    assert dict(report.decoders) == {"pyav": report.heard}
    assert report.heard > 0
    assert dict(_build(music, tmp_path / "library").decoders) == {}


def test_a_new_tag_is_read_but_the_song_keeps_its_id_its_place_and_is_not_heard_again(
    music: Path, tmp_path: Path, ears: list[Path]
) -> None:
    _build(music, tmp_path / "library")
    with Library(tmp_path / "library") as library:
        before, place = {track.id: track for track in library.tracks()}, library.map()
    heard = len(ears)
    _song(music / "Bo" / "Five.flac", 590, title="Cinq", artist="Aaron")
    report = _build(music, tmp_path / "library")
    assert (report.new, report.heard, report.forgotten, len(ears)) == (0, 0, 0, heard)
    with Library(tmp_path / "library") as library:
        (track,) = library.find("Cinq")
        assert track.artist == "Aaron" and track.duration_s == before[track.id].duration_s
        now = library.map()
    assert dict(zip(now.ids, now.xy.tolist(), strict=True)) == dict(zip(place.ids, place.xy.tolist(), strict=True))


def test_a_song_that_moved_is_the_same_song(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    _build(music, tmp_path / "library")
    heard = len(ears)
    (music / "Bo").rename(music / "Bodo")
    report = _build(music, tmp_path / "library")
    assert (report.ready, report.new, report.heard, report.forgotten, len(ears)) == (5, 0, 0, 0, heard)


def test_songs_that_are_gone_are_forgotten_and_a_copy_takes_the_place_of_the_one_that_was_kept(
    music: Path, tmp_path: Path, ears: list[Path]
) -> None:
    _build(music, tmp_path / "library")
    heard = len(ears)
    (music / "Bo" / "Four.flac").unlink()
    (music / "Bo" / "Five.flac").unlink()
    (music / "Downloads" / "bad.mp3").unlink()
    report = _build(music, tmp_path / "library")
    assert (report.line, report.copies, report.forgotten, len(ears)) == ("4 ready, 1 copies set aside, 1 skipped", 1, 1, heard)
    assert _rows(tmp_path / "library")["Four"][2] == "Four (1).flac"
    with Library(tmp_path / "library") as library:
        assert len(library.map().ids) == 4


def test_a_better_tagged_copy_that_comes_later_takes_over(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    _build(music, tmp_path / "library")
    _song(music / "new.flac", 590, title="Five", artist="Bo", album="Second", date="1979", genre="dub")
    report = _build(music, tmp_path / "library")
    assert (report.ready, report.new, report.copies) == (5, 0, 3)
    assert _rows(tmp_path / "library")["Five"] == ("Bo", "Second", "new.flac")


def test_a_cover_laid_beside_songs_later_is_found(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    _build(music, tmp_path / "library")
    (music / "Bo" / "folder.jpg").write_bytes(_picture((20, 200, 30)))
    _build(music, tmp_path / "library")
    with Library(tmp_path / "library") as library:
        (track,) = library.find("Five")
        assert track.cover_id and library.cover_pixels(track.cover_id)[64, 64].tolist() == [20, 200, 30]
    (music / "Bo" / "folder.jpg").unlink()
    _build(music, tmp_path / "library")
    with Library(tmp_path / "library") as library:
        assert library.find("Five")[0].cover_id is None


@pytest.mark.parametrize("part", ["small", "original"])
def test_covers_and_arrays_lost_from_the_library_are_made_again(music: Path, tmp_path: Path, ears: list[Path], part: str) -> None:
    _build(music, tmp_path / "library")
    before = _dump(tmp_path / "library")
    shutil.rmtree(tmp_path / "library" / "covers" / part)
    shutil.rmtree(tmp_path / "library" / "maps")
    next((tmp_path / "library" / "songs").rglob("*.npz")).unlink()
    assert _build(music, tmp_path / "library").heard == 1
    assert _dump(tmp_path / "library") == before


def test_an_unplugged_disk_does_not_empty_the_library(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    _build(music, tmp_path / "library")
    music.rename(tmp_path / "away")
    with pytest.raises(LibraryError, match=r"9 files known from there are kept.*plugged in"):
        _build(music, tmp_path / "library")
    music.mkdir()
    with pytest.raises(LibraryError, match="no music in it now, where 9 files were"):
        _build(music, tmp_path / "library")
    assert len(_rows(tmp_path / "library")) == 5


def _taking_away(paths: Iterable[Path]) -> Callable[[str, int, int], None]:
    """Progress that deletes files just before they are listened to."""

    def progress(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("listening", 0):
            for path in paths:
                path.unlink()

    return progress


def test_a_song_that_goes_away_before_it_is_heard_does_not_stop_the_others(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    one = music / "Bo" / "Five.flac"
    report = _build(music, tmp_path / "library", progress=_taking_away([one]))
    assert report.line == "4 ready, 2 copies set aside, 2 skipped"
    with Library(tmp_path / "library") as library:
        assert len(library.map().ids) == 4 and one not in library.files()


def test_a_disk_unplugged_while_listening_is_said_and_the_next_run_goes_on(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    shutil.copytree(music, tmp_path / "again")
    with pytest.raises(LibraryError, match="went away while they were listened to"):
        _build(music, tmp_path / "library", progress=_taking_away([path for path in music.rglob("*") if path.is_file()]))
    shutil.copytree(tmp_path / "again", music, dirs_exist_ok=True)
    assert _build(music, tmp_path / "library").ready == 5


def test_files_below_a_folder_that_cannot_be_read_now_are_kept(
    music: Path, tmp_path: Path, ears: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _build(music, tmp_path / "library")
    real = os.scandir

    def refusing(path: Any) -> Any:
        if Path(path).name == "Bo":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)
    report = _build(music, tmp_path / "library")
    assert report.ready == 5 and [each.path.name for each in report.skipped][-1] == "Bo"


def test_a_folder_without_music_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(LibraryError, match=r"no music in it .*mp3"):
        _build(tmp_path, tmp_path / "library")


def test_another_folder_joins_and_the_first_stays(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    _build(music, tmp_path / "library")
    _song(tmp_path / "more" / "Six.flac", 800, title="Six")
    _song(tmp_path / "more" / "One.flac", 220, title="One")
    report = _build(tmp_path / "more", tmp_path / "library")
    assert (report.ready, report.new, report.copies) == (6, 1, 3)


def test_what_was_skipped_is_tried_again_only_when_asked_or_changed(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    _song(music / "short.flac", 300, seconds=0.05, title="Short")
    shutil.copyfile(music / "short.flac", music / "short too.flac")
    assert [s.reason for s in _build(music, tmp_path / "library").skipped if "short" in s.path.name] == ["too short"] * 2
    heard = len(ears)
    assert _build(music, tmp_path / "library").line == "5 ready, 2 copies set aside, 4 skipped" and len(ears) == heard
    assert (
        _build(music, tmp_path / "library", retry=True).line == "5 ready, 2 copies set aside, 4 skipped"
        and len(ears) == heard + 1
    )
    _song(music / "short.flac", 300, title="Short")
    assert _build(music, tmp_path / "library").line == "6 ready, 2 copies set aside, 3 skipped"


def test_progress_counts_every_stage_to_its_end(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    told: dict[str, list[tuple[int, int]]] = {}
    _build(music, tmp_path / "library", progress=lambda stage, done, total: told.setdefault(stage, []).append((done, total)))
    assert list(told) == ["telling songs apart", "tags and covers", "listening", "map", "fingerprints"]
    assert all(counts == sorted(counts) and counts[-1][0] == counts[-1][1] for counts in told.values())


def test_the_map_is_made_again_when_a_setting_changes_and_only_then(music: Path, tmp_path: Path, ears: list[Path]) -> None:
    _build(music, tmp_path / "library")
    with Library(tmp_path / "library") as library:
        before = {kind: library.made_from(kind, "fused") for kind in ("maps", "grids", "neighbours")}
        map_library(library, config=Config(build=BuildConfig(neighbours=2)))
        assert library.neighbours().index.shape == (5, 2) == library.neighbours("map").index.shape
        assert library.made_from("maps", "fused") == before["maps"]
        map_library(library, config=Config(build=BuildConfig(seed=5)))
        assert library.made_from("maps", "fused") != before["maps"] and library.map().seed == 5


class _Cut(BaseException):
    """A run that ends here and now."""


_WRITES = [name for name in dir(Library) if name.startswith("put_")] + ["forget_files"]


def _cut_after(monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    """From now on the library ends the run after so many writes."""
    left = [writes]

    def cutting(real: Callable[..., None]) -> Callable[..., None]:
        def write(*args: Any, **options: Any) -> None:
            real(*args, **options)
            left[0] -= 1
            if left[0] == 0:
                raise _Cut

        return write

    for name in _WRITES:
        monkeypatch.setattr(Library, name, cutting(getattr(Library, name)))


def test_cut_off_after_any_write_the_next_run_ends_as_an_undisturbed_one(
    music: Path, tmp_path: Path, ears: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _build(music, tmp_path / "whole")
    whole, cuts = _dump(tmp_path / "whole"), 0
    while True:
        folder = tmp_path / f"cut {cuts}"
        with monkeypatch.context() as patch:
            _cut_after(patch, cuts + 1)
            try:
                _build(music, folder)
                break
            except _Cut:
                cuts += 1
        _build(music, folder)
        assert _dump(folder) == whole, f"cut off after write {cuts}"
    assert cuts > 30


def test_a_change_cut_off_after_any_write_ends_as_an_undisturbed_one(
    music: Path, tmp_path: Path, ears: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _build(music, tmp_path / "old")
    (music / "Bo" / "Four.flac").unlink()
    _song(music / "Ålm" / "First" / "02 Two.flac", 270)
    _song(music / "Bo" / "Five.flac", 590, title="Cinq", artist="Bo")
    _song(music / "Six.flac", 800, title="Six")
    shutil.copytree(tmp_path / "old", tmp_path / "whole")
    _build(music, tmp_path / "whole")
    whole, cuts = _dump(tmp_path / "whole"), 0
    while True:
        folder = tmp_path / f"cut {cuts}"
        shutil.copytree(tmp_path / "old", folder)
        with monkeypatch.context() as patch:
            _cut_after(patch, cuts + 1)
            try:
                _build(music, folder)
                break
            except _Cut:
                cuts += 1
        _build(music, folder)
        assert _dump(folder) == whole, f"cut off after write {cuts}"
    assert cuts > 15


_RUN = """
import os, sys
from pathlib import Path
from mixtape.build import build
from mixtape.config import BuildConfig, Config
from mixtape.library import Library

def progress(stage, done, total):
    if f"{stage} {done}" == sys.argv[3]:
        os.kill(os.getpid(), 9)

if __name__ == "__main__":
    with Library(Path(sys.argv[2]), create=True) as library, library.building():
        build(Path(sys.argv[1]), library, config=Config(build=BuildConfig(jobs=1)), progress=progress)
"""

needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")


def _spawned(music: Path, folder: Path, moment: str = "") -> subprocess.Popen[bytes]:
    """A build in a process of its own, which kills itself (-9) at a moment such as "listening 2"."""
    return subprocess.Popen([sys.executable, "-c", _RUN, str(music), str(folder), moment])


@needs_kill
def test_killed_three_times_over_the_next_run_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    music = _collection(tmp_path / "music", seconds=6.2)
    assert _spawned(music, tmp_path / "whole").wait() == 0
    for moment in ("telling songs apart 3", "tags and covers 2", "listening 2"):
        assert _spawned(music, tmp_path / "killed", moment).wait() == -signal.SIGKILL
    assert _spawned(music, tmp_path / "killed").wait() == 0
    assert _dump(tmp_path / "killed") == _dump(tmp_path / "whole")


@pytest.mark.slow
@needs_kill
def test_killed_at_any_time_the_next_run_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    music = _collection(tmp_path / "music", seconds=7)
    begin_s = time.monotonic()
    assert _spawned(music, tmp_path / "whole").wait() == 0
    whole_s, whole = time.monotonic() - begin_s, _dump(tmp_path / "whole")
    for n in range(10):
        run = _spawned(music, tmp_path / f"killed {n}")
        try:
            run.wait(whole_s * (n + 1) / 11)
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
        assert _spawned(music, tmp_path / f"killed {n}").wait() == 0
        assert _dump(tmp_path / f"killed {n}") == whole
