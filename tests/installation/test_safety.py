import numpy as np
import pytest

from installation.safety import FlashLimiter, FlashMeter, linear, window_means, window_shares

H, W, FPS = 45, 80, 60


def picture(colour, *, area=None):
    """A small sRGB picture of one colour, or black with that colour in `area` (rows, cols)."""
    made = np.zeros((H, W, 3), np.uint8)
    made[area if area else np.s_[:, :]] = colour
    return made


def strobe(hz, colour=(255, 255, 255), other=(0, 0, 0), *, seconds=4.0, area=None, fps=FPS):
    for frame in range(round(seconds * fps)):
        on = int(frame / fps * hz * 2) % 2 == 1
        yield picture(colour if on else other, area=area)


def worst(pictures, *, profile="window", fps=FPS):
    meter = FlashMeter(profile=profile)
    return max(
        (meter.judge(linear(each), time_s=frame / fps) for frame, each in enumerate(pictures)),
        key=lambda verdict: max(verdict.general, verdict.red),
    )


def limited(pictures, *, fps=FPS):
    """What the screen shows, to the byte, and the blends that made it."""
    limiter, shown, blends = FlashLimiter(), [], []
    for frame, each in enumerate(pictures):
        blend = limiter.limit(each, time_s=frame / fps)
        before = shown[-1].astype(float) if shown else each.astype(float)
        shown.append(np.round(each * (1 - blend) + before * blend).astype(np.uint8))
        blends.append(blend)
    return shown, blends


@pytest.mark.parametrize("hz", [3.1, 5.0, 10.0, 25.0])
def test_a_white_strobe_above_three_a_second_fails(hz):
    assert worst(strobe(hz)).general == 1.0


@pytest.mark.parametrize("hz", [0.5, 2.0, 2.9, 3.0])
def test_three_flashes_a_second_or_fewer_pass(hz):
    assert not worst(strobe(hz)).fails


def test_a_red_strobe_fails_as_red_even_where_its_luminance_passes():
    dim_red = worst(strobe(5.0, (120, 0, 0)))
    assert dim_red.general == 0.0
    assert dim_red.red == 1.0
    assert not worst(strobe(5.0, (85, 85, 85))).fails


def test_flashes_between_bright_states_pass():
    assert not worst(strobe(5.0, (255, 255, 255), (235, 235, 235))).fails
    assert worst(strobe(5.0, (255, 255, 255), (225, 225, 225))).fails


def test_the_area_decides():
    rows, cols = H // 3, W // 3
    small = np.s_[10 : 10 + rows // 2, 10 : 10 + cols // 2]
    large = np.s_[10 : 10 + rows // 2, 10 : 10 + cols // 2 + 2]
    assert not worst(strobe(5.0, area=small)).fails
    assert worst(strobe(5.0, area=large)).fails
    assert not worst(strobe(5.0, area=large), profile="broadcast").fails
    assert worst(strobe(5.0, area=np.s_[: H // 2, : W // 2 + 2]), profile="broadcast").fails


def test_slow_fades_count_as_few_flashes_however_bright():
    fade = [picture((round(127.5 - 127.5 * np.cos(frame / FPS * 2 * np.pi * 1.0)),) * 3) for frame in range(4 * FPS)]
    assert not worst(fade).fails


def test_looking_ahead_changes_nothing():
    once, twice = FlashMeter(), FlashMeter()
    for frame, each in enumerate(strobe(5.0, seconds=2.0)):
        twice.look(linear(255 - each), time_s=frame / FPS)
        foreseen = twice.verdict(twice.look(linear(each), time_s=frame / FPS), time_s=frame / FPS)
        assert once.judge(linear(each), time_s=frame / FPS) == twice.judge(linear(each), time_s=frame / FPS) == foreseen


def test_the_worst_window_is_found_wherever_it_is():
    rng = np.random.default_rng(1)
    mask = rng.random((30, 48)) > 0.7
    brute = max(mask[y : y + 10, x : x + 16].mean() for y in range(21) for x in range(33))
    assert window_shares(mask).max() == pytest.approx(brute)


def test_linear_light_follows_srgb():
    assert linear(np.array([0, 255], np.uint8)).tolist() == [0.0, 1.0]
    assert linear(np.array([188], np.uint8))[0] == pytest.approx(0.5, abs=0.005)


def beats(bpm):
    """Hard cuts between noisy pictures on every beat."""
    rng, seen = np.random.default_rng(1), {}
    for frame in range(6 * FPS):
        beat = int(frame / FPS * bpm / 60)
        yield seen.setdefault(beat, rng.integers(0, 256, (9, 16, 3), dtype=np.uint8).repeat(5, 0).repeat(5, 1))


def checker():
    squares = (np.indices((H, W)).sum(0) // 5 % 2 * 255).astype(np.uint8)
    for frame in range(4 * FPS):
        yield np.repeat((squares if frame // 5 % 2 else 255 - squares)[..., None], 3, axis=2)


def noise():
    rng = np.random.default_rng(2)
    for _ in range(3 * FPS):
        yield rng.integers(0, 256, (H, W, 3), dtype=np.uint8)


def pulse():
    """A picture of many shades that breathes at 5 Hz, so that its points pass 10 % at different times."""
    shades = np.random.default_rng(3).uniform(0.2, 1.0, (H, W, 1))
    for frame in range(4 * FPS):
        light = 0.5 - 0.5 * np.cos(frame / FPS * 2 * np.pi * 5.0)
        yield np.repeat(shades * light * 255, 3, axis=2).astype(np.uint8)


def glide(speed_px):
    """A camera that glides over a wall of covers: `speed_px` points a second, the picture being 80 wide."""
    rng = np.random.default_rng(4)
    wall = rng.integers(0, 256, (12, 140, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    for frame in range(4 * FPS):
        at = int(frame / FPS * speed_px)
        yield np.ascontiguousarray(wall[:H, at : at + W])


TORTURE = {
    "5 Hz": lambda: strobe(5.0),
    "3.1 Hz": lambda: strobe(3.1, seconds=6.0),
    "12 Hz": lambda: strobe(12.0),
    "30 Hz": lambda: strobe(30.0),
    "red": lambda: strobe(5.0, (255, 0, 0)),
    "dim red": lambda: strobe(6.0, (130, 0, 0)),
    "red and blue": lambda: strobe(8.0, (255, 0, 0), (0, 0, 255)),
    "quarter": lambda: strobe(6.0, area=np.s_[:22, :40]),
    "checker": checker,
    "noise": noise,
    "pulse": pulse,
    "cuts on 900 beats a minute": lambda: beats(900),
}


@pytest.mark.parametrize("name", TORTURE)
def test_what_fails_before_the_limiter_passes_after_it(name):
    assert worst(TORTURE[name]()).fails
    shown, _ = limited(TORTURE[name]())
    assert not worst(shown).fails


def test_a_strobe_is_slowed_rather_than_frozen_again_and_again():
    shown, blends = limited(strobe(5.0, seconds=6.0))
    assert np.mean(np.array(blends[2 * FPS :]) == 1.0) < 0.2
    jumps = np.abs(np.diff([each[0, 0, 0].astype(int) for each in shown[2 * FPS :]]))
    assert jumps.max() < 30


@pytest.mark.parametrize("fps", [24, 30, 60, 144])
def test_the_limiter_holds_at_any_frame_rate(fps):
    shown, _ = limited(strobe(5.5, fps=fps), fps=fps)
    assert not worst(shown, fps=fps).fails


CALM = {
    "slow fade": lambda: [picture((round(127.5 - 127.5 * np.cos(frame / FPS * np.pi)),) * 3) for frame in range(4 * FPS)],
    "2.9 Hz": lambda: strobe(2.9),
    "cuts on 180 beats a minute": lambda: beats(180),
    "a camera gliding over covers": lambda: glide(16),
    "a small lamp": lambda: strobe(10.0, area=np.s_[20:25, 20:25]),
}


@pytest.mark.parametrize("name", CALM)
def test_calm_pictures_are_not_touched_at_all(name):
    assert set(limited(CALM[name]())[1]) == {0.0}


def test_after_a_strobe_the_picture_comes_back_untouched():
    still = [picture((40, 90, 120))] * (3 * FPS)
    _, blends = limited([*strobe(5.0, seconds=3.0), *still])
    assert blends[-1] == 0.0
    assert max(blends) > 0.0


def test_the_same_pictures_give_the_same_blends():
    assert limited(strobe(7.0))[1] == limited(strobe(7.0))[1]


def test_a_picture_of_another_shape_is_refused_since_what_was_counted_would_be_lost():
    limiter = FlashLimiter()
    limiter.limit(picture((255, 255, 255)), time_s=0.0)
    with pytest.raises(ValueError, match="one shape"):
        limiter.limit(np.zeros((W, H, 3), np.uint8), time_s=0.1)


def test_time_that_begins_anew_neither_forgets_a_strobe_nor_holds_for_long():
    limiter = FlashLimiter()
    for frame, each in enumerate(strobe(5.0, seconds=2.0)):
        limiter.limit(each, time_s=100.0 + frame / FPS)
    again = [limiter.limit(each, time_s=frame / FPS) for frame, each in enumerate(strobe(5.0, seconds=0.5))]
    assert max(again) > 0.0
    calm = [limiter.limit(picture((40, 90, 120)), time_s=0.5 + frame / FPS) for frame in range(3 * FPS)]
    assert calm[-1] == 0.0


def test_time_that_runs_backwards_all_along_lets_no_strobe_through():
    limiter, shown = FlashLimiter(), []
    for frame, each in enumerate(strobe(5.0, seconds=2.0)):
        blend = limiter.limit(each, time_s=10.0 - frame / FPS)
        before = shown[-1].astype(float) if shown else each.astype(float)
        shown.append(np.round(each * (1 - blend) + before * blend).astype(np.uint8))
    assert not worst(shown).fails


def test_fewer_swings_can_be_asked_for():
    limiter, shown = FlashLimiter(), []
    for frame, each in enumerate(strobe(2.9, seconds=3.0)):
        blend = limiter.limit(each, time_s=frame / FPS, swings=2)
        before = shown[-1].astype(float) if shown else each.astype(float)
        shown.append(np.round(each * (1 - blend) + before * blend).astype(np.uint8))
    assert _swings([linear(each)[0, 0, 0] for each in shown]) <= 2
    assert _swings([linear(each)[0, 0, 0] for each in strobe(2.9, seconds=3.0)]) > 4


def test_the_light_of_a_window_as_a_whole_is_held_too():
    """Bars that pass by: each point swings at its own time, but a window's mean light rises and falls eight times a second."""
    x = np.arange(W)[None, :, None] / W
    bars = [np.where((x * 1.5 + frame / FPS * 8.0) % 1.0 < 0.5, 255, 0).astype(np.uint8) for frame in range(3 * FPS)]
    wished = [np.broadcast_to(each, (H, W, 3)).copy() for each in bars]
    seen, _ = limited(wished)

    def middle(pictures):
        return [window_means(linear(each)[..., 0])[2, 2] for each in pictures]

    assert _swings(middle(seen)) <= 6 < _swings(middle(wished))


def _swings(values):
    """The most opposing changes by 10 % in any second, counted the plain way."""
    low = high = values[0]
    way, times, most = 0, [], 0
    for frame, value in enumerate(values):
        low, high = min(low, value), max(high, value)
        if (way <= 0 and value - low >= 0.1 and low < 0.8) or (way >= 0 and high - value >= 0.1 and value < 0.8):
            way = 1 if way <= 0 and value - low >= 0.1 else -1
            low = high = value
            times.append(frame)
        most = max(most, sum(frame - each < FPS for each in times))
    return most


def test_window_means_are_means_of_windows():
    value = np.random.default_rng(5).random((90, 160)).astype(np.float32)
    means = window_means(value)
    rows, cols = np.linspace(0, 90, 7).astype(int), np.linspace(0, 160, 7).astype(int)
    for down, across in ((0, 0), (2, 3), (4, 4)):
        cut = value[rows[down] : rows[down + 2], cols[across] : cols[across + 2]]
        assert means[down, across] == pytest.approx(cut.mean(), abs=0.01)
