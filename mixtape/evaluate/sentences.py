"""What the table means, in plain sentences, and the two doubts: is it the music or just my own taste, and what serves me best?"""

from __future__ import annotations

from collections.abc import Iterator

from mixtape.evaluate.evaluation import SELF_MATCH, Evaluation
from mixtape.evaluate.learned import EARS
from mixtape.evaluate.measures import SURE, K, Measure, surely
from mixtape.evaluate.spaces import FUSED, RAW
from mixtape.evaluate.weightings import UNDECIDED, Comparison

_ALIKE = {"p5_album": "from the same album", "p5_artist": "by the same artist", "p5_genre": "of the same genre"}
_ASKED = {
    SELF_MATCH: "two halves",
    "p5_album": "album",
    "p5_artist": "artist",
    "p5_genre": "genre",
    "p5_artist_filtered": "other artists",
}
_FEW = 30


def sentences(evaluation: Evaluation) -> list[str]:
    """The evaluation in words, the most telling first."""
    return [
        *_extent(evaluation),
        *_recommended(evaluation),
        *_halves(evaluation),
        *_taste(evaluation),
        *_against_raw(evaluation),
        *_hubs(evaluation),
        *_playlists(evaluation),
        *_settings(evaluation),
    ]


def _extent(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.songs < evaluation.collection:
        yield (
            f"Judged on {evaluation.songs} of {evaluation.collection} songs, whole albums drawn by lot; "
            "in the whole collection there is more to choose from."
        )
    if evaluation.songs < _FEW:
        yield f"{evaluation.songs} songs are few: take every number here as a hint only."


def _recommended(evaluation: Evaluation) -> Iterator[str]:
    row = evaluation.rows[FUSED]
    given = min(K, evaluation.songs - 1)
    for name, words in _ALIKE.items():
        measure = row[name]
        if measure.value is not None and measure.chance is not None and measure.best is not None:
            yield (
                f"Of {given} songs recommended, {given * measure.value:.1f} are {words}; by chance it would be "
                f"{given * measure.chance:.1f}, and {given * measure.best:.1f} is the most there can be "
                f"({measure.songs} songs asked)."
            )
    if all(row[name].value is None for name in _ALIKE):
        yield "No two songs share an album, an artist or a genre in their tags, so nothing can be said about those."


def _halves(evaluation: Evaluation) -> Iterator[str]:
    measure = evaluation.rows[FUSED][SELF_MATCH]
    if measure.value is None or measure.chance is None:
        return
    left_out = evaluation.songs - measure.songs
    yield (
        f"Cut in two, a song finds its other half among all {2 * measure.songs} halves {_percent(measure)} of the time; "
        f"by chance {100 * measure.chance:.1f} %."
        + (f" {left_out} songs were too short to be cut, or not drawn by lot." if left_out else "")
    )
    learned = [name for name in evaluation.rows if name in EARS and evaluation.rows[name][SELF_MATCH].value is not None]
    without = next((each for each in evaluation.weightings if each.weighting.name == "no ear"), None)
    if learned and without is not None and SELF_MATCH in without.differences:
        share = measure.value + without.differences[SELF_MATCH].change
        yield (
            f"The ears that learned on these very songs ({', '.join(learned)}) have it easy there: to tell these songs apart is "
            f"what they were taught. Without them it is {100 * share:.0f} %. No other number is touched by that, since no label "
            "was ever shown to them."
        )


def _taste(evaluation: Evaluation) -> Iterator[str]:
    measure, by = evaluation.rows[FUSED]["p5_artist_filtered"], evaluation.artist_filtered_by
    lead = "Is it the music, or the taste that put these songs together?"
    if measure.value is None or measure.chance is None or by is None:
        yield f"{lead} The tags cannot tell: no genre and no album here has songs by two artists."
        return
    told = f"With songs by the same artist forbidden, {_percent(measure)} are still of the same {by}"
    if measure.se is None or measure.songs < _FEW:
        answer = f"only {measure.songs} songs can be asked, too few to say"
    elif (
        measure.value > measure.chance
        and measure.each is not None
        and surely(measure.each, measure.se, together=evaluation.together, over=measure.chance)
    ):
        answer = "so it hears the music, and not only who made it"
    else:
        answer = "which is not surely more than chance: beyond artists it has not shown that it hears what your tags mean"
    yield f"{lead} {told}, by chance {100 * measure.chance:.0f} %: {answer}."


def _against_raw(evaluation: Evaluation) -> Iterator[str]:
    """Fused against the plain joining, song by song, on whatever could be asked."""
    from mixtape.evaluate.weightings import difference

    if RAW not in evaluation.rows:
        return
    found = []
    for name, words in _ASKED.items():
        now, before = evaluation.rows[FUSED][name], evaluation.rows[RAW][name]
        paired = difference(now, before, together=evaluation.groups(name)) if now.each is not None else None
        if paired is not None:
            found.append(f"{words} {100 * paired.change:+.0f} points{_give_or_take(paired.se)} ({paired.verdict})")
    if found:
        yield f"Against plainly joining RP, SSD and RH: {'; '.join(found)}."


def _hubs(evaluation: Evaluation) -> Iterator[str]:
    row = evaluation.rows[FUSED]
    never, largest, skew = row["never_recommended"], row["largest_hub"], row["hub_skew"]
    if never.value is None or never.chance is None or largest.value is None or skew.value is None:
        return
    crowding = "no song crowds out the others" if skew.value <= 1 else "some songs crowd out others"
    yield (
        f"{round(never.value * never.songs)} of {never.songs} songs are never recommended (by lot it would be "
        f"{never.chance * never.songs:.0f}); the most recommended one comes up for {largest.value:.0f} songs (by lot "
        f"{largest.chance:.0f}). Skewness {skew.value:.2f}: {crowding}."
    )


def _playlists(evaluation: Evaluation) -> Iterator[str]:
    step, heard = evaluation.rows[FUSED]["step_rank"], evaluation.rows[FUSED]["coverage"]
    if step.value is None or heard.value is None:
        return
    yield (
        f"From song to song a mixtape takes steps of which only {100 * step.value:.0f} % of all pairs of songs are nearer; "
        f"{100 * heard.value:.0f} % of the collection comes up in some mixtape started elsewhere."
    )


def _settings(evaluation: Evaluation) -> Iterator[str]:
    tried = evaluation.weightings[1:]
    if not tried:
        return
    lead = f"Which settings serve you best? {len(tried)} others were tried on the same songs:"
    better = [told for each in tried if (told := _told(each, "better")) and not _told(each, "worse")]
    worse = [told for each in tried if (told := _told(each, "worse"))]
    if not better:
        yield f"{lead} none is better than today's by more than {SURE:g} standard errors, so keep them."
    else:
        yield f"{lead} better: {'; '.join(better)}."
    if worse:
        yield f"Surely worse: {'; '.join(worse)}."
    if better:
        yield "Of twenty settings that make no difference one looks better by chance: listen to the lists before you change them."


def _told(each: Comparison, verdict: str) -> str:
    found = [
        f"{_ASKED[name]} {100 * difference.change:+.0f}{_give_or_take(difference.se)}"
        for name, difference in each.differences.items()
        if difference.verdict == verdict != UNDECIDED
    ]
    return f"{each.weighting.name} ({', '.join(found)})" if found else ""


def _percent(measure: Measure) -> str:
    return f"{100 * (measure.value or 0.0):.0f} %{_give_or_take(measure.se)}"


def _give_or_take(se: float | None) -> str:
    return "" if se is None else f" ± {100 * se:.1f}"
