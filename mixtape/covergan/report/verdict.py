"""What the figures mean, in sentences for a person: the bad news first in none of them, and in none left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mixtape.covergan.metrics import said
from mixtape.covergan.metrics.memorised import ALARM
from mixtape.covergan.report.curves import text
from mixtape.covergan.report.measured import Findings, Measured
from mixtape.covergan.report.subject import Subject

COPIED = 0.05
"""So many pictures too near to a cover are more than chance: a hundredth is right."""

BLURRED = 0.3
"""Pictures whose patches are so much farther from those of covers, in deviations, are not sharp enough to be copies."""

BETTER = 0.95
"""Less than this share of the distance at the moment before says that training was still getting somewhere."""


def verdict(subject: Subject, findings: Findings, remarks: Sequence[str] = ()) -> tuple[str, ...]:
    """Whose pictures these are; whether covers and music are linked, and pictures follow; copies; variety; how real; remarks."""
    figures = findings.final.figures
    told = [_whose(subject), said(findings.link), _followed(findings), _copies(subject, findings), _variety(figures)]
    told += [_real(findings), *(f"During training: {remark}." for remark in remarks)]
    return tuple(_sentence(one) for one in told if one)


def _whose(subject: Subject) -> str:
    if not subject.own:
        return (
            "These are pictures of the network that comes with mixtape; it learned from made-up sleeves and has never seen your "
            "covers. To teach it yours: mixtape train"
        )
    if subject.finished:
        return ""
    return f"Training has stopped at step {subject.moments[-1].step} before its end; mixtape train goes on from there"


def _followed(findings: Findings) -> str:
    """Whether drawn pictures say which song they belong to; nothing where real covers do not."""
    figures = findings.final.figures
    matched, error = figures["matched"], figures["matched_error"]
    if not findings.link.linked or not math.isfinite(matched):
        return ""
    others = max(figures["mismatched"], figures["null"], figures["chance"])
    shares = (
        f"the judge finds the song of {text(matched, percent=True)} of them, give or take {text(2 * error, percent=True)}; drawn "
        f"to another song {text(figures['mismatched'], percent=True)}, to none {text(figures['null'], percent=True)}, from real "
        f"covers {text(figures['real'], percent=True)}"
    )
    whose = "held-out covers' songs" if findings.asked_held else "songs that training knew, as too few covers could be held out"
    if matched - 2 * error > others:
        return f"The pictures follow the music: {shares} (asked about {whose})"
    return f"The pictures do not follow the music yet: {shares} (asked about {whose}); train longer, or ask for colours"


def _copies(subject: Subject, findings: Findings) -> str:
    figures = findings.final.figures
    ratio, copied = figures["memorised_ratio"], figures["copied"]
    if not subject.own:
        return "It cannot have copied your covers; the closest pairs show how near it comes by chance"
    if not math.isfinite(ratio):
        return "Whether it copies cannot be told: there are no covers to compare that are strangers to each other"
    stands = f"they lie {text(ratio)} times as far from the nearest cover as strangers do, {text(copied, percent=True)} too near"
    if (ratio < ALARM or copied > COPIED) and figures["sliced"] - figures["sliced_real"] > BLURRED:
        return f"Whether it copies cannot be told yet: {stands}, but the pictures are blurred, and a blur is near everything"
    if ratio < ALARM:
        return f"It has learned covers by heart: {stands}; look at the closest pairs, and give it more covers or less time"
    if copied > COPIED:
        return f"Some pictures are copies: {stands}; look at the closest pairs, and give it more covers or less time"
    return f"Its pictures are no copies: {stands}, where 1 % is right"


def _variety(figures: Mapping[str, float]) -> str:
    drawn, real = figures["distinct"], figures["distinct_real"]
    if not (math.isfinite(drawn) and math.isfinite(real)):
        return "How varied the pictures are cannot be told"
    share = (
        f"{text(drawn, percent=True)} of its pictures can be told apart at a glance, of real covers {text(real, percent=True)}"
    )
    if drawn < 0.5 * real:
        return f"It has little variety: {share}"
    found, known = figures["coverage"], figures["coverage_real"]
    if math.isfinite(found) and math.isfinite(known) and found < 0.5 * known:
        return (
            f"It is varied, but within bounds: {share}, yet only {text(found, percent=True)} of the covers have a picture like "
            f"them ({text(known, percent=True)} have another cover)"
        )
    return f"It is varied: {share}"


def _real(findings: Findings) -> str:
    """How much of the way from where it began to real covers it has come, and whether it was still on its way."""
    final, before = findings.final, _earlier(findings)[1]
    name, words = ("kid", "KID") if math.isfinite(final.figures["kid"]) else ("sliced", "sliced Wasserstein distance")
    now, floor = final.figures[name], final.figures[f"{name}_real"]
    if not math.isfinite(now):
        return "How like covers the pictures are cannot be told"
    best = (
        f"two halves of the covers {text(floor)}" if math.isfinite(floor) else "how near covers are to each other cannot be told"
    )
    told, come = f"{words} {text(now)}; {best}", _come(findings, name)
    told = (
        f"Its pictures have come {text(come, percent=True)} of the way from where training began to real covers ({told})"
        if (math.isfinite(come))
        else f"How real the pictures are: {told}"
    )
    better = before is not None and now < BETTER * before.figures[name]
    return f"{told}; they were still getting better, more minutes will help" if better else told


def _earlier(findings: Findings) -> tuple[Measured | None, Measured | None]:
    """The first moment and the one before the finished model, None where there is none."""
    earlier = [one for one in findings.moments if one.moment.step < findings.final.moment.step]
    return (earlier[0], earlier[-1]) if earlier else (None, None)


def _come(findings: Findings, name: str) -> float:
    """How much of the way from where training began to real covers a figure has come, 0..1; NaN where it cannot be told."""
    first, figures = _earlier(findings)[0], findings.final.figures
    if first is None or not first.figures[name] > figures[f"{name}_real"]:
        return float("nan")
    share = (first.figures[name] - figures[name]) / (first.figures[name] - figures[f"{name}_real"])
    return min(max(share, 0.0), 1.0)


def _sentence(told: str) -> str:
    return told[0].upper() + told[1:].rstrip(".") + "."
