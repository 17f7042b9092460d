"""Frames and sound to one video file: H.264 and AAC in MP4 or Matroska.

While it is written the file is called `NAME.part`; it gets its name when it is whole. An MP4 is written in fragments, so that a
killed recording can still be played, and put in order when it closes; `delay_moov` is what lets sound and picture begin at
the same moment. The same frames and samples give the same bytes.
"""

from __future__ import annotations

import errno
import os
import queue
import shutil
import sys
import threading
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import numpy as np

from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.errors import MixtapeError
from mixtape.types import ByteArray, FloatArray

_FORMATS = {
    ".mp4": ("mp4", {"movflags": "hybrid_fragmented+delay_moov", "frag_duration": "1000000"}),
    ".mkv": ("matroska", {"cluster_time_limit": "1000"}),
}
_CODECS = (
    ("libx264", {"preset": "veryfast", "crf": "18", "threads": "4"}),
    ("mpeg4", {"qscale": "3", "threads": "1"}),
)
_LIVE = {"preset": "superfast"}
"""Beside a show the processor has better things to do than to make a file a little smaller."""

_QUEUE_FRAMES = 12
_LIVE_BYTES = 192_000_000
"""So much of pictures waits for the encoder at most before some are left out."""

_STALLED_PIECES = 4000
"""So many pieces of sound wait at most: a minute or two in which the disk took nothing."""

_LOOK_PIECES = 32
_NICE = 5
_AAC_SAMPLES = 1024
_LIMITED_RANGE = _BT709 = 1


class Recorder:
    """Writes frames (h, w, 3) or (h, w, 4) uint8, the top row first, and samples (n, 2) float32 to `path`.

    `mode` "offline" makes the caller wait for the encoder and drops nothing; "live" never waits, and counts in `dropped` the
    frames it left out. For every frame that is left out, or that never came, the one before is repeated: a file has as many
    frames as its time asks for, so that sound and picture keep together. `short_of_disk` says that less than `keep_free_bytes`
    are left there. Odd sizes lose their last row or column; `notes` says so. Errors of the encoder come up from the next call.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        width: int,
        height: int,
        fps: float,
        sample_rate_hz: int = SAMPLE_RATE_HZ,
        mode: str = "offline",
        keep_free_bytes: int = 0,
    ) -> None:
        """Open the file. MixtapeError when the name ends in neither .mp4 nor .mkv, or it cannot be written."""
        self.path = Path(path)
        self.part = self.path.with_name(self.path.name + ".part")
        self.frames = self.dropped = 0
        self.notes: list[str] = []
        if self.path.suffix.lower() not in _FORMATS:
            raise MixtapeError(f"{self.path}: a video is written as {' or '.join(_FORMATS)}; give it one of these endings")
        if self.path.is_dir():
            raise MixtapeError(f"{self.path}: is a folder; give the video another name")
        self.width, self.height = width - width % 2, height - height % 2
        if (self.width, self.height) != (width, height):
            self.notes.append(f"{width} x {height} is odd; the video has {self.width} x {self.height}")
        if min(self.width, self.height) < 2 or fps <= 0:
            raise MixtapeError(f"a video of {width} x {height} at {fps:g} frames/s; at least 2 x 2 and more than 0 are needed")
        self._live, self._keep_free_bytes, self.short_of_disk = mode == "live", keep_free_bytes, False
        self._most_waiting = max(4, min(2 * _QUEUE_FRAMES, _LIVE_BYTES // (3 * self.width * self.height)))
        self._put = self._taken = 0
        self._encoder = _Encoder(
            self.part, self.path.suffix.lower(), self.width, self.height, fps, sample_rate_hz, live=self._live
        )
        self._queue: queue.Queue[tuple[int, ByteArray] | FloatArray | None] = queue.Queue(0 if self._live else _QUEUE_FRAMES)
        self._fault: Exception | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is None:
            self.close()
        else:
            self.abandon()

    def frame(self, pixels: ByteArray, *, number: int | None = None) -> None:
        """Add the next frame (h, w, 3) or (h, w, 4) uint8, or a later one by its `number` from 0; alpha is left out.

        MixtapeError when the file could not be written.
        """
        self._check()
        if pixels.ndim != 3 or pixels.shape[0] < self.height or pixels.shape[1] < self.width or pixels.shape[2] not in (3, 4):
            raise MixtapeError(f"a frame {pixels.shape}; ({self.height}, {self.width}, 3) is needed")
        number = self.frames if number is None else max(number, self.frames)
        self.frames = number + 1
        if self._live and self._put - self._taken >= self._most_waiting:
            self.dropped += 1
            return
        self._put += 1
        # A copy: the caller may draw its next frame into the same memory.
        self._queue.put((number, np.array(pixels[: self.height, : self.width], np.uint8, order="C")))

    def samples(self, samples: FloatArray) -> None:
        """Add the sound that follows, (n, 2) float32. MixtapeError when the file could not be written."""
        self._check()
        if self._live and self._queue.qsize() > _STALLED_PIECES:
            raise MixtapeError(f"{self.part}: the disk takes nothing any more; choose another place for the library's shows")
        if len(samples):
            self._queue.put(np.array(samples, np.float32, order="C"))

    def close(self) -> Path:
        """Finish the file, give it its name and return it. MixtapeError when it could not be written."""
        if not self._closed:
            self._end()
            self._check()
            if not self.frames:
                raise MixtapeError(f"{self.part}: no frame was recorded, so there is no video")
            try:
                self._encoder.hold(self.frames)
                self._encoder.close()
                self.part.replace(self.path)
            except Exception as error:
                raise self._told(error) from error
        return self.path

    def abandon(self) -> None:
        """Stop here: what was written stays behind as the `.part` file."""
        if not self._closed:
            self._end()
            if self._fault is None:
                # After a failed write FFmpeg's MP4 writer crashes the program when it is asked to end the file.
                self._encoder.drop()

    def _end(self) -> None:
        self._closed = True
        self._queue.put(None)
        self._thread.join()

    def _check(self) -> None:
        if self._fault is not None:
            raise self._told(self._fault) from self._fault

    def _told(self, error: Exception) -> MixtapeError:
        if isinstance(error, MixtapeError):
            return error
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            # Where the running show records to is for nobody to choose.
            remedy = "make room" if self._live else "make room, or choose another place with --out"
            return MixtapeError(f"{self.part}: the disk is full after {self.frames} frames; {remedy}")
        return MixtapeError(f"{self.part}: the video could not be written: {error}")

    def _run(self) -> None:
        if self._live:
            _stand_back()
        pieces = 0
        while (piece := self._queue.get()) is not None:
            self._taken += isinstance(piece, tuple)
            if self._fault is not None:
                continue
            try:
                if isinstance(piece, tuple):
                    self._encoder.picture(*piece)
                else:
                    self._encoder.sound(piece)
                if self._keep_free_bytes and pieces % _LOOK_PIECES == 0:
                    self.short_of_disk = shutil.disk_usage(self.part.parent).free < self._keep_free_bytes
            except Exception as error:  # handed to the caller with its next frame
                self._fault = error
            pieces += 1


def _stand_back() -> None:
    """Let this thread, and those of the encoder that it starts, run behind all others, where threads have a priority each."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def exact_rate(fps: float) -> Fraction:
    """Frames a second as a fraction: 29.97 means 30000/1001, as television counts; 30 means 30."""
    television = Fraction(round(fps) * 1000, 1001)
    meant = fps != round(fps) and abs(fps - television) < 0.005
    return television if meant else Fraction(fps).limit_denominator(1000)


class _Encoder:
    """The container and its two streams; used from one thread at a time."""

    def __init__(self, part: Path, suffix: str, width: int, height: int, fps: float, sample_rate_hz: int, *, live: bool) -> None:
        import av

        form, options = _FORMATS[suffix]
        self._rate = exact_rate(fps)
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            part.open("wb").close()  # known now: PyAV itself opens the file with the first packet
            self._container: Any = av.open(
                str(part), "w", format=form, options={"fflags": "+bitexact", **options}, container_options={}
            )
        except OSError as error:
            raise MixtapeError(f"{part}: cannot be written: {error.strerror or error}; choose another place") from error
        self._video = self._video_stream(width, height, live=live)
        self._audio = self._container.add_stream("aac", rate=sample_rate_hz)
        self._audio.bit_rate = 192_000
        self._audio.layout = "stereo"
        self._audio.codec_context.options = {"flags": "+bitexact"}
        self._sample_rate_hz = sample_rate_hz
        self._held: list[FloatArray] = []
        self._count = self._sent = 0
        self._last: tuple[int, Any] = (-1, None)

    def _video_stream(self, width: int, height: int, *, live: bool) -> Any:
        import av

        for name, options in _CODECS:
            if name not in av.codecs_available:
                continue
            if live and name == "libx264":
                options = {**options, **_LIVE}
            stream: Any = self._container.add_stream(name, rate=self._rate, options={"flags": "+bitexact", **options})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.codec_context.time_base = 1 / self._rate
            stream.codec_context.color_range = _LIMITED_RANGE
            for name in ("colorspace", "color_primaries", "color_trc"):
                setattr(stream.codec_context, name, _BT709)
            stream.codec_context.gop_size = max(1, round(self._rate * 2))
            return stream
        raise MixtapeError("no video encoder: this build of PyAV has neither libx264 nor mpeg4; install av from PyPI")

    def picture(self, number: int, pixels: ByteArray) -> None:
        import av

        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24" if pixels.shape[2] == 3 else "rgba")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        if self._last[1] is None:
            self._last = (-1, frame)
        self.hold(number)
        self._encode(number, frame)
        self._last = number, frame

    def hold(self, number: int) -> None:
        """Repeat the last picture until the one of this number."""
        last, frame = self._last
        for missing in range(last + 1, number):
            self._encode(missing, frame)
        self._last = max(last, number - 1), frame

    def _encode(self, number: int, frame: Any) -> None:
        frame.pts, frame.time_base = number, 1 / self._rate
        self._container.mux(self._video.encode(frame))

    def sound(self, samples: FloatArray) -> None:
        self._held.append(samples)
        self._count += len(samples)
        if self._count >= _AAC_SAMPLES:
            joined = np.concatenate(self._held)
            whole = len(joined) - len(joined) % _AAC_SAMPLES
            for at in range(0, whole, _AAC_SAMPLES):
                self._send(joined[at : at + _AAC_SAMPLES])
            self._held, self._count = [joined[whole:]], len(joined) - whole

    def _send(self, samples: FloatArray) -> None:
        import av

        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout="stereo")
        frame.sample_rate = self._sample_rate_hz
        frame.pts, frame.time_base = self._sent, Fraction(1, self._sample_rate_hz)
        self._sent += len(samples)
        self._container.mux(self._audio.encode(frame))

    def close(self) -> None:
        if self._count:
            self._send(np.concatenate(self._held))
        self._container.mux(self._video.encode(None))
        self._container.mux(self._audio.encode(None))
        self._container.close()

    def drop(self) -> None:
        with suppress(Exception):
            self.close()
