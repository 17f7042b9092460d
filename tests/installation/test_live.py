"""The live loop and what stands beside it: pace, signals, frames that fail, songs read ahead, songs that cannot be heard."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import time
from dataclasses import replace
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest

from installation.ahead import Ahead
from installation.control.midi import Midi
from installation.live import SWITCH_S, Ending, Live, Pace, pace_hz
from installation.messages import ControlEvent, Moment
from installation.places import of_map, places_of
from installation.points import write_points
from installation.quality import LEVELS
from installation.show import Show
from installation.stage import Stage
from installation.step import first_state
from installation.waiting import Waiting
from mixtape.errors import ShowError
from mixtape.types import Timeline


class Nothing:
    """Stage, sampler, sound and window that do as they are told and show nothing."""

    size, errors, vsync, refresh_hz, level = (320, 180), (), False, 0, 0
    ctx = SimpleNamespace(error="GL_NO_ERROR")

    def __init__(self):
        self.drawn, self.played, self.broken, self.pressed, self.shown = 0, [], set(), [], []

    def draw(self, state, into, *, shown):
        self.drawn += 1
        self.shown.append(shown)

    def resize(self, size, *, level):
        self.level = level

    def reload(self):
        pass

    def row_at(self, x, y, shown):
        return None

    def nearest(self, x_px, y_px, state, *, reach):
        return None

    def piece_at(self, x, y, shown):
        return None

    def request(self, request):
        pass

    def take(self):
        return None

    def play(self, command):
        self.played.append(command.track_id)

    def volume(self, command):
        pass

    def events(self):
        pressed, self.pressed = self.pressed, []
        return pressed

    def show(self):
        pass


class QuietSound(Nothing):
    """Moves on by 0.1 s each time it is asked where it is."""

    song_s = 0.0

    def play(self, command):
        super().play(command)
        self.song_s = 0.0

    def position(self):
        self.song_s += 0.1
        return (self.played[-1], self.song_s) if self.played else ("", 0.0)

    def spent(self):
        return self.played[-1] if self.played[-1:] and self.played[-1] in self.broken else ""

    def errors(self):
        return []


@pytest.fixture
def parts(small_world):
    stage, sound, said = Nothing(), QuietSound(), []
    show = Show(small_world, stage, sound, Nothing(), seed_id=small_world.tracks[0].id, say=said.append)
    return show, stage, sound, said


def live_of(parts, world, ahead=None, sound=None, midi=None, osc=None):
    show, stage, _, _ = parts
    quiet = SimpleNamespace(
        songs=lambda _: None, search=lambda _: None, found=lambda _: None, has=lambda _: True, errors=list, meant=world.find
    )
    return Live(show, stage, stage, world, osc=osc, ahead=ahead or quiet, sound=sound, midi=midi)


def ready(live, events, now_s):
    """What the loop does of these events in a frame, and of those that waited."""
    return live._waiting.ready(events, live._show.state, now_s=now_s)


def frames(show, count, *, every_s=0.25, from_s=0.0):
    for frame in range(count):
        show.frame(Moment(frame, from_s + frame * every_s, every_s, show.heard_s), ())


def test_a_song_that_cannot_be_heard_is_passed_over(parts, small_world):
    show, _, sound, said = parts
    sound.broken = {small_world.tracks[0].id}
    show.open()
    frames(show, 8)
    assert small_world.tracks[0].label in said[0]
    assert len(sound.played) == 2
    assert show.state.track_id == sound.played[1] != small_world.tracks[0].id


def test_when_no_song_at_all_can_be_heard_the_show_does_not_race_through_them(parts, small_world):
    show, _, sound, _ = parts
    sound.broken = {track.id for track in small_world.tracks}
    show.open()
    frames(show, 40)
    assert 4 <= len(sound.played) <= 6


def test_threads_beside_the_loop_take_short_turns_as_long_as_it_runs(parts, small_world):
    stage, before_s, turns_s = parts[1], sys.getswitchinterval(), []
    stage.draw = lambda *_, **__: turns_s.append(sys.getswitchinterval())
    with Ending() as ending:
        live_of(parts, small_world).run(ending, frames=2)
    assert turns_s == [pytest.approx(SWITCH_S)] * 2
    assert sys.getswitchinterval() == before_s


def test_one_frame_that_fails_is_told_once_and_the_next_is_drawn(parts, small_world):
    _, stage, _, said = parts
    draw, left = stage.draw, [3]

    def trembling(*args, **options):
        if left[0]:
            left[0] -= 1
            raise ValueError("the scene fell over")
        draw(*args, **options)

    stage.draw = trembling
    with Ending() as ending:
        live_of(parts, small_world).run(ending, frames=6)
    assert stage.drawn == 3
    assert len(said) == 1
    assert "the scene fell over" in said[0]


def test_a_picture_that_never_comes_back_ends_the_show_in_words(parts, small_world, monkeypatch):
    monkeypatch.setattr("installation.live.GIVE_UP_S", 0.1)
    parts[1].draw = lambda *_, **__: 1 / 0
    with Ending() as ending, pytest.raises(ShowError, match="division by zero"):
        live_of(parts, small_world).run(ending, frames=200)


def test_openGL_in_trouble_is_told_and_ends_the_show_when_it_stays(parts, small_world, monkeypatch):
    monkeypatch.setattr("installation.live.GIVE_UP_S", 0.1)
    monkeypatch.setattr("installation.live._LOOK_S", 0.0)
    parts[1].ctx = SimpleNamespace(error="GL_CONTEXT_LOST")
    with Ending() as ending, pytest.raises(ShowError, match="GL_CONTEXT_LOST"):
        live_of(parts, small_world).run(ending, frames=200)
    assert any("GL_CONTEXT_LOST" in words for words in parts[3])


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no signals of this kind")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_show_after_its_frame(parts, small_world, name):
    stage, draw = parts[1], parts[1].draw

    def asked(*args, **options):
        draw(*args, **options)
        if stage.drawn == 3:
            os.kill(os.getpid(), getattr(signal, name))

    stage.draw = asked
    before = signal.getsignal(getattr(signal, name))
    with Ending() as ending:
        live_of(parts, small_world).run(ending, frames=200)
    assert stage.drawn == 3
    assert signal.getsignal(getattr(signal, name)) is before


def test_quitting_works_while_every_frame_fails(parts, small_world):
    pygame = pytest.importorskip("pygame")
    stage = parts[1]
    stage.draw = lambda *_, **__: 1 / 0
    stage.pressed = [SimpleNamespace(type=pygame.QUIT)]
    with Ending() as ending:
        live_of(parts, small_world).run(ending, frames=200)
    assert parts[0].over
    assert parts[0].state.moment.frame < 5


def test_a_loop_that_oversleeps_keeps_its_rate_on_the_average():
    now = [10.0]

    def oversleep(seconds):
        now[0] += seconds + 0.004

    pace = Pace(60.0, now_s=lambda: now[0], sleep=oversleep)
    for _ in range(600):
        now[0] += 0.005
        pace.wait()
    assert now[0] - 10.0 == pytest.approx(10.0, abs=0.02)


def test_a_loop_that_was_held_up_does_not_hurry_afterwards():
    now, slept = [0.0], []
    pace = Pace(50.0, now_s=lambda: now[0], sleep=slept.append)
    now[0] = 5.0
    pace.wait()
    assert slept == []
    pace.wait()
    assert slept == [pytest.approx(0.02)]


@pytest.mark.parametrize(
    ("fps", "refresh_hz", "vsync", "meant"),
    [(60, 60, True, 63.0), (60, 60, False, 60.0), (60, 144, True, 60.0), (60, 0, True, 60.0), (30, 60, True, 30.0)],
)
def test_the_display_sets_the_pace_where_it_can(fps, refresh_hz, vsync, meant):
    assert pace_hz(fps, refresh_hz=refresh_hz, vsync=vsync) == pytest.approx(meant)


class Shelf:
    """A library that finds songs by their title, or not at all."""

    def __init__(self, world, error=None):
        self._world, self._error = world, error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def find(self, text, *, limit):
        if self._error:
            raise self._error
        return self._world.find(text)[:limit]


def until(condition):
    deadline = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_what_is_typed_is_found_beside_the_loop(small_world):
    with Ahead(small_world, lambda: Shelf(small_world)) as ahead:
        assert ahead.found("ostinato") is None
        for text in ("o", "ost", "ostinato"):
            ahead.search(text)
        until(lambda: ahead.found("ostinato") is not None)
        assert [track.title for track in ahead.found("ostinato") or ()] == ["Ostinato"] * 10
        ahead.search("zzz")
        until(lambda: ahead.found("zzz") == ())
        assert ahead.errors() == []


def test_a_wish_in_words_is_looked_up_beside_the_loop_and_becomes_the_song_it_means(parts, small_world):
    asked_in = set()

    def slow(text):
        asked_in.add(threading.current_thread().name)
        return small_world.find(text)

    with Ahead(small_world, lambda: Shelf(SimpleNamespace(find=slow))) as ahead:
        live = live_of(parts, small_world, ahead)
        assert ready(live, [ControlEvent("osc", "seed", "vermilion", 1.0)], 1.0) == []
        until(lambda: ahead.meant("vermilion"))
        meant = small_world.find("vermilion")[0].id
        ahead.songs((meant,))
        until(lambda: ahead.has(meant))
        assert [(each.source, each.value) for each in ready(live, [], 1.1)] == [("osc", meant)]
    assert asked_in == {"ahead"}


def test_of_several_songs_wished_for_in_words_the_last_counts(parts, small_world):
    first, last = (small_world.tracks[row].id for row in (20, 30))
    known = {}
    quiet = SimpleNamespace(songs=list, search=list, found=known.get, errors=list, has=lambda _: True, meant=known.get)
    live = live_of(parts, small_world, quiet)
    assert ready(live, [ControlEvent("osc", "seed", "first", 1.0)], 1.0) == []
    assert (
        ready(live, [ControlEvent("osc", "seed", "last", 1.1), ControlEvent("osc", "energy", 0.5, 1.1)], 1.1)[0].knob == "energy"
    )
    known.update(first=(small_world.track(first),), last=(small_world.track(last),))
    assert [each.value for each in ready(live, [], 1.2)] == [last]
    assert ready(live, [ControlEvent("osc", "seed", "never found", 2.0)], 2.0) == []
    assert ready(live, [], 3.0) == []
    assert [each.value for each in ready(live, [], 4.1)] == ["never found"], "the step says that there is none"


def waiting_room(world, known=None):
    quiet = SimpleNamespace(has=lambda _: True, map=lambda _: True, meant=({} if known is None else known).get)
    return Waiting(world, quiet), first_state(world, seed_id=world.tracks[0].id, seed=1)


def wished(knob, value=None, time_s=0.0):
    return ControlEvent("osc", knob, value, time_s)


def test_however_fast_songs_are_chosen_one_begins_every_quarter_of_a_second(small_world):
    room, state = waiting_room(small_world)
    begun = [len(room.ready([wished("next", time_s=frame / 60)], state, now_s=frame / 60)) for frame in range(120)]
    assert sum(begun) == 8
    assert sum(len(room.ready([], state, now_s=2.0 + frame / 60)) for frame in range(600)) == 8, "those that waited, and no more"


def test_other_wishes_pass_those_that_wait(small_world):
    room, state = waiting_room(small_world)
    room.ready([wished("next")], state, now_s=0.0)
    assert [each.knob for each in room.ready([wished("next"), wished("energy", 0.5)], state, now_s=0.1)] == ["energy"]


def test_what_follows_a_song_in_words_waits_for_it(small_world):
    known = {}
    room, state = waiting_room(small_world, known)
    assert room.ready([wished("seed", "night train"), wished("next")], state, now_s=0.0) == []
    known["night train"] = (small_world.tracks[7],)
    assert [each.value for each in room.ready([], state, now_s=0.1)] == [small_world.tracks[7].id]
    assert [each.knob for each in room.ready([], state, now_s=0.5)] == ["next"]


def test_a_song_that_is_chosen_takes_the_place_of_all_that_waited(small_world):
    room, state = waiting_room(small_world)
    room.ready([wished("next"), wished("next"), wished("previous")], state, now_s=0.0)
    room.ready([wished("seed", small_world.tracks[9].id, 0.1)], state, now_s=0.1)
    assert [each.value for each in room.ready([], state, now_s=0.3)] == [small_world.tracks[9].id]
    assert room.ready([], state, now_s=5.0) == []


def test_maps_too_come_one_after_the_other(small_world):
    room, state = waiting_room(small_world)
    room._world = SimpleNamespace(maps=SimpleNamespace(names=("a", "b", "c")), row=small_world.row)
    passed = [room.ready([wished("map", "abc"[frame % 3], frame / 60)], state, now_s=frame / 60) for frame in range(61)]
    assert [each.value for events in passed for each in events] == ["a", "a", "a", "a", "a"]
    assert room.ready([wished("map", "nowhere")], state, now_s=1.01)[0].value == "nowhere", "the step says that there is none"


def test_wishes_in_words_are_kept_a_few_at_a_time(small_world):
    with Ahead(small_world, lambda: Shelf(small_world)) as ahead:
        for k in range(500):
            ahead.meant(f"wish {k}")
        until(lambda: ahead.meant("wish 499") == ())
        assert len(ahead._meant) <= 16


def test_a_catalogue_that_cannot_be_asked_finds_nothing_and_a_library_that_is_gone_is_told(small_world):
    with Ahead(small_world, lambda: Shelf(small_world, sqlite3.OperationalError("locked"))) as ahead:
        ahead.search("ost")
        until(lambda: ahead.found("ost") == ())

    def gone():
        raise ShowError("no library here")

    with Ahead(small_world, gone) as ahead:
        told = []
        until(lambda: told.extend(ahead.errors()) or told)
        assert "no library here" in told[0]


def test_the_songs_to_come_are_read_ahead_the_next_one_first(small_world):
    read = []

    def timeline(track_id) -> Timeline:
        read.append(track_id)
        return small_world.timeline(track_id)

    coming = [track.id for track in small_world.tracks[:4]]
    with Ahead(replace(small_world, timeline=timeline), lambda: Shelf(small_world)) as ahead:
        ahead.songs(coming[:3])
        until(lambda: len(read) == 3)
        ahead.songs(coming[1:])
        until(lambda: coming[3] in read)
    assert read[:3] == coming[:3]


def test_an_open_search_shows_what_is_typed_and_enter_plays_what_stands_first(parts, small_world):
    pygame = pytest.importorskip("pygame")
    _, stage, sound, _ = parts

    def press(key, text=""):
        return SimpleNamespace(type=pygame.KEYDOWN, key=key, unicode=text, mod=0)

    with Ahead(small_world, lambda: Shelf(small_world)) as ahead, Ending() as ending:
        live = live_of(parts, small_world, ahead)
        stage.pressed = [press(pygame.K_SLASH, "/"), *(press(ord(letter), letter) for letter in "verm")]
        live.run(ending, frames=1)
        until(lambda: ahead.found("verm"))
        live.run(ending, frames=1)
        shown = stage.shown[-1]
        assert shown.heading == "verm_"
        assert [row[0] for row in shown.rows] == ["Vermilion Sands"] * 5
        best = ahead.found("verm")[0].id
        stage.pressed = [press(pygame.K_RETURN, "\r")]
        until(lambda: live.run(ending, frames=1) or sound.played[-1] == best)
        assert not stage.shown[-1].any
        stage.pressed = [press(pygame.K_QUESTION, "?")]
        live.run(ending, frames=1)
        assert stage.shown[-1].heading == "keys"
        stage.pressed = [press(pygame.K_QUESTION, "?")]
        live.run(ending, frames=1)
        assert "tap" in stage.shown[-1].rows[0][0]
        stage.pressed = [press(pygame.K_QUESTION, "?")]
        live.run(ending, frames=1)
        assert not stage.shown[-1].any


def test_f1_says_how_the_show_runs(parts, small_world):
    pygame = pytest.importorskip("pygame")
    show, stage, _, _ = parts
    show.complain("the projector is warm")
    sound = SimpleNamespace(underruns=3, output_name="Speakers")
    live = live_of(parts, small_world, sound=sound)
    stage.pressed = [SimpleNamespace(type=pygame.KEYDOWN, key=pygame.K_F1, mod=0, unicode="")]
    with Ending() as ending:
        live.run(ending, frames=3)
    rows = dict(stage.shown[-1].rows)
    assert rows["sound"] == "Speakers, 3 underruns"
    assert rows["now"] == small_world.track(show.state.track_id).label
    assert rows["quality"] == "full, by itself, for 320 x 180"
    assert "the projector is warm" in rows["0 s ago"]
    assert rows["memory"].split()[0].replace(",", "").isdigit()
    assert {knob for words in live_knobs(stage.shown[-1].rows) for knob in [words.split()[0]]} == set(show.state.knobs)


def live_knobs(rows):
    """The knobs among the rows, each with its value."""
    first = next(place for place, row in enumerate(rows) if row[0] == "knobs")
    return [words for _, row in rows[first:] for words in row.split("  ·  ")]


def test_the_picture_is_drawn_as_finely_as_the_knob_says(parts, small_world):
    show, stage, _, _ = parts
    show.state = replace(show.state, knobs={**show.state.knobs, "quality": "low"})
    with Ending() as ending:
        live_of(parts, small_world).run(ending, frames=2)
    assert LEVELS[stage.level].name == "low"


def test_a_controller_moved_under_an_open_list_turns_the_chosen_knob_of_the_show(parts, small_world, tmp_path):
    pygame = pytest.importorskip("pygame")
    show, stage, _, said = parts
    midi = Midi(tmp_path / "midi.json", ports=SimpleNamespace(names=lambda: ((), ()), close=lambda: None), pickup=False)
    live = live_of(parts, small_world, midi=midi)
    typed = [SimpleNamespace(type=pygame.KEYDOWN, key=ord(each), unicode=each, mod=0) for each in "mvolume"]
    with Ending() as ending:
        stage.pressed = typed
        live.run(ending, frames=1)
        assert stage.shown[-1].heading == "volume_"
        midi.hear("Pad", b"\xb0\x07\x20")
        live.run(ending, frames=2)
        assert "CC 7, channel 1, by where it stands, of Pad" in dict(stage.shown[-1].rows)[f"volume  {0.252:.3g}"]
        assert show.state.knobs["volume"] == pytest.approx(32 / 127)
        stage.pressed = [SimpleNamespace(type=pygame.KEYDOWN, key=pygame.K_ESCAPE, unicode="", mod=0)]
        live.run(ending, frames=1)
    assert not stage.shown[-1].any
    assert not show.over
    assert said == []


def test_a_song_chosen_out_of_turn_begins_once_it_has_been_read_beside_the_loop(parts, small_world):
    show, _, sound, _ = parts
    read, asked = set(), []
    quiet = SimpleNamespace(songs=asked.append, search=lambda _: None, found=lambda _: None, errors=list, has=read.__contains__)
    wished = small_world.tracks[30].id
    osc = SimpleNamespace(listening=False, inbox=SimpleNamespace(own={}), counts=SimpleNamespace(last_reason=""))
    waiting = [[ControlEvent("osc:a", "seed", wished, 0.0)]]
    osc.drain = lambda now_s: [replace(each, time_s=now_s) for each in (waiting.pop() if waiting else [])]
    live = live_of(parts, small_world, quiet, osc=osc)
    with Ending() as ending:
        live.run(ending, frames=2)
        assert wished not in sound.played
        assert asked[-1][0] == wished
        read.add(wished)
        live.run(ending, frames=1)
    assert sound.played[-1] == wished
    assert show.state.track_id == wished


def test_a_song_that_nobody_reads_begins_all_the_same(parts, small_world):
    quiet = SimpleNamespace(songs=lambda _: None, search=lambda _: None, found=lambda _: None, errors=list, has=lambda _: False)
    live = live_of(parts, small_world, quiet)
    event = ControlEvent("keys", "seed", small_world.tracks[30].id, 5.0)
    assert ready(live, [event], 5.0) == []
    assert ready(live, [], 5.2) == []
    assert [(each.value, each.time_s) for each in ready(live, [], 5.4)] == [(event.value, 5.4)]


class Phones:
    """A remote whose guest wishes for one song, and whose operator looks at the picture."""

    listening, operated, own, code = True, True, MappingProxyType({}), ("01", "10")

    def __init__(self, song):
        self.asked = [ControlEvent("phone:0000000a", "seed", song, 0.0)]
        self.told, self.answers, self.picture, self.picture_wanted = [], [], None, True

    def drain(self, now_s):
        asked, self.asked = self.asked, []
        return asked

    def present(self):
        return frozenset()

    def tell(self, told, answers):
        self.told.append(told)
        self.answers += answers

    def show_picture(self, pixels):
        self.picture, self.picture_wanted = pixels, False

    def errors(self):
        return []


def test_a_phones_wish_stands_next_and_the_code_and_the_picture_come_when_they_are_asked_for(parts, small_world):
    show, stage, _, _ = parts
    stage.look = lambda: lambda: "the picture"
    wanted, playing = small_world.tracks[20].id, show.state.track_id
    phones = Phones(wanted)
    quiet = SimpleNamespace(songs=lambda _: None, search=lambda _: None, found=lambda _: None, errors=list)
    live = Live(show, stage, stage, small_world, osc=None, ahead=quiet, remote=phones)
    with Ending() as ending:
        live.run(ending, frames=4)
    assert (show.state.track_id, show.state.next_ids[0]) == (playing, wanted)
    assert [source for source, _ in phones.answers] == ["phone:0000000a"]
    assert phones.told[-1].standing.turns.songs == (wanted,)
    assert phones.told[-1].rows
    assert phones.picture == "the picture"
    assert stage.shown[-1].code == ()
    show.frame(Moment(5, 1.0, 0.1, 0.5), (ControlEvent("keys", "remote_code", True, 1.0),))
    with Ending() as ending:
        live.run(ending, frames=1)
    assert stage.shown[-1].code == phones.code


def test_while_somebody_types_the_songs_that_fit_are_lit_and_a_click_beside_them_leaves_the_search_open(parts, small_world):
    pygame = pytest.importorskip("pygame")
    show, stage, sound, _ = parts

    def press(key, text=""):
        return pygame.event.Event(pygame.KEYDOWN, key=key, unicode=text, mod=0)

    def click():
        return pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(10, 10), touch=False)

    with Ahead(small_world, lambda: Shelf(small_world)) as ahead, Ending() as ending:
        live = live_of(parts, small_world, ahead)
        stage.pick = lambda x, y, state: None
        live.run(ending, frames=1)
        assert stage.shown[-1].lit is None
        stage.pressed = [press(pygame.K_SLASH, "/"), *(press(ord(letter), letter) for letter in "slow")]
        live.run(ending, frames=1)
        until(lambda: ahead.found("slow"))
        until(lambda: live.run(ending, frames=1) or stage.shown[-1].lit.songs.max() > 0.5)
        light = stage.shown[-1].lit
        fits = {row for row, track in enumerate(small_world.tracks) if track.title == "Slow Water"}
        assert set(np.flatnonzero(light.songs)) == fits
        assert light.best == tuple(small_world.row[track.id] for track in ahead.found("slow")[:5])
        stage.pressed = [click()]
        live.run(ending, frames=1)
        assert stage.shown[-1].heading == "slow_"
        listed = ahead.found("slow")[2].id
        stage.row_at = lambda x, y, shown: 2
        assert live._under.song(0.1, 0.1) == listed
        stage.row_at = lambda x, y, shown: None
        wanted = small_world.tracks[max(fits)].id
        stage.pick = lambda x, y, state: wanted
        stage.pressed = [click()]
        until(lambda: live.run(ending, frames=1) or sound.played[-1:] == [wanted])
        assert stage.shown[-1].heading == ""
        until(lambda: live.run(ending, frames=1) or stage.shown[-1].lit is None)
    assert show.state.track_id == wanted


def test_the_list_of_the_learn_mode_is_steered_by_pointer_and_finger_and_the_knob_pressed_is_the_one_that_is_bound(
    parts, small_world, tmp_path, gl
):
    pygame = pytest.importorskip("pygame")
    show, stage, _, _ = parts
    midi = Midi(tmp_path / "midi.json", ports=SimpleNamespace(names=lambda: ((), ()), close=lambda: None), pickup=False)
    live = live_of(parts, small_world, midi=midi)
    drawing = Stage(gl, small_world, size=stage.size, patient=True)
    stage.row_at = drawing.row_at

    def place_of(row):
        """Where a row's letters are seen: the brightest line of the picture around there."""
        drawing.draw(show.state, shown=replace(stage.shown[-1], marked=row))
        marked = drawing.read().astype(float)
        drawing.draw(show.state, shown=replace(stage.shown[-1], marked=(row + 6) % len(stage.shown[-1].rows)))
        gain = (marked - drawing.read())[:, 16:60].sum(axis=(1, 2))
        return 30, int(np.argmax(gain))

    def click(place):
        return pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=place, touch=False)

    def finger(kind, place):
        x, y = place[0] / stage.size[0], place[1] / stage.size[1]
        return pygame.event.Event(kind, touch_id=1, finger_id=1, x=x, y=y, dx=0.0, dy=0.0)

    with Ending() as ending:
        stage.pressed = [pygame.event.Event(pygame.KEYDOWN, key=pygame.K_m, unicode="m", mod=0)]
        live.run(ending, frames=1)
        stage.pressed = [pygame.event.Event(pygame.MOUSEWHEEL, x=0, y=-3, touch=False)]
        live.run(ending, frames=2)
        stage.pressed = [click(place_of(4))]
        live.run(ending, frames=2)
        assert stage.shown[-1].marked == 4
        place = place_of(7)
        stage.pressed = [finger(pygame.FINGERDOWN, place), finger(pygame.FINGERUP, place)]
        live.run(ending, frames=2)
        assert stage.shown[-1].marked == 7
        chosen = stage.shown[-1].rows[7][0].split()[0]
        midi.hear("Pad", b"\xb0\x07\x20")
        live.run(ending, frames=2)
        midi.learn.is_open = False
        # A knob pressed among the readings opens the list at itself.
        stage.piece_at = lambda x, y, shown: "volume 0.9"
        stage.pressed = [pygame.event.Event(pygame.KEYDOWN, key=pygame.K_F1, unicode="", mod=0), click((10, 10))]
        live.run(ending, frames=2)
        assert stage.shown[-1].rows[stage.shown[-1].marked][0].startswith("volume")
    assert [binding.knob for binding in midi.bindings] == [chosen.replace("/", "_")]
    assert show.state.history == (small_world.tracks[0].id,)


def test_a_key_goes_through_recipes_and_their_mixtapes_and_says_which(parts, small_world):
    pygame = pytest.importorskip("pygame")
    show, stage, _, _ = parts
    live = live_of(parts, small_world)
    with Ending() as ending:
        for letter, knob, value in (
            ("x", "recipe", "nearest_map"),
            ("X", "recipe", "walk"),
            ("X", "recipe", "tour"),
            ("y", "variation", 1),
            ("Y", "variation", 0),
            ("Y", "variation", 0),
        ):
            stage.pressed = [SimpleNamespace(type=pygame.KEYDOWN, key=ord(letter.lower()), unicode=letter, mod=0)]
            live.run(ending, frames=2)
            assert show.state.wished[knob] == value
    ((words, does),) = stage.shown[-1].rows
    assert words == "tour" and does.startswith("A tour of the whole collection")


def test_a_line_drawn_over_the_map_lights_its_songs_becomes_the_mixtape_and_fades(parts, small_world):
    pygame = pytest.importorskip("pygame")
    show, stage, sound, _ = parts
    stage.map_place = lambda x, y, state: (x, 1.0 - y)
    live = live_of(parts, small_world)
    width, height = stage.size
    from_row, to_row = 5, 22
    ends = [of_map(*map(float, places_of(small_world.song_map, small_world.grid).map_xy[row])) for row in (from_row, to_row)]

    def mouse(kind, share):
        x, y = (begin + (end - begin) * share for begin, end in zip(*ends, strict=True))
        return pygame.event.Event(kind, pos=(x * width, (1.0 - y) * height), button=2, touch=False)

    with Ending() as ending:
        stage.pressed = [mouse(pygame.MOUSEBUTTONDOWN, 0.0)]
        live.run(ending, frames=1)
        for share in np.linspace(0.05, 1.0, 20):
            stage.pressed = [mouse(pygame.MOUSEMOTION, share)]
            live.run(ending, frames=1)
        assert np.isfinite(show.state.flown_s), "the land holds still"
        until(lambda: live.run(ending, frames=1) or stage.shown[-1].lit.songs[to_row] > 0.3)
        stroke = stage.shown[-1].stroke
        assert stroke.weight == 1.0
        assert stroke.points[[0, -1]] == pytest.approx(np.array(ends), abs=0.01)
        before = show.state.track_id
        stage.pressed = [mouse(pygame.MOUSEBUTTONUP, 1.0)]
        until(lambda: live.run(ending, frames=1) or show.state.track_id != before)
        assert sound.played[-1] == small_world.tracks[from_row].id
        assert show.state.tape.songs[-1] == small_world.tracks[to_row].id
        assert stage.shown[-1].stroke.weight > 0.0
        until(lambda: live.run(ending, frames=1) or stage.shown[-1].stroke is None)


def test_a_lasso_that_another_program_draws_is_seen_here_and_played(parts, small_world):
    show, stage, _, _ = parts
    angle = np.linspace(0.0, 2 * np.pi, 20)
    places = write_points(np.stack([0.5 + 0.45 * np.cos(angle), 0.5 + 0.45 * np.sin(angle)], axis=1))
    osc = SimpleNamespace(listening=False, inbox=SimpleNamespace(own={}), counts=SimpleNamespace(last_reason=""))
    waiting = [[ControlEvent("osc:a", "lasso", places, 0.0)]]
    osc.drain = lambda now_s: [replace(each, time_s=now_s) for each in (waiting.pop() if waiting else [])]
    live = live_of(parts, small_world, osc=osc)
    with Ending() as ending:
        live.run(ending, frames=1)
        assert len(stage.shown[-1].stroke.points) == 20
        until(lambda: live.run(ending, frames=1) or len(show.state.tape.songs) > 5)


def test_a_gamepad_flies_rings_the_song_in_the_middle_and_plays_it(parts, small_world):
    pygame = pytest.importorskip("pygame")
    show, stage, sound, _ = parts
    live = live_of(parts, small_world)
    middle = small_world.tracks[9].id
    asked = []
    stage.nearest = lambda x, y, state, *, reach: asked.append((x, y)) or middle

    def stick(share):
        axis = pygame.CONTROLLER_AXIS_LEFTX
        return pygame.event.Event(pygame.CONTROLLERAXISMOTION, instance_id=0, axis=axis, value=round(32767 * share))

    def button(which):
        return pygame.event.Event(pygame.CONTROLLERBUTTONDOWN, instance_id=0, button=which)

    with Ending() as ending:
        live.run(ending, frames=1)
        assert stage.shown[-1].aim is None
        stage.pressed = [stick(1.0)]
        until(lambda: live.run(ending, frames=1) or float(show.state.wished["look_x"]) > 0.55)
        assert stage.shown[-1].aim.song == middle
        assert 0.0 < stage.shown[-1].aim.weight <= 1.0
        assert asked[-1] == (160, 90)
        stage.pressed = [stick(0.0), button(pygame.CONTROLLER_BUTTON_A)]
        until(lambda: live.run(ending, frames=1) or sound.played[-1] == middle)
        before = show.state.scene
        stage.pressed = [button(pygame.CONTROLLER_BUTTON_RIGHTSHOULDER)]
        live.run(ending, frames=2)
        assert show.state.wished["scene"] == small_world.scenes[small_world.scenes.index(before) + 1]
        stage.pressed = [button(pygame.CONTROLLER_BUTTON_BACK)]
        live.run(ending, frames=2)
        assert stage.shown[-1].heading == "mouse, fingers"
        stage.pressed = [button(pygame.CONTROLLER_BUTTON_BACK)]
        live.run(ending, frames=2)
        assert stage.shown[-1].heading == ""


def test_a_fingertip_plays_the_nearest_song_within_its_reach_and_a_mouse_only_the_one_it_points_at(parts, small_world):
    pygame = pytest.importorskip("pygame")
    show, stage, sound, _ = parts
    live = live_of(parts, small_world)
    near = small_world.tracks[12].id
    stage.pick = lambda x, y, state: None
    stage.nearest = lambda x, y, state, *, reach: near if reach > 0.01 else None
    with Ending() as ending:
        live.run(ending, frames=1)
        playing = show.state.track_id
        stage.pressed = [pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(50, 50), touch=False)]
        live.run(ending, frames=2)
        assert show.state.track_id == playing
        tap = (pygame.FINGERDOWN, pygame.FINGERUP)
        stage.pressed = [pygame.event.Event(kind, touch_id=1, finger_id=1, x=0.5, y=0.5, dx=0.0, dy=0.0) for kind in tap]
        until(lambda: live.run(ending, frames=1) or show.state.track_id == near)
    assert sound.played[-1] == near


def test_l_says_for_a_moment_what_the_pointer_does_and_a_line_beside_the_map_where_it_is_drawn(parts, small_world):
    pygame = pytest.importorskip("pygame")
    _, stage, _, _ = parts
    live = live_of(parts, small_world)
    with Ending() as ending:
        for words in ("the pointer draws", "the pointer flies"):
            stage.pressed = [pygame.event.Event(pygame.KEYDOWN, key=pygame.K_l, unicode="l", mod=0)]
            live.run(ending, frames=2)
            assert stage.shown[-1].rows[0][0] == words
        stage.map_place = lambda x, y, state: None
        for kind, pos in ((pygame.MOUSEBUTTONDOWN, (20, 20)), (pygame.MOUSEMOTION, (90, 90)), (pygame.MOUSEBUTTONUP, (90, 90))):
            stage.pressed.append(pygame.event.Event(kind, pos=pos, button=2, touch=False))
        live.run(ending, frames=2)
        assert stage.shown[-1].rows[0][0] == "a line is drawn over the map"
