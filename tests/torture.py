"""Pictures that flash in every way a show could, (h, w, 3) sRGB bytes, frame by frame at `fps` frames a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mixtape.types import ByteArray

Pictures = Iterator[ByteArray]


def filled(size: tuple[int, int], colour, area=np.s_[:, :]) -> ByteArray:
    """Black, with `colour` in an area (rows, columns)."""
    made = np.zeros((size[1], size[0], 3), np.uint8)
    made[area] = colour
    return made


def strobe(
    hz: float, colour=(255, 255, 255), other=(0, 0, 0), *, share: tuple[float, float] = (1.0, 1.0)
) -> Callable[..., Pictures]:
    """`hz` flashes a second from `other` to `colour`, over a share of the picture's height and width."""

    def frames(size: tuple[int, int], fps: float, seconds: float) -> Pictures:
        area = np.s_[: round(size[1] * share[0]), : round(size[0] * share[1])]
        for frame in range(round(seconds * fps)):
            on = int(frame / fps * hz * 2) % 2 == 1
            yield filled(size, colour if on else other, area)

    return frames


def cuts(bpm: float) -> Callable[..., Pictures]:
    """Hard cuts on every beat between walls of random covers."""

    def frames(size: tuple[int, int], fps: float, seconds: float) -> Pictures:
        rng, seen = np.random.default_rng(1), {}
        up = size[0] // 16 + 1
        for frame in range(round(seconds * fps)):
            beat = int(frame / fps * bpm / 60)
            if beat not in seen:
                covers = rng.integers(0, 256, (size[1] // up + 1, 17, 3), dtype=np.uint8)
                seen[beat] = covers.repeat(up, 0).repeat(up, 1)[: size[1], : size[0]]
            yield seen[beat]

    return frames


def black_and_white_cuts(bpm: float) -> Callable[..., Pictures]:
    """Hard cuts on every beat from a dark scene to a bright one: two beats are a flash."""
    return strobe(bpm / 120, (235, 230, 220), (20, 22, 30))


def checkers(hz: float) -> Callable[..., Pictures]:
    """Checkers that change places: the mean of the picture never changes."""

    def frames(size: tuple[int, int], fps: float, seconds: float) -> Pictures:
        side = max(2, size[0] // 16)
        squares = ((np.indices((size[1], size[0])) // side).sum(0) % 2 * 255).astype(np.uint8)
        for frame in range(round(seconds * fps)):
            now = squares if int(frame / fps * hz * 2) % 2 else 255 - squares
            yield np.repeat(now[..., None], 3, axis=2)

    return frames


def breathing(hz: float) -> Callable[..., Pictures]:
    """A picture of many shades that swells and fades `hz` times a second."""

    def frames(size: tuple[int, int], fps: float, seconds: float) -> Pictures:
        shades = np.random.default_rng(3).uniform(0.2, 1.0, (size[1], size[0], 1))
        for frame in range(round(seconds * fps)):
            light = 0.5 - 0.5 * np.cos(frame / fps * 2 * np.pi * hz)
            yield np.repeat(shades * light * 255, 3, axis=2).astype(np.uint8)

    return frames


FAILING = {
    "5 Hz": strobe(5.0),
    "3.1 Hz": strobe(3.1),
    "12 Hz": strobe(12.0),
    "red and black 5 Hz": strobe(5.0, (255, 0, 0)),
    "dark red 6 Hz": strobe(6.0, (130, 0, 0)),
    "red and blue 8 Hz": strobe(8.0, (255, 0, 0), (0, 0, 255)),
    "quarter of a window, just above, 6 Hz": strobe(6.0, share=(0.18, 0.18)),
    "a quarter 6 Hz": strobe(6.0, share=(0.5, 0.5)),
    "checkers 6 Hz": checkers(6.0),
    "cuts between light and dark at 480 a minute": black_and_white_cuts(480.0),
    "cuts at 900 a minute": cuts(900.0),
    "breathing 5 Hz": breathing(5.0),
}
"""Each fails the check as it is."""

PASSING = {
    "2.9 Hz": strobe(2.9),
    "quarter of a window, just below, 6 Hz": strobe(6.0, share=(0.16, 0.16)),
    "cuts at 180 a minute": cuts(180.0),
    "cuts between light and dark at 180 a minute": black_and_white_cuts(180.0),
    "a slow fade": breathing(0.5),
}
"""Each passes as it is."""
