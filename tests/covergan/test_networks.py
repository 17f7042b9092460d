import pytest
import torch
from torch.nn import functional as F

from mixtape.covergan.networks import SIZES, Conditioner, Discriminator, Generator, blurred, upsampled_convolution


@pytest.mark.parametrize("pixels", [16, 64, 128])
def test_both_networks_fit_each_size(pixels):
    size = SIZES[pixels]
    music = torch.randn(4, 32), torch.ones(4)
    pictures = Generator(size)(torch.randn(4, size.latent), *music)
    assert pictures.shape == (4, 3, pixels, pixels)
    assert Discriminator(size)(pictures, *music).shape == (4,)


def test_the_fast_upsampled_convolution_is_the_plain_one():
    x, weight, bias = torch.randn(2, 5, 6, 6), torch.randn(3, 5, 3, 3), torch.randn(3)
    doubled = F.pad(F.interpolate(x, scale_factor=2.0, mode="nearest"), (1, 1, 1, 1), mode="replicate")
    plain = F.conv2d(doubled, weight, bias)
    torch.testing.assert_close(upsampled_convolution(x, weight, bias), plain, rtol=1e-4, atol=1e-4)


def test_strength_leads_from_no_music_to_all_of_it():
    conditioner = Conditioner(8)
    torch.nn.init.normal_(conditioner.null)
    c = torch.randn(3, 32)
    none, half, full = (conditioner(c, torch.full((3,), s)) for s in (0.0, 0.5, 1.0))
    torch.testing.assert_close(none, conditioner.null.expand(3, -1))
    torch.testing.assert_close(half, (none + full) / 2)
    torch.testing.assert_close(full, conditioner.linear(c))


def test_only_the_direction_of_a_latent_counts():
    size = SIZES[16]
    g = Generator(size)
    z, music = torch.randn(2, size.latent), (torch.randn(2, 32), torch.ones(2))
    torch.testing.assert_close(g(z, *music), g(5 * z, *music), rtol=1e-3, atol=1e-4)


def test_the_blur_erases_a_checkerboard_and_leaves_flat_colour_alone():
    board = (torch.arange(8)[:, None] + torch.arange(8)) % 2 * 2.0 - 1
    assert blurred(board[None, None])[..., 1:-1, 1:-1].abs().max() < 1e-6
    torch.testing.assert_close(blurred(torch.full((1, 3, 8, 8), 0.7)), torch.full((1, 3, 8, 8), 0.7))
