"""Palettes as something to ask for."""

import numpy as np

from mixtape.covergan.colours import LANDMARKS, LENGTH, colours_in, colours_of, landmarks
from mixtape.palette import dominant_colours
from mixtape.types import Palette


def palette(*colours):
    srgb = np.array([colour[:3] for colour in colours], np.uint8).reshape(-1, 3)
    return Palette(srgb, np.array([colour[3] for colour in colours], np.float32))


RED, BLUE, PINK = (220, 20, 30), (20, 40, 220), (230, 60, 80)


def test_every_palette_is_as_loud_and_no_palette_is_silent():
    asked = colours_of([palette((*RED, 1.0)), palette((*RED, 0.5), (*BLUE, 0.5)), palette()])
    assert asked.shape == (3, LANDMARKS)
    np.testing.assert_allclose(np.linalg.norm(asked, axis=1), [LENGTH, LENGTH, 0.0], rtol=1e-5)


def test_colours_that_look_alike_ask_for_alike_and_the_order_does_not_count():
    red, pink, blue = (colours_of([palette((*colour, 1.0))])[0] for colour in (RED, PINK, BLUE))
    assert np.linalg.norm(red - pink) < 0.5 * np.linalg.norm(red - blue)
    one = colours_of([palette((*RED, 0.7), (*BLUE, 0.3))])
    np.testing.assert_allclose(one, colours_of([palette((*BLUE, 0.3), (*RED, 0.7))]), rtol=1e-5)


def test_a_little_more_of_a_colour_is_a_little_step():
    steps = colours_of([palette((*RED, 1.0 - share), (*BLUE, share)) for share in np.linspace(0.2, 0.8, 31)])
    assert np.linalg.norm(np.diff(steps, axis=0), axis=1).max() < 0.05 * LENGTH


def test_pictures_are_measured_by_their_own_palettes():
    picture = np.full((1, 16, 16, 3), RED, np.uint8)
    picture[:, 8:] = BLUE
    np.testing.assert_allclose(colours_in(picture), colours_of([dominant_colours(picture[0])]))
    np.testing.assert_allclose(colours_in(picture), colours_of([palette((*RED, 0.5), (*BLUE, 0.5))]), atol=0.05)


def test_the_landmarks_are_spread_over_the_screen_and_always_the_same():
    marks = landmarks().astype(float)
    apart = np.linalg.norm(marks[:, None] - marks[None], axis=2)[np.triu_indices(LANDMARKS, 1)]
    assert apart.min() > 0.1
