"""MIDI messages as turns of knobs, fed by mido's own parser: no port is needed."""

import json

import pytest
from mido import Message, Parser

from installation.control.knobs import find, registry
from installation.control.midi_map import (
    Binding,
    Control,
    Touch,
    Translator,
    as_json,
    from_json,
    hows,
    learned,
    lights,
    place_of,
    steps,
    touch_of,
)
from mixtape.config import Config, knobs

PORT = "nanoKONTROL2:nanoKONTROL2 MIDI 1"
FADER = Control(PORT, 1, "cc", 3)
PAD = Control(PORT, 1, "note", 36)
WHEEL = Control(PORT, 1, "pitch", 0)
PAIR = Control(PORT, 1, "cc14", 3)


@pytest.fixture
def stand():
    return {knob.name.partition(".")[2]: knob.default for knob in knobs() if knob.live}


def parsed(*messages):
    """Touches the way they come: bytes on a wire, parsed by mido."""
    parser = Parser()
    for message in messages:
        parser.feed(message.bytes())
    return [touch for message in parser if (touch := touch_of(PORT, message)) is not None]


def cc(*values, number=3):
    return parsed(*(Message("control_change", control=number, value=value) for value in values))


def told(translator, touches, stand):
    """What a show does when each touch comes in a frame of its own: each event turns its knob at once."""
    every = []
    for touch in touches:
        found = translator.translate([touch], stand, now_s=2.0, own={})
        stand.update({each.knob: each.value for each in found if each.value is not None})
        every += [(each.knob, each.value) for each in found]
    return every


def bound(control, knob, how, **options):
    return Translator([Binding(control, knob, how)], **options)


def test_a_fader_goes_over_the_whole_range_of_its_knob(stand):
    knob = find("energy") or registry()[-1]
    translator = bound(FADER, knob.name, "absolute", pickup=False)
    values = [value for _, value in told(translator, cc(*range(128)), stand)]
    assert (values[0], values[-1]) == (knob.low, knob.high)
    assert values == sorted(values)
    assert len(set(values)) == 128


def test_events_say_which_controller_they_come_from_and_when(stand):
    (made,) = bound(FADER, "volume", "absolute", pickup=False).translate(cc(127), stand, now_s=2.0, own={})
    assert (made.source, made.knob, made.value, made.time_s) == (f"midi:{PORT}", "volume", 1.0, 2.0)


def test_a_fader_that_stands_elsewhere_takes_its_knob_only_where_it_passes_it(stand):
    stand["volume"] = 0.5
    translator = bound(FADER, "volume", "absolute")
    assert told(translator, cc(0, 20, 40), stand) == []
    assert translator.waiting(FADER, stand, {})
    assert told(translator, cc(70), stand) == [("volume", pytest.approx(70 / 127))]
    assert told(translator, cc(127, 10), stand)[-1] == ("volume", pytest.approx(10 / 127))
    assert not translator.waiting(FADER, stand, {})
    stand["volume"] = 0.9  # somebody else turns it
    assert told(translator, cc(11, 12), stand) == []
    assert told(translator, cc(114), stand) == [("volume", pytest.approx(114 / 127))]


def test_a_fader_that_comes_near_has_its_knob_at_once(stand):
    stand["volume"] = 0.5
    assert told(bound(FADER, "volume", "absolute"), cc(63, 64, 90), stand) == [
        ("volume", pytest.approx(value / 127)) for value in (63, 64, 90)
    ]


def test_a_controller_that_was_unplugged_must_find_its_knob_again(stand):
    translator = bound(FADER, "volume", "absolute")
    told(translator, cc(0, 127, 20), stand)
    assert stand["volume"] == pytest.approx(20 / 127)
    translator.forget(PORT)
    stand["volume"] = 0.9
    assert told(translator, cc(20, 30), stand) == []


def test_two_controllers_make_one_number_of_14_bits(stand):
    translator = bound(PAIR, "volume", "absolute", pickup=False)
    both = cc(64) + cc(1, number=35)
    assert told(translator, both, stand)[-1] == ("volume", pytest.approx((64 * 128 + 1) / 16383))
    # The fine half alone moves on from the coarse one.
    assert told(translator, cc(2, number=35), stand) == [("volume", pytest.approx((64 * 128 + 2) / 16383))]
    assert told(translator, cc(127) + cc(127, number=35), stand)[-1] == ("volume", 1.0)


def test_a_pitch_wheel_goes_over_the_range_in_14_bits(stand):
    translator = bound(WHEEL, "volume", "absolute", pickup=False)
    moved = parsed(*(Message("pitchwheel", pitch=pitch) for pitch in (-8192, 0, 8191)))
    assert [value for _, value in told(translator, moved, stand)] == [0.0, pytest.approx(8192 / 16383), 1.0]


@pytest.mark.parametrize(
    ("how", "right", "left"),
    [("twos", (1, 3, 63), (127, 125, 64)), ("offset", (65, 67, 127), (63, 61, 0)), ("sign", (1, 3, 63), (65, 67, 127))],
)
def test_endless_encoders_turn_both_ways_in_all_three_encodings(how, right, left, stand):
    assert [steps(how, value) > 0 for value in right] == [True] * 3
    assert [steps(how, value) < 0 for value in left] == [True] * 3
    assert (steps(how, right[1]), steps(how, left[1])) == (3, -3)
    stand["volume"] = 0.5
    translator = bound(FADER, "volume", how)
    turned = told(translator, cc(right[0], right[1]), stand)
    assert turned[-1] == ("volume", pytest.approx(0.5 + 4 / 127))
    assert told(translator, cc(left[1], left[0]), stand)[-1] == ("volume", pytest.approx(0.5))
    for _ in range(9):
        told(translator, cc(right[2]), stand)
    assert stand["volume"] == 1.0


def test_of_what_comes_within_a_frame_every_press_counts_and_of_a_knob_only_where_it_comes_to_stand(stand):
    stand["volume"] = 0.5
    encoder = Control(PORT, 1, "cc", 9)
    translator = Translator([Binding(PAD, "next", "press"), Binding(encoder, "volume", "twos")])
    touches = cc(1, 1, number=9) + note(9) + cc(2, number=9) + note(9)
    found = translator.translate(touches, stand, now_s=2.0, own={})
    assert [(each.knob, each.value) for each in found] == [("next", None)] * 2 + [("volume", pytest.approx(0.5 + 4 / 127))]


def test_an_encoder_walks_through_whole_numbers_and_choices(stand):
    stand.update(wall_rows=10, scene="map")
    assert told(bound(FADER, "wall_rows", "twos"), cc(1, 1, 127), stand)[-1] == ("wall_rows", 11)
    choices = find("scene").choices
    assert told(bound(FADER, "scene", "twos"), cc(1), stand) == [("scene", choices[choices.index("map") + 1])]
    assert told(bound(FADER, "skip", "twos"), cc(5, 127), stand) == [("skip", 5.0), ("skip", -1.0)]


def note(velocity, number=36):
    return parsed(Message("note_on", note=number, velocity=velocity))


def test_a_note_presses_and_letting_it_go_means_nothing(stand):
    translator = bound(PAD, "next", "press")
    off = parsed(Message("note_off", note=36, velocity=64))
    assert told(translator, note(1) + off + note(100) + note(0), stand) == [("next", None)] * 2


def test_how_hard_a_note_is_struck_is_a_number(stand):
    assert told(bound(PAD, "volume", "velocity"), note(127) + note(0), stand) == [("volume", 1.0)]


def test_a_pad_toggles_switches_or_holds_them(stand):
    stand["test_picture"] = False
    translator = bound(PAD, "test_picture", "toggle")
    assert told(translator, note(9) + note(0) + note(9), stand) == [("test_picture", True), ("test_picture", False)]
    held = bound(PAD, "test_picture", "held")
    assert told(held, note(9) + note(0), stand) == [("test_picture", True), ("test_picture", False)]
    assert told(bound(PAD, "pause", "toggle"), note(9) + note(0), stand) == [("pause", None)]


def test_pads_set_choices_or_go_through_them(stand):
    stand["scene"] = "map"
    wall = Control(PORT, 1, "note", 40)
    translator = Translator([Binding(PAD, "scene", "step"), Binding(wall, "scene", "=wall")])
    assert told(translator, note(9, 40), stand) == [("scene", "wall")]
    seen = {told(translator, note(9), stand)[0][1] for _ in find("scene").choices}
    assert seen == set(find("scene").choices)


def test_a_button_of_ccs_presses_when_it_goes_down_and_also_when_it_never_tells_that_it_came_up(stand):
    translator = bound(FADER, "next", "press")
    assert len(told(translator, cc(127, 0, 127, 0), stand)) == 2
    assert len(told(translator, cc(127, 127, 127), stand)) == 3
    assert told(translator, cc(0, 10, 60), stand) == []


def test_what_nobody_bound_or_means_nothing_moves_nothing(stand):
    translator = Translator([Binding(FADER, "no such knob", "absolute"), Binding(PAD, "title_text", "absolute")])
    assert told(translator, cc(5) + note(100) + cc(9, number=90), stand) == []
    assert parsed(Message("program_change", program=3), Message("sysex", data=(1, 2)), Message("aftertouch", value=3)) == []


def test_every_knob_that_a_controller_can_turn_stays_in_its_range_whatever_comes(stand):
    by_name = {knob.name.partition(".")[2]: knob for knob in knobs() if knob.live}
    for knob in registry():
        for control in (FADER, PAD, WHEEL, PAIR):
            for how in hows(control, knob):
                translator = bound(control, knob.name, how, pickup=False)
                touches = [Touch(control, value) for value in (0, 127, 1, 64, 65, 127, 0)]
                if control is PAIR:
                    touches = cc(127, 0, 64) + cc(127, 0, number=35)
                for made in translator.translate(touches, stand, now_s=0.0, own={}):
                    assert made.knob == knob.name
                    if knob.name in by_name:
                        assert by_name[knob.name].fault(made.value) is None


# Learning


def test_learning_tells_a_fader_an_encoder_a_pair_and_a_button_apart():
    volume, rows, skip = find("volume"), find("wall_rows"), find("next")
    assert learned(cc(3, 4, 5, 9), volume) == Binding(FADER, "volume", "absolute")
    assert learned(cc(1, 1, 1, 127), volume) == Binding(FADER, "volume", "twos")
    assert learned(cc(65, 65, 66, 63), volume) == Binding(FADER, "volume", "offset")
    assert learned(cc(1, 1, 65, 65), volume) == Binding(FADER, "volume", "sign")
    assert learned(cc(64) + cc(3, number=35), volume) == Binding(PAIR, "volume", "absolute")
    assert learned(cc(127, 0), rows) == Binding(FADER, "wall_rows", "step")
    assert learned(cc(127), skip) == Binding(FADER, "next", "press")
    assert learned(note(90), volume) == Binding(PAD, "volume", "velocity")
    touched = note(127, 104) + parsed(Message("pitchwheel", pitch=100))
    assert learned(touched, volume) == Binding(WHEEL, "volume", "absolute")
    assert learned(cc(3), find("seed")) is None


# Lights


def test_a_control_shows_where_its_knob_stands():
    volume, scene = find("volume"), find("scene")
    (light,) = lights(Binding(FADER, "volume", "absolute"), volume, 1.0)
    assert (light.type, light.control, light.value) == ("control_change", 3, 127)
    pair = lights(Binding(PAIR, "volume", "absolute"), volume, 0.5)
    assert [(each.control, each.value) for each in pair] == [(3, 64), (35, 0)]
    (fader,) = lights(Binding(WHEEL, "volume", "absolute"), volume, 0.0)
    assert fader.pitch == -8192
    assert [lights(Binding(PAD, "scene", "=wall"), scene, name)[0].velocity for name in ("wall", "map")] == [127, 0]
    assert lights(Binding(PAD, "scene", "step"), scene, "a scene of my own") == []


@pytest.mark.parametrize("control", [FADER, PAIR, WHEEL])
def test_what_is_shown_by_a_motor_fader_is_what_it_would_set(control, stand):
    knob = find("volume")
    for value in (0.0, 0.25, 0.777, 1.0):
        messages = lights(Binding(control, "volume", "absolute"), knob, value)
        told(bound(control, "volume", "absolute", pickup=False), parsed(*messages), stand)
        assert stand["volume"] == pytest.approx(value, abs=0.5 / 127)
        assert place_of(knob, stand["volume"]) is not None


# On disk


def test_a_mapping_comes_back_from_json_as_it_was():
    every = [Binding(FADER, "volume", "absolute"), Binding(PAD, "scene", "=wall"), Binding(PAIR, "energy", "absolute")]
    loaded = from_json(json.loads(json.dumps(as_json(every))))
    assert set(loaded) == set(every)
    assert as_json(reversed(every)) == as_json(every)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"channel": 17}, "channel = 17"),
        ({"channel": True}, "channel = True"),
        ({"type": "cc7"}, "cc7"),
        ({"number": 128}, "128"),
        ({"type": "cc14", "number": 32}, "32"),
        ({"knob": 3}, "knob = 3"),
        ({"how": "sideways"}, "sideways"),
        ({"port": ""}, "port"),
    ],
)
def test_a_mapping_with_a_fault_says_which(change, named):
    good = as_json([Binding(FADER, "volume", "absolute")])
    good["bindings"][0].update(change)
    with pytest.raises(ValueError, match=named):
        from_json(good)


@pytest.mark.parametrize("wrong", [None, [], {"format": 2, "bindings": []}, {"format": 1}, {"format": 1, "bindings": [3]}])
def test_what_is_no_mapping_is_refused(wrong):
    with pytest.raises(ValueError, match="needed"):
        from_json(wrong)


def test_the_defaults_of_config_are_the_knobs_that_stand(stand):
    assert stand["volume"] == Config().show.volume
