"""Mixtapes made beside the show: what is wanted when, what comes of it, and that the show goes on when nothing does."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest

from installation import composing
from installation.beside import Failed
from installation.composing import Composer, DirectComposer, Maker, factors_of, manner_words, order_of
from installation.messages import ControlEvent, Moment
from installation.state import COMING
from installation.step import first_state, step
from installation.tape import manner_of, read_made, write_made
from installation.world import World
from mixtape.config import RECIPES as CHOICES
from mixtape.config import Config
from mixtape.library import Library
from mixtape.playlists.registry import RECIPES


@pytest.fixture(scope="module")
def world(library):
    with Library(library) as opened:
        songs = len(opened.tracks())
        return World.load(opened, Config(), conditions=np.zeros((songs, 32), np.float32))


class Evening:
    """A show of the step alone, with somebody who makes mixtapes; its songs are eight seconds long."""

    def __init__(self, world, composer):
        self.world, self.composer, self.time_s = world, composer, 0.0
        self.state, self.made = first_state(world, seed_id=world.tracks[0].id, seed=1), []

    def frame(self, *asked, dt_s=0.1):
        self.time_s += dt_s
        made = self.composer.drain(self.state, self.world)
        self.made += made
        events = [*(ControlEvent("test", knob, value, self.time_s) for knob, value in asked), *made]
        self.state, _ = step(self.state, events, Moment(0, self.time_s, dt_s, self.time_s), self.world)


def test_config_names_the_walk_and_every_recipe():
    assert ("walk", *RECIPES) == CHOICES


def test_nothing_is_wanted_for_the_plain_walk(world):
    assert order_of(first_state(world, seed_id=None, seed=1), world) is None


@pytest.mark.parametrize("recipe", [name for name in CHOICES if name != "walk"])
def test_a_recipe_is_the_same_mixtape_as_offline_and_comes_next(library, world, recipe):
    evening = Evening(world, DirectComposer(library, Config()))
    evening.frame(("recipe", recipe))
    seed = evening.state.track_id
    evening.frame()
    (event,) = evening.made
    manner, songs = read_made(event.value)
    assert manner == manner_of(evening.state.wished)
    assert songs[0] == seed
    expected = tuple(song for song in songs[1:] if song != seed)
    assert evening.state.next_ids[: len(expected)] == expected[:COMING]


def test_weights_change_what_comes_and_no_weight_at_all_is_told(library, world):
    lists = {}
    for name in ("similar_rhythm", "similar_timbre"):
        others = [each for each in ("rhythm", "timbre", "tone", "blocks", "ear") if each != name.partition("_")[2]]
        evening = Evening(world, DirectComposer(library, Config()))
        evening.frame(*((f"similar_{each}", 0.0) for each in others))
        evening.frame()
        lists[name] = read_made(evening.made[0].value)[1]
    assert lists["similar_rhythm"] != lists["similar_timbre"]
    evening = Evening(world, composer := DirectComposer(library, Config()))
    before = evening.state.next_ids
    evening.frame(*((f"similar_{each}", 0.0) for each in ("rhythm", "timbre", "tone", "blocks", "ear")))
    evening.frame()
    evening.frame()
    (fault,) = composer.errors()
    assert "leave nothing" in fault and "the walk goes on" in fault
    assert evening.state.next_ids == before


def test_one_family_alone_orders_songs_by_that_family(library, world):
    with Library(library) as opened:
        maker = Maker(library, Config())
        order = order_of(turned(world, {"similar_rhythm": 5.0, **dict.fromkeys(others("rhythm"), 0.0)}), world)
        near = maker._collection(order).neighbours
        rh = opened.features("rh").values
    assert near.ids == tuple(track.id for track in world.tracks)
    assert near.index.shape[1] == len(near.ids) - 1
    assert len(rh) == len(near.ids)
    plain = maker._collection(dataclasses.replace(order, factors=(1.0,) * 5)).neighbours
    assert not np.array_equal(plain.index[:, 0], near.index[:, 0])


def others(family):
    return [f"similar_{each}" for each in ("rhythm", "timbre", "tone", "blocks", "ear") if each != family]


def turned(world, knobs):
    state = first_state(world, seed_id=world.tracks[0].id, seed=1)
    return step(state, [ControlEvent("test", *each, 0.0) for each in knobs.items()], Moment(1, 0.1, 0.1, 0.1), world)[0]


def test_a_large_collection_is_measured_round_the_seed(library, world, monkeypatch):
    monkeypatch.setattr(composing, "REWEIGHED", 4)
    state = turned(world, {"similar_ear": 0.0})
    maker, order = Maker(library, Config()), order_of(state, world)
    collection = maker._collection(order)
    assert order.seed_id in collection.ids
    assert 4 <= len(collection.ids) < len(world.tracks)
    made = maker.made(order)
    assert made[0] == order.seed_id and set(made) <= set(collection.ids)


def test_factors_stand_in_the_order_of_the_weights(world):
    assert factors_of(turned(world, {"similar_tone": 3.0}).wished) == (1.0, 1.0, 3.0, 1.0, 1.0)


def test_how_the_coming_songs_are_chosen_is_said_in_words(world):
    assert manner_words(first_state(world, seed_id=None, seed=1).wished)[0] == "walk"
    words, does = manner_words(turned(world, {"recipe": "same_colours", "variation": 3, "similar_ear": 0.5}).wished)
    assert words == "same colours, variation 3, ear x 0.5"
    assert "cover" in does


def test_more_is_wanted_when_the_mixtape_comes_to_its_end(world):
    state = turned(world, {"recipe": "wander"})
    ids = [track.id for track in world.tracks if track.id != state.track_id]
    manner = manner_of(state.wished)
    tape = ControlEvent("recipes", "tape", write_made(manner, (state.track_id, *ids)), 0.2)
    state, _ = step(state, [tape], Moment(2, 0.2, 0.1, 0.2), world)
    assert len(state.tape.songs) > COMING and order_of(state, world) is None
    for k in range(3):
        state, _ = step(state, [ControlEvent("test", "next", None, 0.3)], Moment(3 + k, 0.3 + k, 0.1, 0.0), world)
    order = order_of(state, world)
    assert order is not None and (order.seed_id, order.variation) == (ids[-1], 1)


def test_the_process_beside_makes_what_the_synchronous_twin_makes(library, world):
    direct = Evening(world, DirectComposer(library, Config()))
    direct.frame(("recipe", "loop"), ("similar_rhythm", 2.0))
    direct.frame()
    with Composer(library, Config()) as composer:
        live = Evening(world, composer)
        live.frame(("recipe", "loop"), ("similar_rhythm", 2.0))
        deadline = time.monotonic() + 60
        while not live.made and time.monotonic() < deadline:
            live.frame(dt_s=0.005)
            time.sleep(0.05)
        assert not composer.errors()
    assert [each.value for each in live.made] == [each.value for each in direct.made]
    assert live.state.tape == direct.state.tape


class Slow:
    """Answers what it is told to, when it is told to."""

    def __init__(self):
        self.asked, self.told = [], None

    def ask(self, order):
        self.asked.append(order)
        return True

    def answer(self):
        told, self.told = self.told, None
        return told


@pytest.fixture
def slow(library, world):
    composer = Composer(library, Config())
    composer._beside = slow = Slow()
    evening = Evening(world, composer)

    def frames(count, *asked, dt_s=0.05):
        for _ in range(count):
            evening.frame(*asked, dt_s=dt_s)
            asked = ()

    return slow, evening, frames


def test_a_fader_on_its_way_asks_once_when_it_rests(slow):
    beside, _evening, frames = slow
    for k in range(20):
        frames(1, ("similar_tone", 1.0 + 0.1 * k + 0.1))
    assert beside.asked == []
    frames(10)
    assert [order.factors[2] for order in beside.asked] == [pytest.approx(3.0)]
    frames(50)
    assert len(beside.asked) == 1, "asked again though the answer is on its way"


def test_what_fails_is_told_and_tried_again_later(slow):
    beside, evening, frames = slow
    frames(12, ("recipe", "wander"))
    assert len(beside.asked) == 1
    before = evening.state.next_ids
    beside.told = Failed("making a mixtape: no such luck")
    frames(20)
    assert evening.composer.errors() == ["making a mixtape: no such luck; the walk goes on"]
    assert (evening.state.next_ids, len(beside.asked)) == (before, 1)
    frames(230)
    assert len(beside.asked) == 2
