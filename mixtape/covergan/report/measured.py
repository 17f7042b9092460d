"""The moments judged one by one, each kept on disk as soon as it is known: a second run measures only what is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mixtape.covergan.keepsakes import far_apart
from mixtape.covergan.metrics import Judgement, Link, Matcher, judge
from mixtape.covergan.metrics.features import cells, has_lite0
from mixtape.covergan.metrics.judged import library_link
from mixtape.covergan.metrics.ranks import LINE_UP
from mixtape.covergan.model import latents
from mixtape.covergan.report.subject import Moment, Sketchbook, Subject
from mixtape.errors import LibraryError
from mixtape.palette import dominant_colours
from mixtape.progress import Progress, silent
from mixtape.storage import about_arrays, digest_of, load_arrays, save_arrays, write_atomic
from mixtape.types import ByteArray, Palette

FORMAT = 1
"""Raised when a figure changes its meaning: what was kept before is then measured again."""

COUNT = 256
"""Pictures drawn of each moment: about five core-seconds at 64 pixels."""

SHOWN = 6
"""Songs whose pictures are shown at every moment."""

COLOURS = 24


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One moment: its figures by name, NaN for what cannot be told; pictures to the songs that are shown (k, s, s, 3); the
    colours of all it drew; and its pictures closest to covers (p, s, s, 3) with rows of those covers (p,) and distances (p,)."""

    moment: Moment
    figures: Mapping[str, float]
    samples: ByteArray
    palette: Palette
    drawn: ByteArray
    covers: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """All moments; what links covers and music in the library; and whether the judge asked about held-out covers alone."""

    moments: tuple[Measured, ...]
    link: Link
    asked_held: bool

    @property
    def final(self) -> Measured:
        """The moment that the wall uses."""
        return next(one for one in self.moments if one.moment.final)


def measure(subject: Subject, *, count: int = COUNT, seed: int = 0, progress: Progress = silent) -> Findings:
    """Judge every moment by `count` pictures; what is known from an earlier run is read from `subject.folder`/judged.

    ModelError for a network that cannot be used; LibraryError when the disk refuses.
    """
    place, made_of = subject.folder / "judged", digest_of(FORMAT, subject.digest, count, seed, has_lite0())
    total, done = len(subject.moments) + 1, 0
    progress("judging", done, total)
    matcher, real, asked_held = _asked(subject, seed)
    known_link = place / f"link-{made_of}.npz"
    link = _kept_link(known_link) or _link(subject, known_link, seed)
    used, found = {known_link}, []
    for done, moment in enumerate(subject.moments, start=1):
        progress("judging", done, total)
        path = place / f"{digest_of(made_of, moment.path.read_bytes())}.npz"
        # The link is the library's, whichever of its covers this network is asked about.
        one = _kept(path, moment) or _judged(subject, moment, matcher, replace(real, p=link.p), count, seed)
        if path not in used and not path.is_file():
            _keep(path, one)
        used.add(path)
        found.append(one)
    for path in set(place.glob("*.npz")) - used:
        path.unlink(missing_ok=True)
    progress("judging", total, total)
    return Findings(tuple(found), link, asked_held)


def write_figures(path: Path, findings: Findings) -> None:
    """A line a moment: its step, whether it is the finished model, and every figure, empty where nothing can be told."""
    names = list(findings.final.figures)
    lines = [",".join(["step", "final", *names])]
    for one in findings.moments:
        numbers = (f"{one.figures[name]:.6g}" if np.isfinite(one.figures[name]) else "" for name in names)
        lines.append(",".join([str(one.moment.step), str(int(one.moment.final)), *numbers]))
    write_atomic(path, ("\n".join(lines) + "\n").encode())


def shown_rows(subject: Subject) -> npt.NDArray[np.int64]:
    """Covers whose songs are shown at every moment, rows (k,): of different groups where there are enough, and far apart."""
    known = np.flatnonzero(np.isfinite(subject.conditions).all(axis=1))
    if not len(known):
        return np.arange(min(SHOWN, len(subject.covers)))
    apart = known[np.unique(subject.groups[known], return_index=True)[1]]
    chosen = apart if len(apart) >= SHOWN else known
    return chosen[far_apart(subject.conditions[chosen], SHOWN)]


def pooled(pictures: ByteArray) -> Palette:
    """The colours of many pictures (n, s, s, 3) together."""
    means = np.rint(cells(pictures, side=16) * 255).astype(np.uint8)
    return dominant_colours(means.reshape(-1, means.shape[2], 3), k=COLOURS)


def _judged(subject: Subject, moment: Moment, matcher: Matcher | None, real: Link, count: int, seed: int) -> Measured:
    painter = Sketchbook.of(moment)
    found: Judgement = judge(
        painter,
        subject.covers,
        subject.conditions,
        subject.groups,
        held=subject.held,
        count=count,
        matcher=matcher,
        real=real,
        seed=seed,
    )
    drawn = painter.first
    assert drawn is not None
    rows, pairs, trained = shown_rows(subject), found.memorised.pairs, np.flatnonzero(~subject.held)
    songs, z = subject.conditions[rows], latents(1, seed=7, dimensions=painter.latent).repeat(len(rows), axis=0)
    return Measured(
        moment=moment,
        figures=found.as_row(),
        samples=painter.pictures(z, songs) if np.isfinite(songs).all() else painter.pictures(z),
        palette=pooled(drawn),
        drawn=drawn[[pair.drawn for pair in pairs]],
        covers=trained[[pair.cover for pair in pairs]],
        distances=np.array([pair.distance for pair in pairs], np.float64),
    )


def _asked(subject: Subject, seed: int) -> tuple[Matcher | None, Link, bool]:
    """The judge that asks about pictures: about songs of held-out covers where these are enough, else about all."""
    known = np.isfinite(subject.conditions).all(axis=1)
    enough = int((subject.held & known).sum()) >= 2 * LINE_UP
    found = library_link(
        subject.covers,
        subject.conditions,
        subject.groups,
        asked=subject.held if enough else None,
        permutations=0,
        seed=seed,
    )
    return (None, Link(pairs=int(known.sum())), False) if found is None else (*found, enough)


def _link(subject: Subject, path: Path, seed: int) -> Link:
    """Whether covers and music are linked, asked of all covers: the network has no part in that, so none need be held out."""
    found = library_link(subject.covers, subject.conditions, subject.groups, seed=seed)
    link = Link(pairs=int(np.isfinite(subject.conditions).all(axis=1).sum())) if found is None else found[1]
    save_arrays(path, {}, about={"link": asdict(link)})
    return link


def _kept_link(path: Path) -> Link | None:
    try:
        return Link(**about_arrays(load_arrays(path))["link"])
    except (LibraryError, KeyError, ValueError, TypeError):
        return None


def _keep(path: Path, one: Measured) -> None:
    arrays = {
        "names": np.array(list(one.figures)),
        "values": np.array(list(one.figures.values())),
        "samples": one.samples,
        "colours": one.palette.srgb,
        "shares": one.palette.share,
        "drawn": one.drawn,
        "covers": one.covers,
        "distances": one.distances,
    }
    save_arrays(path, arrays, about={"step": one.moment.step})


def _kept(path: Path, moment: Moment) -> Measured | None:
    """What an earlier run found; None where there is nothing that can be read."""
    try:
        kept = load_arrays(path)
        figures = dict(zip(kept["names"].tolist(), kept["values"].tolist(), strict=True))
        palette = Palette(kept["colours"], kept["shares"])
        return Measured(moment, figures, kept["samples"], palette, *(kept[name] for name in ("drawn", "covers", "distances")))
    except (LibraryError, KeyError, ValueError):
        return None
