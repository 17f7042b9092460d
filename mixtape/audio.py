"""Files to samples: the only decoder of the house.

Sound is float32, 44,100 samples a second, full scale -1..1. Mono is (n,) and is the plain mean of the channels; stereo is (n, 2).
PyAV (FFmpeg) is asked first; libsndfile reads what FFmpeg refuses, and `Sound.decoder` says which of them it was. A damaged file
gives whatever can be decoded; only a file without any sound is an error. Files at 44.1 kHz never meet a resampler, the others go
through FFmpeg's polyphase one. Memory stays flat: a ten-hour mix costs no more than a jingle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from mixtape.errors import AudioError
from mixtape.types import FloatArray

SAMPLE_RATE_HZ = 44100
"""The one sample rate inside: features of one song at two rates are not comparable."""

BLOCK_SAMPLES = 2**18
"""5.94 s: one segment of the rhythm features, and the usual size of a block."""

_CHUNK_SAMPLES = 2**16
_RATES_HZ = (2000, 1_000_000)
_PREROLL_S = 0.5
"""Decoding starts this much before an offset, since MP3 and Opus frames lean on the ones before them."""

_Chunk = tuple[FloatArray, int]
"""Decoded sound before mixing and resampling: (channels, n) float32 and its rate in Hz."""


@dataclass(frozen=True, slots=True)
class Sound:
    """An opened file: the decoder that reads it ("pyav" or "libsndfile") and its blocks, to be taken once."""

    decoder: str
    blocks: Iterator[FloatArray]


def content_id(path: Path | str) -> str:
    """Name a song by its sound: 32 hex digits that survive a move, a new name and new tags.

    BLAKE2b (128 bits) over the compressed packets of the first audio stream, nothing is decoded. When FFmpeg cannot open the
    file it is taken over the samples that libsndfile decodes.

    Raises:
        AudioError: neither of them finds any sound in the file.
    """
    path, faults = Path(path), []
    for source in (_packets, _raw_samples):
        digest, found = blake2b(digest_size=16), False
        try:
            for piece in source(path):
                digest.update(piece)
                found = True
        except AudioError as error:
            faults.append(str(error))
        if found:
            return digest.hexdigest()
    raise _unreadable(path, faults)


def duration_s(path: Path | str) -> float:
    """Length in seconds as the file's header states it; decoded and counted when the header does not say.

    Raises:
        AudioError: there is no sound in the file.
    """
    path = Path(path)
    with suppress(AudioError), _av_stream(path) as (container, stream):
        if stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        if container.duration:
            return float(container.duration) / 1e6
    return sum(len(block) for block in blocks(path)) / SAMPLE_RATE_HZ


def open_sound(path: Path | str, *, block_samples: int = BLOCK_SAMPLES, channels: int = 1, start_s: float = 0.0) -> Sound:
    """Open a file and decode its first block, so that a file without sound is known at once.

    Args:
        path: any file that FFmpeg or libsndfile can read.
        block_samples: samples in each block; the last block is shorter.
        channels: 1 gives (n,) blocks, the mean of all channels; 2 gives (n, 2).
        start_s: where to start, by seeking; past the end there are no blocks.

    Raises:
        AudioError: nothing in the file can be decoded.
    """
    if channels not in (1, 2):
        raise AudioError(f"{channels} channels were asked for; 1 (mono) or 2 (stereo) can be had")
    path, faults = Path(path), []
    for name, decoder in _DECODERS.items():
        pieces = _resampled(decoder(path, max(start_s, 0.0)), channels=channels)
        found = _regrouped(pieces, block_samples=block_samples)
        try:
            return Sound(name, chain([next(found)], found))
        except StopIteration:
            if start_s > 0:
                return Sound(name, iter(()))
            faults.append("nothing in it can be decoded")
        except AudioError as error:
            faults.append(str(error))
    raise _unreadable(path, faults)


def blocks(
    path: Path | str, *, block_samples: int = BLOCK_SAMPLES, channels: int = 1, start_s: float = 0.0
) -> Iterator[FloatArray]:
    """Stream a file as float32 blocks at 44.1 kHz, (block_samples,) or (block_samples, 2), with flat memory; see `open_sound`."""
    yield from open_sound(path, block_samples=block_samples, channels=channels, start_s=start_s).blocks


def decode(path: Path | str, *, channels: int = 1, start_s: float = 0.0, length_s: float | None = None) -> FloatArray:
    """Decode a whole song or an excerpt: (n,) mono or (n, 2) stereo float32 at 44.1 kHz; shorter where the file ends.

    Raises:
        AudioError: nothing in the file can be decoded.
    """
    wanted = None if length_s is None else round(length_s * SAMPLE_RATE_HZ)
    parts: list[FloatArray] = [np.zeros((0,) if channels == 1 else (0, channels), np.float32)]
    had = 0
    for block in blocks(path, block_samples=_CHUNK_SAMPLES, channels=channels, start_s=start_s):
        parts.append(block)
        had += len(block)
        if wanted is not None and had >= wanted:
            break
    return np.concatenate(parts)[:wanted]


def to_house_rate(samples: FloatArray, *, sample_rate_hz: int) -> FloatArray:
    """Bring mono samples (n,) from any rate to 44.1 kHz, by the resampler that files go through.

    Raises:
        AudioError: a rate outside 2,000 to 1,000,000 Hz.
    """
    pieces = [piece[0] for piece in _resampled(iter([(samples[None], sample_rate_hz)]), channels=1)]
    return np.concatenate([np.zeros(0, np.float32), *pieces]) if len(pieces) != 1 else pieces[0]


def _unreadable(path: Path, faults: list[str]) -> AudioError:
    if not path.is_file():
        return AudioError(f"{path}: {'not a file' if path.exists() else 'there is no such file'}")
    if path.stat().st_size == 0:
        return AudioError(f"{path}: the file is empty (0 bytes); copy it again from where it came")
    told = "; ".join(f"{name}: {fault}" for name, fault in zip(("FFmpeg", "libsndfile"), faults, strict=False))
    return AudioError(f"{path}: no sound can be read from it ({told}); is it music, and whole?")


class _Reading:
    """A file as FFmpeg reads it. PyAV prints a traceback for a broken file that sends FFmpeg to a place before its beginning."""

    def __init__(self, file: BinaryIO) -> None:
        self.name, self.read, self.tell, self._seek = file.name, file.read, file.tell, file.seek

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._seek(offset, whence)
        except (OSError, ValueError):
            return -1


@contextmanager
def _av_stream(path: Path) -> Iterator[tuple[Any, Any]]:
    """The opened container and its first audio stream; everything FFmpeg raises becomes an AudioError."""
    import av

    if not path.is_file():
        raise AudioError("not a file")
    try:
        # Only local files: a playlist dressed up as a song must not make FFmpeg fetch what it names.
        with path.open("rb") as file, av.open(_Reading(file), container_options={"protocol_whitelist": "file"}) as container:
            if not container.streams.audio or container.streams.audio[0].codec_context is None:
                raise AudioError("no audio stream in it that can be decoded")
            stream = container.streams.audio[0]
            stream.codec_context.thread_count = 1
            yield container, stream
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise AudioError(getattr(error, "strerror", None) or str(error)) from error


def _packets(path: Path) -> Iterator[bytes]:
    import av

    with _av_stream(path) as (container, stream), suppress(av.error.FFmpegError):
        for packet in container.demux(stream):
            if packet.size:
                yield bytes(packet)


def _raw_samples(path: Path) -> Iterator[bytes]:
    for samples, _ in _sndfile_chunks(path, 0.0):
        yield np.ascontiguousarray(samples.T).tobytes()


def _seek(container: Any, stream: Any, start_s: float) -> None:
    import av

    begin = stream.start_time or 0
    with suppress(av.error.FFmpegError):
        container.seek(begin + int(max(start_s - _PREROLL_S, 0.0) / stream.time_base), stream=stream)


def _samples_ahead(frame: Any, stream: Any, start_s: float) -> int:
    """How many samples lie between the first decoded frame and the wanted start."""
    if start_s <= 0:
        return 0
    begun_s = 0.0 if frame.pts is None else float((frame.pts - (stream.start_time or 0)) * stream.time_base)
    return max(round((start_s - begun_s) * frame.sample_rate), 0)


def _pyav_chunks(path: Path, start_s: float) -> Iterator[_Chunk]:
    import av

    with _av_stream(path) as (container, stream):
        if start_s > 0:
            _seek(container, stream, start_s)
        fifo, ahead, padding = av.AudioFifo(), None, 0
        for frame, padded in _frames(container, stream):
            padding = padded
            if ahead is None:
                ahead = _samples_ahead(frame, stream, start_s)
            if ahead >= frame.samples:
                ahead -= frame.samples
                continue
            frame.pts = None
            try:
                fifo.write(frame)
            except ValueError:
                # The sound changed its rate or its channels half-way: hand on what there is and start anew.
                yield from _drained(fifo)
                fifo = av.AudioFifo()
                fifo.write(frame)
            if ahead:
                fifo.read(ahead)
                ahead = 0
            if fifo.samples >= _CHUNK_SAMPLES:
                yield from _drained(fifo, but=frame.samples)
        yield from _drained(fifo, but=padding)


def _frames(container: Any, stream: Any) -> Iterator[tuple[Any, int]]:
    """Decoded frames, and how many samples at the end of each are padding if it is the last one.

    A damaged packet is left out, and reading ends where the container itself breaks off. FFmpeg takes the padding off itself but
    in MP4, where the last packet lasts shorter than what it decodes to: a song would not join the next without a gap.
    """
    import av

    unit_s = stream.time_base if "mp4" in container.format.name else None
    with suppress(av.error.FFmpegError):
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                continue
            lasts_s = float(packet.duration * unit_s) if unit_s and packet.duration and len(frames) == 1 else None
            for frame in frames:
                yield frame, 0 if lasts_s is None else max(frame.samples - round(lasts_s * frame.sample_rate), 0)


def _drained(fifo: Any, *, but: int = 0) -> Iterator[_Chunk]:
    """All samples that have gathered, `but` the last few."""
    if fifo.samples > but:
        frame = fifo.read(fifo.samples - but)
        samples = frame.to_ndarray()
        if not frame.format.is_planar:
            samples = samples.reshape(-1, frame.layout.nb_channels).T
        yield _as_float(samples), frame.sample_rate


def _sndfile_chunks(path: Path, start_s: float) -> Iterator[_Chunk]:
    import soundfile

    if not path.is_file():
        raise AudioError("not a file")
    try:
        with path.open("rb") as raw, soundfile.SoundFile(raw) as file:
            if start_s > 0:
                file.seek(min(round(start_s * file.samplerate), file.frames))
            while len(samples := file.read(_CHUNK_SAMPLES, dtype="float32", always_2d=True)):
                yield _as_float(samples.T), file.samplerate
    except (soundfile.SoundFileError, OSError, RuntimeError) as error:
        raise AudioError(getattr(error, "error_string", None) or str(error)) from error


_DECODERS: dict[str, Callable[[Path, float], Iterator[_Chunk]]] = {"pyav": _pyav_chunks, "libsndfile": _sndfile_chunks}


def _as_float(samples: npt.NDArray[Any]) -> FloatArray:
    """Any sample format as float32 in -1..1, without the NaN and infinities that float files may hold."""
    kind = samples.dtype
    if kind.kind == "u":
        return ((samples.astype(np.float32) - 128.0) / 128.0).astype(np.float32)
    if kind.kind == "i":
        return samples.astype(np.float32) * np.float32(2.0 ** (1 - 8 * kind.itemsize))
    found = samples.astype(np.float32, copy=False)
    if np.isfinite(found).all():
        return found
    return np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0)


def _mixed(samples: FloatArray, *, channels: int) -> FloatArray:
    """(c, n) to (channels, n). Mono: the mean. Stereo from more than two: each front channel with a share of all the others."""
    had = len(samples)
    if had == channels:
        return samples
    if channels == 1:
        mean = samples.sum(axis=0, keepdims=True)
        mean /= np.float32(had)
        return mean
    if had == 1:
        return np.repeat(samples, 2, axis=0)
    rest = samples[2:].mean(axis=0, keepdims=True)
    return ((samples[:2] + 0.7 * rest) / 1.7).astype(np.float32)


def _resampled(chunks: Iterator[_Chunk], *, channels: int) -> Iterator[FloatArray]:
    """Mix to (channels, n) and bring to 44.1 kHz; sound that is there already passes untouched."""
    resampler, current_hz = None, SAMPLE_RATE_HZ
    for samples, rate_hz in chunks:
        mixed = _mixed(samples, channels=channels)
        if rate_hz != current_hz:
            yield from _flushed(resampler)
            resampler, current_hz = _resampler(rate_hz, channels=channels), rate_hz
        yield from [mixed] if resampler is None else _through(resampler, mixed, rate_hz=rate_hz)
    yield from _flushed(resampler)


def _resampler(rate_hz: int, *, channels: int) -> Any:
    import av

    if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
        raise AudioError(f"its sample rate is {rate_hz} Hz; {_RATES_HZ[0]} to {_RATES_HZ[1]} Hz can be heard")
    if rate_hz == SAMPLE_RATE_HZ:
        return None
    return av.AudioResampler(format="fltp", layout=_LAYOUTS[channels], rate=SAMPLE_RATE_HZ)


_LAYOUTS = {1: "mono", 2: "stereo"}


def _through(resampler: Any, samples: FloatArray, *, rate_hz: int) -> Iterator[FloatArray]:
    import av

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=_LAYOUTS[len(samples)])
    frame.sample_rate = rate_hz
    for out in resampler.resample(frame):
        yield out.to_ndarray()


def _flushed(resampler: Any) -> Iterator[FloatArray]:
    if resampler is not None:
        for out in resampler.resample(None):
            yield out.to_ndarray()


def _regrouped(pieces: Iterator[FloatArray], *, block_samples: int) -> Iterator[FloatArray]:
    """(c, any) pieces to blocks of exactly `block_samples`, the last one shorter: (n,) for one channel, (n, c) for more."""
    held: list[FloatArray] = []
    count = 0
    for piece in pieces:
        while count + piece.shape[1] >= block_samples:
            cut = block_samples - count
            yield _block([*held, piece[:, :cut]])
            piece, held, count = piece[:, cut:], [], 0
        if piece.shape[1]:
            held.append(piece)
            count += piece.shape[1]
    if count:
        yield _block(held)


def _block(pieces: list[FloatArray]) -> FloatArray:
    joined = np.concatenate(pieces, axis=1)
    return joined[0] if len(joined) == 1 else np.ascontiguousarray(joined.T)
