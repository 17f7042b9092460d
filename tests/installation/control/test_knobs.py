import math
from pathlib import Path

import pytest

from installation.control.knobs import Refusal, address_of, event, events, find, has_places, registry
from installation.control.osc_page import as_markdown
from installation.messages import ControlEvent
from mixtape.config import knobs

ROOT = Path(__file__).parents[3]


def value(name, *args):
    made = event("test", name, args, time_s=1.5)
    assert isinstance(made, ControlEvent), made
    assert (made.source, made.time_s) == ("test", 1.5)
    return made.value


def reason(name, *args):
    made = event("test", name, args, time_s=0.0)
    assert isinstance(made, Refusal), made
    return made.reason


def test_the_page_about_osc_is_fresh():
    assert (ROOT / "docs" / "osc.md").read_text(encoding="utf-8") == as_markdown(), (
        "run python -m installation.control.osc_page > docs/osc.md"
    )


def test_every_live_knob_has_an_address_of_its_own_and_its_default_is_taken():
    addresses = [knob.address for knob in registry()]
    assert len(set(addresses)) == len(addresses)
    for knob in knobs():
        if knob.live:
            name = knob.name.partition(".")[2]
            assert value(name, knob.default) == knob.default
            assert find(address_of(name)).name == name


def test_addresses_follow_one_rule():
    assert address_of("wall_rows") == "/mixtape/wall/rows"
    assert address_of("title_s") == "/mixtape/title_s"
    assert address_of("seed") == "/mixtape/seed"


@pytest.mark.parametrize(
    ("args", "found"),
    [((12,), 12), ((12.6,), 13), (([12],), 12), ((1000,), 36), ((-5.0,), 6), ((True,), 6), ((2**70,), 36), ((1e300,), 36)],
)
def test_numbers_of_any_kind_become_whole_tiles_within_range(args, found):
    taken = value("/mixtape/wall/rows", *args)
    assert taken == found
    assert type(taken) is int


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(bad):
    for knob in registry():
        assert knob.address in reason(knob.name, bad)


@pytest.mark.parametrize("bad", ["loud", b"1", None, [[1.0]]])
def test_a_knob_refuses_values_of_the_wrong_kind(bad):
    assert "a number from 0 to 1 is needed" in reason("energy", bad)


def test_a_knob_needs_exactly_one_value():
    assert "nothing came" in reason("energy")
    assert "2 came" in reason("energy", 0.5, 0.5)


def test_a_choice_may_come_as_word_or_number():
    assert value("scene", "wall") == "wall"
    assert value("scene", " Grid ") == "grid"
    assert value("scene", 1) == "map"
    assert value("scene", 2.0) == "grid"
    assert value("scene", "my shader") == "my shader"
    assert "auto, map, grid, wall" in reason("scene", 99)
    assert reason("scene", 7)
    assert reason("scene", -1)


def test_a_seed_is_a_cleaned_text():
    assert value("seed", "  night\n\ttrain\x00 ") == "night train"
    assert len(value("seed", "x" * 10_000)) == 200
    assert reason("seed", " \x00 ")
    assert reason("seed", 7)
    assert reason("seed")


def test_a_button_counts_when_pressed_and_not_when_let_go():
    assert value("next") is None
    assert value("next", 1.0) is None
    assert event("test", "next", (0.0,), time_s=0.0) is None
    assert reason("next", "now")


def test_pause_may_say_which_or_leave_it_open():
    assert value("pause") is None
    assert value("pause", 1) is True
    assert value("pause", 0.0) is False


def test_quitting_and_unknown_names_are_refused_from_outside():
    assert "no such address" in reason("/mixtape/quit")
    assert "no such address" in reason("/mixtape/volumes", 1.0)


# Places from 0 to 1 ------------------------------------------------------------------------------------------------------------


def placed(address, *args):
    (made,) = events("test", f"/mixtape/norm/{address}", args, time_s=0.0, own={})
    return made


def test_every_knob_with_a_range_or_choices_is_also_turned_by_its_place():
    for knob in registry():
        end = knob.address.removeprefix("/mixtape/")
        if not has_places(knob):
            assert isinstance(placed(end, 0.5), Refusal)
            continue
        low, high = placed(end, 0.0), placed(end, 1)
        if knob.kind in ("number", "whole"):
            assert (low.value, high.value) == (knob.low, knob.high)
            assert placed(end, -3.0).value == knob.low and placed(end, 9.0).value == knob.high
            assert placed(end, 0.5).value == pytest.approx((knob.low + knob.high) / 2, abs=0.5 if knob.kind == "whole" else 1e-6)
        elif knob.kind == "switch":
            assert (low.value, placed(end, 0.49).value, placed(end, 0.5).value, high.value) == (False, False, True, True)


def test_choices_share_a_fader_evenly():
    scenes = find("scene").choices
    assert [placed("scene", (k + 0.5) / len(scenes)).value for k in range(len(scenes))] == list(scenes)
    assert (placed("scene", 0.0).value, placed("scene", 1.0).value) == (scenes[0], scenes[-1])


@pytest.mark.parametrize("args", [(), (math.nan,), (math.inf,), ("0.5",), (0.1, 0.2)])
def test_a_place_is_one_number(args):
    assert isinstance(placed("energy", *args), Refusal)


@pytest.mark.parametrize("end", ["next", "seed", "pause", "output/1", "norm/energy", "", "nothing"])
def test_what_has_no_places_is_refused_with_its_address(end):
    assert f"/mixtape/norm/{end}" in placed(end, 0.5).reason
