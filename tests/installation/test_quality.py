"""The level of quality on computers that are simulated: each frame takes a time that its pixels cost."""

from __future__ import annotations

import math

import pytest

from installation.quality import LEVELS, ON_PROCESSOR, AutoQuality, level_of

PERIOD_S = 1 / 60


def watched(quality, full_s, *, minutes, vsync, load=lambda _: 1.0):
    """Let a computer run that takes `full_s` for a frame of the finest level: when each frame came, its level, and if late."""
    seen, now_s = [], 0.0
    dt_s, busy_s = PERIOD_S, 0.0
    while now_s < 60 * minutes:
        level = quality.frame(dt_s, period_s=PERIOD_S, busy_s=None if vsync else busy_s)
        drawn = LEVELS[level]
        busy_s = full_s * (drawn.scene**2 + drawn.frame**2) / 2 * load(now_s)
        dt_s = PERIOD_S * math.ceil(busy_s / PERIOD_S) if vsync else max(PERIOD_S, busy_s)
        now_s += dt_s
        seen.append((now_s, level, dt_s > 1.5 * PERIOD_S))
    return seen


@pytest.mark.parametrize("vsync", [True, False])
@pytest.mark.parametrize("full_s", [0.004, 0.018, 0.022, 0.030, 0.050])
def test_in_an_hour_hardly_a_frame_is_late_and_the_finest_level_that_fits_is_found(full_s, vsync):
    seen = watched(AutoQuality(ON_PROCESSOR), full_s, minutes=60, vsync=vsync)
    last = [level for now_s, level, _ in seen if now_s > 1800]
    found = max(set(last), key=last.count)
    cost = [full_s * (level.scene**2 + level.frame**2) / 2 / PERIOD_S for level in LEVELS]
    assert cost[found] < 1.08
    assert found == 0 or cost[found - 1] > (1.0 if vsync else 0.8)
    assert sum(late for _, _, late in seen) / len(seen) < 0.01


def test_a_computer_that_is_always_too_slow_ends_at_the_quickest_level_within_half_a_minute():
    seen = watched(AutoQuality(0), 0.2, minutes=1, vsync=True)
    assert min(now_s for now_s, level, _ in seen if level == len(LEVELS) - 1) < 30


def test_when_the_load_of_another_program_is_gone_the_picture_gets_its_quality_back():
    seen = watched(AutoQuality(0), 0.012, minutes=20, vsync=True, load=lambda now_s: 4.0 if 60 < now_s < 120 else 1.0)
    assert max(level for now_s, level, _ in seen if now_s < 60) == 0
    assert max(level for now_s, level, _ in seen if 60 < now_s < 150) >= 3
    assert {level for now_s, level, _ in seen if now_s > 900} == {0}


def test_a_hitch_now_and_then_changes_nothing():
    quality, seen = AutoQuality(0), set()
    for frame in range(60 * 600):
        seen.add(quality.frame(0.25 if frame % 600 == 0 else PERIOD_S, period_s=PERIOD_S))
    assert seen == {0}


def test_levels_have_names_and_the_processor_begins_in_the_middle():
    assert [level_of(level.name, on_processor=True) for level in LEVELS] == list(range(len(LEVELS)))
    assert level_of("auto", on_processor=False) == 0
    assert LEVELS[level_of("auto", on_processor=True)].name == "middle"
