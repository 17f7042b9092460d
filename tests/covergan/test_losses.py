import math

import torch
from torch import nn

from mixtape.covergan.augment import augment, shifted, steer
from mixtape.covergan.losses import mismatch, pairing, slope_penalty
from mixtape.covergan.networks import SIZES, Discriminator


def test_pairing_is_the_papers_softplus():
    better, worse = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 2.0])
    expected = (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(2))) / 2
    assert math.isclose(float(pairing(better, worse)), expected, rel_tol=1e-6)


def test_the_slope_of_a_linear_judge_is_its_weights():
    class Linear(nn.Module):
        def forward(self, pictures, condition, strength):
            return 3.0 * pictures.flatten(1).sum(dim=1)

    assert float(slope_penalty(Linear(), torch.randn(4, 3, 2, 2), torch.zeros(4, 32), torch.ones(4))) == 9 * 12


def test_music_that_belongs_to_another_cover_costs_and_no_music_teaches_nothing():
    d = Discriminator(SIZES[16])
    seen, c = torch.randn(8, 32), torch.randn(8, 32)
    loss = mismatch(d, seen, c, torch.ones(8))
    loss.backward()
    assert d.conditioner.linear.weight.grad.abs().sum() > 0
    assert math.isclose(mismatch(d, seen, c, torch.zeros(8)).item(), math.log(2), rel_tol=1e-5)


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
