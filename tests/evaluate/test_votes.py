"""Blind votes: asked without telling which is which, kept whatever happens, and believed only when they are many and clear."""

from __future__ import annotations

import io
from pathlib import Path

import made_up
import pytest

from mixtape.commands import evaluate as commands
from mixtape.config import Config
from mixtape.errors import LibraryError
from mixtape.evaluate.blind import Answer, Pair, ask, votes_file
from mixtape.evaluate.votes import Preference, Vote, add_vote, preferences, proposal, read_votes, summary
from mixtape.similarity.sets import Weights

TODAY = Weights()


def vote(liked: str, *, family: str = "rhythm", weights: Weights = TODAY) -> Vote:
    return Vote(weights, family, "a" * 32, ("b",), ("c",), liked, "2026-01-01T00:00:00+00:00")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "less", "verdict"),
    [
        (0, 0, "too few"),
        (7, 0, "too few"),
        (8, 0, "more"),
        (0, 8, "less"),
        (6, 2, "undecided"),
        (14, 4, "more"),
        (9, 9, "undecided"),
    ],
)
def test_a_preference_needs_eight_votes_and_two_standard_errors(more: int, less: int, verdict: str) -> None:
    assert Preference("rhythm", more, less, same=3).verdict == verdict


def test_the_standard_error_is_binomial() -> None:
    assert Preference("rhythm", 12, 4, 0).se == pytest.approx(0.125)
    assert Preference("rhythm", 0, 0, 5).se is None


def test_a_clear_preference_doubles_a_weight_and_leaves_the_others() -> None:
    votes = [vote("more")] * 9 + [vote("same")] * 3 + [vote("less", family="timbre")] * 5
    found = preferences(votes, weights=TODAY, families=("rhythm", "timbre"))
    assert proposal(found, TODAY) == Weights(rhythm=2.0 * TODAY.rhythm)
    told = summary(found, TODAY)
    assert "rhythm_weight = 2" in told
    assert any("timbre: 0 of 5" in line and "too few" in line for line in told)


def test_votes_from_before_the_weights_were_changed_do_not_count_again() -> None:
    found = preferences([vote("more")] * 20, weights=Weights(rhythm=2.0), families=("rhythm",))
    assert found == [Preference("rhythm", 0, 0, 0)]
    assert summary(found, TODAY) == ["No vote is surely for other settings; keep them as they are, or vote on."]


def test_a_weight_is_never_proposed_beyond_what_the_settings_take() -> None:
    weights = Weights(rhythm=8.0)
    assert proposal([Preference("rhythm", 30, 0, 0)], weights).rhythm == 10.0


def test_votes_are_added_and_read_back_and_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    assert read_votes(path) == []
    for each in (vote("more"), vote("same")):
        add_vote(path, each)
    assert read_votes(path) == [vote("more"), vote("same")]
    path.write_text(path.read_text() + "milk and bread\n")
    with pytest.raises(LibraryError, match="line 3"):
        read_votes(path)


def test_every_pair_is_asked_blind_about_another_song_and_kept_at_once(tmp_path: Path) -> None:
    shown: list[Pair] = []

    def show(pair: Pair, number: int) -> Answer:
        shown.append(pair)
        return "a" if number < 6 else "q"

    with made_up.library(tmp_path, [made_up.labelled(number) for number in range(16)]) as library:
        said = ask(library, Config(), pairs=9, show=show, seed=1)
        votes = read_votes(votes_file(library))
    assert len(shown) == 6
    assert len(votes) == 5
    assert {pair.a_is_more for pair in shown} == {True, False}
    assert len({pair.seed.id for pair in shown}) == 6
    assert [pair.family for pair in shown[:4]] == ["rhythm", "timbre", "rhythm", "timbre"]
    for pair, kept in zip(shown, votes, strict=False):
        assert kept.liked == ("more" if pair.a_is_more else "less")
        assert kept.more == tuple(track.id for track in (pair.a if pair.a_is_more else pair.b))
        assert pair.seed not in (*pair.a, *pair.b)
    assert said[-1].startswith("No vote is surely")


def test_too_few_songs_are_refused_but_old_votes_can_be_summed_up(tmp_path: Path) -> None:
    with made_up.library(tmp_path, [made_up.labelled(number) for number in range(4)]) as library:
        with pytest.raises(LibraryError, match="7 songs"):
            ask(library, Config(), pairs=1, show=lambda pair, number: "q")
        for _ in range(8):
            add_vote(votes_file(library), vote("more"))
        assert "rhythm_weight = 2" in ask(library, Config(), pairs=0, show=lambda pair, number: "q")


def test_votes_can_be_piped_in_and_the_end_of_input_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made_up.library(tmp_path / "library", [made_up.labelled(number) for number in range(12)]).close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("a\nwhat?\n=\n"))
    commands.evaluate(blind=True, pairs=5, library=tmp_path / "library")
    said = capsys.readouterr().out
    assert "1. What goes better with" in said
    assert "3. What goes better with" in said
    assert "4. What goes better with" not in said
    assert len(read_votes(tmp_path / "library" / "votes.jsonl")) == 2
