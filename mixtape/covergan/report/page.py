"""Everything that stands on the page, in its order; how it looks is left to html and sheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.covergan.report.chart import DIM, FAINT, Dot, Inks, Line, curves, dots
from mixtape.covergan.report.curves import CURVES, NAMES, SHARES, Curve, text
from mixtape.covergan.report.measured import Findings, pooled, shown_rows
from mixtape.covergan.report.pictures import closest, over_time, strips
from mixtape.covergan.report.subject import Subject
from mixtape.covergan.report.verdict import verdict
from mixtape.types import ByteArray

WIDE_PX, NARROW_PX, TALL_PX = 2460, 760, 330


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A picture (h, w, 3) with its title, the sentence that says what it is, and its figures in words. `wide` ones take the whole
    width; `photo` says that it shows pictures rather than lines."""

    title: str
    said: str
    picture: ByteArray
    value: str = ""
    wide: bool = False
    photo: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A title, a line about whose pictures these are, sentences, figures, and a table of all figures with its head."""

    title: str
    about: str
    sentences: tuple[str, ...]
    figures: tuple[Figure, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    inks: Inks


def page_of(subject: Subject, findings: Findings, remarks: Sequence[str] = ()) -> Page:
    """Put the page together from what was measured and what training has left in its folder."""
    real = pooled(subject.covers)
    inks, final = Inks.of(real), findings.final
    figures = [
        Figure(
            "The same songs over time",
            "Each row is one song: its real cover, then what was drawn to it after so many steps, from the same latent; from "
            "left to right they should come to look like covers, and differ from row to row.",
            over_time(subject.covers[shown_rows(subject)], findings.moments, inks, width_px=WIDE_PX),
            wide=True,
            photo=True,
        ),
        _fit(subject, findings, inks),
        *(_curve(curve, findings, inks) for curve in CURVES),
        *(_history(subject.folder, inks) if subject.own else ()),
        Figure(
            "The closest pairs",
            "The pictures nearest to any cover, each above that cover, with their distance (0 is the same): alike in colour is "
            "right, the same picture twice is a copy.",
            closest(subject.covers, final, inks, width_px=WIDE_PX),
            wide=True,
            photo=True,
        ),
        Figure(
            "Colours",
            "All colours of the covers and of the pictures, each as wide as its share, dark to light: the more alike the better.",
            strips([("covers", real), ("pictures", final.palette)], inks, width_px=WIDE_PX),
            value=f"palette distance {text(final.figures['palette'])}, real {text(final.figures['palette_real'])}",
            wide=True,
        ),
    ]
    head = ("figure", "in words", *(f"step {one.moment.step:,}" for one in findings.moments))
    rows = tuple(
        (name, NAMES.get(name, ""), *(text(one.figures[name], percent=name in SHARES) for one in findings.moments))
        for name in final.figures
    )
    about = _about(subject)
    return Page("How good the pictures are", about, verdict(subject, findings, remarks), tuple(figures), head, rows, inks)


def _about(subject: Subject) -> str:
    """Covers, songs, steps, minutes, size, by what command."""
    known = _told(subject.folder) if subject.own else {}
    last = next(moment for moment in subject.moments if moment.final)
    parts = [_counted(len(subject.covers), "cover"), _counted(subject.songs, "song with a cover", "songs with covers")]
    parts.append(_counted(last.step, "step"))
    if "seconds" in known:
        parts.append(f"{known['seconds'] / 60:.0f} min" if known["seconds"] >= 90 else f"{known['seconds']} s")
    parts.append(f"{subject.covers.shape[1]} px")
    if known.get("made_by"):
        parts.append(f"by {known['made_by']}")
    return ", ".join(parts)


def _counted(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _fit(subject: Subject, findings: Findings, inks: Inks) -> Figure:
    """Matched, mismatched, none and real, side by side."""
    figures = findings.final.figures
    rows = [
        Dot("its own song", figures["matched"], figures["matched_error"], main=True),
        Dot("another song", figures["mismatched"]),
        Dot("no song", figures["null"]),
        Dot("real covers", figures["real"], figures["real_error"]),
    ]
    whose = (
        "covers that training never saw"
        if findings.asked_held
        else "all covers" + (", which training knew" if subject.own else "")
    )
    return Figure(
        "Do pictures fit their music",
        "How often a judge that learned from other albums finds a picture's own song among 32, or all if fewer, one "
        "standard error to each side: the first should stand far right of the next two and of chance, as real covers do where "
        "there is a link.",
        dots(rows, inks, chance=figures["chance"], width_px=NARROW_PX, height_px=TALL_PX, shown=partial(text, percent=True)),
        value=f"asked about the songs of {whose}",
    )


def _curve(curve: Curve, findings: Findings, inks: Inks) -> Figure:
    x = np.array([one.moment.step for one in findings.moments], np.float64)

    def values(name: str) -> npt.NDArray[np.float64]:
        return np.array([one.figures[name] for one in findings.moments], np.float64)

    lines = [Line("drawn", x, values(curve.name), main=True, error=values(curve.error) if curve.error else None)]
    lines += [Line(words, x, values(name), light=FAINT) for name, words in curve.also]
    if curve.floor:
        lines.append(_level(findings.final.figures[curve.floor], "real", x))
    lines += [_level(level, words, x) for level, words in curve.levels]
    shown, final = partial(text, percent=curve.percent), findings.final
    picture = curves(lines, inks, width_px=NARROW_PX, height_px=TALL_PX, log=True, shown=shown, mark=float(final.moment.step))
    now, best = final.figures[curve.name], (final.figures[curve.floor], "real") if curve.floor else curve.levels[0]
    return Figure(curve.title, curve.said, picture, value=f"{shown(now)}, {best[1]} {shown(best[0])}")


def _level(value: float, words: str, x: npt.NDArray[np.float64]) -> Line:
    """What to compare with, straight across: no moment changes it, and a single one would leave it a point."""
    return Line(words, np.array([0.0, x[-1]]), np.array([value, value]), light=DIM)


def _history(folder: Path, inks: Inks) -> list[Figure]:
    """What training itself noted: losses, distance, variety and augmentation."""
    kept, judged = _columns(folder / "history.csv"), _columns(folder / "judged.csv")
    size = {"width_px": NARROW_PX, "height_px": TALL_PX}

    def figure(title: str, said: str, table: Mapping[str, npt.NDArray[np.float64]], *names: tuple[str, str]) -> Figure:
        x = table.get("step", np.zeros(0))
        lines = [
            Line(words, x, table.get(name, np.full(len(x), np.nan)), main=not place, light=DIM)
            for place, (name, words) in enumerate(names)
        ]
        last = float(x[-1]) if len(x) else 0.0
        ends = ", ".join(
            f"{words} {text(float(line.y[-1]) if len(line.y) else float('nan'))}"
            for line, (_, words) in zip(lines, names, strict=True)
        )
        return Figure(title, said, curves(lines, inks, **size, log=False, shown=text, mark=last), value=ends)

    return [
        figure(
            "Losses",
            "What the network that draws and the one that looks cost each other: no height is good or bad, but a line that runs "
            "away or jumps says that training broke.",
            kept,
            ("g_loss", "draws"),
            ("d_loss", "looks"),
        ),
        figure(
            "Distance while training",
            "How far the pictures were from the covers whenever training looked (sliced Wasserstein): lower is better, and the "
            "state with the lowest is what training goes back to.",
            judged,
            ("distance", "drawn"),
        ),
        figure(
            "Variety while training",
            "How varied the pictures were, 1 is as varied as covers: a fall towards 0 is a collapse. Beside it how strongly "
            "covers were altered so that they are not learned by heart, 0 to 1: the less is needed the better.",
            kept,
            ("diversity", "variety"),
            ("augment_p", "altered"),
        ),
    ]


def _columns(path: Path) -> dict[str, npt.NDArray[np.float64]]:
    """The columns of a table by name; none where there is no table yet, or one that was cut off."""
    try:
        with path.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
        return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]} if rows else {}
    except (OSError, ValueError, TypeError, csv.Error):
        return {}


def _told(folder: Path) -> dict[str, Any]:
    try:
        known = json.loads((folder / "about.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
