"""Sleeves for listening rooms: pixels, blue-toned jazz, beach modernism, gilt ornament, hedgerows, bronze, and lines in phase."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mixtape.demo.sleeves.sheet import Colour, Point, Sheet, oklch, smooth
from mixtape.types import FloatArray


def chiptune(sheet: Sheet) -> str:
    """A picture of 40 by 40 pixels: a sky in dithered bands, hills, a few mirrored creatures, coins, a ground of bricks."""
    size, hue = int(sheet.one_of(32, 40, 40, 48)), sheet.pick(0, 360)
    small = Sheet(size, sheet.rng)
    steps, dither = 5, np.array([[0, 2], [3, 1]], np.float32)[np.arange(size)[:, None] % 2, np.arange(size)[None, :] % 2] / 4
    level = np.floor(small.y * steps + dither * np.ones_like(small.x)) / steps
    night = sheet.rng.random() < 0.4
    small.wash(
        level,
        [
            oklch(0.25 if night else 0.62, 0.13, hue),
            oklch(0.5 if night else 0.8, 0.15, hue + 40),
            oklch(0.7 if night else 0.93, 0.12, hue + 80),
        ],
    )
    small.ink(
        (small.disc((small.pick(0.2, 0.8), small.pick(0.15, 0.4)), small.pick(0.08, 0.17)) > 0.5).astype(np.float32),
        oklch(0.94, 0.13, 100),
    )
    for k in range(2):
        line = 0.6 + 0.13 * k - 0.1 * small.ridge(4 + 2 * k, octaves=2)
        small.ink((small.below(line) > 0.5).astype(np.float32), oklch(0.6 - 0.16 * k, 0.16, hue + 150 + 30 * k))
    _bricks(small, hue)
    for _ in range(int(sheet.rng.integers(2, 6))):
        _creature(small, oklch(sheet.pick(0.6, 0.85), 0.2, sheet.pick(0, 360)))
    near = (np.arange(sheet.n) * size) // sheet.n
    sheet.pixels = small.pixels[near][:, near].copy()
    scan = np.where(np.arange(sheet.n) * size * 2 // sheet.n % 2, 0.93, 1.0).astype(np.float32)
    sheet.pixels *= scan[:, None, None]
    return "light"


def _bricks(small: Sheet, hue: float) -> None:
    rows, size = 6, small.n
    ground = np.zeros((size, size), np.float32)
    ground[-rows:] = 1
    small.ink(ground, oklch(0.5, 0.13, hue + 220))
    joints = np.zeros((size, size), np.float32)
    joints[-rows::3] = 1
    for row in range(rows):
        joints[size - rows + row, (row // 3 * 2) % 4 :: 4] = 1
    small.ink(joints, oklch(0.25, 0.08, hue + 220))


def _creature(small: Sheet, colour: Colour) -> None:
    """Eight pixels high, mirrored left and right, with eyes: chance makes it a monster, symmetry makes it alive."""
    half = (small.rng.random((8, 4)) < 0.55).astype(np.float32)
    half[2:6, 3] = 1
    body = np.concatenate([half, half[:, ::-1]], axis=1)
    top, left = int(small.rng.integers(small.n // 5, small.n - 15)), int(small.rng.integers(1, small.n - 9))
    mask = np.zeros((small.n, small.n), np.float32)
    mask[top : top + 8, left : left + 8] = body
    small.ink(np.roll(mask, 1, 0), (0.08, 0.06, 0.12), strength=0.6)
    small.ink(mask, colour)
    small.pixels[top + 3, [left + 2, left + 5]] = (0.05, 0.04, 0.1)


def jazz(sheet: Sheet) -> str:
    """Two colours and much air: a tinted photograph of smoke, a row of bars or a keyboard, hard cropping."""
    hue = sheet.one_of(250, 240, 30, 150, 85, 300, 20)
    tint, dark, pale = oklch(0.55, 0.16, hue), oklch(0.17, 0.03, hue), oklch(0.94, 0.03, 95)
    kind = int(sheet.rng.integers(4))
    sheet.fill(pale if kind in (0, 3) else tint)
    if kind == 0:
        edges = np.cumsum(sheet.rng.uniform(0.03, 0.12, 16))
        for k, (a, b) in enumerate(pairwise(edges)):
            if a < 1:
                sheet.ink(
                    sheet.box(float(a), 0.3 * sheet.pick(0, 1), float(b) - 0.012, 0.42 + 0.3 * sheet.pick(0, 1)),
                    tint if k % 3 else dark,
                )
    elif kind == 1:
        _smoke(sheet, dark, pale)
    elif kind == 2:
        _brass(sheet, dark, pale)
    else:
        cells = int(sheet.rng.integers(3, 7))
        for k in range(cells * cells):
            cx, cy = (k % cells + 0.5) / cells, (k // cells + 0.5) / cells * 0.72
            radius = 0.42 / cells * (0.3 + 0.7 * abs(np.sin(k * sheet.pick(0.3, 0.34))))
            sheet.ink(sheet.disc((cx, cy), radius), tint if (k // cells + k) % 2 else dark)
    if sheet.rng.random() < 0.6:
        y = sheet.pick(0.74, 0.8)
        sheet.ink(sheet.box(0, y, 1, y + 0.012), oklch(0.65, 0.2, hue + 150))
    sheet.paper(0.1)
    sheet.worn(0.5)
    sheet.grain(0.05)
    return "dark" if kind in (0, 3) else "light"


def _smoke(sheet: Sheet, dark: Colour, pale: Colour) -> None:
    bend = sheet.noise(3, octaves=3) - 0.5
    column = np.exp(-(((sheet.x - sheet.pick(0.3, 0.7) - 0.5 * bend * (1.1 - sheet.y)) / (0.05 + 0.22 * (1 - sheet.y))) ** 2))
    curl = smooth(0.3, 0.8, sheet.noise(5, octaves=5, stretch=0.5)) * column
    sheet.ink(smooth(0.0, 1.0, sheet.noise(1.5, octaves=2) * 0.6 + 0.5 * sheet.y), dark, strength=0.95)
    sheet.ink(sheet.halftone(np.asarray(curl, np.float32), cells=95, angle_deg=30), pale, strength=0.95)


def _brass(sheet: Sheet, dark: Colour, pale: Colour) -> None:
    """The bell of a horn, seen from the front and cropped, lit from one side, printed as a halftone."""
    centre, size = (sheet.pick(0.45, 0.85), sheet.pick(0.25, 0.55)), sheet.pick(0.35, 0.6)
    distance = np.hypot(sheet.x - centre[0], sheet.y - centre[1]) / size
    angle = np.arctan2(sheet.y - centre[1], sheet.x - centre[0])
    lit = (0.5 + 0.5 * np.cos(angle * sheet.one_of(1, 2, 3) + sheet.pick(0, 6))) * smooth(0.1, 1.0, distance) * (distance < 1)
    sheet.ink(sheet.disc(centre, size), dark)
    sheet.ink(sheet.halftone(np.asarray(lit, np.float32), cells=80, angle_deg=45), pale)
    sheet.ink(sheet.ring(centre, size, 0.02), dark)


def bossa(sheet: Sheet) -> str:
    """Holiday modernism: a sun, waves or a patterned pavement, leaves like cut paper, umbrellas seen from above."""
    hue = sheet.pick(0, 360)
    cream = oklch(0.94, 0.04, 85)
    inks = [
        oklch(0.78, 0.16, 75),
        oklch(0.66, 0.19, 35),
        oklch(0.62, 0.12, 200 + sheet.pick(-30, 30)),
        oklch(0.58, 0.14, 145),
        oklch(0.5, 0.16, hue),
    ]
    sheet.rng.shuffle(inks)
    sheet.fill(cream if sheet.rng.random() < 0.6 else inks[4])
    kind = int(sheet.rng.integers(3))
    if kind != 1:
        sheet.ink(sheet.disc((sheet.pick(0.25, 0.75), sheet.pick(0.22, 0.42)), sheet.pick(0.12, 0.26)), inks[0])
    if kind == 0:
        for k in range(int(sheet.rng.integers(3, 7))):
            line = (
                0.5
                + 0.09 * k
                + sheet.pick(0.02, 0.05) * np.sin(2 * np.pi * (sheet.x * sheet.one_of(1.5, 2, 3) + sheet.pick(0, 1)))
            )
            sheet.ink(sheet.below(line), inks[1 + k % 4] if k % 2 == 0 else cream)
    elif kind == 1:
        for _ in range(int(sheet.rng.integers(3, 7))):
            _umbrella(sheet, (sheet.pick(0.1, 0.9), sheet.pick(0.08, 0.72)), sheet.pick(0.1, 0.22), inks, cream)
    else:
        _leaves(sheet, inks)
    if sheet.rng.random() < 0.45:
        wave = np.sin(2 * np.pi * (sheet.x * 4 + 0.35 * np.sin(2 * np.pi * sheet.y * 9)))
        sheet.ink(smooth(-0.1, 0.1, wave) * sheet.box(0, 0.84, 1, 1), oklch(0.2, 0.02, 60))
    sheet.paper(0.12)
    sheet.worn(0.4)
    sheet.grain(0.03)
    return "dark"


def _umbrella(sheet: Sheet, centre: Point, radius: float, inks: list[Colour], cream: Colour) -> None:
    ink, turn, ribs = inks[int(sheet.rng.integers(5))], sheet.pick(0, 1), int(sheet.rng.integers(4, 8))
    angle = np.arctan2(sheet.y - centre[1], sheet.x - centre[0])
    sheet.ink(sheet.disc((centre[0] + 0.02, centre[1] + 0.025), radius), (0.3, 0.25, 0.22), blend="multiply", strength=0.5)
    sheet.ink(sheet.disc(centre, radius), cream)
    sheet.ink(sheet.disc(centre, radius) * smooth(-0.06, 0.06, np.sin(ribs * (angle + turn))), ink)


def _leaves(sheet: Sheet, inks: list[Colour]) -> None:
    for _ in range(int(sheet.rng.integers(5, 12))):
        x, y, angle, reach = sheet.pick(0, 1), sheet.pick(0.4, 1.05), sheet.pick(-2.6, -0.5), sheet.pick(0.2, 0.45)
        t = np.linspace(0, 1, 20)
        wide = reach * 0.2 * np.sin(np.pi * t)
        ax, ay = x + reach * t * np.cos(angle), y + reach * t * np.sin(angle)
        nx, ny = -np.sin(angle), np.cos(angle)
        outline = [
            *zip(ax + wide * nx, ay + wide * ny, strict=True),
            *zip((ax - wide * nx)[::-1], (ay - wide * ny)[::-1], strict=True),
        ]
        sheet.ink(
            sheet.shapes([outline]),
            inks[1 + int(sheet.rng.integers(4))],
            blend="multiply" if sheet.rng.random() < 0.5 else "over",
        )


def baroque(sheet: Sheet) -> str:
    """Gilt on a dark ground: a rosette of mirrored curves, a frame within a frame, marbled paper or damask behind."""
    hue = sheet.one_of(25, 155, 260, 310, 60, 200)
    ground, gold = oklch(0.24, 0.06, hue), oklch(0.84, 0.12, 85)
    cloth = sheet.noise(3, octaves=5)
    if sheet.rng.random() < 0.4:
        veins = np.abs(np.sin(9 * (sheet.noise(3, octaves=4) + 0.6 * sheet.x)))
        sheet.wash(veins, [oklch(0.45, 0.1, hue), oklch(0.75, 0.06, hue + 30), oklch(0.3, 0.09, hue)])
    else:
        sheet.wash(cloth * 0.7, [oklch(0.17, 0.05, hue), ground, oklch(0.35, 0.07, hue)])
        _damask(sheet, oklch(0.36, 0.08, hue))
    if sheet.rng.random() < 0.7:
        sheet.ink(sheet.disc((0.5, 0.44), 0.37), oklch(0.18, 0.05, hue), strength=0.85)
    mask = _rosette(sheet, (0.5, 0.44), sheet.pick(0.26, 0.34))
    sheen = 0.75 + 0.6 * (sheet.noise(4, octaves=4) - 0.3)
    sheet.ink(np.clip(mask * sheen, 0, 1), gold)
    for inset, width in ((0.035, 0.008), (0.052, 0.003)):
        outer = sheet.box(inset, inset, 1 - inset, 1 - inset)
        inner = sheet.box(inset + width, inset + width, 1 - inset - width, 1 - inset - width)
        sheet.ink((outer - inner) * np.clip(sheen, 0, 1), gold)
    sheet.vignette(0.4)
    sheet.grain(0.04)
    return "gold"


def _damask(sheet: Sheet, colour: Colour) -> None:
    k = int(sheet.rng.integers(4, 9)) * np.pi
    figure = np.sin(k * sheet.x) * np.sin(k * sheet.y) + 0.6 * np.cos(2 * k * sheet.x + np.sin(k * sheet.y) * 2) * np.cos(
        k * sheet.y
    )
    sheet.ink(smooth(0.25, 0.4, figure), colour, strength=0.7)


def _rosette(sheet: Sheet, centre: Point, radius: float) -> FloatArray:
    """Curves r(a) = R (1 + sum of cosines) with one symmetry, several of them inside each other."""
    fold = int(sheet.rng.integers(5, 13))
    angle = np.linspace(0, 2 * np.pi, 720)
    lines = []
    for k in range(int(sheet.rng.integers(4, 9))):
        r = (
            radius
            * (1 - 0.11 * k)
            * (
                1
                + sheet.pick(0.05, 0.3) * np.cos(fold * angle)
                + sheet.pick(0, 0.15) * np.cos(2 * fold * angle + sheet.pick(0, 3))
            )
        )
        twist = sheet.pick(-0.2, 0.2) * np.sin(fold * angle)
        lines.append(list(zip(centre[0] + r * np.cos(angle + twist), centre[1] + r * np.sin(angle + twist), strict=True)))
    body = sheet.shapes([lines[0]]) - sheet.shapes([lines[1]])
    heart = sheet.shapes([lines[-1]])
    return np.clip(0.75 * np.abs(body) + heart + sheet.strokes(lines, sheet.pick(0.005, 0.009)), 0, 1).astype(np.float32)


def folk(sheet: Sheet) -> str:
    """Hills printed in layers, hatched like an old woodcut, a sun, a hedge or a tree that grew by rule."""
    hue = sheet.pick(60, 160)
    sky = [oklch(0.93, 0.04, 90), oklch(0.86, 0.08, sheet.one_of(70, 50, 200, 30))]
    sheet.wash(sheet.y * 1.4, sky if sheet.rng.random() < 0.6 else sky[::-1])
    sheet.ink(
        sheet.disc((sheet.pick(0.2, 0.8), sheet.pick(0.2, 0.4)), sheet.pick(0.06, 0.14)),
        oklch(0.75, 0.15, sheet.one_of(60, 45, 85)),
    )
    count, dusk = int(sheet.rng.integers(4, 7)), 1.0
    if sheet.rng.random() < 0.3:
        dusk = 0.62
        sheet.wash(sheet.y * 1.4, [oklch(0.3, 0.06, 265), oklch(0.52, 0.08, 300), oklch(0.8, 0.1, 60)])
        sheet.ink(sheet.disc((sheet.pick(0.2, 0.8), sheet.pick(0.14, 0.3)), sheet.pick(0.04, 0.09)), oklch(0.94, 0.04, 95))
    for k in range(count):
        share = k / (count - 1)
        line = 0.42 + 0.45 * share - 0.07 * sheet.ridge(2 + k % 3, octaves=2) - 0.05 * np.sin(5 * sheet.x[0] + sheet.pick(0, 6))
        hill = sheet.below(line)
        tone = oklch((0.78 - 0.42 * share) * dusk, 0.07 + 0.03 * share, hue + sheet.pick(-25, 25))
        sheet.ink(hill, tone)
        slope = (sheet.x * sheet.pick(-1, 1) + sheet.y - line[None, :]) * sheet.pick(35, 60)
        sheet.ink(
            hill * smooth(0.55, 0.75, np.abs(np.sin(np.pi * slope))), oklch(0.25, 0.04, hue), blend="multiply", strength=0.3
        )
    if sheet.rng.random() < 0.75:
        _tree(
            sheet,
            (sheet.pick(0.2, 0.8), sheet.pick(0.8, 0.95)),
            oklch(0.24, 0.04, 60),
            oklch(0.5, 0.14, sheet.one_of(40, 130, 70, 20)),
        )
    sheet.paper(0.16)
    sheet.worn(0.5)
    sheet.grain(0.035)
    return "light"


def _tree(sheet: Sheet, foot: Point, bark: Colour, leaf: Colour) -> None:
    tips: list[Point] = []
    levels: dict[int, list[list[Point]]] = {}
    stack = [(foot[0], foot[1], -np.pi / 2, sheet.pick(0.13, 0.18), 0)]
    while stack:
        x, y, angle, reach, level = stack.pop()
        end = (x + reach * np.cos(angle), y + reach * np.sin(angle))
        levels.setdefault(level, []).append([(x, y), end])
        if level == 6:
            tips.append(end)
            continue
        for side in (-1, 1):
            stack.append((*end, angle + side * sheet.pick(0.2, 0.55), reach * sheet.pick(0.7, 0.84), level + 1))
    for level, lines in levels.items():
        sheet.ink(sheet.strokes(lines, 0.02 * 0.66**level + 0.002), bark)
    spots = [[(x + 0.012 * np.cos(a), y + 0.012 * np.sin(a)) for a in np.linspace(0, 5.6, 8)] for x, y in tips]
    sheet.ink(sheet.shapes(spots), leaf, strength=0.9)


def gamelan(sheet: Sheet) -> str:
    """A gong seen as a flower: rings of petals and dots in bronze on indigo or brown, in the manner of wax-resist cloth."""
    hue = sheet.one_of(265, 50, 25, 190, 310)
    ground, bronze, pale = oklch(0.26, 0.08, hue), oklch(0.68, 0.12, 65), oklch(0.92, 0.05, 85)
    sheet.fill(ground)
    kind = int(sheet.rng.integers(2))
    cells = 1 if kind == 0 else int(sheet.rng.integers(2, 4))
    for row in range(cells):
        for col in range(cells):
            _flower(sheet, ((col + 0.5) / cells, (row + 0.5) / cells), 0.47 / cells, (ground, bronze, pale))
    if sheet.lettering:
        sheet.ink(sheet.box(0, 0.875, 1, 1), ground)
        sheet.ink(sheet.box(0, 0.882, 1, 0.888), bronze)
    crackle = np.abs(sheet.noise(7, octaves=4, rough=0.6) - 0.5)
    sheet.ink(smooth(0.018, 0.004, crackle), oklch(0.8, 0.08, 70), strength=0.45)
    sheet.paper(0.16)
    sheet.grain(0.035)
    return "light"


def _flower(sheet: Sheet, centre: Point, radius: float, inks: tuple[Colour, Colour, Colour]) -> None:
    distance = np.hypot(sheet.x - centre[0], sheet.y - centre[1]) / radius
    angle = np.arctan2(sheet.y - centre[1], sheet.x - centre[0])
    edges = np.linspace(1.0, 0.12, int(sheet.rng.integers(5, 9)))
    soft = 1.5 / (radius * sheet.n)
    for k, (outer, inner) in enumerate(pairwise(edges)):
        fold = int(sheet.one_of(8, 12, 16, 24, 32))
        band = smooth(outer + soft, outer - soft, distance) * smooth(inner - soft, inner + soft, distance)
        sheet.ink(band, inks[(k + 1) % 3])
        depth = (distance - inner) / (outer - inner)
        petal = np.abs(np.sin(fold * angle / 2 + (k % 2) * np.pi / 2)) ** sheet.one_of(0.5, 1, 2) - depth
        sheet.ink(band * smooth(-0.08, 0.08, petal), inks[(k + int(sheet.one_of(0, 2))) % 3])
    sheet.ink(sheet.disc(centre, radius * 0.13), inks[2])
    sheet.ink(sheet.disc(centre, radius * 0.07), inks[1])


def minimal(sheet: Sheet) -> str:
    """Two patterns, the same but for a little: lines or dots that drift out of phase, in two flat colours."""
    hue = sheet.pick(0, 360)
    paper, first = oklch(0.95, 0.015, hue), oklch(sheet.one_of(0.2, 0.55, 0.6), 0.17, hue)
    second = oklch(0.68, 0.18, hue + sheet.one_of(60, 140, 180))
    if sheet.rng.random() < 0.3:
        paper, first = first, paper
    sheet.fill(paper)
    kind, count = int(sheet.rng.integers(4)), sheet.pick(14, 30)
    if kind == 0:
        sheet.ink(
            smooth(-0.12, 0.12, np.sin(2 * np.pi * count * sheet.x)), first, blend="multiply" if sum(paper) > 1.5 else "over"
        )
        sheet.ink(
            smooth(0.2, 0.44, np.sin(2 * np.pi * (count + sheet.one_of(1, 2, 3)) * (sheet.x + 0.06 * sheet.y))),
            second,
            strength=0.9,
        )
    elif kind == 1:
        bend = sheet.pick(0.02, 0.08) * np.sin(2 * np.pi * (sheet.y * sheet.one_of(1, 1.5, 2) + sheet.pick(0, 1)))
        squeeze = sheet.x + bend * np.sin(np.pi * sheet.x) * 2
        sheet.ink(smooth(-0.12, 0.12, np.sin(2 * np.pi * count * squeeze)), first)
    elif kind == 2:
        _phase_dots(sheet, int(count * 0.55), first, second)
    else:
        rings = np.hypot(sheet.x - sheet.pick(0.3, 0.7), sheet.y - sheet.pick(0.3, 0.7))
        half = (sheet.x > sheet.one_of(0.33, 0.5, 0.66)).astype(np.float32)
        sheet.ink(smooth(-0.12, 0.12, np.sin(2 * np.pi * count * rings)) * (1 - half), first)
        sheet.ink(smooth(-0.12, 0.12, np.sin(2 * np.pi * count * rings + np.pi)) * half, second)
    if sheet.lettering:
        sheet.ink(sheet.box(0, 0.87, 1, 1), paper)
    sheet.paper(0.07)
    sheet.grain(0.025)
    return "dark" if sum(paper) > 1.5 else "light"


def _phase_dots(sheet: Sheet, cells: int, first: Colour, second: Colour) -> None:
    cells = max(cells, 6)
    col, row = np.floor(sheet.x * cells), np.floor(sheet.y * cells)
    distance = np.hypot(sheet.x * cells - col - 0.5, sheet.y * cells - row - 0.5)
    radius = 0.1 + 0.36 * (
        0.5 + 0.5 * np.sin(2 * np.pi * (col / cells * sheet.one_of(1, 2, 3) + row / cells * sheet.one_of(1, 2)))
    )
    mask = np.clip(0.5 + (radius - distance) * sheet.n / cells, 0, 1).astype(np.float32)
    chosen = ((col * 5 + row * 7) % int(sheet.one_of(5, 7, 11)) == 0).astype(np.float32)
    sheet.ink(mask * (1 - chosen), first)
    sheet.ink(mask * chosen, second)
