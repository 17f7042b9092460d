"""Sleeves for dance floors: cut-out shapes in overprinted inks, machine patterns, light in space, torn concrete."""

from __future__ import annotations

import numpy as np

from mixtape.demo.sleeves.sheet import Sheet, oklch, smooth


def house(sheet: Sheet) -> str:
    """Risograph: large discs, arches and quarter discs on a grid, printed in three inks that mix where they meet."""
    hue = sheet.pick(0, 360)
    sheet.fill(oklch(0.95, 0.025, hue + 60))
    inks = [
        oklch(0.72, 0.19, hue),
        oklch(0.8, 0.16, hue + sheet.one_of(70, 110, 150)),
        oklch(0.55, 0.17, hue + sheet.one_of(190, 230, 260)),
    ]
    kind, cells = int(sheet.rng.integers(3)), int(sheet.rng.integers(2, 5))
    if kind == 0:
        for ink in inks:
            for _ in range(int(sheet.rng.integers(1, 3))):
                sheet.ink(
                    sheet.disc((sheet.pick(0.2, 0.8), sheet.pick(0.15, 0.75)), sheet.pick(0.16, 0.36)), ink, blend="multiply"
                )
    else:
        _tiles(sheet, inks, cells, arches=kind == 2)
    sheet.paper(0.1)
    sheet.grain(0.035)
    return "dark"


def _tiles(sheet: Sheet, inks: list[tuple[float, float, float]], cells: int, *, arches: bool) -> None:
    side = 1.0 / cells
    for row in range(cells):
        for col in range(cells):
            ink, cx, cy = inks[int(sheet.rng.integers(3))], (col + 0.5) * side, (row + 0.5) * side
            tile = sheet.box(col * side, row * side, (col + 1) * side, (row + 1) * side)
            corner = (cx + side / 2 * sheet.one_of(-1, 1), cy + side / 2 * sheet.one_of(-1, 1))
            choice = int(sheet.rng.integers(4))
            if arches and choice < 2:
                for k, radius in enumerate((0.95, 0.68, 0.4)):
                    sheet.ink(
                        tile * sheet.disc(corner, radius * side), inks[(k + choice) % 3], blend="multiply" if k == 0 else "over"
                    )
            elif choice < 3:
                sheet.ink(
                    tile * sheet.disc(corner if choice else (cx, cy), side * (1.0 if choice else 0.42)), ink, blend="multiply"
                )
            else:
                sheet.ink(tile, ink, blend="multiply", strength=0.85)


def techno(sheet: Sheet) -> str:
    """Black, one signal colour, and a pattern that a machine could have punched: bars, moire, or a field of dots."""
    hue = sheet.one_of(25, 40, 110, 145, 200, 265, 330)
    signal, ground = oklch(0.75, 0.2, hue), oklch(0.13, 0.01, hue)
    dark = bool(sheet.rng.random() < 0.7)
    sheet.fill(ground if dark else signal)
    ink = signal if dark else ground
    kind = int(sheet.rng.integers(4))
    if kind == 0:
        _bars(sheet, ink)
    elif kind == 1:
        first, second = ((sheet.pick(0.2, 0.5), sheet.pick(0.3, 0.7)) for _ in range(2))
        waves = [np.hypot(sheet.x - c[0], sheet.y - c[1]) * sheet.pick(32, 48) for c in (first, (1 - second[0], second[1]))]
        sheet.ink(smooth(-0.15, 0.15, np.sin(2 * np.pi * waves[0]) * np.sin(2 * np.pi * waves[1])), ink)
    elif kind == 2:
        tone = smooth(0.0, 1.0, np.abs(np.sin(sheet.pick(2, 5) * sheet.y + sheet.pick(3, 8) * (sheet.noise(2, octaves=1) - 0.5))))
        sheet.ink(sheet.halftone(tone * 0.55, cells=int(sheet.rng.integers(18, 34)), angle_deg=0), ink)
    else:
        _folded(sheet, ink)
    if sheet.rng.random() < 0.5:
        y = sheet.pick(0.2, 0.7)
        sheet.ink(sheet.box(0, y, 1, y + sheet.pick(0.03, 0.12)), oklch(0.95, 0.01, hue))
    sheet.grain(0.04)
    return "light" if dark else "dark"


def _bars(sheet: Sheet, ink: tuple[float, float, float]) -> None:
    rows = int(sheet.rng.integers(3, 9))
    for row in range(rows):
        edges = np.sort(sheet.rng.random(int(sheet.rng.integers(6, 30))))
        for left, right in zip(edges[::2], edges[1::2], strict=False):
            sheet.ink(sheet.box(float(left), row / rows, float(right), (row + sheet.one_of(0.5, 0.9, 1.0)) / rows), ink)


def _folded(sheet: Sheet, ink: tuple[float, float, float]) -> None:
    """Parallel lines that bend over hidden forms, as a plotter draws a sheet of metal."""
    height = (sheet.noise(2.5, octaves=2) - 0.5) * sheet.pick(0.25, 0.5)
    phase = (sheet.y + height) * sheet.pick(28, 46)
    sheet.ink(smooth(0.2, 0.55, np.abs(np.sin(np.pi * phase))), ink)


def trance(sheet: Sheet) -> str:
    """Light in space: a planet before a burst, an eclipse, a spiral of colour, or curtains of aurora over a black horizon."""
    hue, kind = sheet.one_of(200, 230, 260, 285, 320, 170), int(sheet.rng.integers(4))
    centre, accent = (sheet.pick(0.3, 0.7), sheet.pick(0.36, 0.56)), hue + sheet.one_of(50, 70, 110, -60)
    distance = np.hypot(sheet.x - centre[0], sheet.y - centre[1])
    sheet.wash(
        distance * 1.25,
        [oklch(0.7, 0.15, accent), oklch(0.45, 0.2, hue), oklch(0.25, 0.13, hue + 20), oklch(0.1, 0.05, hue + 30)],
    )
    if kind == 2:
        _spiral(sheet, centre, hue, accent)
    elif kind == 3:
        _aurora(sheet, hue, accent)
    else:
        _stars(sheet)
        _burst(sheet, centre, accent)
        _body(sheet, centre, hue, accent, eclipse=kind == 1)
    sheet.grain(0.025)
    return "light"


def _burst(sheet: Sheet, centre: tuple[float, float], accent: float) -> None:
    distance = np.hypot(sheet.x - centre[0], sheet.y - centre[1])
    angle = np.arctan2(sheet.y - centre[1], sheet.x - centre[0])
    rays = sum(np.cos(k * angle + sheet.pick(0, 6)) for k in (3, 7, 12, 19)) / 4
    sheet.ink(smooth(0.0, 1.0, rays) * np.exp(-distance * 3), oklch(0.9, 0.1, accent), blend="screen", strength=0.8)


def _body(sheet: Sheet, centre: tuple[float, float], hue: float, accent: float, *, eclipse: bool) -> None:
    radius = sheet.pick(0.22, 0.34) if eclipse else sheet.pick(0.12, 0.24)
    sheet.ink(sheet.disc(centre, radius * 1.5, edge=radius * 1.6), oklch(0.92, 0.1, accent), blend="screen", strength=0.9)
    if eclipse:
        sheet.ink(sheet.disc((centre[0] - 0.012, centre[1] - 0.012), radius * 1.015), oklch(0.97, 0.06, accent))
        sheet.ink(sheet.disc(centre, radius), oklch(0.1, 0.04, hue))
        return
    _planet(sheet, centre, radius, hue)
    for k in range(int(sheet.rng.integers(1, 5))):
        _orbit(sheet, centre, radius * (1.5 + 0.45 * k), sheet.pick(0.2, 0.5), oklch(0.95, 0.05, accent))


def _spiral(sheet: Sheet, centre: tuple[float, float], hue: float, accent: float) -> None:
    """Arms r = e^(a / w), brightest in the middle."""
    distance = np.hypot(sheet.x - centre[0], (sheet.y - centre[1]) * sheet.one_of(1.0, 1.6)) + 1e-3
    angle = np.arctan2(sheet.y - centre[1], sheet.x - centre[0])
    arms, wind = sheet.one_of(2, 3, 5, 8), sheet.pick(2, 6)
    wave = 0.5 + 0.5 * np.cos(arms * angle + wind * arms * 0.5 * np.log(distance) + 2 * sheet.noise(4))
    sheet.ink((wave * np.exp(-distance * 1.2)).astype(np.float32), oklch(0.78, 0.17, accent), blend="screen")
    sheet.ink((wave**6 * np.exp(-distance)).astype(np.float32), oklch(0.93, 0.09, hue + 60), blend="screen")
    _stars(sheet)
    sheet.ink(sheet.disc(centre, 0.05, edge=0.14), oklch(0.98, 0.05, accent), blend="screen")


def _aurora(sheet: Sheet, hue: float, accent: float) -> None:
    sheet.wash(sheet.y, [oklch(0.1, 0.05, hue + 30), oklch(0.2, 0.09, hue), oklch(0.42, 0.15, hue - 10)])
    _stars(sheet)
    for k in range(int(sheet.rng.integers(2, 5))):
        foot = (
            0.45
            + 0.09 * k
            + 0.07 * np.sin(2 * np.pi * (sheet.x * sheet.pick(0.6, 1.6) + sheet.pick(0, 1)))
            + 0.03 * sheet.ridge(5)[None, :]
        )
        rise = np.clip((foot - sheet.y) / sheet.pick(0.25, 0.45), 0, 1)
        pleats = 0.55 + 0.45 * np.sin(sheet.x * sheet.pick(60, 110) + 6 * foot)
        curtain = (sheet.y < foot) * (1 - rise) ** 2 * pleats
        sheet.ink(curtain.astype(np.float32), oklch(0.8, 0.2, (accent, hue, accent + 60)[k % 3]), blend="screen", strength=0.9)
    for k in range(2):
        sheet.ink(sheet.below(0.8 + 0.09 * k - 0.07 * np.abs(sheet.ridge(5, octaves=4))), oklch(0.15 - 0.05 * k, 0.04, hue))


def _planet(sheet: Sheet, centre: tuple[float, float], radius: float, hue: float) -> None:
    body = sheet.disc(centre, radius)
    light = np.hypot(sheet.x - centre[0] + radius * 0.55, sheet.y - centre[1] + radius * 0.6) / radius
    sheet.ink(body, oklch(0.16, 0.07, hue))
    sheet.ink(body * smooth(1.5, 0.1, light) * (0.55 + 0.45 * sheet.noise(14, octaves=3, stretch=4)), oklch(0.85, 0.12, hue + 30))


def _orbit(sheet: Sheet, centre: tuple[float, float], radius: float, tilt: float, colour: tuple[float, float, float]) -> None:
    t = np.linspace(0, 2 * np.pi, 180)
    turn = -0.35
    a, b = radius * np.cos(t), radius * tilt * np.sin(t)
    points = list(
        zip(centre[0] + a * np.cos(turn) - b * np.sin(turn), centre[1] + a * np.sin(turn) + b * np.cos(turn), strict=True)
    )
    sheet.ink(sheet.strokes([points], 0.003), colour, blend="screen", strength=0.8)


def _stars(sheet: Sheet) -> None:
    count = 260
    places, size = sheet.rng.random((count, 2)), sheet.rng.exponential(0.5, count)
    field = np.zeros((sheet.n, sheet.n), np.float32)
    field[(places[:, 1] * sheet.n).astype(int), (places[:, 0] * sheet.n).astype(int)] = np.clip(size, 0, 1)
    sheet.ink(field, (1.0, 1.0, 1.0), blend="screen")


def jungle(sheet: Sheet) -> str:
    """A street in one acid colour: a stair, shards from a vanishing point, or towers; concrete, halftone, hard shadow."""
    hue = sheet.one_of(125, 105, 60, 40, 195, 340, 295)
    acid, night, bone = oklch(0.86, 0.2, hue), oklch(0.18, 0.03, hue + 180), oklch(0.94, 0.02, hue)
    concrete = sheet.noise(4, octaves=7, rough=0.62)
    ground = [night, oklch(0.45, 0.02, hue + 180), oklch(0.82, 0.02, hue + 150)]
    sheet.wash(concrete * 0.9 + 0.1 * sheet.y, [night, acid, bone] if sheet.rng.random() < 0.35 else ground)
    kind = int(sheet.rng.integers(3))
    (_stairs, _shards, _towers)[kind](sheet, acid, night, bone)
    dots = sheet.halftone(1 - sheet.pixels.mean(axis=2), cells=int(sheet.rng.integers(46, 80)), angle_deg=sheet.pick(10, 50))
    sheet.ink(dots, night, blend="multiply", strength=0.5)
    sheet.grain(0.07)
    return "light"


Ink = tuple[float, float, float]


def _stairs(sheet: Sheet, acid: Ink, night: Ink, bone: Ink) -> None:
    """Treads and risers running up to one side, each riser with its own shadow."""
    count, right = int(sheet.rng.integers(6, 12)), bool(sheet.rng.random() < 0.5)
    for k in range(count):
        y, height, reach = 0.15 + 0.85 * k / count, 0.85 / count, 0.18 + 0.82 * (k + 1) / count
        left, end = (1 - reach, 1.0) if right else (0.0, reach)
        sheet.ink(sheet.box(left, y, end, y + height * 0.55), acid if k % 3 else bone)
        sheet.ink(sheet.box(left, y + height * 0.55, end, y + height), night)
    slope = sheet.pick(0.3, 0.8)
    sheet.ink(sheet.shapes([[(0.3, 0), (0.3 + slope, 0), (1.3, 1), (0.9, 1)]]), night, blend="multiply", strength=0.55)


def _shards(sheet: Sheet, acid: Ink, night: Ink, bone: Ink) -> None:
    hub = (sheet.pick(0.15, 0.85), sheet.pick(0.15, 0.85))
    for k, angle in enumerate(np.sort(sheet.rng.uniform(0, 2 * np.pi, int(sheet.rng.integers(9, 17))))):
        wide = sheet.pick(0.04, 0.2)
        far = [(hub[0] + 1.6 * np.cos(angle + s * wide), hub[1] + 1.6 * np.sin(angle + s * wide)) for s in (-1, 1)]
        near = (hub[0] + 0.05 * np.cos(angle), hub[1] + 0.05 * np.sin(angle))
        sheet.ink(sheet.shapes([[near, *far]]), (acid, night, bone, acid, night)[k % 5], strength=0.94)


def _towers(sheet: Sheet, acid: Ink, night: Ink, bone: Ink) -> None:
    """Slab blocks in slanted perspective, their windows a punched grid."""
    sheet.ink(sheet.disc((sheet.pick(0.2, 0.8), sheet.pick(0.2, 0.5)), sheet.pick(0.14, 0.3)), acid)
    for k in range(int(sheet.rng.integers(3, 6))):
        left, wide, top = sheet.pick(-0.1, 0.85), sheet.pick(0.14, 0.3), sheet.pick(0.08, 0.5)
        lean = sheet.pick(-0.08, 0.08)
        front = sheet.shapes([[(left + lean, top), (left + wide + lean, top + 0.05), (left + wide, 1), (left, 1)]])
        sheet.ink(front, night if k % 2 else bone, strength=0.96)
        grid = (np.abs((sheet.x * 34) % 1 - 0.5) < 0.27) & (np.abs((sheet.y * 24) % 1 - 0.5) < 0.22)
        lit = grid & (sheet.noise(30, octaves=1) > 0.4)
        sheet.ink(front * lit.astype(np.float32), acid if k % 2 else night, strength=0.9)
