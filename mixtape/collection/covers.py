"""Pictures found with a song become covers: 128 x 128 sRGB pixels beside the file they came as.

A picture inside the song comes first (the front cover, then any other), then cover, front or folder beside it. What is kept small
is upright (EXIF), in sRGB, flat on near-black where it was transparent, cut to its central square, reduced by Lanczos. A picture
that cannot be used is passed over with a reason and the next one is tried.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mixtape.errors import MixtapeError
from mixtape.library import Cover
from mixtape.palette import dominant_colours
from mixtape.types import ByteArray

if TYPE_CHECKING:
    from PIL.Image import Image

SIZE_PX = 128
"""Side of a standard cover."""

SMALLEST_PX, LARGEST_MPX, LARGEST_MB = 8, 50, 64
"""Limits of a usable picture: its shorter side, its area and its file. A bomb of a few kilobytes can fill any memory."""

GROUND = (11, 11, 13)
"""The near-black that transparent covers lie on."""

_NAMES = ("cover", "front", "folder", "albumart", "album")
_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp")
_FORMATS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp", "TIFF": ".tif"}
_DISC = re.compile(r"(?:cd|dis[ck]|dvd|side)[\s._-]*(?:\d{1,2}|[a-d])\b", re.IGNORECASE)


class CoverError(MixtapeError):
    """A picture that cannot be a cover; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it was found: its bytes, the file it came from, and its id (BLAKE2b of the bytes, 32 hex)."""

    content: bytes
    source: Path
    id: str


def pictures_of(song: Path) -> Iterator[Picture]:
    """Every picture that may be the song's cover, best first. Never raises; what cannot be read is not there."""
    yield from (_picture(content, song) for content in _embedded(song))
    for path in pictures_beside(song):
        with contextlib.suppress(OSError):
            with path.open("rb") as file:
                content = file.read(LARGEST_MB * 2**20 + 1)
            yield _picture(content, path)


def pictures_beside(song: Path) -> tuple[Path, ...]:
    """Cover files beside the song, best first; above it too when its folder is one disc of an album (CD1, Disc 2)."""
    found = _pictures_in(song.parent)
    return found if found or not is_disc(song.parent.name) else _pictures_in(song.parent.parent)


def picture_rank(name: str) -> int | None:
    """How likely a file of this name is the cover (0 is best), or None for any other file."""
    stem, suffix = os.path.splitext(name.lower())  # noqa: PTH122
    if suffix not in _SUFFIXES:
        return None
    if stem in _NAMES:
        return _NAMES.index(stem)
    # Windows Media Player writes AlbumArt_{...}_Large.jpg beside a small one.
    return len(_NAMES) if stem.startswith("albumart_") and stem.endswith("_large") else None


def is_disc(name: str) -> bool:
    """Whether a folder name says one disc of several: CD1, Disc 2, Side A."""
    return _DISC.match(name) is not None


def make_cover(picture: Picture) -> Cover:
    """The cover that a picture becomes. CoverError with the reason when it cannot be used."""
    pixels, suffix, size_px = standardise(picture.content)
    palette = dominant_colours(pixels)
    return Cover(picture.id, pixels, picture.content, suffix, picture.source, *size_px, palette)


def standardise(content: bytes, *, side_px: int = SIZE_PX) -> tuple[ByteArray, str, tuple[int, int]]:
    """Picture bytes to (side_px, side_px, 3) uint8 sRGB, their format's suffix and the upright size (width, height).

    Raises:
        CoverError: broken, of no known format, too small or too large.
    """
    from PIL import Image, UnidentifiedImageError

    if len(content) > LARGEST_MB * 2**20:
        raise CoverError(f"the picture has over {LARGEST_MB} MB; save it smaller")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _standardised(io.BytesIO(content), side_px)
    except CoverError:
        raise
    except UnidentifiedImageError as error:
        raise CoverError(f"no picture of a known format ({', '.join(_FORMATS)}); save it as JPEG or PNG") from error
    except Image.DecompressionBombError as error:
        raise CoverError(f"the picture is larger than {LARGEST_MPX} million pixels; save it smaller") from error
    except MemoryError as error:
        raise CoverError("there is not enough memory to open the picture; save it smaller") from error
    except Exception as error:  # Pillow's readers raise whatever a broken header leads them to.
        raise CoverError(f"the picture is broken ({_short(error)}); save it again") from error


def _standardised(file: io.BytesIO, side_px: int) -> tuple[ByteArray, str, tuple[int, int]]:
    from PIL import Image, ImageOps

    with Image.open(file, formats=list(_FORMATS)) as found:
        # Phones write JPEGs with a second picture inside, which Pillow gives another name.
        suffix = _FORMATS.get(found.format or "", ".jpg")
        size_px = _checked_size(found)
        profile = found.info.get("icc_profile")
        # A JPEG can be decoded at a half, a quarter or an eighth of its size: the same cover for a fraction of the work.
        found.draft(None, (4 * SIZE_PX, 4 * SIZE_PX) if side_px <= SIZE_PX else (2 * side_px, 2 * side_px))
        ImageOps.exif_transpose(found, in_place=True)
        square = ImageOps.fit(_eight_bits(found), (side_px, side_px), Image.Resampling.LANCZOS)
        return np.array(_flat(square, profile), np.uint8), suffix, size_px


def _checked_size(picture: Image) -> tuple[int, int]:
    width, height = picture.size
    if min(width, height) < SMALLEST_PX:
        raise CoverError(f"the picture has {width} x {height} pixels; {SMALLEST_PX} x {SMALLEST_PX} are needed")
    if width * height > LARGEST_MPX * 1_000_000:
        raise CoverError(f"the picture has {width} x {height} pixels; up to {LARGEST_MPX} million can be used, save it smaller")
    sideways = picture.getexif().get(0x0112, 1) >= 5
    return (height, width) if sideways else (width, height)


def _eight_bits(picture: Image) -> Image:
    """Any mode as L, RGB, RGBA or CMYK; Pillow alone would clip deep grey to white, and reduce a palette by nearest."""
    from PIL import Image

    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture).clip(0, 65535) // 257).astype(np.uint8))
    if picture.mode == "F":
        deep = np.asarray(picture, np.float32)
        return Image.fromarray((deep * (255 / max(float(deep.max()), 1e-9))).clip(0, 255).astype(np.uint8))
    if picture.mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture if picture.mode in ("L", "RGB", "RGBA", "CMYK") else picture.convert("RGB")


def _flat(picture: Image, profile: bytes | None) -> Image:
    """The small picture in sRGB, without transparency."""
    from PIL import Image

    if picture.mode == "RGBA":
        ground = Image.new("RGBA", picture.size, (*GROUND, 255))
        picture = Image.alpha_composite(ground, picture).convert("RGB")
    return _in_srgb(picture, profile) if profile else picture.convert("RGB")


def _in_srgb(picture: Image, profile: bytes) -> Image:
    from PIL import ImageCms

    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        if turned is not None:
            return turned
    return picture.convert("RGB")


def _picture(content: bytes, source: Path) -> Picture:
    return Picture(content, source, blake2b(content, digest_size=16).hexdigest())


def _embedded(song: Path) -> tuple[bytes, ...]:
    from tinytag import TinyTag

    try:
        images = TinyTag.get(song, tags=True, duration=False, image=True).images
    except Exception:  # A file whose tags are broken has no picture; tinytag may raise anything from inside.
        return ()
    every = [image for several in images.as_dict().values() for image in several if image.data]
    return tuple(image.data for image in sorted(every, key=lambda image: image.name != "front_cover"))


def _pictures_in(folder: Path) -> tuple[Path, ...]:
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return ()
    ranked = [(rank, os.fsencode(name), name) for name in names if (rank := picture_rank(name)) is not None]
    return tuple(folder / name for _, _, name in sorted(ranked))


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
