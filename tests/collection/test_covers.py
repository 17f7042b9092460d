"""Which picture becomes a song's cover, and what it looks like."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from mixtape.collection.covers import (
    GROUND,
    CoverError,
    Picture,
    make_cover,
    picture_rank,
    pictures_beside,
    pictures_of,
    standardise,
)


def _bytes(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def _plain(colour: tuple[int, ...] | int, mode: str = "RGB", size: tuple[int, int] = (200, 200)) -> Image.Image:
    return Image.new(mode, size, colour)


def _middle(content: bytes) -> list[int]:
    return standardise(content)[0][64, 64].tolist()


def _flac(path: Path, *pictures: tuple[int, bytes]) -> None:
    """A FLAC file without sound that carries pictures: (kind, bytes), kind 3 being the front cover."""
    blocks = [(0, bytes(34))]
    for kind, content in pictures:
        mime = b"image/png"
        head = struct.pack(">II", kind, len(mime)) + mime + struct.pack(">IIIIII", 0, 0, 0, 24, 0, len(content))
        blocks.append((6, head + content))
    last = len(blocks) - 1
    made = (
        bytes([kind | (0x80 if n == last else 0)]) + struct.pack(">I", len(body))[1:] + body
        for n, (kind, body) in enumerate(blocks)
    )
    path.write_bytes(b"fLaC" + b"".join(made))


RED, GREEN, BLUE = (_bytes(_plain(colour)) for colour in ((200, 10, 10), (10, 200, 10), (10, 10, 200)))


def _first(song: Path) -> bytes | None:
    found = next(pictures_of(song), None)
    return found.content if found else None


def test_the_front_cover_inside_the_song_comes_before_all_others(tmp_path: Path) -> None:
    song = tmp_path / "song.flac"
    _flac(song, (4, RED), (3, GREEN))
    (tmp_path / "cover.png").write_bytes(BLUE)
    assert [picture.content for picture in pictures_of(song)] == [GREEN, RED, BLUE]
    assert [picture.source.name for picture in pictures_of(song)] == ["song.flac", "song.flac", "cover.png"]


def test_a_picture_beside_the_song_is_found_by_name_in_any_case(tmp_path: Path) -> None:
    song = tmp_path / "song.mp3"
    song.write_bytes(b"")
    assert _first(song) is None
    (tmp_path / "FRONT.Jpeg").write_bytes(RED)
    assert _first(song) == RED
    (tmp_path / "Folder.PNG").write_bytes(GREEN)
    (tmp_path / "cover.webp").write_bytes(BLUE)
    assert [path.name for path in pictures_beside(song)] == ["cover.webp", "FRONT.Jpeg", "Folder.PNG"]
    assert picture_rank("back.jpg") is None and picture_rank("cover.txt") is None
    assert picture_rank("AlbumArt_{A}_Large.jpg") is not None and picture_rank("AlbumArt_{A}_Small.jpg") is None


def test_the_discs_of_an_album_share_the_picture_above_them(tmp_path: Path) -> None:
    for name in ("CD1", "Disc 2", "Bonus"):
        (tmp_path / name).mkdir()
    (tmp_path / "cover.jpg").write_bytes(RED)
    (tmp_path / "Disc 2" / "cover.jpg").write_bytes(GREEN)
    assert [_first(tmp_path / name / "song.mp3") for name in ("CD1", "Disc 2", "Bonus")] == [RED, GREEN, None]


def test_a_cover_is_cut_to_its_central_square_without_stretching() -> None:
    wide = _plain((0, 0, 0), size=(400, 200))
    wide.paste((255, 255, 255), (100, 0, 300, 200))
    pixels, suffix, size_px = standardise(_bytes(wide))
    assert pixels.shape == (128, 128, 3) and pixels.dtype == np.uint8 and pixels.min() > 240
    assert (suffix, size_px) == (".png", (400, 200))


def test_a_sideways_photo_stands_upright() -> None:
    picture = _plain((0, 0, 0), size=(300, 200))
    picture.paste((255, 0, 0), (0, 0, 300, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels, suffix, size_px = standardise(_bytes(picture, "JPEG", exif=exif, quality=95))
    assert (suffix, size_px) == (".jpg", (200, 300))
    assert pixels[64, 124, 0] > 200 > 50 > pixels[64, 4, 0]


@pytest.mark.parametrize(
    ("picture", "kind", "expected"),
    [
        (_plain((0, 255, 255, 0), "CMYK"), "JPEG", [255, 0, 0]),
        (_plain((180, 60, 20)).quantize(4), "PNG", [180, 60, 20]),
        (_plain((180, 60, 20)).quantize(4), "GIF", [180, 60, 20]),
        (_plain(30000, "I;16"), "PNG", [116, 116, 116]),
        (_plain(90, "L"), "PNG", [90, 90, 90]),
        (_plain((90, 0), "LA"), "PNG", list(GROUND)),
        (_plain((255, 255, 255, 0), "RGBA"), "PNG", list(GROUND)),
        (_plain((200, 0, 0, 255), "RGBA"), "WEBP", [200, 0, 0]),
        (_plain(1, "1"), "PNG", [255, 255, 255]),
        (_plain(0.5, "F"), "TIFF", [255, 255, 255]),
    ],
)
def test_every_kind_of_picture_becomes_flat_srgb(picture: Image.Image, kind: str, expected: list[int]) -> None:
    assert np.abs(np.subtract(_middle(_bytes(picture, kind)), expected)).max() <= 3


def test_a_colour_profile_is_honoured() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    content = _bytes(_plain((200, 10, 10)), icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert np.abs(np.subtract(_middle(content), (200, 10, 10))).max() <= 1
    # A profile that does not fit the picture, or is none, is left aside.
    for profile in (lab.tobytes(), b"not a profile"):
        assert _middle(_bytes(_plain((200, 10, 10)), icc_profile=profile)) == [200, 10, 10]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "known format"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 10, "picture"),
        (_bytes(Image.effect_noise((300, 300), 90), "JPEG")[:2000], "broken"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "known format"),
        (_bytes(_plain((9, 9, 9), size=(7, 700))), "8 x 8"),
        (_bytes(_plain(0, "1", size=(8000, 8000))), "50 million"),
        (_bytes(_plain(0, "1", size=(20000, 20000))), "50 million"),
    ],
)
def test_a_picture_that_cannot_be_used_is_refused_with_the_reason(content: bytes, said: str) -> None:
    with pytest.raises(CoverError, match=said) as caught:
        standardise(content)
    assert " at 0x" not in str(caught.value)


def test_a_cover_keeps_its_bytes_its_source_and_its_colours(tmp_path: Path) -> None:
    (tmp_path / "cover.png").write_bytes(RED)
    (picture,) = pictures_of(tmp_path / "song.mp3")
    cover = make_cover(picture)
    assert (cover.original, cover.source, cover.suffix) == (RED, tmp_path / "cover.png", ".png")
    assert (cover.width_px, cover.height_px, len(cover.id)) == (200, 200, 32)
    assert np.abs(cover.palette.srgb[0].astype(int) - (200, 10, 10)).max() <= 3
    assert make_cover(Picture(RED, tmp_path / "other", picture.id)).id == cover.id
