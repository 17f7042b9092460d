"""How a video flashes, second by second, judged by the numbers the show itself is held to (`installation.safety`).

The video is decoded once, each frame shrunk to a small picture whose longer side has 160 points, by its own time stamp: frame
rates may be odd or vary. What PyAV cannot decode is said, never passed over in silence.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from installation.safety import SWINGS_LIMIT, FlashMeter, Look, Window, crowd, linear
from mixtape.errors import UnjudgedError
from mixtape.progress import Progress, silent
from mixtape.types import ByteArray

JUDGED_PX = 160
"""Longer side of the picture that is judged."""

_EXTENDED_LEAST = 4
_EXTENDED_OVER_S = 5.0
_EXTENDED_S = 4.0
_UNTAGGED = 2
_HDR = {16: "PQ", 18: "HLG"}


@dataclass(frozen=True, slots=True)
class Flashes:
    """What was found of one kind, general or red.

    `most` is the most flashes (pairs of opposing changes) in any one second over more than a quarter of the window or picture,
    `in_all` the same over the whole video. `worst_s` is the second with the most, or None where there is none, `window` where
    in the picture it was.
    """

    most: float
    in_all: int
    worst_s: tuple[float, float] | None
    window: Window | None

    @property
    def fails(self) -> bool:
        """Whether more than three flashes fell into one second."""
        return 2 * self.most > SWINGS_LIMIT


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on one video. `failing` are the spans (s) whose last second has too many flashes.

    `extended` are the spans (s) of 4 to 6 changes a second for 4 of 5 seconds, which broadcasters' checks call an extended
    failure; WCAG has no such rule, so they do not fail the video here. `notes` say what bears on the verdict.
    """

    video: str
    profile: str
    width: int
    height: int
    frames: int
    seconds: float
    general: Flashes
    red: Flashes
    failing: tuple[tuple[float, float], ...]
    extended: tuple[tuple[float, float], ...]
    notes: tuple[str, ...]
    whole: bool

    @property
    def passes(self) -> bool:
        """Whether no second has more than three general or red flashes."""
        return not (self.general.fails or self.red.fails)


def check(video: Path, *, profile: str = "window", progress: Progress = silent) -> Report:
    """Judge every frame of a video by `profile`, "window" or "broadcast".

    Raises:
        UnjudgedError: no such file, no video in it, or not one frame can be decoded.
    """
    with _Film(video) as film:
        judge = _Judge(profile)
        for number, (picture, time_s) in enumerate(film.pictures(), 1):
            judge.see(picture, time_s)
            progress("judging", number, max(film.expected, number))
        if not judge.frames:
            raise UnjudgedError(f"{video}: not one frame can be decoded; the file is empty or broken")
        notes, whole = film.ended(judge.time_s)
        return Report(
            video=str(video),
            profile=profile,
            width=film.size[0],
            height=film.size[1],
            frames=judge.frames,
            seconds=round(judge.time_s + film.frame_s, 3),
            general=judge.kinds[0].found(profile),
            red=judge.kinds[1].found(profile),
            failing=tuple(judge.failing),
            extended=tuple(judge.extended),
            notes=notes,
            whole=whole,
        )


# The pictures ------------------------------------------------------------------------------------------------------------------


class _Film:
    """The first moving picture of a file, as small pictures with their times."""

    def __init__(self, path: Path) -> None:
        import av

        self._path = path
        if not path.is_file():
            raise UnjudgedError(f"{path}: no such file; name a video")
        try:
            self._container: Any = av.open(str(path), metadata_errors="ignore")
        except (av.FFmpegError, OSError, ValueError) as error:
            raise UnjudgedError(f"{path}: not a video PyAV can read ({getattr(error, 'strerror', None) or error})") from error
        streams = [s for s in self._container.streams.video if not _is_cover(s)]
        if not streams:
            self._container.close()
            raise UnjudgedError(f"{path}: there is no moving picture in it")
        self._stream = streams[0]
        self._stream.thread_type = "AUTO"
        self.size = (int(self._stream.width), int(self._stream.height))
        self.frame_s = float(1 / self._stream.guessed_rate) if self._stream.guessed_rate else 1 / 25
        self._length_s = self._length()
        self.expected = int(self._stream.frames or (self._length_s or 0.0) / self.frame_s)
        self._broken = 0
        self._transfer = ""

    def __enter__(self) -> _Film:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def pictures(self) -> Iterator[tuple[ByteArray, float]]:
        """Every frame as (h, w, 3) sRGB bytes and its time from the first one in seconds, never falling."""
        first_s, last_s = math.nan, 0.0
        scale = min(1.0, JUDGED_PX / max(*self.size, 1))
        small = max(3, round(self.size[0] * scale)), max(3, round(self.size[1] * scale))
        for frame in self._frames():
            at_s = frame.time if frame.time is not None else (first_s + last_s + self.frame_s)
            first_s = at_s if math.isnan(first_s) else first_s
            last_s = max(last_s, at_s - first_s)
            self._transfer = _HDR.get(int(frame.color_trc), "")
            yield _small(frame, small), last_s

    def ended(self, last_s: float) -> tuple[tuple[str, ...], bool]:
        """What bears on the verdict once all frames were seen, the last at `last_s`; and whether that was all there is."""
        notes = []
        if self._broken:
            notes.append(f"{self._broken} packets cannot be decoded and were passed over")
        end_s, length_s = last_s + self.frame_s, self._length_s
        if length_s is not None and end_s < length_s - max(1.0, 0.02 * length_s):
            notes.append(f"the pictures end at {end_s:.1f} s of {length_s:.1f} s")
        whole = not notes
        if self._transfer:
            notes.append(f"{self._transfer} pictures are judged as if they were sRGB: on a bright display the verdict may differ")
        return tuple(notes), whole

    def _frames(self) -> Iterator[Any]:
        import av

        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                yield from packet.decode()
            except av.EOFError:
                return
            except av.FFmpegError as error:
                self._broken += 1
                if not isinstance(error, av.InvalidDataError) or self._broken > 1000:
                    return

    def _length(self) -> float | None:
        """Seconds of the moving picture as the file says; the container's own length may be its sound's."""
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        if tag := re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", self._stream.metadata.get("DURATION", "")):
            return 3600.0 * int(tag[1]) + 60.0 * int(tag[2]) + float(tag[3])
        alone = len(self._container.streams) == 1 and self._container.duration
        return self._container.duration / 1e6 if alone else None


def _is_cover(stream: Any) -> bool:
    import av.stream

    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _small(frame: Any, size: tuple[int, int]) -> ByteArray:
    """The frame's means over the areas of a picture of `size`, as full-range RGB."""
    # Untagged pictures: large ones are BT.709 by custom, where FFmpeg would take them for BT.601.
    untagged = int(frame.colorspace) == _UNTAGGED and frame.height >= 720
    small = frame.reformat(
        *size, format="rgb24", interpolation="AREA", src_colorspace="ITU709" if untagged else None, dst_color_range="JPEG"
    )
    return np.asarray(small.to_ndarray(), np.uint8)


# The verdict -------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Kind:
    """What has been found of one kind so far."""

    most: int = 0
    worst_s: float = 0.0
    window: Window | None = None
    total: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros((1, 1), np.int32))

    def found(self, profile: str) -> Flashes:
        ended_s = round(self.worst_s, 3)
        return Flashes(
            most=self.most / 2,
            in_all=crowd(self.total, profile=profile) // 2,
            worst_s=(max(0.0, round(ended_s - 1.0, 3)), ended_s) if self.most else None,
            window=self.window and tuple(round(v, 3) for v in self.window),  # type: ignore[arg-type]
        )


class _Judge:
    """Takes one picture after another and keeps the worst."""

    def __init__(self, profile: str) -> None:
        self._meter = FlashMeter(profile=profile)
        self._busy: deque[tuple[float, float]] = deque()
        self.kinds = (_Kind(), _Kind())
        self.failing: list[tuple[float, float]] = []
        self.extended: list[tuple[float, float]] = []
        self.frames, self.time_s = 0, 0.0

    def see(self, picture: ByteArray, time_s: float) -> None:
        """Take in the next picture (h, w, 3) sRGB bytes at `time_s`."""
        look = self._meter.look(linear(picture), time_s=time_s)
        crowds = self._meter.crowds(look, time_s=time_s)
        self._keep_worst(look, crowds, time_s)
        if max(crowds) > SWINGS_LIMIT:
            _extend(self.failing, time_s, within_s=0.5)
        self._look_longer(max(crowds), time_s)
        self._meter.take(look, time_s=time_s)
        self.frames, self.time_s = self.frames + 1, time_s

    def _keep_worst(self, look: Look, crowds: tuple[int, int], time_s: float) -> None:
        windows = None
        for place, (kind, swing, now) in enumerate(zip(self.kinds, (look.luminance, look.red), crowds, strict=True)):
            if swing.counted.any():
                kind.total = kind.total + swing.counted
            if now > kind.most:
                windows = windows or self._meter.windows(look, time_s=time_s, swings=crowds)
                kind.most, kind.worst_s, kind.window = now, time_s, windows[place]

    def _look_longer(self, swings: int, time_s: float) -> None:
        """Four to six changes a second, which pass, but not for four of the last five seconds."""
        if _EXTENDED_LEAST <= swings <= SWINGS_LIMIT:
            self._busy.append((self.time_s, time_s))
        while self._busy and self._busy[0][0] < time_s - _EXTENDED_OVER_S:
            self._busy.popleft()
        if sum(to_s - from_s for from_s, to_s in self._busy) >= _EXTENDED_S:
            _extend(self.extended, time_s, within_s=1.0)


def _extend(spans: list[tuple[float, float]], time_s: float, *, within_s: float) -> None:
    """Let the last span reach to `time_s`, or begin one there when it ended longer than `within_s` ago."""
    at_s = round(time_s, 3)
    if spans and at_s - spans[-1][1] <= within_s:
        spans[-1] = (spans[-1][0], at_s)
    else:
        spans.append((at_s, at_s))


# In words ----------------------------------------------------------------------------------------------------------------------


def in_words(report: Report) -> str:
    """The report as a table for people, the verdict in the last line."""
    kinds = (report.general, report.red)
    area = "a third by a third of the picture" if report.profile == "window" else "the whole picture"
    rows = [
        ("", "general", "red"),
        ("most flashes in a second", *(f"{kind.most:g}" for kind in kinds)),
        ("flashes in all", *(str(kind.in_all) for kind in kinds)),
        ("worst second", *(_span_words(kind.worst_s) for kind in kinds)),
        ("where (from the upper left)", *(_window_words(kind.window) for kind in kinds)),
    ]
    lines = [
        f"{report.video}",
        f"{report.width} x {report.height}, {report.frames} frames, {report.seconds:.2f} s",
        f"profile {report.profile}: no more than 3 flashes in any second over more than a quarter of {area}",
        "",
        *(f"{name:28} {general:>16} {red:>16}" for name, general, red in rows),
        "",
    ]
    if report.failing:
        lines.append(f"too many flashes at: {_spans_words(report.failing)}")
    if report.extended:
        lines.append(
            f"4 to 6 changes a second for 4 of 5 s, an extended failure to broadcasters, at: {_spans_words(report.extended)}"
        )
    lines.extend(f"note: {note}" for note in report.notes)
    verdict = "passes" if report.passes else f"FAILS: {' and '.join(_faults(report))}"
    return "\n".join([*lines, verdict if report.whole else f"{verdict}, as far as it can be read"])


def as_record(report: Report) -> dict[str, Any]:
    """The report as plain values for JSON, with the verdicts in it."""
    record = dataclasses.asdict(report)
    for name, kind in (("general", report.general), ("red", report.red)):
        record[name]["passes"] = not kind.fails
    return {"passes": report.passes, **record}


def _faults(report: Report) -> list[str]:
    named = (("general", report.general), ("red", report.red))
    return [f"{kind.most:g} {name} flashes in a second, 3 are allowed" for name, kind in named if kind.fails]


def _span_words(span: tuple[float, float] | None) -> str:
    return f"{span[0]:.2f} to {span[1]:.2f} s" if span else "-"


def _spans_words(spans: tuple[tuple[float, float], ...], most: int = 6) -> str:
    shown = ", ".join(_span_words(span) for span in spans[:most])
    return shown + (f" and {len(spans) - most} more" if len(spans) > most else "")


def _window_words(window: Window | None) -> str:
    return f"{window[0]:.0%} across, {window[1]:.0%} down" if window else "-"
