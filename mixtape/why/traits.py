"""What can be said of two songs from their readable traits. Every function looks for one thing, and says it only where it holds.

A tempo or a key that the ear was not sure of is never named. "Darker" and its like need a difference that can be heard, and one
that is large for this collection; "both dark" needs both songs among the darkest part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mixtape.features.tonal import NOTE_NAMES
from mixtape.why.claims import EXACT_BITS, Claim
from mixtape.why.table import TraitTable, share_as_far_apart

SURE_TEMPO, SURE_KEY = 0.3, 0.3
"""Confidences, 0 to 1, from which a tempo or a key is named."""

SAME_TEMPO = 0.02
"""Tempi that differ by no more than this are the same pulse: a DJ's slider takes it, an ear does not notice."""

OTHER_TEMPO = 0.10
"""From this difference on a song is called faster or slower."""

NOTICED = 0.25
"""A difference is told from this share of the collection's spread on."""

EXTREME = 0.15
"""What lies in this share of the collection at either end is called dark, loud and so on."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A trait that goes from less to more, the words for it, and the smallest difference that can be heard.

    `extra_bits`: how much more, or less, its words mean to people than those of others.
    """

    name: str
    about: str
    step: float
    low: str
    high: str
    less: str
    more: str
    extra_bits: float = 0.0


SCALES = (
    Scale("brightness", "tone", 0.03, "both dark", "both bright", "darker", "brighter", 1.5),
    Scale("bass", "tone", 0.05, "both light in bass", "both heavy in bass", "lighter in bass", "heavier in bass"),
    Scale("loudness_lufs", "force", 1.5, "both quiet", "both loud", "quieter", "louder", 0.5),
    Scale("energy", "force", 0.05, "both calm", "both lively", "calmer", "livelier", 0.5),
    Scale("events_per_s", "force", 0.7, "both sparse", "both busy", "sparser", "busier"),
    Scale("dynamics_db", "dynamics", 3.0, "both of even level", "both of wide dynamics", "more even", "wider in dynamics", -1.0),
    Scale("pulse", "beat", 0.1, "both without a firm beat", "both with a firm beat", "looser in beat", "firmer in beat", -1.0),
)
"""Every scale there are words for."""


def trait_claims(table: TraitTable, a: int, b: int) -> Iterator[Claim]:
    """All that can be said of song `b` seen from song `a`, in no order, contradictions among it."""
    for look in LOOKS:
        yield from look(table, a, b)


def tempo_claims(table: TraitTable, a: int, b: int) -> Iterator[Claim]:
    """The same pulse, double or half time, or faster and slower, where both tempi are sure."""
    bpm = np.where(table.column("tempo_confidence") >= SURE_TEMPO, table.column("tempo_bpm"), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = bpm / bpm[a]
    one, two, half = (_about(ratio, step) for step in (1.0, 2.0, 0.5))
    if one[b]:
        middle = round(float(np.sqrt(bpm[a] * bpm[b])))
        yield Claim(f"same pulse at {middle} BPM", "pace", table.share(one, a), extra_bits=EXACT_BITS)
    elif two[b] or half[b]:
        word = "double" if two[b] else "half"
        text = f"{word} time from {round(float(bpm[a]))} to {round(float(bpm[b]))} BPM"
        yield Claim(text, "pace", table.share(one | two | half, a), extra_bits=EXACT_BITS)
    elif abs(np.log2(ratio[b])) >= np.log2(1 + OTHER_TEMPO):
        share = share_as_far_apart(np.log2(bpm), float(np.log2(ratio[b])))
        yield Claim("faster" if ratio[b] > 1 else "slower", "pace differs", share, differs=True, extra_bits=2.0)


def key_claims(table: TraitTable, a: int, b: int) -> Iterator[Claim]:
    """The same key, its relative, or one a fifth away, where both keys are sure."""
    sure = table.column("key_confidence") >= SURE_KEY
    note, major = table.column("key"), table.column("mode")
    known = sure & np.isfinite(note) & np.isfinite(major)
    if not (known[a] and known[b]):
        return
    signature = _signature(note, major)
    same_mode = known & (major == major[a])
    apart = (signature - signature[a]) % 12
    same = same_mode & (apart == 0)
    relative = known & (apart == 0)
    fifth = relative | (same_mode & ((apart == 1) | (apart == 11)))
    here, there = key_name(note[a], major[a]), key_name(note[b], major[b])
    if same[b]:
        yield Claim(f"both in {here}", "harmony key", table.share(same, a), extra_bits=EXACT_BITS)
    elif relative[b]:
        yield Claim(f"{here} to its relative {there}", "harmony key", table.share(relative, a), extra_bits=EXACT_BITS)
    elif fifth[b]:
        yield Claim(
            f"{here} to {there} a fifth {'up' if apart[b] == 1 else 'down'}",
            "harmony key",
            table.share(fifth, a),
            extra_bits=EXACT_BITS,
        )


def scale_claims(table: TraitTable, a: int, b: int) -> Iterator[Claim]:
    """Darker or brighter and so on; both dark, both bright and so on."""
    for scale in SCALES:
        column, spread = table.column(scale.name), table.spread(scale.name)
        if not np.isfinite(column[[a, b]]).all() or spread <= 0.0:
            continue
        change = float(column[b] - column[a])
        if abs(change) >= max(scale.step, NOTICED * spread):
            words = scale.more if change > 0 else scale.less
            yield Claim(
                words, f"{scale.about} differs", share_as_far_apart(column, change), differs=True, extra_bits=scale.extra_bits
            )
        elif spread >= scale.step:
            yield from _both_extreme(table, scale, a, b)


def _both_extreme(table: TraitTable, scale: Scale, a: int, b: int) -> Iterator[Claim]:
    column = table.column(scale.name)
    middle = float(np.nanmedian(column))
    for words, sign in ((scale.low, -1.0), (scale.high, 1.0)):
        # From the milder of the two on outwards: of so many songs the same could be said.
        mildest = min(sign * column[a], sign * column[b])
        share = float((sign * column >= mildest).mean())
        if share <= EXTREME and mildest - sign * middle >= scale.step:
            about = "beat none" if scale.about == "beat" and sign < 0 else scale.about
            yield Claim(words, about, share, extra_bits=scale.extra_bits)


def key_name(note: float, mode: float) -> str:
    """`A minor`: from a note, 0 for C to 11 for B, and a mode, 1 for major and 0 for minor."""
    return f"{NOTE_NAMES[round(note) % 12]} {'major' if mode > 0.5 else 'minor'}"


def _about(ratio: npt.NDArray[np.float64], step: float) -> npt.NDArray[np.bool_]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.abs(np.log2(ratio / step)) <= np.log2(1 + SAME_TEMPO))


def _signature(note: npt.NDArray[np.float64], major: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Place of a key on the circle of fifths by its signature: C major and A minor 0, G major and E minor 1, to 11."""
    tonic = np.where(major > 0.5, note, note + 3)
    return (tonic * 7) % 12


LOOKS: tuple[Callable[[TraitTable, int, int], Iterator[Claim]], ...] = (tempo_claims, key_claims, scale_claims)
"""Everything that is looked for. A new one is a function and a line here."""
