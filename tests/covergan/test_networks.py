import pytest
import torch
from torch.nn import functional as F

from mixtape.covergan.networks import (
    SIZES,
    Asked,
    Conditioner,
    Discriminator,
    Generator,
    blurred,
    laid_out,
    upsampled_convolution,
)
from mixtape.covergan.quick import QuickGenerator


def asked_of(n):
    return Asked(torch.randn(n, 32), torch.randn(n, 32), torch.ones(n, 2))


@pytest.mark.parametrize("pixels", [16, 64, 128, 256])
def test_both_networks_fit_each_size(pixels):
    size = SIZES[pixels]
    with torch.no_grad():
        pictures = Generator(size)(torch.randn(4, size.latent), asked_of(4))
        assert pictures.shape == (4, 3, pixels, pixels)
        assert Discriminator(size)(pictures, asked_of(4)).shape == (4,)


@pytest.mark.parametrize("pixels", [16, 64])
def test_the_generator_that_draws_quickly_draws_the_same(pixels):
    g = laid_out(Generator(SIZES[pixels]), "cpu").eval()
    style = torch.randn(3, SIZES[pixels].style)
    with torch.inference_mode():
        plain = g.draw(style)
        torch.testing.assert_close(QuickGenerator(g, torch.float32).draw(style), plain, rtol=1e-3, atol=1e-4)
        rounded = QuickGenerator(g, torch.bfloat16).draw(style).float()
        assert (rounded - plain).abs().max() < 0.03 * plain.std() + 0.02


def test_the_fast_upsampled_convolution_is_the_plain_one():
    x, weight, bias = torch.randn(2, 5, 6, 6), torch.randn(3, 5, 3, 3), torch.randn(3)
    doubled = F.pad(F.interpolate(x, scale_factor=2.0, mode="nearest"), (1, 1, 1, 1), mode="replicate")
    plain = F.conv2d(doubled, weight, bias)
    torch.testing.assert_close(upsampled_convolution(x, weight, bias), plain, rtol=1e-4, atol=1e-4)


def test_strength_leads_from_no_music_to_all_of_it():
    conditioner = Conditioner(32, 8)
    torch.nn.init.normal_(conditioner.null)
    c = torch.randn(3, 32)
    none, half, full = (conditioner(c, torch.full((3,), s)) for s in (0.0, 0.5, 1.0))
    torch.testing.assert_close(none, conditioner.null.expand(3, -1))
    torch.testing.assert_close(half, (none + full) / 2)
    torch.testing.assert_close(full, conditioner.linear(c))


def test_the_usual_style_is_the_mean_over_latents():
    mapping = Generator(SIZES[16]).mapping
    z, asked = torch.randn(64, SIZES[16].latent), asked_of(3)
    means = [mapping(z, Asked(*(part[k : k + 1].expand(64, -1) for part in asked))).mean(dim=0) for k in range(3)]
    torch.testing.assert_close(mapping.usual(z, asked), torch.stack(means), rtol=1e-4, atol=1e-5)


def test_only_the_direction_of_a_latent_counts():
    size = SIZES[16]
    g = Generator(size)
    z, asked = torch.randn(2, size.latent), asked_of(2)
    torch.testing.assert_close(g(z, asked), g(5 * z, asked), rtol=1e-3, atol=1e-4)


def test_music_and_colours_are_asked_for_each_alone():
    g = Generator(SIZES[16])
    z, asked = torch.randn(2, SIZES[16].latent), asked_of(2)
    for part, strength in (("music", [0.0, 1.0]), ("colours", [1.0, 0.0])):
        weak = asked._replace(strength=torch.tensor([strength, strength]))
        other = weak._replace(**{part: getattr(weak, part) + 1.0})
        torch.testing.assert_close(g(z, weak), g(z, other))
        assert not torch.allclose(g(z, asked), g(z, asked._replace(**{part: getattr(asked, part) + 1.0})))


def test_the_blur_erases_a_checkerboard_and_leaves_flat_colour_alone():
    board = (torch.arange(8)[:, None] + torch.arange(8)) % 2 * 2.0 - 1
    assert blurred(board[None, None])[..., 1:-1, 1:-1].abs().max() < 1e-6
    torch.testing.assert_close(blurred(torch.full((1, 3, 8, 8), 0.7)), torch.full((1, 3, 8, 8), 0.7))
