"""The library: one SQLite catalogue and the arrays beside it. The only place that knows file names inside the library folder.

    catalogue.sqlite3                 files, tracks, covers; FTS5 search
    songs/ab/<track id>.npz           feature vectors and timeline of one song
    songs/ab/<track id>.sketch.npz    a small picture of its sound, from which the own ear learns
    songs/ab/<track id>.peaks1.npz    its constellation, by which a recording is known again (1: the version)
    fingerprint/                      the index of all constellations (made from songs/, made again when that changes)
    features/<set>.npz, .npy          one feature set over all songs (made from songs/, made again when that changes)
    ear/ learned/<set>.npz            the ears learned on this collection; what they hear in each song
    covers/small/<cover id>.png       128 x 128
    covers/original/<cover id>.<ext>  as it was found
    maps/<name>.npz grids/<name>.npz neighbours/<name>.npz
    covergan/                         training state, snapshots, the trained model, the gallery
    shows/                            logs of evenings

Every artefact carries a format number and the digest of what it was made from; every write goes to a temporary file first and
is moved into place, so a killed run leaves either the old artefact or the new one. The user's music is only ever read.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.catalogue import Catalogue, FileEntry
from mixtape.errors import LibraryError
from mixtape.matrices import gathered
from mixtape.storage import about_arrays, load_arrays, save_arrays, sweep, write_atomic
from mixtape.types import ByteArray, Constellation, Features, FloatArray, Grid, Neighbours, Palette, SongMap, Timeline

__all__ = ["Cover", "FileEntry", "Library", "default_folder"]


def default_folder() -> Path:
    """Where the library lives when nobody says: the user's data folder of this system."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "mixtape"


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """A cover as it is kept: 128 x 128 sRGB pixels (128, 128, 3) uint8 and the file it came as."""

    id: str
    pixels: ByteArray
    original: bytes
    suffix: str
    source: Path
    width_px: int
    height_px: int
    palette: Palette


class Library(Catalogue):
    """The catalogue and the arrays of one collection. Use as a context manager; one per thread."""

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """Hold the library for one build, and take away first what a killed one left. LibraryError when another holds it."""
        unfinished = self.folder / "build.unfinished"
        with self._held("build"):
            if unfinished.exists():
                for kind in ("songs", "covers", "fingerprint", "ear", "learned", "maps", "grids", "neighbours"):
                    sweep(self.folder / kind)
            write_atomic(unfinished, b"")
            try:
                yield
            finally:
                unfinished.unlink(missing_ok=True)

    # Covers ----------------------------------------------------------------------------------------------------------------

    def put_cover(self, cover: Cover) -> None:
        """Keep a cover: the original bytes, the 128 x 128 PNG and its palette."""
        from PIL import Image

        png = io.BytesIO()
        Image.fromarray(cover.pixels).save(png, format="PNG")
        write_atomic(self._original(cover.id, cover.suffix), cover.original)
        write_atomic(self._small(cover.id), png.getvalue())
        row = (
            cover.id,
            os.fsencode(cover.source),
            cover.suffix,
            cover.width_px,
            cover.height_px,
            cover.palette.srgb.tobytes(),
            cover.palette.share.tobytes(),
        )
        with self._change() as db:
            db.execute("INSERT OR REPLACE INTO covers VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def cover_ids(self) -> tuple[str, ...]:
        """Every cover kept, by id."""
        return tuple(row[0] for row in self._rows("SELECT id FROM covers ORDER BY id"))

    def has_cover(self, cover_id: str) -> bool:
        """Whether both pictures of a cover, the original and the small one, are on the disk."""
        row = self._row("SELECT suffix FROM covers WHERE id = ?", (cover_id,))
        return row is not None and self._small(cover_id).is_file() and self._original(cover_id, row[0]).is_file()

    def cover_pixels(self, cover_id: str) -> ByteArray:
        """The cover as (128, 128, 3) uint8 sRGB. LibraryError when it is not there or broken."""
        from PIL import Image

        path = self._small(cover_id)
        try:
            with Image.open(path) as picture:
                return np.asarray(picture.convert("RGB"), dtype=np.uint8)
        except OSError as error:
            raise LibraryError(f"{path}: the cover cannot be read ({error}); delete it and run mixtape build again") from error

    def cover_original(self, cover_id: str) -> Path:
        """Where the cover lies as it was found. LibraryError when there is none of that id."""
        row = self._row("SELECT suffix FROM covers WHERE id = ?", (cover_id,))
        if row is None:
            raise LibraryError(f"cover id '{cover_id}' is not in {self.folder}; run mixtape build again")
        return self._original(cover_id, row[0])

    def palette(self, cover_id: str) -> Palette:
        """The cover's dominant colours. LibraryError when there is no such cover."""
        row = self._row("SELECT srgb, share FROM covers WHERE id = ?", (cover_id,))
        if row is None:
            raise LibraryError(f"cover id '{cover_id}' is not in {self.folder}; run mixtape build again")
        return Palette(np.frombuffer(row[0], np.uint8).reshape(-1, 3), np.frombuffer(row[1], np.float32))

    def _small(self, cover_id: str) -> Path:
        return self.folder / "covers" / "small" / f"{cover_id}.png"

    def _original(self, cover_id: str, suffix: str) -> Path:
        return self.folder / "covers" / "original" / f"{cover_id}{suffix}"

    # What was heard --------------------------------------------------------------------------------------------------------

    def _song(self, track_id: str) -> Path:
        return self.folder / "songs" / track_id[:2] / f"{track_id}.npz"

    def _sketch(self, track_id: str) -> Path:
        return self.folder / "songs" / track_id[:2] / f"{track_id}.sketch.npz"

    def put_listening(
        self,
        track_id: str,
        vectors: Mapping[str, npt.NDArray[Any]],
        timeline: Timeline,
        *,
        versions: Mapping[str, int],
        sketch: ByteArray | None = None,
    ) -> None:
        """Keep what one song sounds like: a vector for each feature set, the timeline (float16, beats in float32), the sketch.

        `versions` has a number for each set and one for "timeline". The sketch is written first: where the song is, it is too.
        """
        if sketch is not None:
            save_arrays(self._sketch(track_id), {"sketch": sketch}, about={})
        half = {name: getattr(timeline, name).astype(np.float16) for name in ("level", "bands", "onset", "beat_phase")}
        sets = {f"set_{name}": np.asarray(vector, np.float32) for name, vector in vectors.items()}
        path = self._song(track_id)
        moments = {"beats_s": timeline.beats_s, "sections_s": timeline.sections_s}
        save_arrays(path, {**sets, **half, **moments}, about={"versions": dict(versions)})
        self._note_heard(track_id, versions)

    def _note_heard(self, track_id: str, versions: Mapping[str, int]) -> None:
        written = self._song(track_id).stat()
        row = (track_id, _versions(versions), written.st_size, written.st_mtime_ns)
        with self._change() as db:
            db.execute("INSERT OR REPLACE INTO heard VALUES (?, ?, ?, ?)", row)

    def heard(self, track_id: str, versions: Mapping[str, int]) -> bool:
        """Whether the song's arrays are there, whole and of these versions.

        Looks at the file's size and time alone where they are as they were written; else at the file itself, once, since a
        library that was copied to another disk has other times.
        """
        if "sketch" in versions and not self._sketch(track_id).is_file():
            return False
        row = self._row("SELECT versions, size_bytes, mtime_ns FROM heard WHERE track_id = ?", (track_id,))
        try:
            found = self._song(track_id).stat()
            if row == (_versions(versions), found.st_size, found.st_mtime_ns):
                return True
            if about_arrays(load_arrays(self._song(track_id))).get("versions") != dict(versions):
                return False
        except (OSError, LibraryError):
            return False
        self._note_heard(track_id, versions)
        return True

    def timeline(self, track_id: str) -> Timeline:
        """The song's timeline. LibraryError when it was not heard yet."""
        names = ("level", "bands", "onset", "beat_phase", "beats_s", "sections_s")
        arrays = load_arrays(self._song(track_id), only=names)
        level, bands, onset, phase = (arrays[name].astype(np.float32) for name in ("level", "bands", "onset", "beat_phase"))
        # A song that was heard before there were sections has none.
        sections_s = arrays.get("sections_s", np.zeros(0, np.float32))
        return Timeline(level, bands, onset, phase, arrays["beats_s"], sections_s)

    def sketch(self, track_id: str) -> ByteArray:
        """The song's sketch (t, 64), from which the own ear learns. LibraryError when it was not heard yet."""
        return np.asarray(load_arrays(self._sketch(track_id))["sketch"], np.uint8)

    def features(self, feature_set: str) -> Features:
        """One feature set over all songs, rows in the order of `tracks()`, mapped from the disk.

        LibraryError when a song was not heard yet, or, for a set that an ear has learned, not with that ear.
        """
        ids = tuple(track.id for track in self.tracks())
        if self._learned(feature_set).is_file():
            return self._in_order(feature_set, ids)
        values, version = gathered(self.folder / "features", feature_set, ids, [self._song(i) for i in ids])
        return Features(feature_set, ids, values, version)

    # How a recording is known again ----------------------------------------------------------------------------------------

    @property
    def fingerprint_folder(self) -> Path:
        """Where the index of all constellations lies."""
        return self.folder / "fingerprint"

    def put_constellation(self, track_id: str, peaks: Constellation, *, version: int) -> None:
        """Keep the constellation of a song in place of one of another version."""
        path = self._peaks(track_id, version)
        save_arrays(path, {"frames": peaks.frames, "bins": peaks.bins}, about={})
        for old in path.parent.glob(f"{track_id}.peaks*.npz"):
            if old != path:
                old.unlink(missing_ok=True)

    def constellation(self, track_id: str, *, version: int) -> Constellation:
        """The constellation of a song. LibraryError when it was not made yet, or is of another version."""
        arrays = load_arrays(self._peaks(track_id, version))
        return Constellation(arrays["frames"], arrays["bins"])

    def constellation_written(self, track_id: str, *, version: int) -> int:
        """When a song's constellation was written, in ns; 0 where there is none of that version."""
        try:
            return self._peaks(track_id, version).stat().st_mtime_ns
        except OSError:
            return 0

    def _peaks(self, track_id: str, version: int) -> Path:
        return self.folder / "songs" / track_id[:2] / f"{track_id}.peaks{version}.npz"

    # What an ear has learned -----------------------------------------------------------------------------------------------

    @property
    def ear_folder(self) -> Path:
        """Where the ears learned on this collection lie."""
        return self.folder / "ear"

    def put_learned(self, features: Features, *, made_from: str) -> None:
        """Keep what a learned ear hears in each song; `made_from` is the digest of the ear."""
        about = {"ids": features.ids, "version": features.version, "made_from": made_from}
        save_arrays(self._learned(features.set), {"values": features.values}, about=about)

    def learned(self) -> tuple[str, ...]:
        """The names of the sets that ears have learned here."""
        return tuple(sorted(path.stem for path in (self.folder / "learned").glob("*.npz") if not path.name.startswith(".")))

    def learned_features(self, feature_set: str) -> tuple[Features, str]:
        """A learned set as it was put, songs that have left among its rows, and the digest of its ear. LibraryError if none."""
        arrays = load_arrays(self._learned(feature_set))
        about = about_arrays(arrays)
        return Features(feature_set, tuple(about["ids"]), arrays["values"], about["version"]), str(about["made_from"])

    def forget_learned(self, feature_set: str) -> None:
        """Do without a learned set from now on."""
        self._learned(feature_set).unlink(missing_ok=True)

    def _learned(self, feature_set: str) -> Path:
        return self.folder / "learned" / f"{feature_set}.npz"

    def _in_order(self, feature_set: str, ids: tuple[str, ...]) -> Features:
        put, _ = self.learned_features(feature_set)
        row = {song: number for number, song in enumerate(put.ids)}
        missing = [song for song in ids if song not in row]
        if missing:
            raise LibraryError(f"feature set '{feature_set}' does not know song {missing[0]}; run mixtape build again")
        return Features(feature_set, ids, put.values[[row[song] for song in ids]], put.version)

    # Maps, grids, neighbours -----------------------------------------------------------------------------------------------

    def put_map(self, song_map: SongMap, *, made_from: str) -> None:
        """Keep a map under its name."""
        about = {"perplexity": song_map.perplexity, "feature_set": song_map.feature_set, "seed": song_map.seed}
        self._put("maps", song_map.name, {"xy": song_map.xy}, {**about, "ids": song_map.ids, "made_from": made_from})

    def map(self, name: str = "fused") -> SongMap:
        """A map by name. LibraryError when there is none."""
        arrays, about = self._get("maps", name)
        return SongMap(name, tuple(about["ids"]), arrays["xy"], about["feature_set"], about["perplexity"], about["seed"])

    def put_layout(
        self, name: str, ids: tuple[str, ...], arrays: dict[str, npt.NDArray[Any]], *, about: dict[str, Any], made_from: str
    ) -> None:
        """Keep what a map was placed from (`mixtape.maps.fused`), so that songs can join it without moving the others."""
        self._put("layouts", name, arrays, {**about, "ids": ids, "made_from": made_from})

    def layout(self, name: str = "fused") -> tuple[tuple[str, ...], dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """What a map was placed from: ids, arrays, and what was said about them. LibraryError when there is none."""
        arrays, about = self._get("layouts", name)
        return tuple(about["ids"]), arrays, about

    def put_way(self, name: str, ids: tuple[str, ...], xy: FloatArray, *, about: dict[str, Any], made_from: str) -> None:
        """Keep how songs came to a map: `xy` (steps, n, 2), the last step being the map itself.

        "forming" is how the map came out of chaos; a map's name, how it comes out of the one before it in the family.
        """
        self._put("ways", name, {"xy": xy}, {**about, "ids": ids, "made_from": made_from})

    def way(self, name: str = "forming") -> tuple[tuple[str, ...], FloatArray, dict[str, Any]]:
        """How songs came to a map: ids (n,), positions (steps, n, 2), and what was said about them. LibraryError if unknown."""
        arrays, about = self._get("ways", name)
        return tuple(about["ids"]), arrays["xy"], about

    def put_grid(self, name: str, grid: Grid, *, made_from: str) -> None:
        """Keep a grid under a name (the map's)."""
        about = {"rows": grid.rows, "cols": grid.cols, "cost": grid.cost, "ids": grid.ids, "made_from": made_from}
        self._put("grids", name, {"cell": grid.cell, "blocked": grid.blocked}, about)

    def grid(self, name: str = "fused") -> Grid:
        """A grid by name. LibraryError when there is none."""
        arrays, about = self._get("grids", name)
        # Grids kept before cells could be blocked have none.
        blocked = arrays.get("blocked", np.zeros(0, np.int32))
        return Grid(tuple(about["ids"]), about["rows"], about["cols"], arrays["cell"], about["cost"], blocked)

    def put_neighbours(self, name: str, neighbours: Neighbours, *, made_from: str) -> None:
        """Keep nearest neighbours under a name (the feature set's, or "fused")."""
        arrays = {"index": neighbours.index, "distance": neighbours.distance}
        self._put("neighbours", name, arrays, {"ids": neighbours.ids, "made_from": made_from})

    def neighbours(self, name: str = "fused") -> Neighbours:
        """Nearest neighbours by name. LibraryError when there are none."""
        arrays, about = self._get("neighbours", name)
        return Neighbours(tuple(about["ids"]), arrays["index"], arrays["distance"])

    def forget(self, kind: str, name: str) -> None:
        """Do without an artefact (kinds as in `names`) from now on."""
        (self.folder / kind / f"{name}.npz").unlink(missing_ok=True)

    def about(self, kind: str, name: str) -> dict[str, Any]:
        """What is said of an artefact (kinds as in `names`), its arrays left where they are. LibraryError when there is none."""
        return about_arrays(load_arrays(self.folder / kind / f"{name}.npz", only=()))

    def made_from(self, kind: str, name: str) -> str | None:
        """The digest an artefact was made from (kinds as in `names`), or None when it is missing or broken."""
        try:
            return str(self._get(kind, name)[1]["made_from"])
        except (LibraryError, KeyError):
            return None

    def names(self, kind: str) -> tuple[str, ...]:
        """Which artefacts of a kind ("maps", "layouts", "ways", "grids" or "neighbours") there are."""
        return tuple(sorted(path.stem for path in (self.folder / kind).glob("*.npz") if not path.name.startswith(".")))

    def _put(self, kind: str, name: str, arrays: dict[str, npt.NDArray[Any]], about: dict[str, Any]) -> None:
        save_arrays(self.folder / kind / f"{name}.npz", arrays, about=about)

    def _get(self, kind: str, name: str) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        arrays = load_arrays(self.folder / kind / f"{name}.npz")
        return arrays, about_arrays(arrays)

    # Pictures and evenings -------------------------------------------------------------------------------------------------

    @property
    def covergan_folder(self) -> Path:
        """Where the cover network keeps its training state, snapshots, model and gallery."""
        return self.folder / "covergan"

    @property
    def midi_path(self) -> Path:
        """Which MIDI controls turn which knobs."""
        return self.folder / "midi.json"

    @property
    def shows_folder(self) -> Path:
        """Where the logs of evenings lie."""
        return self.folder / "shows"


def _versions(versions: Mapping[str, int]) -> str:
    return " ".join(f"{name}={number}" for name, number in sorted(versions.items()))
