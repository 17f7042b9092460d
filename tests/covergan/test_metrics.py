"""Each figure moves when the fault that it is there for grows, and says nothing is wrong where nothing is."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from mixtape.covergan.metrics.features import colour_shares, has_lite0, lite0_features, low_features, standardised, thumbnails
from mixtape.covergan.metrics.kid import kid, mmd2
from mixtape.covergan.metrics.memorised import ALARM, memorised
from mixtape.covergan.metrics.palettes import palette_distance
from mixtape.covergan.metrics.sliced import sliced
from mixtape.covergan.metrics.spread import distances, spread
from mixtape.covergan.metrics.varied import distinct
from mixtape.demo.covers import cover_pool
from mixtape.errors import ShapeError


@pytest.fixture(scope="module")
def sleeves():
    """Two sets of 96 made-up sleeves that share none."""
    pool = cover_pool(192, seed=3, size_px=64)[0]
    return pool[::2], pool[1::2]


def blurred(pictures, sigma):
    return gaussian_filter(pictures.astype(np.float32), (0, sigma, sigma, 0)).round().astype(np.uint8)


def shifted_hue(pictures, share):
    """Each channel takes so much of the next one."""
    return ((1 - share) * pictures + share * np.roll(pictures, 1, axis=3)).round().astype(np.uint8)


def collapsed(pictures, kinds):
    return pictures[np.arange(len(pictures)) % kinds]


def test_the_same_set_is_nowhere_apart_from_itself(sleeves):
    a, _ = sleeves
    assert sliced(a, a).mean == 0
    assert palette_distance(a, a) == 0
    assert kid(low_features(a), low_features(a)).mean < 0.01
    found = spread(low_features(a), low_features(a))
    assert found.coverage == 1
    assert found.density == pytest.approx(1.2, abs=0.05), "k others and itself lie within reach of k"


def test_blur_is_seen_at_the_fine_scale_and_more_of_it_more(sleeves):
    a, b = sleeves
    real = sliced(a, b)
    found = [sliced(a, blurred(b, sigma)) for sigma in (0.5, 1.0, 2.0)]
    assert real.levels[0] < found[0].levels[0] < found[1].levels[0] < found[2].levels[0]
    assert found[0].levels[0] > 2 * real.levels[0]
    assert found[0].levels[2] < 1.2 * real.levels[2], "a small blur leaves the layout alone"
    assert palette_distance(a, blurred(b, 0.5)) < palette_distance(a, b) + 0.005


def test_paler_pictures_are_seen_at_every_scale(sleeves):
    a, b = sleeves
    pale = (127 + 0.5 * (b.astype(np.float32) - 127)).astype(np.uint8)
    assert all(faded > 2 * real for faded, real in zip(sliced(a, pale).levels, sliced(a, b).levels, strict=True))


def test_the_palette_distance_grows_with_the_shift_of_hue(sleeves):
    a, b = sleeves
    found = [palette_distance(a, shifted_hue(b, share)) for share in (0.0, 0.25, 0.5, 1.0)]
    assert found == sorted(found)
    assert found[-1] > 2 * found[0]


def test_a_plain_shift_of_all_colours_counts_as_its_length():
    greys = np.repeat(np.arange(40, 140, dtype=np.uint8)[:, None, None, None], 3, axis=3) * np.ones((1, 8, 8, 1), np.uint8)
    from mixtape.palette import srgb_to_oklab

    lighter = greys + 60
    wanted = np.linalg.norm(srgb_to_oklab(lighter) - srgb_to_oklab(greys), axis=-1).mean()
    assert palette_distance(greys, lighter) == pytest.approx(wanted, rel=0.05)


def test_few_kinds_of_pictures_lower_coverage_and_distinct_alone(sleeves):
    a, b = sleeves
    whole = spread(low_features(a), low_features(b))
    found = [spread(low_features(a), low_features(collapsed(b, kinds))).coverage for kinds in (48, 12, 2)]
    assert whole.coverage > found[0] > found[1] > found[2]
    assert [distinct(collapsed(b, kinds)) for kinds in (12, 2, 1)] == [12, 2, 1]
    assert sliced(a, collapsed(b, 48)).mean < 3 * sliced(a, b).mean


def test_density_and_coverage_are_what_the_paper_says():
    rng = np.random.default_rng(1)
    reals, drawn = rng.normal(size=(40, 6)), rng.normal(size=(30, 6)) * 0.7
    k, inside = 5, np.zeros((40, 30), bool)
    for i, real in enumerate(reals):
        radius = sorted(np.linalg.norm(real - other) for j, other in enumerate(reals) if j != i)[k - 1]
        inside[i] = [np.linalg.norm(real - one) <= radius for one in drawn]
    found = spread(reals, drawn)
    assert found.density == pytest.approx(inside.sum() / (k * 30))
    assert found.coverage == pytest.approx(inside.any(axis=1).mean())


def test_equal_rows_are_nought_apart_however_far_out_they_lie():
    far = np.random.default_rng(0).normal(size=(20, 300)).astype(np.float32) + 1000
    assert distances(far, far).diagonal().max() == 0


def test_the_kernel_distance_has_no_bias_and_agrees_with_every_pair_summed():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(9, 4)), rng.normal(size=(7, 4)) + 1
    kernel = [[(float(a @ b) / 4 + 1) ** 3 for b in (*x, *y)] for a in (*x, *y)]
    within = [kernel[i][j] for i in range(9) for j in range(9) if i != j]
    other = [kernel[i][j] for i in range(9, 16) for j in range(9, 16) if i != j]
    across = [kernel[i][j] for i in range(9) for j in range(9, 16)]
    assert mmd2(x, y) == pytest.approx(np.mean(within) + np.mean(other) - 2 * np.mean(across))
    same = [mmd2(rng.normal(size=(12, 4)), rng.normal(size=(12, 4))) for _ in range(400)]
    assert abs(np.mean(same)) < 4 * np.std(same) / 20


def test_a_dead_feature_does_not_outweigh_the_others():
    rng = np.random.default_rng(3)
    reals, drawn = rng.normal(size=(60, 20)), rng.normal(size=(60, 20))
    reals[:, 0] = 0
    assert np.abs(standardised(reals, drawn)[1]).max() < 10
    assert abs(kid(reals, drawn).mean) < 1


def test_the_kernel_distance_grows_with_blur_and_hue(sleeves):
    a, b = sleeves
    for spoil, much in ((blurred, (1.0, 3.0)), (shifted_hue, (0.4, 1.0))):
        little, more = (kid(low_features(a), low_features(spoil(b, amount))).mean for amount in much)
        assert kid(low_features(a), low_features(b)).mean - 0.05 < little < more


def test_copies_raise_the_alarm_and_strangers_do_not(sleeves):
    a, b = sleeves
    half, held = b[:48], b[48:]
    strangers = memorised(held, a, half)
    copies = memorised(np.clip(a[:48].astype(int) + 3, 0, 255).astype(np.uint8), a, half)
    assert strangers.ratio > 0.8
    assert not strangers.alarm
    assert strangers.copied < 0.1
    assert copies.ratio < ALARM
    assert copies.alarm
    assert copies.copied > 0.9
    assert {(pair.drawn, pair.cover) for pair in copies.pairs} <= {(row, row) for row in range(48)}


def test_a_few_copies_among_many_pictures_are_counted_and_shown_first(sleeves):
    a, b = sleeves
    drawn = b[:48].copy()
    drawn[[5, 17]] = a[[30, 31]]
    found = memorised(drawn, a, b[48:])
    assert not found.alarm
    assert found.copied >= 2 / 48
    assert {(pair.drawn, pair.cover) for pair in found.pairs[:2]} == {(5, 30), (17, 31)}


def test_near_duplicates_among_the_covers_neither_hide_a_copy_nor_fill_the_list(sleeves):
    a, b = sleeves
    covers = np.concatenate([a[:40], np.repeat(a[:1], 20, axis=0)])
    groups = np.r_[np.arange(40), np.zeros(20, int)]
    found = memorised(a[:30], covers, None, groups=groups)
    assert found.alarm
    assert len({int(groups[pair.cover]) for pair in found.pairs}) == len(found.pairs) == 10
    assert not memorised(b, covers, None, groups=groups).alarm


def test_without_covers_to_compare_nothing_is_claimed(sleeves):
    a, _ = sleeves
    assert np.isnan(memorised(a, a[:0]).ratio)
    assert not memorised(a, a[:1]).alarm
    assert np.isnan(palette_distance(a[:0], a))
    assert np.isnan(sliced(a[:0], a).mean)
    assert np.isnan(spread(low_features(a[:3]), low_features(a)).density)
    assert np.isnan(kid(low_features(a[:2]), low_features(a)).mean)


def test_one_layout_in_two_colours_is_two_pictures_and_noise_makes_no_third(sleeves):
    one = sleeves[0][0]
    noisy = np.clip(one.astype(int) + np.random.default_rng(0).integers(-2, 3, one.shape), 0, 255).astype(np.uint8)
    red, blue = (np.zeros_like(one) + np.array(colour, np.uint8) for colour in ((200, 30, 30), (30, 30, 200)))
    assert distinct(np.stack([red, blue, one, noisy])) == 3


def test_the_same_seed_gives_the_same_figures(sleeves):
    a, b = sleeves
    assert sliced(a, b, seed=4) == sliced(a, b, seed=4)
    assert sliced(a, b, seed=4) != sliced(a, b, seed=5)
    assert kid(low_features(a), low_features(b), seed=4) == kid(low_features(a), low_features(b), seed=4)


def test_small_pictures_are_judged_at_fewer_scales_and_others_refused(sleeves):
    small = sleeves[0][:, ::4, ::4]
    assert len(sliced(small, small).levels) == 1
    assert thumbnails(small).shape == (96, 192)
    np.testing.assert_allclose(colour_shares(small).sum(axis=1) > 0, True)
    for wrong in (small.astype(np.float32), small[:, :4, :4], small[:, :8]):
        with pytest.raises(ShapeError, match="metrics"):
            thumbnails(wrong)


@pytest.mark.skipif(not has_lite0(), reason="the extra `judge` is not installed")
def test_the_network_that_judges_realism_knows_a_picture_again_and_sees_blur(sleeves):
    import torch

    torch.set_num_threads(1)
    a, b = sleeves
    moved = np.roll(a[:24], 2, axis=2)
    seen, again = standardised(lite0_features(a[:24]), lite0_features(moved))
    assert (distances(again, seen).argmin(axis=1) == np.arange(24)).mean() > 0.9
    real, soft = lite0_features(a), kid(lite0_features(a), lite0_features(blurred(b, 1.5)))
    assert kid(real, lite0_features(b)).mean < 0.2 * soft.mean
