"""Sleeves after dark: echo chambers, fog, forests of ink, a drive into a striped sun, a window, a moon over still water."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mixtape.demo.sleeves.sheet import Colour, Point, Sheet, oklch, smooth


def dub(sheet: Sheet) -> str:
    """Loudspeakers and echoes: concentric rings in three warm inks, out of register, halftoned and worn."""
    base = sheet.one_of(0, 12, -15, 150, 220)
    red, gold, green = oklch(0.58, 0.2, 28 + base), oklch(0.83, 0.16, 88 + base), oklch(0.5, 0.13, 148 + base)
    ground = [oklch(0.93, 0.05, 90), oklch(0.2, 0.02, 60), gold][int(sheet.rng.integers(3))]
    sheet.fill(ground)
    inks = [red, gold if ground != gold else oklch(0.2, 0.02, 60), green]
    for k in range(int(sheet.rng.integers(1, 4))):
        centre, size = (sheet.pick(0.1, 0.9), sheet.pick(0.1, 0.9)), sheet.pick(0.3, 0.75)
        if k == 0:
            centre, size = (sheet.pick(0.35, 0.65), sheet.pick(0.35, 0.6)), sheet.pick(0.38, 0.6)
        _cone(sheet, centre, size, inks)
    if sheet.rng.random() < 0.5:
        bands = int(sheet.rng.integers(2, 4))
        for k in range(bands):
            y = 0.86 + 0.045 * k
            sheet.ink(sheet.box(0, y, 1, y + 0.03), inks[k % 3])
    sheet.ink(sheet.halftone(0.5 * sheet.noise(3), cells=70), oklch(0.2, 0.03, 60), blend="multiply", strength=0.35)
    sheet.paper(0.14)
    sheet.worn(0.8)
    sheet.grain(0.04)
    return "light" if sum(ground) < 1.2 else "dark"


def _cone(sheet: Sheet, centre: Point, size: float, inks: list[Colour]) -> None:
    count = int(sheet.rng.integers(4, 12))
    for k in range(count, 0, -1):
        radius = size * (k / count) ** sheet.one_of(0.8, 1.0, 1.3)
        off = sheet.pick(-0.004, 0.004)
        sheet.ink(sheet.disc((centre[0] + off, centre[1] - off), radius), inks[k % 3] if k > 1 else oklch(0.18, 0.02, 60))


def ambient(sheet: Sheet) -> str:
    """Almost nothing: fields of colour that breathe into each other, a horizon, a pale disc, the grain of a slow film."""
    hue, kind = sheet.pick(150, 330), int(sheet.rng.integers(4))
    light = bool(sheet.rng.random() < 0.5)
    tones = [
        oklch(tone + (0.12 if light else 0.0), 0.05 + 0.04 * k, hue + 28 * k) for k, tone in enumerate((0.78, 0.66, 0.5, 0.34))
    ]
    if sheet.rng.random() < 0.4:
        tones[0] = oklch(0.86, 0.09, hue + sheet.one_of(120, 160, 200))
    drift = 0.16 * (sheet.noise(2, octaves=2, stretch=2.5) - 0.5)
    sheet.wash(sheet.y + drift if sheet.rng.random() < 0.7 else 1 - sheet.y + drift, tones)
    if kind in (0, 3):
        centre, radius = (sheet.pick(0.25, 0.75), sheet.pick(0.28, 0.6)), sheet.pick(0.1, 0.26)
        sheet.ink(
            sheet.disc(centre, radius * 1.5, edge=radius * 1.6), oklch(0.93, 0.07, hue + 140), blend="screen", strength=0.35
        )
        sheet.ink(sheet.disc(centre, radius, edge=sheet.one_of(0.006, 0.05)), oklch(0.95, 0.05, hue + 150), strength=0.85)
    if kind in (1, 3):
        _water(sheet, sheet.pick(0.55, 0.75), tones)
    if kind == 2:
        _colour_fields(sheet, hue)
    fog = sheet.noise(3, octaves=4, stretch=3)
    sheet.ink(smooth(0.45, 0.9, fog), oklch(0.93, 0.02, hue), strength=0.35)
    sheet.grain(0.045)
    return "dark" if sheet.pixels[-sheet.n // 5 :].mean() > 0.55 else "light"


def _colour_fields(sheet: Sheet, hue: float) -> None:
    """Two or three great soft-edged blocks hanging on a ground, each with its own weather."""
    sheet.wash(sheet.noise(2, octaves=3), [oklch(0.42, 0.09, hue), oklch(0.52, 0.1, hue + 12)])
    edges = np.concatenate([[0.07], np.sort(sheet.rng.uniform(0.25, 0.72, int(sheet.rng.integers(1, 3)))), [0.93]])
    turn = sheet.one_of(60, 110, 150)
    for k, (top, bottom) in enumerate(zip(edges[:-1] + 0.015, edges[1:] - 0.015, strict=True)):
        ragged = 0.02 * (sheet.noise(14, octaves=3) - 0.5)
        near = np.minimum(np.minimum(sheet.x - 0.08, 0.92 - sheet.x), np.minimum(sheet.y - top, bottom - sheet.y)) + ragged
        tone = oklch((0.72, 0.5, 0.84)[k] + sheet.pick(-0.08, 0.08), sheet.pick(0.09, 0.16), hue + turn * (k + 1))
        sheet.ink(smooth(-0.005, 0.03, near) * (0.8 + 0.2 * sheet.noise(3, octaves=4)), tone, strength=0.95)


def _water(sheet: Sheet, horizon: float, tones: list[Colour]) -> None:
    depth = np.clip((sheet.y - horizon) / (1 - horizon), 0, 1)
    ripple = sheet.noise(26, octaves=3, stretch=7)
    sea = (sheet.y > horizon).astype(np.float32)
    sheet.ink(sea * (0.5 + 0.4 * depth), tones[3], strength=0.8)
    sheet.ink(sea * smooth(0.55, 0.75, ripple) * (1 - depth), tones[0], blend="screen", strength=0.7)


def metal(sheet: Sheet) -> str:
    """A forest under a dead sky, mountains like teeth, or a sigil: scratched black and bone, sometimes one drop of colour."""
    hue = sheet.one_of(20, 250, 150, 300, 80)
    chroma = sheet.one_of(0.0, 0.015, 0.05, 0.11)
    sky = sheet.noise(3, octaves=6, stretch=1.6, rough=0.62)
    sheet.wash(
        0.25 + 0.75 * sky - 0.35 * sheet.y, [oklch(0.08, 0.0, hue), oklch(0.38, chroma, hue), oklch(0.86, chroma * 0.6, hue)]
    )
    kind = int(sheet.rng.integers(3))
    if kind != 2 and sheet.rng.random() < 0.75:
        centre, radius = (sheet.pick(0.25, 0.75), sheet.pick(0.25, 0.45)), sheet.pick(0.07, 0.2)
        moon = sheet.disc(centre, radius) * (0.75 + 0.25 * sheet.noise(12))
        sheet.ink(sheet.disc(centre, radius * 1.5, edge=radius * 2), oklch(0.9, chroma, hue), blend="screen", strength=0.4)
        sheet.ink(moon, oklch(0.93, chroma, hue) if sheet.rng.random() < 0.7 else oklch(0.45, 0.19, 25))
    if kind == 0:
        for k in range(3):
            _spruces(sheet, 0.62 + 0.13 * k, 0.3 + 0.1 * k, oklch(0.3 - 0.12 * k, chroma * 0.5, hue), int(38 - 9 * k))
            mist = smooth(0.45 + 0.13 * k, 0.75 + 0.13 * k, sheet.y) * sheet.noise(4, octaves=3, stretch=3)
            sheet.ink(mist, oklch(0.75, chroma, hue), strength=0.55 - 0.22 * k)
    elif kind == 1:
        for k in range(4):
            line = 0.42 + 0.14 * k - np.abs(sheet.ridge(5 + 2 * k, octaves=6, rough=0.55)) * (0.26 - 0.04 * k)
            sheet.ink(sheet.below(line), oklch(0.34 - 0.085 * k, chroma * 0.5, hue))
    else:
        _sigil(sheet, oklch(0.9, chroma, hue))
    scratch = sheet.noise(120, octaves=1, stretch=sheet.one_of(0.1, 8))
    sheet.ink(smooth(0.72, 0.9, scratch), (0.02, 0.02, 0.02), strength=0.4)
    sheet.vignette(0.75)
    sheet.grain(0.09)
    return "light"


def _spruces(sheet: Sheet, base: float, height: float, colour: Colour, count: int) -> None:
    trees: list[list[Point]] = [[(0, base), (1, base), (1, 1), (0, 1)]]
    for _ in range(count):
        x, tall = sheet.pick(-0.05, 1.05), height * sheet.pick(0.4, 1.0)
        wide, layers = tall * sheet.pick(0.12, 0.2), 9
        left, right = [], []
        for k in range(layers):
            y, w = base + 0.02 - tall * (1 - k / layers), wide * (k + 0.6) / layers
            left += [(x - w * 0.35, y), (x - w * sheet.pick(0.8, 1.2), y + tall / layers * 1.1)]
            right += [(x + w * 0.35, y), (x + w * sheet.pick(0.8, 1.2), y + tall / layers * 1.1)]
        trees.append([(x, base - tall), *left, *right[::-1]])
    sheet.ink(sheet.shapes(trees), colour)


def _sigil(sheet: Sheet, bone: Colour) -> None:
    """Thorned strokes mirrored left and right round a ring."""
    sheet.pixels *= 0.35
    lines: list[list[Point]] = []
    for _ in range(int(sheet.rng.integers(7, 13))):
        angle, reach, bend = sheet.pick(-np.pi / 2, np.pi / 2), sheet.pick(0.15, 0.4), sheet.pick(-1.4, 1.4)
        t = np.linspace(0, 1, 24)
        a = angle + bend * t**2
        right = [(0.5 + reach * s * np.cos(b), 0.46 + reach * s * np.sin(b)) for s, b in zip(t, a, strict=True)]
        lines += [right, [(1 - x, y) for x, y in right]]
        tip = right[-1]
        thorn = [tip, (tip[0] + 0.05 * np.cos(a[-1] + 2.3), tip[1] + 0.05 * np.sin(a[-1] + 2.3))]
        lines += [thorn, [(1 - x, y) for x, y in thorn]]
    circle = np.linspace(0, 2 * np.pi, 90)
    radius = sheet.pick(0.2, 0.34)
    lines.append([(0.5 + radius * np.cos(a), 0.46 + radius * np.sin(a)) for a in circle])
    mask = sheet.strokes(lines, sheet.pick(0.012, 0.024))
    sheet.ink(mask * smooth(0.05, 0.3, sheet.noise(30, octaves=3)), bone)


def synthwave(sheet: Sheet) -> str:
    """A sun cut into stripes, a chrome sky, a grid that runs to the horizon, mountains of wire, sometimes palms or towers."""
    hue, horizon = sheet.one_of(320, 300, 345, 280, 20, 215, 165), sheet.pick(0.5, 0.68)
    top, glow = oklch(0.16, 0.09, hue - 40), oklch(0.74, 0.19, hue + sheet.one_of(30, 50, 70))
    sheet.wash(sheet.y / horizon, [top, oklch(0.32, 0.16, hue - 25), oklch(0.55, 0.22, hue), glow])
    centre, radius = (sheet.pick(0.35, 0.65), horizon - sheet.pick(0.08, 0.2)), sheet.pick(0.18, 0.3)
    sun, rise = sheet.disc(centre, radius), (sheet.y - centre[1] + radius) / (2 * radius)
    stripes = smooth(
        -0.02, 0.02, np.sin(2 * np.pi * (np.clip(rise, 0, 1) ** 1.2) * sheet.pick(6, 11)) + 1.35 - 1.9 * np.clip(rise, 0, 1)
    )
    sheet.ink(sheet.disc(centre, radius * 1.3, edge=radius * 1.6), oklch(0.8, 0.18, hue + 40), blend="screen", strength=0.6)
    light = np.clip(rise, 0, 1)[..., None] * np.ones((1, sheet.n, 1), np.float32)
    tone = (1 - light) * np.array(oklch(0.92, 0.14, 95)) + light * np.array(oklch(0.66, 0.25, hue + 5))
    sheet.pixels += (sun * stripes)[..., None] * (tone - sheet.pixels)
    if sheet.rng.random() < 0.4:
        _skyline(sheet, horizon - 0.02, oklch(0.2, 0.09, hue - 40), lit=oklch(0.85, 0.16, hue + 60))
    else:
        for k in range(2):
            line = horizon - 0.03 - np.abs(sheet.ridge(6 + 3 * k, octaves=3)) * (0.17 - 0.07 * k)
            sheet.ink(sheet.below(line), oklch(0.24 - 0.07 * k, 0.1, hue - 40))
    _grid_floor(sheet, horizon, oklch(0.78, 0.19, sheet.one_of(195, 330, 210)), oklch(0.13, 0.08, hue - 45))
    if sheet.rng.random() < 0.5:
        _palms(sheet, horizon)
    sheet.grain(0.03)
    return "light"


def _grid_floor(sheet: Sheet, horizon: float, wire: Colour, ground: Colour) -> None:
    floor = sheet.below(np.full(sheet.n, horizon, np.float32))
    sheet.ink(floor, ground)
    depth = np.maximum(sheet.y - horizon, 1e-4)
    pixel = 1.0 / sheet.n
    rows, cols = 0.3 / depth, (sheet.x - 0.5) * 1.1 / depth
    row_width, col_width = np.maximum(0.3 / depth**2 * pixel, 0.02), np.maximum(1.1 / depth * pixel, 0.02)
    lines = np.maximum(
        smooth(1.8, 0.4, np.abs(rows - np.round(rows)) / row_width), smooth(1.8, 0.4, np.abs(cols - np.round(cols)) / col_width)
    )
    sheet.ink(floor * lines * smooth(0.0, 0.12, depth), wire, blend="screen", strength=0.95)
    sheet.ink(floor * np.exp(-depth * 22), wire, blend="screen", strength=0.6)


def _palms(sheet: Sheet, horizon: float) -> None:
    for side in ((0.1, 1), (0.9, -1)):
        foot, top = (side[0], horizon + 0.2), (side[0] + 0.05 * side[1], sheet.pick(0.18, 0.32))
        trunk = [[foot, (side[0] + 0.01 * side[1], 0.55), top]]
        leaves = []
        for angle in np.linspace(-2.9, -0.2, 8):
            t = np.linspace(0, 1, 12)
            leaves.append([(top[0] + 0.17 * s * np.cos(angle), top[1] + 0.17 * s * np.sin(angle) * 0.6 + 0.16 * s**2) for s in t])
        sheet.ink(np.maximum(sheet.strokes(trunk, 0.014), sheet.strokes(leaves, 0.011)), oklch(0.1, 0.05, 300))


def lofi(sheet: Sheet) -> str:
    """A window in the evening: panes, a soft city, rain, a lamp, a plant on the sill; muted inks on toned paper."""
    hue = sheet.pick(0, 360)
    wall, dusk = (
        oklch(sheet.one_of(0.32, 0.42, 0.72, 0.8), 0.05, hue),
        [oklch(0.45, 0.08, hue + 200), oklch(0.66, 0.09, hue + 150), oklch(0.84, 0.08, hue + 110)],
    )
    sheet.wash(sheet.y * 1.1, dusk)
    for k in range(3):
        _skyline(sheet, 0.45 + 0.1 * k, oklch(0.5 - 0.11 * k, 0.05, hue + 190), lit=oklch(0.88, 0.12, 85))
    if sheet.rng.random() < 0.7:
        sheet.ink(
            sheet.disc((sheet.pick(0.35, 0.75), sheet.pick(0.2, 0.36)), sheet.pick(0.04, 0.1)),
            oklch(0.94, 0.06, 95),
            strength=0.9,
        )
    if sheet.rng.random() < 0.6:
        rain = [[(x, y), (x - 0.015, y + 0.06)] for x, y in sheet.rng.random((90, 2))]
        sheet.ink(sheet.strokes(rain, 0.003), oklch(0.95, 0.02, hue), strength=0.5)
    left, top, right, sill = sheet.pick(0.08, 0.25), sheet.pick(0.08, 0.14), sheet.pick(0.75, 0.92), sheet.pick(0.66, 0.78)
    frame = 1 - sheet.box(left, top, right, sill)
    sheet.ink(frame, wall)
    _window_bars(sheet, (left, top, right, sill), oklch(0.25, 0.03, hue + 20))
    sheet.ink(sheet.box(0, sill, 1, sill + 0.03), oklch(0.3, 0.04, 50))
    _sill_things(sheet, left, right, sill, hue)
    sheet.paper(0.14)
    sheet.grain(0.05)
    return "dark" if sum(wall) > 1.5 else "light"


def _skyline(sheet: Sheet, base: float, colour: Colour, *, lit: Colour) -> None:
    edges = np.concatenate([[0], np.sort(sheet.rng.random(11)), [1]])
    blocks, windows = [], []
    for a, b in pairwise(edges):
        top = base - sheet.pick(0.0, 0.2)
        blocks.append([(a, top), (b, top), (b, 1.0), (a, 1.0)])
        for _ in range(2):
            x, y = sheet.pick(float(a), float(b)), top + sheet.pick(0.02, 0.25)
            windows.append([(x, y), (x + 0.012, y), (x + 0.012, y + 0.018), (x, y + 0.018)])
    inside = sheet.shapes(blocks)
    sheet.ink(inside, colour)
    sheet.ink(inside * sheet.shapes(windows), lit, strength=0.85)


def _window_bars(sheet: Sheet, pane: tuple[float, float, float, float], colour: Colour) -> None:
    left, top, right, sill = pane
    columns = int(sheet.rng.integers(2, 4))
    lines = [
        [(left + (right - left) * k / columns, top), (left + (right - left) * k / columns, sill)] for k in range(columns + 1)
    ]
    lines += [[(left, y), (right, y)] for y in (top, top + (sill - top) * sheet.one_of(0.35, 0.5), sill)]
    sheet.ink(sheet.strokes(lines, 0.014), colour)


def _sill_things(sheet: Sheet, left: float, right: float, sill: float, hue: float) -> None:
    x = sheet.pick(left, left + 0.2)
    pot = [[(x - 0.05, sill - 0.09), (x + 0.05, sill - 0.09), (x + 0.035, sill), (x - 0.035, sill)]]
    leaves = []
    for angle in np.linspace(-2.7, -0.4, int(sheet.rng.integers(4, 8))):
        reach = sheet.pick(0.1, 0.22)
        t = np.linspace(0, 1, 10)
        leaves.append([(x + reach * s * np.cos(angle), sill - 0.09 + reach * s * np.sin(angle) + 0.08 * s**2) for s in t])
    sheet.ink(sheet.strokes(leaves, 0.016), oklch(0.42, 0.09, 150))
    sheet.ink(sheet.shapes(pot), oklch(0.55, 0.12, 40))
    mug = sheet.pick(right - 0.22, right - 0.05)
    sheet.ink(sheet.ring((mug + 0.045, sill - 0.04), 0.024, 0.01), oklch(0.85, 0.05, hue + 60))
    sheet.ink(sheet.box(mug - 0.04, sill - 0.08, mug + 0.04, sill), oklch(0.85, 0.05, hue + 60))


def nocturne(sheet: Sheet) -> str:
    """Ink on night blue: a moon, its path on the water or five long lines like a staff, a wash that ran."""
    hue = sheet.one_of(255, 240, 275, 220, 300, 60)
    run = sheet.noise(4, octaves=5, stretch=0.6)
    sheet.wash(
        0.75 * sheet.y + 0.4 * (run - 0.5),
        [oklch(0.17, 0.05, hue), oklch(0.29, 0.07, hue), oklch(0.46, 0.07, hue - 15), oklch(0.66, 0.05, hue - 30)],
    )
    moon, radius = (sheet.pick(0.25, 0.78), sheet.pick(0.16, 0.42)), sheet.pick(0.05, 0.17)
    sheet.ink(sheet.disc(moon, radius * 2, edge=radius * 4), oklch(0.85, 0.04, 95), blend="screen", strength=0.35)
    sheet.ink(sheet.disc(moon, radius), oklch(0.95, 0.04, 95))
    if sheet.rng.random() < 0.35:
        sheet.ink(sheet.disc((moon[0] + radius * 0.45, moon[1] - radius * 0.2), radius), oklch(0.22, 0.06, hue))
    kind = int(sheet.rng.integers(3))
    if kind == 0:
        _staff(sheet, hue)
    elif kind == 1:
        path = np.exp(-(((sheet.x - moon[0]) / (0.03 + 0.2 * np.clip(sheet.y - 0.55, 0, 1))) ** 2)) * (sheet.y > 0.58)
        sheet.ink(
            (path * smooth(0.5, 0.62, sheet.noise(34, octaves=2, stretch=6))).astype(np.float32),
            oklch(0.94, 0.04, 95),
            strength=0.9,
        )
        sheet.ink(sheet.below(0.58 - 0.03 * np.abs(sheet.ridge(7))) * smooth(0.62, 0.58, sheet.y), oklch(0.12, 0.04, hue))
    else:
        keys = int(sheet.rng.integers(7, 15))
        for k in range(keys):
            height = 0.3 + 0.25 * np.sin(k * sheet.pick(0.4, 0.6) + 1)
            sheet.ink(
                sheet.box((k + 0.12) / keys, 1 - height, (k + 0.88) / keys, 1),
                oklch(0.12 if k % 7 in (1, 3, 6) else 0.9, 0.02, hue),
                strength=0.9,
            )
    sheet.paper(0.12)
    sheet.grain(0.04)
    return "light"


def _staff(sheet: Sheet, hue: float) -> None:
    t, sway = np.linspace(-0.02, 1.02, 60), sheet.pick(1.5, 4)
    base, lift = sheet.pick(0.58, 0.7), sheet.pick(0.03, 0.1)
    lines = [[(x, base + 0.035 * k + lift * np.sin(sway * x + 0.25 * k)) for x in t] for k in range(5)]
    sheet.ink(sheet.strokes(lines, 0.0035), oklch(0.9, 0.03, 90), strength=0.85)
    for x in np.sort(sheet.rng.random(int(sheet.rng.integers(5, 11)))):
        k = sheet.pick(-0.5, 4.5)
        y = base + 0.035 * k + lift * np.sin(sway * x + 0.25 * k)
        sheet.ink(sheet.disc((float(x), float(y)), 0.017), oklch(0.96, 0.04, 90))
        sheet.ink(
            sheet.strokes([[(float(x) + 0.015, float(y)), (float(x) + 0.015, float(y) - 0.12)]], 0.004), oklch(0.96, 0.04, 90)
        )
