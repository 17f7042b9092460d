"""What is said of two songs must be so: of songs with known traits, and of any made-up collection."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtape.errors import LibraryError
from mixtape.library import Library
from mixtape.types import Track
from mixtape.why.claims import COMMONEST, MOST, Claim, chosen, phrased
from mixtape.why.table import TraitTable, share_as_far_apart
from mixtape.why.traits import EXTREME, SCALES, SURE_KEY, SURE_TEMPO, key_name, trait_claims
from mixtape.why.why import Why

NAMES = (
    *("tempo_bpm", "tempo_confidence", "key", "mode", "key_confidence"),
    *("loudness_lufs", "energy", "brightness", "dynamics_db", "pulse"),
)
PLAIN = dict(zip(NAMES, (120.0, 0.9, 0.0, 1.0, 0.9, -14.0, 0.5, 0.5, 8.0, 0.4), strict=True))


def crowd(*songs: dict[str, float], others: int = 98) -> TraitTable:
    """Songs with these traits, plain where nothing is said, among others all over the place."""
    chance = np.random.default_rng(1)
    rest = np.column_stack(
        [
            *(chance.uniform(60, 180, others), chance.random(others), chance.integers(0, 12, others)),
            *(chance.integers(0, 2, others), chance.random(others), chance.uniform(-24, -6, others)),
            *(chance.random(others), chance.random(others), chance.uniform(2, 20, others), chance.random(others)),
        ]
    )
    told = [[{**PLAIN, **song}[name] for name in NAMES] for song in songs]
    return TraitTable(NAMES, np.vstack([np.array(told), rest]).astype(np.float32))


def said(a: dict[str, float], b: dict[str, float]) -> set[str]:
    return {claim.text for claim in trait_claims(crowd(a, b), 0, 1)}


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ({"tempo_bpm": 94.0}, {"tempo_bpm": 94.8}, "same pulse at 94 BPM"),
        ({"tempo_bpm": 70.0}, {"tempo_bpm": 140.0}, "double time from 70 to 140 BPM"),
        ({"tempo_bpm": 140.0}, {"tempo_bpm": 70.0}, "half time from 140 to 70 BPM"),
        ({"tempo_bpm": 100.0}, {"tempo_bpm": 125.0}, "faster"),
        ({"tempo_bpm": 100.0}, {"tempo_bpm": 80.0}, "slower"),
        ({"key": 9.0, "mode": 0.0}, {"key": 9.0, "mode": 0.0}, "both in A minor"),
        ({"key": 0.0}, {"key": 9.0, "mode": 0.0}, "C major to its relative A minor"),
        ({"key": 4.0, "mode": 0.0}, {"key": 7.0}, "E minor to its relative G major"),
        ({"key": 0.0}, {"key": 7.0}, "C major to G major a fifth up"),
        ({"key": 0.0}, {"key": 5.0}, "C major to F major a fifth down"),
        ({"brightness": 0.9}, {"brightness": 0.4}, "darker"),
        ({"brightness": 0.4}, {"brightness": 0.9}, "brighter"),
        ({"brightness": 0.02}, {"brightness": 0.03}, "both dark"),
        ({"loudness_lufs": -20.0}, {"loudness_lufs": -10.0}, "louder"),
        ({"energy": 0.9}, {"energy": 0.2}, "calmer"),
        ({"energy": 0.99}, {"energy": 0.97}, "both lively"),
        ({"pulse": 0.01}, {"pulse": 0.02}, "both without a firm beat"),
    ],
)
def test_what_two_songs_share_and_how_they_differ_is_said(a: dict[str, float], b: dict[str, float], words: str) -> None:
    assert words in said(a, b)


@pytest.mark.parametrize(
    ("a", "b", "about"),
    [
        ({"tempo_confidence": 0.1}, {}, "BPM"),
        ({}, {"tempo_confidence": 0.1, "tempo_bpm": 60.0}, "slower"),
        ({"tempo_bpm": 100.0}, {"tempo_bpm": 104.0}, "BPM"),
        ({"tempo_bpm": 100.0}, {"tempo_bpm": 104.0}, "faster"),
        ({"key_confidence": 0.1}, {}, "major"),
        ({"key": 0.0}, {"key": 0.0, "mode": 0.0}, "C"),
        ({"key": 0.0}, {"key": 6.0}, "major"),
        ({"brightness": 0.5}, {"brightness": 0.55}, "brighter"),
        ({"brightness": float("nan")}, {}, "dark"),
    ],
)
def test_what_is_doubtful_or_too_little_is_not_said(a: dict[str, float], b: dict[str, float], about: str) -> None:
    assert not any(about in text for text in said(a, b))


def test_a_collection_of_one_loudness_has_no_loud_songs() -> None:
    table = crowd({}, {})
    values = table.values.copy()
    values[:, NAMES.index("loudness_lufs")] = np.random.default_rng(2).normal(-14, 0.1, len(values))
    texts = {claim.text for claim in trait_claims(TraitTable(NAMES, values), 0, 1)}
    assert not texts & {"both loud", "both quiet", "louder", "quieter"}


def any_collection(n: int, seed: int) -> list[tuple[float, ...]]:
    """Traits of n songs: tempi and keys that often agree, some loudness that is not known."""
    chance = np.random.default_rng(seed)
    tempo = np.where(chance.random(n) < 0.5, chance.choice([60.0, 90.0, 91.0, 120.0, 180.0], n), chance.uniform(40, 220, n))
    loudness = np.where(chance.random(n) < 0.1, np.nan, chance.uniform(-40, 0, n))
    columns = [tempo, chance.random(n), chance.integers(0, 12, n), chance.integers(0, 2, n), chance.random(n), loudness]
    columns += [chance.random(n), chance.beta(0.5, 0.5, n), chance.uniform(0, 30, n), chance.random(n)]
    return [tuple(map(float, song)) for song in zip(*columns, strict=True)]


collections = st.builds(any_collection, st.integers(2, 60), st.integers(0, 100_000))


@settings(max_examples=300, deadline=None)
@given(collections, st.integers(0, 39), st.integers(0, 39))
def test_no_claim_is_made_whose_numbers_do_not_hold(rows, first: int, second: int) -> None:
    table = TraitTable(NAMES, np.array(rows, np.float64))
    a, b = first % len(rows), second % len(rows)
    one, two = (dict(zip(NAMES, rows[row], strict=True)) for row in (a, b))
    for claim in trait_claims(table, a, b):
        assert 0.0 <= claim.share <= 1.0 and (a == b or claim.differs or claim.share > 0.0)
        assert holds(claim, one, two, table), (claim, one, two)


def holds(claim: Claim, a: dict[str, float], b: dict[str, float], table: TraitTable) -> bool:
    """Whether a claim is true, read from its words alone."""
    if "BPM" in claim.text:
        told = [float(number) for number in re.findall(r"\d+", claim.text)]
        near = [abs(bpm / number - 1) < 0.025 for bpm, number in zip((a["tempo_bpm"], b["tempo_bpm"]), told * 2, strict=False)]
        word = {1: "same pulse", 2: "double time", 0.5: "half time"}[round(2 * b["tempo_bpm"] / a["tempo_bpm"]) / 2]
        return all(near) and word in claim.text and min(a["tempo_confidence"], b["tempo_confidence"]) >= SURE_TEMPO
    if claim.about == "harmony key":
        named = re.findall(r"([A-G][#b]?) (major|minor)", claim.text)
        told = [key_name(song["key"], song["mode"]) for song in (a, b)]
        here, there = (notes_of(song) for song in (a, b))
        # Keys in one signature share all seven notes of their scales, a fifth apart all but one.
        least = 6 if "fifth" in claim.text else 7
        sure = min(a["key_confidence"], b["key_confidence"]) >= SURE_KEY
        return {" ".join(each) for each in named} == set(told) and len(here & there) >= least and sure
    if claim.text in ("faster", "slower"):
        return (claim.text == "faster") == (b["tempo_bpm"] > 1.09 * a["tempo_bpm"])
    (scale,) = [scale for scale in SCALES if claim.text in (scale.low, scale.high, scale.less, scale.more)]
    x, y = a[scale.name], b[scale.name]
    if claim.text in (scale.less, scale.more):
        return abs(y - x) >= scale.step and (claim.text == scale.more) == (y > x)
    line = table.column(scale.name)
    outside = (line >= min(x, y)).mean() if claim.text == scale.high else (line <= max(x, y)).mean()
    return bool(outside <= EXTREME)


def notes_of(song: dict[str, float]) -> set[int]:
    steps = (0, 2, 4, 5, 7, 9, 11) if song["mode"] == 1.0 else (0, 2, 3, 5, 7, 8, 10)
    return {(int(song["key"]) + step) % 12 for step in steps}


@settings(max_examples=300, deadline=None)
@given(collections, st.integers(0, 39), st.integers(0, 39))
def test_a_reason_is_short_starts_with_a_likeness_and_says_nothing_twice(rows, first: int, second: int) -> None:
    table = TraitTable(NAMES, np.array(rows, np.float64))
    made = chosen(trait_claims(table, first % len(rows), second % len(rows)))
    assert len(made) <= MOST
    assert len({claim.about.split()[0] for claim in made}) == len(made)
    assert all(not claim.differs for claim in made[:-1])
    assert not made or (not made[0].differs and made[0].share <= COMMONEST)
    assert "," not in "".join(claim.text for claim in made)


def test_what_says_most_comes_first_and_what_was_just_said_waits() -> None:
    claims = [
        Claim("similar sound", "sound", 0.01),
        Claim("similar rhythm", "rhythm", 0.04),
        Claim("both dark", "tone", 0.2),
        Claim("slower", "pace differs", 0.3, differs=True),
        Claim("louder", "force differs", 0.01, differs=True),
    ]
    assert [claim.text for claim in chosen(claims)] == ["similar sound", "similar rhythm", "louder"]
    after = chosen(claims, said={"similar sound"})
    assert [claim.text for claim in after] == ["similar rhythm", "similar sound", "louder"]
    assert chosen(claims[3:]) == ()


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        ((), ""),
        (("darker",), "darker"),
        (("similar sound", "darker"), "similar sound, darker"),
        (("similar rhythm", "same pulse at 94 BPM", "similar sound"), "similar rhythm and sound, same pulse at 94 BPM"),
        (("both dark", "similar rhythm", "similar sound"), "both dark, similar rhythm and sound"),
        (("similar rhythm", "similar sound", "similar harmony"), "similar rhythm, sound and harmony"),
    ],
)
def test_what_is_similar_is_told_in_one_breath(texts: tuple[str, ...], line: str) -> None:
    assert phrased(texts) == line


def test_of_silence_nothing_is_said() -> None:
    table = crowd({"loudness_lufs": -70.0, "brightness": 0.0}, {"brightness": 0.0})
    told = Why([f"s{row}" for row in range(len(table.values))], traits=table)
    assert told.claims("s0", "s1") == [] and told.claims("s1", "s2") != []


def test_every_trait_there_are_words_for_is_one_that_is_heard() -> None:
    from mixtape.features.traits import TRAITS

    heard = {trait.name for trait in TRAITS}
    assert {scale.name for scale in SCALES} <= heard and set(NAMES) <= heard


def test_a_difference_says_more_the_fewer_pairs_of_songs_differ_so_much() -> None:
    column = np.array([0.0, 1.0, 2.0, 3.0, np.nan])
    shares = [share_as_far_apart(column, change) for change in (0.5, -1.5, 2.5, 4.0)]
    assert shares == sorted(shares, reverse=True) and shares[0] == 1.0 and shares[-1] == 0.0


def test_keys_read_as_a_person_reads_them() -> None:
    assert [key_name(note, 1.0) for note in (0.0, 10.0)] == ["C major", "Bb major"]
    assert key_name(6.0, 0.0) == "F# minor"


def test_a_library_without_anything_heard_has_nothing_to_say(tmp_path: Path) -> None:
    tracks = [Track(name * 32, Path(f"/{name}.mp3"), "", name, "", "", None, 1.0, None) for name in "ab"]
    with Library(tmp_path, create=True) as library:
        library.put_tracks(tracks)
        told = Why.of(library)
        assert told.words(tracks[0].id, tracks[1].id) == ()
        assert told.along([track.id for track in tracks]) == ((),)
        with pytest.raises(LibraryError, match="'zzz' is not among the 2 songs"):
            told.words("zzz", tracks[0].id)
