"""Controllers that come and go, learn mode, lights, and the mapping on disk; no MIDI system is needed."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from types import MappingProxyType, SimpleNamespace

import pytest
from mido import Message

from installation.control import midi as midi_module
from installation.control.keys import KEYS, Keys
from installation.control.midi import HOLD_S, TOUCHES_LIMIT, Midi, SystemPorts, stable_names
from installation.control.midi_map import Control
from installation.step import first_state

NANO, TWISTER = "nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0", "Midi Fighter Twister:Twister 24:0"
NANO_NAME = "nanoKONTROL2:nanoKONTROL2 MIDI 1"


class Cable:
    """An open port of the fake system."""

    def __init__(self, heard=None):
        self.heard, self.sent, self.closed, self.broken = heard, [], False, False

    def send(self, data):
        if self.broken:
            raise OSError("the cable is out")
        self.sent.append(data)

    def close(self):
        self.closed = True


class FakePorts:
    """A computer whose controllers the test plugs in and out."""

    def __init__(self, *names):
        self.there, self.inputs, self.outputs, self.refused, self.looks = list(names), {}, {}, set(), 0

    def names(self):
        self.looks += 1
        return self.there, self.there

    def open_input(self, name, heard):
        if name in self.refused:
            raise OSError("busy")
        self.inputs[name] = Cable(heard)
        return self.inputs[name]

    def open_output(self, name):
        self.outputs[name] = Cable()
        return self.outputs[name]

    def close(self):
        self.there = []


class Hours:
    """A clock that the test turns."""

    now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def ports():
    return FakePorts(NANO)


@pytest.fixture
def hours():
    return Hours()


@pytest.fixture
def midi(tmp_path, ports, hours):
    """Controllers whose thread is the test itself."""
    made = Midi(tmp_path / "midi.json", ports=ports, clock=hours)
    made.look()
    return made


@pytest.fixture
def state(small_world):
    return first_state(small_world, seed_id=small_world.tracks[0].id, seed=1)


def turned(state, **knobs):
    return replace(state, wished=MappingProxyType({**state.wished, **knobs}))


def move(ports, *values, control=3, name=NANO):
    for value in values:
        ports.inputs[name].heard(bytes(Message("control_change", control=control, value=value).bytes()))


def learn(midi, ports, state, typed, *values, control=3):
    midi.learn.open()
    for letter in typed:
        midi.learn.key(letter, letter)
    move(ports, *values, control=control)
    midi.drain(0.0, state.wished)
    midi.learn.key("escape", "")


def flush(midi, ports):
    """Send what waits, as the thread does, and take what was sent."""
    while not midi._out.empty():
        midi._send(*midi._out.get_nowait())
    sent = [Message.from_bytes(data) for cable in ports.outputs.values() for data in cable.sent]
    for cable in ports.outputs.values():
        cable.sent.clear()
    return sent


# Learn mode


def test_moving_a_controller_binds_it_to_the_chosen_knob_and_it_turns_it_from_then_on(midi, ports, state):
    learn(midi, ports, state, "volume", 100, 101)
    assert [(each.control, each.knob, each.how) for each in midi.bindings] == [
        (Control(NANO_NAME, 1, "cc", 3), "volume", "absolute")
    ]
    move(ports, 127)
    (event,) = midi.drain(3.0, state.wished)
    assert (event.source, event.knob, event.value, event.time_s) == (f"midi:{NANO_NAME}", "volume", 1.0, 3.0)


def test_the_list_is_filtered_by_words_walked_by_arrows_and_says_what_turns_what(midi, ports, state):
    learn(midi, ports, state, "volume", 100)
    midi.learn.open()
    rows, marked = midi.learn.rows(state.wished)
    assert (marked, len(rows)) == (0, 13)
    assert rows[0][0] == "next"
    for _ in range(3):
        midi.learn.key("down", "")
    assert midi.learn.rows(state.wished)[1] == 3
    for letter in "wall rows":
        midi.learn.key("", letter)
    rows, marked = midi.learn.rows(state.wished)
    assert rows[marked][0] == f"wall/rows  {state.wished['wall_rows']}"
    for _ in "wall rows":
        midi.learn.key("backspace", "\b")
    for letter in "volume":
        midi.learn.key("", letter)
    rows, marked = midi.learn.rows(state.wished)
    words = f"CC 3, channel 1, by where it stands, of {NANO_NAME}"
    assert rows[marked] == ("volume  0.9", f"waits for the fader to come to 0.9: {words}")
    midi.learn.is_open = False
    move(ports, 114)
    (event,) = midi.drain(0.0, state.wished)
    midi.learn.is_open = True
    rows, marked = midi.learn.rows({**state.wished, "volume": event.value})
    assert rows[marked] == ("volume  0.898", words)
    midi.learn.key("", "qqqq")
    assert midi.learn.rows(state.wished) == ((("nothing like it here", ""),), -1)
    move(ports, 1, control=9)
    midi.drain(0.0, state.wished)
    assert len(midi.bindings) == 1


def test_every_place_in_the_list_can_be_reached_and_is_seen(midi, state):
    midi.learn.open()
    seen = set()
    for _ in range(200):
        rows, marked = midi.learn.rows(state.wished)
        seen.add(rows[marked][0])
        midi.learn.key("down", "")
    assert len(seen) == len(midi.learn._listed())


def test_delete_unbinds_and_left_and_right_change_how(midi, ports, state):
    learn(midi, ports, state, "volume", 100)
    midi.learn.is_open = True
    hows = []
    for _ in range(4):
        midi.learn.key("right", "")
        hows.append(midi.bindings[0].how)
    assert hows == ["twos", "offset", "sign", "absolute"]
    midi.learn.key("left", "")
    assert midi.bindings[0].how == "sign"
    midi.learn.key("delete", "")
    assert midi.bindings == ()


def test_the_more_an_encoder_turns_the_better_it_is_known(midi, ports, state):
    learn(midi, ports, state, "volume", 65)
    assert midi.bindings[0].how == "absolute"
    learn(midi, ports, state, "volume", 65, 65, 63, 63)
    assert [each.how for each in midi.bindings] == ["offset"]


def test_a_motor_fader_is_bound_and_not_the_note_by_which_it_tells_that_it_is_touched(midi, ports, state):
    midi.learn.open()
    for letter in "volume":
        midi.learn.key("", letter)
    for message in (Message("note_on", note=104, velocity=127), Message("pitchwheel", pitch=9), Message("pitchwheel", pitch=90)):
        ports.inputs[NANO].heard(bytes(message.bytes()))
        midi.drain(0.0, state.wished)
    assert [each.control.type for each in midi.bindings] == ["pitch"]


def test_a_control_that_is_bound_anew_leaves_its_old_knob_and_a_pair_takes_its_halves(midi, ports, state):
    learn(midi, ports, state, "volume", 100)
    learn(midi, ports, state, "energy", 100)
    assert [(each.knob, each.control.type) for each in midi.bindings] == [("energy", "cc")]
    midi.learn.open()
    for letter in "volume":
        midi.learn.key("", letter)
    move(ports, 64)
    move(ports, 3, control=35)
    midi.drain(0.0, state.wished)
    assert [(each.knob, each.control.type) for each in midi.bindings] == [("volume", "cc14")]


def test_while_the_list_is_open_all_keys_are_its_own(midi):
    pygame = pytest.importorskip("pygame")
    keys = Keys(learn=midi.learn, fly=lambda *_: (("look_x", 0.5),))

    def press(key, text=""):
        told = SimpleNamespace(type=pygame.KEYDOWN, key=key, unicode=text, mod=0)
        return keys.translate([told], size_px=(200, 100), now_s=1.0)

    assert press(pygame.K_m, "m") == []
    assert midi.learn.is_open
    for letter in "nq+ 1/":
        assert press(ord(letter), letter) == []
    assert midi.learn.typed == "nq+ 1/"
    assert press(pygame.K_ESCAPE) == []
    assert not midi.learn.is_open
    assert [each.knob for each in press(pygame.K_n, "n")] == ["next"]
    assert any(key == "m" for key, _ in KEYS)


# Ports


def test_controllers_come_and_go_and_are_known_again_by_their_names(midi, ports, state):
    learn(midi, ports, state, "volume", 100)
    first = ports.inputs[NANO]
    ports.there = []
    midi.look()
    assert first.closed
    assert ports.outputs[NANO].closed
    ports.there = [NANO.replace("20:0", "28:0"), TWISTER]
    midi.look()
    move(ports, 127, name=ports.there[0])
    assert [each.knob for each in midi.drain(1.0, {**state.wished, "volume": 1.0})] == ["volume"]
    assert "Twister" in midi.words()
    assert midi.errors() == []


def test_a_controller_that_came_back_between_two_looks_on_another_number_is_opened_anew(midi, ports):
    first = ports.inputs[NANO]
    ports.there = [NANO.replace("20:0", "28:0")]
    midi.look()
    assert first.closed
    assert not ports.inputs[ports.there[0]].closed


def test_a_port_that_cannot_be_opened_is_told_once_and_tried_on(midi, ports):
    ports.refused, ports.there = {TWISTER}, [NANO, TWISTER]
    for _ in range(3):
        midi.look()
    (told,) = midi.errors()
    assert "Twister" in told
    assert "busy" in told
    midi.look()
    assert midi.errors() == []
    ports.refused = set()
    midi.look()
    assert TWISTER in ports.inputs


def test_ports_are_chosen_by_a_part_of_their_names(tmp_path):
    ports = FakePorts(NANO, TWISTER)
    Midi(tmp_path / "midi.json", ports=ports, only="twister").look()
    assert list(ports.inputs) == [TWISTER]


def test_two_of_the_same_name_are_told_apart_and_the_shows_own_ports_are_left_out(monkeypatch):
    monkeypatch.setattr(midi_module, "_NUMBERED", midi_module.re.compile(r"\s+\d+:\d+$"))
    assert stable_names(["Pad 20:0", "Pad 24:0", "mixtape:mixtape 128:0"]) == {"Pad": "Pad 20:0", "Pad #2": "Pad 24:0"}


@pytest.mark.parametrize(
    "data", [b"", b"\x90", b"\xb0\x80\x80", b"\xff" * 9, bytes(range(256)), b"\xf0\x01\x02\xf7", b"\x90\x24\x40\x40"]
)
def test_junk_on_the_wire_moves_nothing_and_raises_nothing(midi, state, data):
    midi.hear(NANO_NAME, data)
    assert midi.drain(0.0, state.wished) == []


def test_a_flood_is_bounded_counted_and_its_last_value_is_right(midi, ports, state):
    learn(midi, ports, state, "volume", 100)
    move(ports, *([0, 127] * 2500), 80)
    assert len(midi.drain(0.0, {**state.wished, "volume": 0.0})) <= TOUCHES_LIMIT
    move(ports, *([0, 127] * 200), 80)
    assert midi.drain(0.0, state.wished)[-1].value == pytest.approx(80 / 127)
    assert midi.lost == 5001 - TOUCHES_LIMIT + 401 - TOUCHES_LIMIT
    assert f"{5001 - TOUCHES_LIMIT + 401 - TOUCHES_LIMIT:,} messages lost" in midi.words()


def test_a_storm_of_presses_asks_a_frame_for_one_song_and_an_encoders_steps_through_the_song_for_one_leap(midi, ports, state):
    learn(midi, ports, state, "next", 127, 0, control=41)
    learn(midi, ports, state, "skip", 1, 1, 1, 127, control=16)
    while midi.drain(0.0, state.wished):
        pass
    move(ports, *([127, 0] * 30), control=41)
    assert [len(midi.drain(0.0, state.wished)) for _ in range(31)] == [1] * 30 + [0]
    move(ports, *([1] * 12), control=16)
    assert [(each.knob, each.value) for each in midi.drain(0.0, state.wished)] == [("skip", 12.0)]


# Lights and motor faders


def test_what_stands_is_shown_on_connection_and_on_change_and_not_again(midi, ports, state, small_world, hours):
    learn(midi, ports, state, "volume", 100)
    hours.now_s += 1.0
    midi.tell(turned(state, volume=0.5), small_world)
    assert [each.value for each in flush(midi, ports)] == [64]
    midi.tell(turned(state, volume=0.5), small_world)
    assert flush(midi, ports) == []
    midi.tell(turned(state, volume=1.0), small_world)
    assert [each.value for each in flush(midi, ports)] == [127]
    ports.there = []
    midi.look()
    midi.tell(turned(state, volume=0.0), small_world)
    ports.there = [NANO]
    midi.look()
    midi.tell(turned(state, volume=0.0), small_world)
    assert [each.value for each in flush(midi, ports)] == [0]


def test_a_fader_is_left_alone_while_a_hand_moves_it_and_told_when_it_rests(midi, ports, state, small_world, hours):
    learn(midi, ports, state, "volume", 100)
    hours.now_s += 1.0
    midi.tell(turned(state, volume=0.5), small_world)
    flush(midi, ports)
    for value in (10, 20, 30):
        move(ports, value)
        midi.drain(0.0, state.wished)
        midi.tell(turned(state, volume=value / 127), small_world)
        hours.now_s += HOLD_S / 2
        assert flush(midi, ports) == []
    hours.now_s += HOLD_S
    midi.tell(turned(state, volume=30 / 127), small_world)
    assert [each.value for each in flush(midi, ports)] == [30]


@pytest.mark.parametrize(("knob", "field"), [("pause", "paused"), ("record", "recording")])
def test_the_light_of_a_button_changes_under_the_finger(midi, ports, state, small_world, knob, field):
    learn(midi, ports, state, knob, 127, 0)
    for on, light in ((False, 0), (True, 127)):
        move(ports, 127, 0)
        assert [each.knob for each in midi.drain(0.0, state.wished)] == [knob]
        midi.tell(replace(state, **{field: on}), small_world)
        assert [each.value for each in flush(midi, ports)] == [light]


def test_a_cable_that_breaks_is_told_once_and_holds_up_nothing(midi, ports, state, small_world, hours):
    learn(midi, ports, state, "volume", 100)
    ports.outputs[NANO].broken = True
    for step in range(600):
        hours.now_s += 1.0
        midi.tell(turned(state, volume=step / 600), small_world)
    flush(midi, ports)
    (told,) = midi.errors()
    assert "the cable is out" in told


# Clock


def test_a_clock_is_read_and_its_start_and_stop_steer_only_where_that_is_wished(tmp_path, ports, hours, state):
    for transport, wanted in ((False, []), (True, [("pause", False), ("pause", True)])):
        midi = Midi(tmp_path / "midi.json", ports=ports, clock=hours, transport=transport)
        midi.look()
        cable = ports.inputs[NANO]
        cable.heard(b"\xfa")
        for _ in range(49):
            hours.now_s += 60 / 128 / 24
            cable.heard(b"\xf8")
        assert "128.0 beats a minute, running" in midi.words()
        cable.heard(b"\xfc")
        assert [(each.knob, each.value) for each in midi.drain(0.0, state.wished)] == wanted


def test_the_clock_goes_out_by_a_thread_of_its_own_to_the_ports_that_are_named(tmp_path, small_world, state):
    ports = FakePorts(NANO, TWISTER)
    with Midi(tmp_path / "midi.json", ports=ports, clock_to="twister") as midi:
        begin_s = time.monotonic()
        while TWISTER not in ports.outputs or len(ports.outputs[TWISTER].sent) < 30:
            assert time.monotonic() - begin_s < 20.0
            midi.tell(replace(state, song_s=time.monotonic() - begin_s), small_world)
            time.sleep(0.01)
    assert b"\xfa" in ports.outputs[TWISTER].sent
    assert ports.outputs[NANO].sent == []
    assert ports.outputs[TWISTER].closed


# The mapping on disk


def test_a_mapping_is_kept_and_found_again(tmp_path, ports, state):
    path = tmp_path / "library" / "midi.json"
    with Midi(path, ports=ports) as midi:
        begin_s = time.monotonic()
        while NANO not in ports.inputs:
            assert time.monotonic() - begin_s < 20.0
        learn(midi, ports, state, "volume", 100)
        was = midi.bindings
    assert len(was) == 1
    with Midi(path, ports=FakePorts()) as midi:
        assert midi.bindings == was
    assert json.loads(path.read_text())["bindings"][0]["port"] == NANO_NAME
    assert [each.name for each in path.parent.iterdir()] == ["midi.json"]


@pytest.mark.parametrize("content", ["{", '{"format": 9}', "[" * 100_000, "\x00\x01", '{"format": 1, "bindings": [{"port": 3}]}'])
def test_a_broken_mapping_is_told_and_set_aside_and_never_written_over(tmp_path, state, content):
    path, ports = tmp_path / "midi.json", FakePorts(NANO)
    for _ in range(2):
        path.write_text(content)
        with Midi(path, ports=ports) as midi:
            ports.there = [NANO]
            midi.look()
            learn(midi, ports, state, "volume", 100)
            (told,) = midi.errors()
            assert "set aside" in told
    assert [(tmp_path / f"midi.broken-{k}.json").read_text() for k in (1, 2)] == [content] * 2
    assert len(json.loads(path.read_text())["bindings"]) == 1


def test_bindings_of_scenes_that_are_not_there_now_are_kept(tmp_path, ports, state):
    path = tmp_path / "midi.json"
    row = {"port": "Pad", "channel": 1, "type": "cc", "number": 9, "knob": "scene/rain/speed", "how": "absolute"}
    path.write_text(json.dumps({"format": 1, "bindings": [row]}))
    with Midi(path, ports=ports) as midi:
        midi.look()
        learn(midi, ports, state, "volume", 100)
    assert row in json.loads(path.read_text())["bindings"]


# Without any MIDI


def test_a_computer_without_midi_says_so_quietly_and_the_show_goes_on(tmp_path, state, small_world, monkeypatch, capfd):
    monkeypatch.setattr(midi_module, "_SEQUENCER", tmp_path / "seq")
    monkeypatch.setattr(midi_module.sys, "platform", "linux")
    midi = Midi(tmp_path / "midi.json", ports=SystemPorts())
    for _ in range(3):
        midi.look()
    midi.tell(state, small_world)
    assert midi.drain(0.0, state.wished) == []
    assert midi.errors() == []
    assert "no MIDI on this computer" in midi.words()
    assert capfd.readouterr() == ("", "")


def test_a_driver_that_fails_in_any_way_holds_up_nothing(tmp_path, state):
    def fails():
        raise RuntimeError("the driver fell over")

    ports = SimpleNamespace(names=fails, close=lambda: None)
    with Midi(tmp_path / "midi.json", ports=ports) as midi:
        midi.look()
        assert midi.words() == "the driver fell over"
        assert midi.drain(0.0, state.wished) == []


def test_the_loop_can_be_imported_without_the_midi_system():
    said = subprocess.run(
        [sys.executable, "-c", "import installation.live, sys; print('rtmidi' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ},
    )
    assert said.stdout.strip() == "False"


class FakeRtmidi:
    """What of python-rtmidi is used, with one controller."""

    def __init__(self):
        self.alive, self.made, self.refuse = [], 0, False
        self.MidiIn = self.MidiOut = self._client

    def _client(self, name):
        self.made += 1
        client = SimpleNamespace(name=name, told=None, sent=[], timing=True)
        client.get_ports = lambda: [NANO]
        client.open_port = lambda _number, name: 1 / 0 if self.refuse else None
        client.close_port = lambda: None
        client.delete = lambda: self.alive.remove(client)
        client.ignore_types = lambda **kinds: vars(client).update(kinds)
        client.set_callback = lambda told: vars(client).update(told=told)
        client.send_message = client.sent.append
        self.alive.append(client)
        return client


def test_the_systems_ports_are_looked_for_by_one_client_and_every_other_is_given_back(monkeypatch, tmp_path, state):
    system = FakeRtmidi()
    monkeypatch.setitem(sys.modules, "rtmidi", system)
    monkeypatch.setattr(midi_module, "_SEQUENCER", tmp_path)
    with Midi(tmp_path / "midi.json") as midi:
        begin_s = time.monotonic()
        while len(system.alive) < 4:
            assert time.monotonic() - begin_s < 20.0
        for _ in range(100):
            midi.look()
        assert system.made == 4
        (heard,) = [client for client in system.alive if client.told]
        assert heard.timing is False
        heard.told(([0xB0, 3, 99], 0.0), None)
        assert midi._touches[0].value == 99
        midi._send(NANO_NAME, [b"\x90\x24\x7f"])
        assert [client.sent for client in system.alive if client.sent] == [[b"\x90\x24\x7f"]]
    assert system.alive == []
    system.refuse = True
    refused = Midi(tmp_path / "midi.json")
    refused.look()
    assert len(system.alive) == 2
    assert any("cannot be opened" in words for words in refused.errors())
