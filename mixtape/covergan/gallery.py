"""The gallery: as many pictures as asked for, drawn by the network as it was at every age, from the first noise to the end."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mixtape.covergan.keepsakes import contact_sheet, save_png
from mixtape.covergan.model import CoverModel, latents
from mixtape.errors import ModelError
from mixtape.palette import dominant_colours, palette_numbers
from mixtape.progress import Progress, silent
from mixtape.storage import digest_of, write_atomic
from mixtape.types import FloatArray

SHARD = 1024
"""Pictures in one file: 12.6 MB at 64 pixels."""

SHEET = 36
"""Rows and columns of the sheet."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """Where it lies: shards `pictures-00000.npy` (m, s, s, 3) uint8 and `palettes-00000.npy` (m, 32), `pictures.csv` and
    `palettes.csv` with a line each, `sheet.png`; and how many there are."""

    folder: Path
    count: int
    steps: tuple[int, ...]


def fill_gallery(
    folder: Path,
    *,
    count: int,
    conditions: FloatArray | None = None,
    song_ids: Sequence[str] = (),
    seed: int = 0,
    progress: Progress = silent,
) -> Gallery:
    """Fill `folder`/gallery with `count` pictures from the snapshots of a training folder, in the order of their age.

    `conditions` (n, 32) with `song_ids` are the songs to draw to, in turn; without them pictures are drawn without
    music. What a run with the same snapshots, songs and count has left is kept, so a stopped run goes on; what another one
    made is drawn anew. ModelError when training has left no snapshots.
    """
    ages = sorted((folder / "snapshots").glob("step-*.safetensors"))
    if not ages:
        raise ModelError(f"{folder / 'snapshots'}: there are no snapshots; run mixtape train first")
    if conditions is not None and len(conditions) != len(song_ids):
        raise ModelError(f"gallery: {len(conditions)} conditions for {len(song_ids)} songs; one for each is needed")
    steps = [int(path.stem.removeprefix("step-")) for path in ages]
    place = folder / "gallery"
    age = np.arange(count) * len(ages) // max(count, 1)
    song = np.random.default_rng((seed, 1)).integers(0, max(len(song_ids), 1), count)
    _clear(place, unless=digest_of(count, seed, *(np.fromfile(path, np.uint8) for path in ages), conditions, tuple(song_ids)))
    for start in range(0, count, SHARD):
        path, colours = (place / f"{kind}-{start // SHARD:05d}.npy" for kind in ("pictures", "palettes"))
        rows = np.arange(start, min(start + SHARD, count))
        if not _is_whole(path, len(rows)):
            colours.unlink(missing_ok=True)
            _write_array(path, _draw(ages, age[rows], rows, None if conditions is None else conditions[song[rows]], seed))
        if not _is_whole(colours, len(rows)):
            _write_array(colours, np.stack([palette_numbers(dominant_colours(picture)) for picture in np.load(path)]))
        progress("gallery", int(rows[-1]) + 1, count)
    named = [song_ids[k] if len(song_ids) else "" for k in song]
    lines = [f"{row},{row // SHARD},{row % SHARD},{steps[age[row]]},{seed + row},{named[row]}" for row in range(count)]
    write_atomic(place / "pictures.csv", "\n".join(["picture,shard,row,step,latent_seed,song_id", *lines, ""]).encode())
    _write_palettes(place, count)
    _write_sheet(place, count)
    return Gallery(folder=place, count=count, steps=tuple(steps))


def _clear(place: Path, *, unless: str) -> None:
    """Delete the shards that were not made from what `unless` is the digest of, and note it."""
    made_from = place / "made-from.txt"
    if made_from.is_file() and made_from.read_text() == unless:
        return
    made_from.unlink(missing_ok=True)
    for kind in ("pictures", "palettes"):
        for shard in place.glob(f"{kind}-*.npy"):
            shard.unlink()
    write_atomic(made_from, unless.encode())


def _draw(ages: Sequence[Path], age: np.ndarray, rows: np.ndarray, music: FloatArray | None, seed: int) -> np.ndarray:
    """The pictures of one shard: each row by the snapshot of its age."""
    parts = []
    for k in np.unique(age):
        model = CoverModel.load(ages[k], precision="float32")
        mine = np.flatnonzero(age == k)
        z = np.concatenate([latents(1, seed=seed + int(rows[m]), dimensions=model.latent) for m in mine])
        parts.append(model.pictures(z, None if music is None else music[mine], strength=float(model.about.get("strength", 1.0))))
    return np.concatenate(parts)


def _is_whole(path: Path, rows: int) -> bool:
    try:
        return len(np.load(path, mmap_mode="r")) == rows
    except (OSError, ValueError):
        return False


def _write_array(path: Path, pictures: np.ndarray) -> None:
    out = io.BytesIO()
    np.save(out, pictures, allow_pickle=False)
    write_atomic(path, out.getvalue())


def _write_palettes(place: Path, count: int) -> None:
    """One table of all palettes: the number of the picture, then share, red, green and blue of eight colours, all 0..1."""
    rows = np.concatenate([np.load(place / f"palettes-{start // SHARD:05d}.npy") for start in range(0, count, SHARD)])
    names = [f"{part}_{colour}" for colour in range(1, 9) for part in ("share", "red", "green", "blue")]
    out = io.StringIO()
    np.savetxt(out, rows, fmt="%.4f", delimiter=",")
    numbered = (f"{row},{line}" for row, line in enumerate(out.getvalue().splitlines()))
    write_atomic(place / "palettes.csv", "\n".join([",".join(["picture", *names]), *numbered, ""]).encode())


def _write_sheet(place: Path, count: int) -> None:
    """A sheet of at most 36 x 36 pictures, evenly from the first to the last."""
    chosen = np.unique(np.linspace(0, count - 1, min(SHEET * SHEET, count)).astype(int)) if count else np.zeros(0, int)
    if not len(chosen):
        return
    shards = {int(k): np.load(place / f"pictures-{k:05d}.npy", mmap_mode="r") for k in np.unique(chosen // SHARD)}
    pictures = np.stack([shards[int(row) // SHARD][row % SHARD] for row in chosen])
    save_png(place / "sheet.png", contact_sheet(pictures, columns=min(SHEET, max(1, int(np.ceil(len(chosen) ** 0.5))))))
