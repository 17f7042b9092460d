"""What is drawn of the figures, and what each means in one sentence: as data, so that page, sheet and table say the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mixtape.covergan.metrics.memorised import ALARM

UNKNOWN = "cannot be told"


@dataclass(frozen=True, slots=True)
class Curve:
    """A figure over time: its name in the table, a title, and a sentence that says what it is and which way is good.

    `floor` names the same figure for two halves of the real covers; `levels` are heights to compare with, the best one first, and
    `also` names figures drawn fainter beside it, both with the words that stand at them.
    """

    name: str
    title: str
    said: str
    floor: str = ""
    levels: tuple[tuple[float, str], ...] = ()
    error: str = ""
    also: tuple[tuple[str, str], ...] = ()
    percent: bool = False


CURVES = (
    Curve(
        "kid",
        "Realism (KID)",
        "How unlike covers the pictures are to a network that knows photographs: lower is better, down to the real line.",
        floor="kid_real",
        error="kid_sd",
    ),
    Curve(
        "sliced",
        "Texture and layout (sliced Wasserstein)",
        "How far small patches of the pictures are from those of covers, from fine grain to large shapes: lower is better.",
        floor="sliced_real",
        also=(("sliced_finest", "finest"), ("sliced_coarsest", "coarsest")),
    ),
    Curve(
        "palette",
        "Colours (palette distance)",
        "How far all colours must be moved to become those of the covers, 0.02 is just visible: lower is better.",
        floor="palette_real",
    ),
    Curve(
        "coverage",
        "Coverage",
        "How many of the covers have a picture like them: higher is better, as high as the real line is best.",
        floor="coverage_real",
        percent=True,
    ),
    Curve(
        "density",
        "Density",
        "How much the pictures keep to where covers crowd: near the real line is best, far above it only the usual is drawn.",
        floor="density_real",
    ),
    Curve(
        "distinct",
        "Distinct pictures",
        "How many of the pictures can be told apart at a glance: higher is better, as high as the real line is best.",
        floor="distinct_real",
        percent=True,
    ),
    Curve(
        "over_latents",
        "Variety at one song",
        "How varied the pictures to one song are, 1 is as varied as all covers: higher is better.",
        levels=((1.0, "real"),),
    ),
    Curve(
        "over_music",
        "Variety between songs",
        "How much a picture changes when only the song does, 1 is as varied as all covers: higher heeds the music more.",
        levels=((1.0, "real"),),
    ),
    Curve(
        "memorised_ratio",
        "Learned by heart",
        "How far the pictures are from the nearest cover, 1 is as far as strangers: below 0.6 it copies, or is a blur.",
        levels=((1.0, "strangers"), (ALARM, "copies")),
    ),
    Curve(
        "copied",
        "Too near to a cover",
        "How many pictures are nearer to a cover than all but 1 % of strangers: 1 % is right, more are copies, or blurs.",
        levels=((0.01, "strangers"),),
        percent=True,
    ),
    Curve(
        "matched",
        "Song found from its picture",
        "How often a judge finds a picture's own song among 32, or all if fewer: higher is better, and far above the others.",
        floor="real",
        error="matched_error",
        also=(("mismatched", "other song"), ("null", "no song")),
        percent=True,
    ),
)

NAMES: Mapping[str, str] = {
    "pictures": "pictures drawn to judge by",
    "kid": "realism: KID, lower is better",
    "kid_sd": "its deviation over parts of the pictures",
    "kid_real": "KID between two halves of the covers",
    "sliced": "sliced Wasserstein distance, lower is better",
    "sliced_finest": "the same at the finest scale",
    "sliced_coarsest": "the same at the coarsest scale",
    "sliced_real": "the same between two halves of the covers",
    "density": "density, near that of covers is best",
    "density_real": "density between two halves of the covers",
    "coverage": "coverage, higher is better",
    "coverage_real": "coverage between two halves of the covers",
    "palette": "palette distance, lower is better",
    "palette_real": "palette distance between two halves of the covers",
    "memorised_ratio": "distance to the nearest cover, strangers = 1",
    "copied": "share nearer than all but 1 % of strangers",
    "over_latents": "variety at one song, covers = 1",
    "over_music": "variety between songs, covers = 1",
    "distinct": "share told apart at a glance",
    "distinct_real": "the same share of covers",
    "matched": "song found from its picture, higher is better",
    "matched_error": "its standard error",
    "mismatched": "the same from a picture to another song",
    "null": "the same from a picture to no song",
    "real": "the same from the real cover, the most there can be",
    "real_error": "its standard error",
    "chance": "the same by guessing",
    "link_p": "chance that covers and music only look linked",
}
"""Every figure in words."""

SHARES = {"coverage", "coverage_real", "copied", "distinct", "distinct_real", "real", "chance"} | {
    *("matched", "matched_error", "mismatched", "null", "real_error")
}
"""Figures that are shares of a whole."""


def text(value: float, *, percent: bool = False) -> str:
    """A figure as a person reads it; what is no number cannot be told, and is never shown as one."""
    if not math.isfinite(value):
        return UNKNOWN
    if percent:
        return f"{100 * value:.0f} %" if abs(value) >= 0.1 or value == 0 else f"{100 * value:.1f} %"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"
