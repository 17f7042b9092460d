"""Finished music as files: MP3, FLAC, Ogg Vorbis, Opus and M4A with tags and the sleeve, the same bytes every time.

FFmpeg's own Vorbis encoder leaves a test tone 9 dB above its error where libvorbis leaves 27 dB at the same rate, so Vorbis
is encoded by libsndfile and its packets are put into a new Ogg stream by FFmpeg, whose serial numbers do not depend on the clock.
"""

from __future__ import annotations

import base64
import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
import numpy as np
import soundfile
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Disposition

from mixtape.demo.desk import SAMPLE_RATE_HZ
from mixtape.types import FloatArray

BITEXACT = {"fflags": "+bitexact"}


@dataclass(frozen=True, slots=True)
class Format:
    """How one kind of file is written: container, encoder, its sample format, rate, bits a second, and the encoder's own options.

    LAME at quality 7 takes half the time of its default, the fast AAC search a third.
    """

    container: str
    encoder: str
    samples: str
    rate_hz: int = SAMPLE_RATE_HZ
    bit_rate: int = 0
    options: tuple[tuple[str, str], ...] = ()


FORMATS: dict[str, Format] = {
    "mp3": Format("mp3", "libmp3lame", "s16p", bit_rate=192_000, options=(("compression_level", "7"),)),
    "flac": Format("flac", "flac", "s16"),
    "m4a": Format("mp4", "aac", "fltp", bit_rate=160_000, options=(("aac_coder", "fast"),)),
    "opus": Format("ogg", "libopus", "flt", rate_hz=48_000, bit_rate=112_000),
    "ogg": Format("ogg", "vorbis", "fltp"),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A sleeve as it is put into a file: encoded bytes, their type, and the side in pixels."""

    content: bytes
    mime: str
    size_px: int


def write_song(path: Path, samples: FloatArray, *, suffix: str, tags: dict[str, str], picture: Picture | None) -> None:
    """Encode stereo samples (2, n) at 44.1 kHz into `path`, which is written whole.

    Args:
        path: where to write; its own suffix plays no part.
        samples: (2, n) float32, -1..1.
        suffix: one of `FORMATS`.
        tags: `artist`, `title`, `album`, `genre`, `date`, `track`.
        picture: the sleeve to embed, or None.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    form = FORMATS[suffix]
    with av.open(str(path), "w", format=form.container, options=BITEXACT) as out:
        if suffix == "ogg":
            _write_vorbis(out, samples, _with_picture(tags, picture))
        else:
            _write_encoded(out, samples, form, tags, picture)


def picture_block(picture: Picture) -> bytes:
    """A FLAC picture block (RFC 9639, section 8.8) of type 3, front cover; Ogg comments carry the same bytes in base 64."""
    mime = picture.mime.encode()
    shape = struct.pack(">5I", picture.size_px, picture.size_px, 24, 0, len(picture.content))
    return struct.pack(">2I", 3, len(mime)) + mime + struct.pack(">I", 0) + shape + picture.content


def _with_picture(tags: dict[str, str], picture: Picture | None) -> dict[str, str]:
    if picture is None:
        return tags
    return {**tags, "METADATA_BLOCK_PICTURE": base64.b64encode(picture_block(picture)).decode()}


def _write_encoded(
    out: OutputContainer, samples: FloatArray, form: Format, tags: dict[str, str], picture: Picture | None
) -> None:
    stream = cast(AudioStream, out.add_stream(form.encoder, rate=form.rate_hz, options=dict(form.options)))
    context = stream.codec_context
    context.layout, context.format = "stereo", form.samples
    context.flags |= av.codec.context.Flags.bitexact.value
    if form.bit_rate:
        context.bit_rate = form.bit_rate
    if form.container == "ogg":
        stream.metadata.update(_with_picture(tags, picture))
    else:
        out.metadata.update(tags)
        _attach(out, picture)
    out.start_encoding()
    for frame in _frames(samples, form, context.frame_size or 4096):
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def _attach(out: OutputContainer, picture: Picture | None) -> None:
    """Add the sleeve as a stream of one still picture, which these containers store as their cover."""
    if picture is None:
        return
    codec = "png" if picture.mime == "image/png" else "mjpeg"
    still = out.add_mux_stream(codec, width=picture.size_px, height=picture.size_px)
    still.disposition = Disposition.attached_pic
    still.metadata.update({"title": "Cover", "comment": "Cover (front)"})
    out.start_encoding()
    packet = av.Packet(picture.content)
    packet.stream, packet.pts, packet.dts, packet.is_keyframe = still, 0, 0, True
    out.mux(packet)


def _frames(samples: FloatArray, form: Format, frame_size: int) -> list[av.AudioFrame]:
    whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
    whole.sample_rate, whole.pts = SAMPLE_RATE_HZ, 0
    resampler = AudioResampler(format=form.samples, layout="stereo", rate=form.rate_hz, frame_size=frame_size)
    return [*resampler.resample(whole), *resampler.resample(None)]


def _write_vorbis(out: OutputContainer, samples: FloatArray, tags: dict[str, str]) -> None:
    encoded = io.BytesIO()
    with soundfile.SoundFile(encoded, "w", SAMPLE_RATE_HZ, 2, format="OGG", subtype="VORBIS", compression_level=0.5) as sink:
        for start in range(0, samples.shape[1], 65_536):
            sink.write(samples.T[start : start + 65_536])
    encoded.seek(0)
    with av.open(encoded) as source:
        assert isinstance(source, InputContainer)
        heard = source.streams.audio[0]
        stream = out.add_stream_from_template(heard)
        stream.metadata.clear()
        stream.metadata.update(tags)
        for packet in source.demux(heard):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
