import math

import torch
from torch import nn

from mixtape.covergan.augment import augment, shifted, steer
from mixtape.covergan.losses import DiscriminatorLoss, generator_loss, mismatch, pairing, slope_penalty
from mixtape.covergan.networks import SIZES, Asked, Discriminator


def asked_of(n, *, strength=1.0):
    return Asked(torch.randn(n, 32), torch.randn(n, 32), torch.full((n, 2), strength))


def test_pairing_is_the_papers_softplus():
    better, worse = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 2.0])
    expected = (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(2))) / 2
    assert math.isclose(float(pairing(better, worse)), expected, rel_tol=1e-6)


def test_the_slope_of_a_linear_judge_is_its_weights():
    class Linear(nn.Module):
        def forward(self, pictures, asked):
            return 3.0 * pictures.flatten(1).sum(dim=1)

    assert float(slope_penalty(Linear(), torch.randn(4, 3, 2, 2), asked_of(4))) == 9 * 12


def test_what_belongs_to_another_cover_costs_and_what_is_not_known_teaches_nothing():
    d = Discriminator(SIZES[16])
    seen, asked, unknown = torch.randn(8, 32), asked_of(8), asked_of(8, strength=0.0)
    mismatch(d, seen, d.verdict(seen, asked), asked).backward()
    assert d.music.linear.weight.grad.abs().sum() > 0
    assert d.colours.linear.weight.grad.abs().sum() > 0
    # One ln 2 for the music, one for the colours: a coin is thrown.
    assert math.isclose(mismatch(d, seen, d.verdict(seen, unknown), unknown).item(), 2 * math.log(2), rel_tol=1e-5)


def test_the_loss_of_the_discriminator_is_the_sum_that_the_module_says():
    d, asked = Discriminator(SIZES[16]), asked_of(8)
    real, drawn = torch.randn(8, 3, 16, 16), torch.randn(8, 3, 16, 16)
    half = slice(0, 4)
    d.requires_grad_(False)
    plain, paired = DiscriminatorLoss(d)(real, drawn, asked, 0.0)
    steep = DiscriminatorLoss(d)(real, drawn, asked, 2.0)[0].detach()
    r1, r2 = (slope_penalty(d, pictures[half], asked.rows(half)) for pictures in (real, drawn))
    expected = pairing(d(real, asked), d(drawn, asked))
    assert math.isclose(float(paired), float(expected), rel_tol=1e-5)
    seen = d.features(real)
    assert math.isclose(float(plain), float(expected + mismatch(d, seen, d.verdict(seen, asked), asked)), rel_tol=1e-5)
    assert math.isclose(float(steep - plain), float((r1 + r2).detach()), rel_tol=1e-3)


def test_the_generator_is_led_towards_what_the_discriminator_prefers():
    d, asked = Discriminator(SIZES[16]).requires_grad_(False), asked_of(8)
    real, drawn = torch.randn(8, 3, 16, 16), torch.randn(8, 3, 16, 16).requires_grad_(True)
    before = generator_loss(d, real, drawn, asked)
    before.backward()
    with torch.no_grad():
        after = generator_loss(d, real, drawn - 0.05 * drawn.grad.sign(), asked)
    assert float(after) < before.item()


def test_shifts_mirror_at_the_border_and_never_show_an_empty_frame():
    picture = torch.arange(1.0, 17.0).view(1, 1, 4, 4)
    moved = shifted(picture, torch.tensor([[1, -1]]))
    expected = picture[:, :, [1, 0, 1, 2]][:, :, :, [1, 2, 3, 2]]
    torch.testing.assert_close(moved, expected)


def test_augmentation_with_probability_nought_changes_nothing_and_with_one_it_does():
    pictures = torch.rand(8, 3, 16, 16) + 1
    draws = torch.Generator().manual_seed(0)
    assert torch.equal(augment(pictures, p=0.0, draws=draws), pictures)
    changed = augment(pictures, p=1.0, draws=draws)
    assert (changed == 0).any()
    assert not torch.equal(changed, pictures)


def test_learning_covers_by_heart_raises_augmentation_within_its_limits():
    assert steer(0.5, held_above_drawn=0.4) > 0.5
    assert steer(0.5, held_above_drawn=0.7) == 0.5
    assert steer(0.5, held_above_drawn=0.95) < 0.5
    assert steer(0.8, held_above_drawn=0.0) == 0.8
