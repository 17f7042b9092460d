"""The knob `map`: the songs fly to another map of the family, and everything that stands on the map goes with them."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from pythonosc.udp_client import SimpleUDPClient

from installation.ahead import Ahead
from installation.camera import OPENING
from installation.control.feedback import moving
from installation.control.knobs import Refusal, event, own_knobs
from installation.control.osc import OscInput
from installation.gaze import song_place
from installation.gl.dust import dusted
from installation.gl.tiles import tiles_of
from installation.live import Ending, Live
from installation.maps import Family, Flight, Sibling, Way, landed, named, set_out
from installation.messages import ControlEvent, Moment
from installation.places import places_of
from installation.room.told import Room
from installation.scenes.legend import legends
from installation.show import Show
from installation.showlog import ShowLog
from installation.showlog import events as logged
from installation.stage import Stage
from installation.step import first_state, step
from mixtape.config import changed
from mixtape.errors import LibraryError, MixtapeError
from mixtape.types import Region
from tests.installation.test_live import Nothing, QuietSound, ready

MAP = (0.0, "scene", "map")


def places(world, state):
    return world.maps.laid(state.flights, state.moment.time_s).places.map_xy


def walked(world, seconds, *wishes, fps=30.0):
    """The states of a show, a list."""
    state, states = first_state(world, seed_id=world.tracks[3].id, seed=1), []
    waiting = sorted(wishes)
    for frame in range(round(seconds * fps)):
        due = [wish for wish in waiting if wish[0] <= frame / fps]
        waiting = waiting[len(due) :]
        told = [ControlEvent("test", knob, value, at) for at, knob, value in due]
        state = step(state, told, Moment(frame, frame / fps, 1 / fps, frame / fps), world)[0]
        states.append(state)
    return states


def test_songs_leave_one_map_and_land_exactly_on_the_other(small_world, play):
    before = play(small_world, 4.0, MAP)
    assert before.map == "fused"
    half_way = play(small_world, 9.0, MAP, (5.0, "map", "rp-30"))
    after = play(small_world, 13.2, MAP, (5.0, "map", "rp-30"))
    assert half_way.map == after.map == "rp-30"
    assert len(half_way.flights) == 2
    assert len(after.flights) == 1
    want = places_of(small_world.maps.sibling("rp-30").song_map, small_world.grid).map_xy
    assert np.array_equal(places(small_world, after), want)
    gone = np.hypot(*(places(small_world, half_way) - places(small_world, before)).T)
    left = np.hypot(*(places(small_world, half_way) - want).T)
    assert gone.mean() > 0.03
    assert left.mean() > 0.03
    assert np.array_equal(small_world.maps.laid(after.flights, 0.0).places.cell_xy, small_world.maps.places("fused").cell_xy)


def test_the_same_wishes_give_the_same_places_at_any_frame_rate(small_world):
    wishes = (0.0, "scene", "map"), (1.0, "map", "rp-30"), (5.0, "map", "tonal-30")
    slow, fast = (walked(small_world, 6.5, *wishes, fps=fps)[-1] for fps in (10.0, 50.0))
    again = walked(small_world, 6.5, *wishes, fps=10.0)[-1]
    assert np.array_equal(places(small_world, slow), places(small_world, again))
    at = [small_world.maps.laid(state.flights, 6.0).xy for state in (slow, fast)]
    assert np.abs(at[0] - at[1]).max() < 1e-6


def test_between_neighbours_songs_take_the_way_that_was_kept_and_back_the_same(small_world):
    family = small_world.maps
    there, back = family.way("fused", "rp-30"), family.way("rp-30", "fused")
    half = np.full(len(small_world.tracks), 0.5, np.float32)
    # Half of a quarter turn, not the straight line, on which all would come nearer to the middle.
    radius = np.hypot(*((there.at(half) / [1.5, 1.0]).T))
    begun = np.hypot(*((there.at(0.0 * half) / [1.5, 1.0]).T))
    assert np.median(radius / begun) > 0.95
    assert there.at(half) == pytest.approx(back.at(half), abs=1e-5)
    assert family.way("rp-30", "tonal-30") is None
    assert family.way("fused", "tonal-30") is None


def test_a_way_is_even_and_begins_and_ends_where_it_should():
    rng = np.random.default_rng(1)
    stages = np.cumsum(rng.normal(0.02, 0.01, (12, 50, 2)), axis=0).astype(np.float32)
    way = Way.of(stages)
    at = np.stack([way.at(np.full(50, p, np.float32)) for p in np.linspace(0.0, 1.0, 101)])
    assert np.allclose(at[0], stages[0], atol=1e-6)
    assert np.allclose(at[-1], stages[-1], atol=1e-6)
    steps = np.hypot(*np.moveaxis(np.diff(at, axis=0), 2, 0)).mean(axis=1)
    assert steps.max() < 2.0 * steps.min()


def test_another_map_wished_half_way_goes_on_from_there_without_a_jump(small_world):
    states = walked(
        small_world, 22.0, MAP, (1.0, "map", "rp-30"), (5.0, "map", "tonal-30"), (8.0, "map", "fused"), (11.0, "map", "rp-30")
    )
    at = np.stack([places(small_world, state) for state in states])
    steps = np.hypot(*np.moveaxis(np.diff(at, axis=0), 2, 0)).max(axis=1)
    speeds = np.hypot(*np.moveaxis(np.diff(at, n=2, axis=0), 2, 0)).max(axis=1)
    assert max(len(state.flights) for state in states) >= 3
    assert steps.max() < 0.03
    assert speeds.max() < 0.004
    assert states[-1].flights[0].map == states[-1].map == "rp-30"


def test_wishes_in_a_flood_keep_few_flights_and_the_last_one_is_where_it_ends(small_world):
    names = small_world.maps.names
    wishes = [(0.05 * k, "map", names[k % 3]) for k in range(200)]
    states = walked(small_world, 40.0, MAP, *wishes, (10.1, "map", "tonal-30"))
    assert max(len(state.flights) for state in states) <= 4
    assert [flight.map for flight in states[-1].flights] == ["tonal-30"]


def test_flights_are_few_and_apart():
    one = (Flight("a"),)
    two = set_out(one, "b", time_s=10.0, lasts_s=6.0, focus="s", still=False)
    assert [flight.map for flight in two] == ["a", "b"]
    assert set_out(two, "c", time_s=11.0, lasts_s=6.0, focus="s", still=False) is two
    three = set_out(two, "c", time_s=12.0, lasts_s=6.0, focus="s", still=False)
    assert [flight.map for flight in three] == ["a", "b", "c"]
    assert landed(three, 16.0) == three[1:]
    assert landed(three, 18.0) == three[2:]
    assert set_out(three, "d", time_s=15.0, lasts_s=6.0, focus="s", still=True) is three


def test_a_map_that_is_not_there_is_complained_of_and_nothing_moves(small_world):
    last = walked(small_world, 2.0, MAP, (1.0, "map", "by-smell"))[-1]
    assert last.error == "no map 'by-smell' here; there are fused, rp-30, tonal-30"
    assert last.map == "fused"
    begun = first_state(replace(small_world, config=changed(small_world.config, "show", map="ssd-30")), seed_id=None, seed=1)
    assert "no map 'ssd-30' here" in begun.error
    assert begun.map == begun.knobs["map"] == "fused"
    begun = first_state(replace(small_world, config=changed(small_world.config, "show", map="rp-30")), seed_id=None, seed=1)
    assert begun.error is None
    assert begun.map == "rp-30"


def test_where_there_is_one_map_only_the_key_says_how_to_have_others(small_world):
    alone = replace(small_world, family=None)
    assert alone.maps.after("fused", 1) == "fused"
    last = walked(alone, 2.0, MAP, (1.0, "map", "fused"))[-1]
    assert last.error == "'fused' is the only map here; mixtape map makes the others, for collections of 12 to 5,000 songs"
    assert len(last.flights) == 1
    assert walked(small_world, 2.0, MAP, (1.0, "map", "fused"))[-1].error is None


def test_a_map_that_cannot_be_read_is_complained_of_and_the_show_goes_on(small_world):
    def broken():
        raise LibraryError("maps/rp-30.npz: broken")

    family = Family(small_world.song_map, small_world.grid, tints=lambda: small_world.maps.tints, others={"rp-30": broken})
    world = replace(small_world, family=family)
    last = walked(world, 2.0, MAP, (1.0, "map", "rp-30"))[-1]
    assert last.error == "map 'rp-30': maps/rp-30.npz: broken"
    assert last.map == "fused"


def test_the_key_for_another_map_passes_over_one_that_could_not_be_read(small_world):
    def broken():
        raise LibraryError("it is broken")

    first = small_world.song_map
    others = {"ssd-30": broken, "rp-30": lambda: Sibling("By rhythm patterns", replace(first, name="rp-30"))}
    family = Family(first, small_world.grid, tints=lambda: np.zeros((len(first.ids), 3), np.float32), others=others)
    assert family.after("fused", 1) == "ssd-30"
    assert family.fault("ssd-30") == "map 'ssd-30': it is broken"
    assert [family.after("fused", by) for by in (1, 2, -1)] == ["rp-30", "fused", "rp-30"]
    assert family.after("rp-30", 1) == family.after("rp-30", -1) == "fused"


def test_by_osc_a_map_is_meant_by_its_name_or_by_its_place_in_this_family(small_world):
    own = own_knobs((), small_world.maps.names)
    assert event("osc", "/mixtape/map", ("tonal-30",), time_s=0.0, own=own).value == "tonal-30"
    assert event("osc", "/mixtape/map", (1,), time_s=0.0, own=own).value == "rp-30"
    assert event("osc", "/mixtape/map", (2.0,), time_s=0.0, own=own).value == "tonal-30"
    assert event("osc", "/mixtape/map", ("by-smell",), time_s=0.0, own=own).value == "by-smell"
    assert isinstance(event("osc", "/mixtape/map", (3,), time_s=0.0, own=own), Refusal)


def test_a_click_half_way_plays_the_song_whose_tile_is_seen_there(gl, small_world, play):
    state = play(small_world, 8.5, MAP, (5.0, "map", "tonal-30"))
    assert len(state.flights) == 2
    stage = Stage(gl, small_world, size=(640, 360), patient=True)
    tiles = tiles_of(state, stage._drawing, "map")
    for row in tiles.order[-8:].tolist():
        x, y = ((tiles.screen[row] * [1.0, -1.0] / [640 / 360, 1.0] + 0.5) * [640, 360]).tolist()
        over = [
            other
            for other in tiles.order.tolist()
            if (np.abs(tiles.screen[other] - tiles.screen[row]) <= tiles.half[other]).all()
        ]
        assert stage.pick(x, y, state) == small_world.tracks[over[-1]].id
    standing = replace(state, flights=state.flights[:1])
    assert np.abs(tiles.screen - tiles_of(standing, stage._drawing, "map").screen).max() > 0.05


def test_the_picture_changes_bit_by_bit_and_ends_as_if_the_map_had_always_been_there(gl, small_world, play):
    stage = Stage(gl, small_world, size=(160, 90), patient=True)
    state = play(small_world, 30.0, MAP, (0.0, "grain", 0.0), (0.0, "title_s", 0.0), (5.0, "map", "rp-30"))
    state = replace(state, camera=OPENING)

    def drawn(*flights):
        stage.draw(replace(state, flights=flights))
        return stage.read().astype(int)

    now_s, old, new = state.moment.time_s, Flight("fused"), Flight("rp-30")

    def under_way(share):
        return Flight("rp-30", now_s - 8.0 * share, 8.0, small_world.tracks[3].id)

    first, last = drawn(old), drawn(new)
    assert np.abs(first - last).mean() > 3.0
    assert np.abs(drawn(old, under_way(1e-4)) - first).max() <= 3
    assert np.abs(drawn(old, under_way(1 - 1e-6)) - last).max() <= 3
    half = drawn(old, under_way(0.5))
    assert np.abs(half - first).mean() > 1.0
    assert np.abs(half - last).mean() > 1.0
    shares = np.linspace(0.0, 1.0, 41)
    frames = [drawn(old, under_way(share)) for share in shares]
    moved = np.array([np.abs(b - a).mean() for a, b in pairwise(frames)])
    # No step stands out from those beside it.
    assert np.abs(np.diff(moved)).max() < 2.0
    assert moved[[0, 1, -2, -1]].max() < 1.0


def test_in_reduced_motion_one_map_fades_into_the_other_and_no_tile_moves(gl, small_world, play):
    wishes = MAP, (0.0, "reduced_motion", True), (0.0, "grain", 0.0), (5.0, "map", "rp-30")
    state = play(small_world, 9.0, *wishes)
    assert state.flights[-1].still
    assert np.array_equal(places(small_world, state), places(small_world, play(small_world, 5.5, *wishes)))
    stage = Stage(gl, small_world, size=(160, 90), patient=True)

    def drawn(each):
        stage.draw(replace(each, knobs={**each.knobs, "title_s": 0.0}))
        return stage.read().astype(int)

    between = drawn(state)
    ends = [drawn(replace(state, flights=flights)) for flights in (state.flights[:1], state.flights[1:])]
    assert np.abs(ends[0] - ends[1]).mean() > 1.0
    # But for the islands' names, which go before others come.
    assert (between >= np.minimum(*ends) - 4).mean() > 0.97
    assert (between <= np.maximum(*ends) + 4).mean() > 0.97


def test_what_the_map_is_by_is_said_when_it_changes_and_then_no_more(small_world):
    standing = (Flight("fused"),)
    assert legends(standing, 100.0, stays_s=7.0) == []
    under_way = (*standing, Flight("rp-30", 100.0, 8.0))
    assert [name for name, weight in legends(under_way, 103.0, stays_s=7.0) if weight > 0.9] == ["rp-30"]
    assert legends(under_way, 103.0, stays_s=0.0) == []
    turned = (*under_way, Flight("tonal-30", 104.0, 8.0))
    assert [name for name, weight in legends(turned, 104.1, stays_s=7.0) if weight > 0.5] == ["rp-30"]
    assert all(len(legends(turned, time_s, stays_s=7.0)) <= 1 for time_s in np.arange(104.0, 106.0, 0.01))
    assert [name for name, weight in legends(turned, 107.0, stays_s=7.0) if weight > 0.0] == ["tonal-30"]
    assert legends(turned[-1:], 120.0, stays_s=7.0) == []


def test_islands_names_go_before_their_tiles_have_left_and_come_when_they_have_landed():
    flights = Flight("fused"), Flight("rp-30", 0.0, 10.0)
    assert named(flights, 0.0) == [("fused", 1.0)]
    assert named(flights, 5.0) == []
    assert [name for name, _ in named(flights, 9.5)] == ["rp-30"]
    assert named(flights[1:], 11.0) == [("rp-30", 1.0)]


def test_osc_out_tells_the_song_s_place_on_the_map_that_is_shown(small_world, play):
    for seconds in (4.0, 9.0, 14.0):
        state = play(small_world, seconds, MAP, (5.0, "map", "rp-30"))
        told = dict(moving(state, small_world))["map"]
        row = small_world.row[state.track_id]
        assert told == pytest.approx(tuple(small_world.maps.laid(state.flights, seconds).xy[row]), abs=5e-3)
    assert told == pytest.approx(tuple(small_world.maps.sibling("rp-30").song_map.xy[row]), abs=1e-6)


def test_dust_belongs_to_the_first_map_alone_and_other_maps_have_every_song_as_a_tile(gl, make_world, play):
    world = make_world(2100)
    stage = Stage(gl, world, size=(160, 90), patient=True)
    state = play(world, 0.1, MAP)
    assert dusted(state, stage._drawing) == 1.0
    away = replace(state, flights=(Flight("rp-30"),))
    assert dusted(away, stage._drawing) == 0.0
    few, all_of_them = (len(tiles_of(each, stage._drawing, "map").order) for each in (state, away))
    assert few < 200
    assert all_of_them > 1500
    x, y = (stage._drawing.over_map(away).project(places(world, away))[0] * [1.0, -1.0] / [160 / 90, 1.0] + 0.5).T
    row = int(np.argmin(np.hypot(x - 0.5, y - 0.5)))
    assert stage.pick(160 * x[row], 90 * y[row], away) is not None


def test_maps_are_laid_out_beside_the_loop(small_world):
    family = Family(
        small_world.song_map,
        small_world.grid,
        tints=lambda: small_world.maps.tints,
        regions_apart=lambda name: (Region(f"Island of {name}", 0, (), (0.5, 0.5)),),
        others={"rp-30": lambda: small_world.maps.sibling("rp-30"), "gone": _gone},
    )
    world = replace(small_world, family=family)

    class NoLibrary:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    with Ahead(world, NoLibrary) as ahead:
        for name in ("rp-30", "gone"):
            until_s = time.monotonic() + 20.0
            while not ahead.map(name):
                assert time.monotonic() < until_s
                time.sleep(0.01)
        until_s = time.monotonic() + 20.0
        while not family.islands("rp-30"):
            assert time.monotonic() < until_s
            time.sleep(0.01)
        assert ahead.errors() == []
    assert family.ready("rp-30")
    assert not family.ready("gone")


def test_the_islands_of_many_maps_are_looked_for_one_after_the_other(small_world):
    at_once, most, first = [], [], small_world.song_map

    def slowly(name):
        at_once.append(name)
        most.append(len(at_once))
        time.sleep(0.2)
        at_once.remove(name)
        if name == "b-30":
            raise ValueError("it broke")
        return (Region(f"Island of {name}", 0, (), (0.5, 0.5)),)

    names = ("a-30", "b-30", "c-30", "d-30")
    family = Family(
        first,
        small_world.grid,
        tints=lambda: small_world.maps.tints,
        regions_apart=slowly,
        others={name: lambda name=name: Sibling(name, replace(first, name=name)) for name in names},
    )
    with Ahead(replace(small_world, family=family), nullcontext) as ahead:
        until_s = time.monotonic() + 20.0
        for name in names:
            while not ahead.map(name):
                assert time.monotonic() < until_s
                time.sleep(0.01)
        while not all(family.islands(name) for name in names if name != "b-30"):
            assert time.monotonic() < until_s
            time.sleep(0.01)
        assert ahead.errors() == ["map 'b-30' has no names of islands: it broke"]
    assert most == [1, 1, 1, 1]
    assert family.islands("b-30") == ()


def _gone() -> Sibling:
    raise LibraryError("not there any more")


def test_islands_that_cannot_be_named_leave_the_map_without_names(small_world):
    def dies(_):
        raise MixtapeError("it died")

    family = Family(
        small_world.song_map,
        small_world.grid,
        tints=lambda: small_world.maps.tints,
        regions=lambda _: pytest.fail("never in the show's own process"),
        regions_apart=dies,
        others={"rp-30": lambda: small_world.maps.sibling("rp-30")},
    )
    family.prepare("rp-30", apart=True)
    assert family.islands("rp-30") == ()
    with pytest.raises(MixtapeError):
        family.name_apart("rp-30")
    assert family.islands("rp-30") == ()


def loop_of(world, osc=None):
    """A live loop in which maps are laid out when they are put into `laid_out`, its show and its window."""
    show, window = Show(world, Nothing(), QuietSound(), Nothing(), seed_id=world.tracks[3].id, say=lambda _: None), Nothing()
    laid_out: set[str] = set()
    beside = SimpleNamespace(
        songs=lambda _: None,
        search=lambda _: None,
        found=lambda _: None,
        has=lambda _: True,
        errors=list,
        meant=world.find,
        map=laid_out.__contains__,
    )
    return Live(show, window, window, world, osc=osc, ahead=beside), show, window, laid_out


def test_a_map_wished_through_a_real_socket_is_shown_once_it_has_been_laid_out(small_world):
    with OscInput("127.0.0.1", 0) as osc, Ending() as ending:
        live, show, _, laid_out = loop_of(small_world, osc)
        desk = SimpleUDPClient("127.0.0.1", osc.port)

        def until(holds):
            until_s = time.monotonic() + 10.0
            while not holds():
                assert time.monotonic() < until_s
                live.run(ending, frames=2)

        desk.send_message("/mixtape/map_s", 0.2)
        until(lambda: show.state.knobs["map_s"] == pytest.approx(0.2))
        desk.send_message("/mixtape/map", "rp-30")
        until(lambda: live._waiting.map(live._show.state) == "rp-30")
        assert show.state.map == "fused"
        laid_out |= {"rp-30", "tonal-30"}
        until(lambda: show.state.map == "rp-30")
        desk.send_message("/mixtape/map", 2)
        until(lambda: show.state.map == "tonal-30")
        desk.send_message("/mixtape/map", "by-smell")
        until(lambda: show.state.error is not None)
        assert show.state.error == "no map 'by-smell' here; there are fused, rp-30, tonal-30"
        assert show.state.map == "tonal-30"


def test_a_key_goes_through_the_maps_there_and_back_also_while_one_is_being_laid_out(small_world):
    pygame = pytest.importorskip("pygame")
    live, show, window, laid_out = loop_of(small_world)
    with Ending() as ending:
        for letter, wished in (("v", "rp-30"), ("v", "tonal-30"), ("v", "fused"), ("V", "tonal-30")):
            window.pressed = [SimpleNamespace(type=pygame.KEYDOWN, key=pygame.K_v, unicode=letter, mod=0)]
            live.run(ending, frames=1)
            assert live._waiting.map(live._show.state) == wished
        assert show.state.map == "fused"
        assert ready(live, [ControlEvent("osc", "map", "by-smell", 0.0)], 0.0)[0].value == "by-smell"
        assert live._waiting.map(live._show.state) == "tonal-30"
        laid_out.add("tonal-30")
        live.run(ending, frames=2)
    assert show.state.map == "tonal-30"


def test_a_log_replays_the_maps_as_they_were_seen(small_world, tmp_path):
    wishes = {30: "rp-30", 70: "tonal-30", 75: "by-smell", 160: "fused"}

    def told(frame):
        return [ControlEvent("keys", "map", wishes[frame], frame / 30)] if frame in wishes else []

    def moments():
        return [Moment(frame, frame / 30, 1 / 30, frame / 30) for frame in range(400)]

    with ShowLog(tmp_path / "show.jsonl") as log:
        log.start(seed=1, config="", library="", versions={})
        show = Show(small_world, Nothing(), QuietSound(), Nothing(), seed_id=small_world.tracks[3].id, journal=log)
        seen = []
        for moment in moments():
            show.frame(moment, told(moment.frame))
            seen.append(show.state)
    again, events = (
        first_state(small_world, seed_id=small_world.tracks[3].id, seed=small_world.config.show.seed),
        logged(log.path),
    )
    assert [each.value for each in events if each.knob == "map"] == list(wishes.values())
    for moment, before in zip(moments(), seen, strict=True):
        due = [each for each in events if moment.time_s - 1 / 30 < each.time_s <= moment.time_s]
        again = step(again, due, moment, small_world)[0]
        assert again.flights == before.flights
    assert {state.map for state in seen} == {"fused", "rp-30", "tonal-30"}
    assert np.array_equal(places(small_world, again), places(small_world, seen[-1]))


def test_a_place_of_the_map_means_the_song_that_is_seen_there(small_world, play):
    state = play(small_world, 14.0, MAP, (5.0, "map", "rp-30"))
    x, y = small_world.maps.sibling("rp-30").song_map.xy[17].tolist()
    found, _ = step(state, [ControlEvent("test", "seed_at", f"{x} {y}", 14.0)], replace(state.moment, time_s=14.1), small_world)
    assert found.track_id == small_world.tracks[17].id


def test_of_lands_the_last_few_are_kept_and_one_that_is_gone_is_made_again_beside_the_loop(small_world):
    def named(number):
        return lambda: Sibling("", replace(small_world.song_map, name=f"rp-{number}"))

    names = [f"rp-{number}" for number in range(40, 45)]
    others = {name: named(name[3:]) for name in names}
    family = Family(small_world.song_map, small_world.grid, tints=lambda: small_world.maps.tints, others=others)
    for name in names:
        family.prepare(name)
        assert family.ready(name)
    assert [family.ready(name) for name in names] == [False, False, True, True, True]
    family.prepare(names[0])
    assert family.ready(names[0])


def test_music_of_the_room_has_its_own_place_on_the_first_map_and_that_of_the_song_most_like_it_on_others(small_world, play):
    state = replace(play(small_world, 4.0, MAP), room=Room(place=(0.9, 0.1)))
    row = small_world.row[state.track_id]
    assert song_place(state, small_world) == pytest.approx((0.6, -0.4))
    away = replace(state, flights=(Flight("rp-30"),))
    assert song_place(away, small_world) == pytest.approx(tuple(small_world.maps.places("rp-30").map_xy[row]))
