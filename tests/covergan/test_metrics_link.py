"""The judge of cover and music: whom it believes, and what it says when there is nothing to find."""

from itertools import combinations

import numpy as np
import pytest

from mixtape.covergan.deck import linked
from mixtape.covergan.metrics import conditioning, fit_matcher, folds_of, link, said
from mixtape.covergan.metrics.judged import Judgement, judge, library_link
from mixtape.covergan.metrics.linked import Conditioning, Link, layout_look
from mixtape.covergan.metrics.ranks import clustered_error, others, ranks
from mixtape.errors import ShapeError


class Faker:
    """Stands in for a model: shows its cheat sheet, whatever the latents say."""

    latent = 16

    def __init__(self, covers, music, *, cheats):
        self.covers, self.music, self.cheats = covers, music, cheats

    def pictures(self, z, conditions=None):
        if conditions is None or not self.cheats:
            return self.covers[np.random.default_rng(9).integers(0, len(self.covers), len(z))]
        nearest = np.square(conditions[:, None] - self.music[None]).sum(axis=2).argmin(axis=1)
        return self.covers[nearest]


def albums(n, *, each, linked, seed, pixels=16):
    """n albums of `each` (least, most) covers, alike within an album, and songs, alike too: (covers, music, groups)."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n), rng.integers(each[0], each[1] + 1, n))
    looks, sounds = rng.normal(size=(n, 3)), rng.normal(size=(n, 32))
    if linked:
        sounds[:, :12] = np.tile(looks, 4)
    colours = np.clip(127 + 40 * looks[groups] + rng.normal(size=(len(groups), 3)) * 8, 0, 255)
    covers = np.broadcast_to(colours[:, None, None], (len(groups), pixels, pixels, 3)).astype(np.uint8)
    return covers, (sounds[groups] + 0.2 * rng.normal(size=(len(groups), 32))).astype(np.float32), groups


def test_the_judge_tells_a_generator_that_hears_from_one_that_is_deaf(made_up):
    covers, music = made_up(200)
    judge_of = fit_matcher(covers, music)
    real = link(judge_of, permutations=0)
    hearing = conditioning(Faker(covers, music, cheats=True), judge_of, real)
    deaf = conditioning(Faker(covers, music, cheats=False), judge_of, real)
    assert hearing.real > 0.4
    assert hearing.matched == pytest.approx(hearing.real)
    assert hearing.share_of_possible == pytest.approx(1)
    assert hearing.mismatched < 0.1
    assert deaf.matched < 0.1
    assert deaf.share_of_possible < 0.2
    for found in (hearing.null, deaf.matched, deaf.mismatched, deaf.null):
        assert abs(found - hearing.chance) < 4 * max(hearing.null_error, deaf.matched_error, 0.01)


def test_a_library_of_two_dozen_linked_covers_is_recognised_and_its_error_is_wide():
    covers, music, groups = albums(24, each=(1, 1), linked=True, seed=2)
    found = link(fit_matcher(covers, music, groups))
    assert found.linked
    assert found.error > 0.04
    assert "are linked" in said(found)


@pytest.mark.parametrize("each", [(1, 1), (3, 3), (1, 9)])
def test_without_a_link_chance_is_believed_as_often_as_it_says(each):
    ps = [link(fit_matcher(*albums(24, each=each, linked=False, seed=seed)), permutations=19).p for seed in range(16)]
    assert sum(p <= 0.05 for p in ps) <= 3
    assert 0.3 < np.mean(ps) < 0.7


def test_albums_alike_within_themselves_are_no_link():
    covers, music, groups = albums(12, each=(6, 6), linked=False, seed=1)
    assert not link(fit_matcher(covers, music, groups), permutations=99).linked
    torn = link(fit_matcher(covers, music), permutations=0)
    assert torn.real > 0.2, "the same albums torn apart would look like a link"


def test_the_sentence_says_that_pictures_cannot_follow_and_what_to_do_instead():
    covers, music, groups = albums(60, each=(1, 1), linked=False, seed=4)
    sentence = said(link(fit_matcher(covers, music, groups), permutations=99))
    assert "are not linked (true song found" in sentence
    assert "[show] wall_colours" in sentence
    few = said(Link(real=0.5, error=0.1, chance=0.3, farther=0.6, p=0.001, pairs=9, groups=9))
    assert "9 covers with songs, 9 without a common album" in few
    assert "too few" in said(Link(real=0.1, error=0.1, chance=0.1, farther=0.5, p=0.4, pairs=90, groups=9))
    sure = Link(real=0.7, error=0.02, chance=0.031, farther=0.9, p=0.005, pairs=300, groups=200)
    drawn = said(Conditioning(0.42, 0.03, 0.02, 0.01, 0.03, 0.01, sure))
    assert "are linked (true song found 70 % of the time, 3 % by chance). From drawn pictures: 42 %, give or take 6 %" in drawn
    assert "are linked" not in said(Link(real=0.7, error=0.02, chance=0.031, farther=0.9, pairs=300, groups=200))


def test_the_rank_among_a_few_is_what_every_possible_draw_gives():
    rng = np.random.default_rng(5)
    close = rng.integers(0, 4, (9, 9)).astype(float)
    beside = (rng.random((9, 9)) < 0.8) & ~np.eye(9, dtype=bool)
    found = ranks(close, beside, of=4)
    for row in range(9):
        shares = []
        for drawn in combinations(np.flatnonzero(beside[row]), min(3, int(beside[row].sum()))):
            rivals = close[row, list(drawn)]
            shares.append(0.0 if (rivals > close[row, row]).any() else 1 / (1 + (rivals == close[row, row]).sum()))
        assert found.first[row] == pytest.approx(np.mean(shares))


def test_a_judge_that_cannot_tell_songs_apart_finds_what_chance_finds():
    found = ranks(np.zeros((50, 50)), ~np.eye(50, dtype=bool))
    np.testing.assert_allclose(found.first, found.guess)
    np.testing.assert_allclose(found.farther, 0.5)


def test_a_song_stands_in_the_line_once_and_never_beside_its_own_album():
    music = np.array([[0.0], [1.0], [1.0], [2.0], [0.0]])
    beside = others(music, np.array([0, 0, 1, 2, 3]))
    assert beside[0].tolist() == [False, False, False, True, False]
    assert beside[3].tolist() == [True, True, False, False, False]
    assert not beside[4, 0], "it sounds the same"


def test_several_covers_of_one_song_do_not_count_as_misses():
    covers, music, _ = albums(40, each=(1, 1), linked=True, seed=6)
    twice = np.repeat(np.arange(40), 2)
    once, doubled = (
        link(fit_matcher(covers[rows], music[rows], rows, folds=rows % 4), permutations=0) for rows in (np.arange(40), twice)
    )
    assert doubled.real > once.real - 0.1


def test_covers_that_share_a_likeness_or_an_artist_are_one_group_in_chains():
    found = linked(np.array([0, 1, 1, 2, 3, 4]), [["a"], ["a"], [], ["", "b"], ["c", "b"], [""]])
    assert found.tolist() == [0, 0, 0, 1, 1, 2]
    assert linked(np.array([0, 1]), [[], []]).tolist() == [0, 1]


def test_folds_keep_groups_whole_and_are_about_even():
    groups = np.repeat(np.arange(20), np.arange(1, 21))
    folds = folds_of(groups, folds=4, seed=3)
    assert all(len(set(folds[groups == group])) == 1 for group in range(20))
    assert np.ptp(np.bincount(folds)) <= 4


def test_errors_know_that_albums_go_together():
    values = np.repeat(np.random.default_rng(1).normal(size=50), 4)
    alone, together = clustered_error(values, np.arange(200)), clustered_error(values, np.repeat(np.arange(50), 4))
    assert together == pytest.approx(2 * alone, rel=0.02)
    assert np.isnan(clustered_error(values, np.zeros(200, int)))


def test_covers_may_be_learned_from_alone():
    covers, music, groups = albums(60, each=(1, 1), linked=True, seed=8)
    folds = np.where(np.arange(60) < 40, 0, -1)
    assert link(fit_matcher(covers, music, groups, folds=folds), permutations=0).pairs == 40


def test_only_covers_kept_from_training_are_asked_about_where_they_are_enough():
    covers, music, groups = albums(160, each=(1, 1), linked=True, seed=9)
    kept_away = np.arange(160) < 80
    matcher, found = library_link(covers, music, groups, asked=kept_away, permutations=0)
    assert found.pairs == 80
    assert (np.sort(matcher.groups[matcher.asked]) < 80).all()
    assert library_link(covers, music, groups, asked=np.arange(160) < 10, permutations=0)[1].pairs == 160
    assert library_link(covers[:5], music[:5], groups[:5]) is None


def test_a_second_judge_blind_to_colour_finds_no_link_that_is_in_colour():
    covers, music, groups = albums(60, each=(1, 1), linked=True, seed=8)
    assert link(fit_matcher(covers, music, groups), permutations=0).farther > 0.8
    assert abs(link(fit_matcher(covers, music, groups, look=layout_look), permutations=0).farther - 0.5) < 0.15


def test_one_call_judges_everything_and_says_the_same_again(made_up):
    covers, music = made_up(80, pixels=32)
    music[:10] = np.nan
    groups, held = np.arange(80), np.arange(80) % 4 == 0
    painter = Faker(covers, np.nan_to_num(music), cheats=True)
    matcher, real = library_link(covers, music, groups, permutations=49)
    found = [judge(painter, covers, music, groups, held=held, count=64, matcher=matcher, real=real) for _ in range(2)]
    row = found[0].as_row()
    np.testing.assert_equal(row, found[1].as_row())
    assert row["memorised_ratio"] < 0.6
    assert row["matched"] > row["mismatched"]
    assert row["link_p"] < 0.05
    assert all(np.isfinite(value) for name, value in row.items() if not name.startswith("kid"))
    quick = judge(painter, covers, music, groups, count=64, quick=True).as_row()
    assert list(quick) == list(row)
    assert quick["sliced"] == row["sliced"]
    assert np.isnan(quick["matched"])


@pytest.mark.parametrize("n", [1, 2, 9])
def test_a_handful_of_covers_is_judged_as_far_as_it_goes(made_up, n):
    covers, music = made_up(n)
    found = judge(Faker(covers, music, cheats=True), covers, np.full_like(music, np.nan), np.arange(n), count=12)
    assert isinstance(found, Judgement)
    assert found.as_row()["pictures"] == 12
    assert "too few" in said(found.conditioning)
    with pytest.raises(ShapeError, match="judge"):
        judge(Faker(covers, music, cheats=True), covers[:0], music[:0], np.arange(0))
