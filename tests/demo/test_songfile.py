"""Each of the five formats: sound, tags and sleeve come back as they went in."""

import io

import av
import numpy as np
import pytest
from av.audio.resampler import AudioResampler
from PIL import Image
from tinytag import TinyTag

from mixtape.demo.songfile import FORMATS, Picture, write_song

TAGS = {"artist": "Lúcia", "title": "静かな海", "album": "Επτά", "genre": "Bossa Nova", "date": "1971", "track": "2/3"}


def _picture(kind):
    encoded = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((600, 600)).save(encoded, kind)
    return Picture(encoded.getvalue(), f"image/{kind.lower()}", 600)


def _music():
    t = np.arange(44_100 * 2) / 44_100
    left = 0.4 * np.sin(2 * np.pi * 440 * t) + 0.1 * np.sin(2 * np.pi * 3000 * t)
    return np.stack([left, 0.4 * np.sin(2 * np.pi * 660 * t)]).astype(np.float32)


def _heard(path):
    with av.open(str(path)) as source:
        resampler = AudioResampler(format="fltp", layout="stereo", rate=44_100)
        frames = [out.to_ndarray() for frame in source.decode(audio=0) for out in resampler.resample(frame)]
        frames += [out.to_ndarray() for out in resampler.resample(None)]
    return np.concatenate(frames, axis=1)


@pytest.mark.parametrize("suffix", sorted(FORMATS))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_tags_and_sleeve_come_back_as_they_went_in(tmp_path, suffix, kind):
    path, picture = tmp_path / f"song.{suffix}", _picture(kind)
    write_song(path, _music(), suffix=suffix, tags=TAGS, picture=picture)
    tag = TinyTag.get(path, image=True)
    assert (tag.artist, tag.title, tag.album, tag.genre, tag.year, tag.track) == (
        "Lúcia",
        "静かな海",
        "Επτά",
        "Bossa Nova",
        "1971",
        2,
    )
    assert tag.images.any is not None and tag.images.any.data == picture.content


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_the_sound_comes_back_in_place_with_20_db_or_better(tmp_path, suffix):
    path, music = tmp_path / f"song.{suffix}", _music()
    write_song(path, music, suffix=suffix, tags=TAGS, picture=None)
    heard = _heard(path)[:, 22_050:66_150]
    error = heard - music[:, 22_050:66_150]
    assert 10 * np.log10((music[:, 22_050:66_150] ** 2).mean() / (error**2).mean()) > 20
    assert TinyTag.get(path, image=True).images.any is None


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_the_same_song_is_the_same_bytes(tmp_path, suffix):
    for name in ("a", "b"):
        write_song(tmp_path / name, _music(), suffix=suffix, tags=TAGS, picture=_picture("JPEG"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
