"""What a library gives the cover network, and what the network's model means for the library. No torch in here."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mixtape.covergan.condition import MODEL_FORMAT, Condition, song_features
from mixtape.errors import LibraryError, ModelError
from mixtape.library import Library
from mixtape.storage import load_arrays, save_arrays
from mixtape.types import ByteArray, FloatArray

DEMO_MODEL = Path(__file__).with_name("demo.safetensors")
"""The network that comes with mixtape, trained on made-up sleeves and made-up songs."""

FEW_COVERS = 64
"""A network that starts from nothing copies fewer covers than this; with less, training goes on from the demo model."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Covers (m, s, s, 3) uint8 by id, and for each the conditions (k, 32), artists and albums of all songs that carry it."""

    cover_ids: tuple[str, ...]
    covers: ByteArray
    conditions: tuple[FloatArray, ...]
    artists: tuple[tuple[str, ...], ...]
    albums: tuple[tuple[str, ...], ...]


def own_model(library: Library) -> Path:
    """Where the library's own trained model lies, or will lie."""
    return library.covergan_folder / "model.safetensors"


def model_path(library: Library) -> Path:
    """The model the wall uses: the library's own, or the one that comes with mixtape where there is none that can be used."""
    own = own_model(library)
    return own if own.is_file() and not model_fault(library) else DEMO_MODEL


def model_fault(library: Library) -> str:
    """Why the library's own model cannot be used, with the remedy; nothing where it can, or where there is none."""
    own = own_model(library)
    try:
        if own.is_file():
            read_condition(own)
    except ModelError as error:
        return f"{error}; the wall uses the model that comes along"
    return ""


def features_of(library: Library) -> FloatArray:
    """The features (n, 1668) of all songs, in the order of `library.tracks()`. LibraryError when there is none."""
    rp, ssd, rh = (library.features(name).values for name in ("rp", "ssd", "rh"))
    if not len(rp):
        raise LibraryError(f"{library.folder}: no song is ready; run mixtape build DIR on a folder with music")
    return song_features(rp, ssd, rh)


def read_condition(path: Path) -> Condition:
    """How a model hears songs, read without loading the network. ModelError when the file cannot be used."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as opened:
            about = json.loads((opened.metadata() or {})["mixtape"])
            names = [f"condition.{name}" for name in ("mean", "scale", "axes")] if about.get("format") == MODEL_FORMAT else []
            arrays = [np.asarray(opened.get_tensor(name), np.float32) for name in names]
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise ModelError(f"{path}: is not a cover model that hears music ({error}); delete it and run mixtape train") from error
    if about.get("format") != MODEL_FORMAT:
        raise ModelError(
            f"{path}: model format {about.get('format')}, this program needs {MODEL_FORMAT}; run mixtape train --fresh"
        )
    return Condition(*arrays)


def conditions_of(library: Library, model: Path) -> FloatArray:
    """What `model` hears in each song of the library: (n, 32), in the order of `library.tracks()`."""
    return read_condition(model).of(features_of(library))


def settled_condition(library: Library, first: Callable[[], Condition]) -> Condition:
    """How the network in training hears songs: `first()` when training begins, then the same until it begins anew.

    A collection that grows in between must not change what the network has learned the numbers to mean.
    """
    path = library.covergan_folder / "condition.npz"
    if not path.is_file():
        made = first()
        save_arrays(path, {"mean": made.mean, "scale": made.scale, "axes": made.axes}, about={})
    arrays = load_arrays(path)
    return Condition(mean=arrays["mean"], scale=arrays["scale"], axes=arrays["axes"])


def forget_training(library: Library) -> None:
    """Delete the state of training, its snapshots and its model; the wall goes back to the model that comes along."""
    for name in ("condition.npz", "checkpoint.pt", "best.pt", "model.safetensors", "remarks.txt"):
        (library.covergan_folder / name).unlink(missing_ok=True)
    for folder in ("snapshots", "samples", "judged"):
        shutil.rmtree(library.covergan_folder / folder, ignore_errors=True)


def material(library: Library, condition: Condition, *, pixels: int) -> Material:
    """All covers of the library's songs as `pixels` x `pixels`, with what the network hears in their songs.

    A cover that cannot be read is left out. LibraryError when there is no cover at all.
    """
    tracks, heard = library.tracks(), condition.of(features_of(library))
    rows: dict[str, list[int]] = {}
    for row, track in enumerate(tracks):
        if track.cover_id:
            rows.setdefault(track.cover_id, []).append(row)
    read = {cover_id: pixels_of for cover_id in sorted(rows) if (pixels_of := _cover(library, cover_id, pixels)) is not None}
    if not read:
        raise LibraryError(
            f"{library.folder}: no song has a cover, there is nothing to learn; the wall uses the model that comes along"
        )
    try:
        covers = np.stack(list(read.values()))
    except MemoryError as error:
        raise LibraryError(
            f"{len(read)} covers of {pixels} px need {len(read) * pixels**2 * 3 / 1e6:.0f} MB of memory; "
            "close other programs, or set [train] pixels lower"
        ) from error
    return Material(
        tuple(read),
        covers,
        tuple(heard[rows[cover_id]] for cover_id in read),
        *(
            tuple(tuple(dict.fromkeys(getattr(tracks[row], name) for row in rows[cover_id])) for cover_id in read)
            for name in ("artist", "album")
        ),
    )


def _cover(library: Library, cover_id: str, pixels: int) -> ByteArray | None:
    """A cover at `pixels`: from the small one, or from the picture as it was found where more is wanted than that holds."""
    from PIL import Image

    from mixtape.collection.covers import SIZE_PX, CoverError, standardise

    if pixels > SIZE_PX:
        with contextlib.suppress(CoverError, LibraryError, OSError):
            return standardise(library.cover_original(cover_id).read_bytes(), side_px=pixels)[0]
    try:
        small = Image.fromarray(library.cover_pixels(cover_id))
    except (LibraryError, OSError, ValueError):
        return None
    return np.asarray(small.resize((pixels, pixels), Image.Resampling.LANCZOS))
