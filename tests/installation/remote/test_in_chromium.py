"""The guests' page in a real browser: what it shows, how it takes a lost connection, who can use it."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("uvicorn")
from chromium import PROGRAM, Browser
from wire import Wire

from installation.control.arbiter import Standing, rule
from installation.control.knobs import own_knobs, registry
from installation.isf.header import read
from installation.messages import ControlEvent
from installation.points import write_points
from installation.remote.server import Remote
from installation.remote.words import Told
from installation.tape import Tape

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here")

LONG = "The Extraordinarily Long Title of a Song That Was Recorded Live at the Old Harbour in the Rain (Remastered 2019)"
ARABIC, JAPANESE = "يا زهرة المدائن والليل الطويل", "東京の夜の雨とネオンライトの記憶についての長い歌"


def drained(remote, count=1):
    found, until_s = [], time.monotonic() + 5
    while len(found) < count and time.monotonic() < until_s:
        found += remote.drain(7.0)
        time.sleep(0.01)
    return found


def inside(page, remote, port=None):
    page.open(f"http://127.0.0.1:{port or remote.port}/#{remote.passes.token}")
    page.wait("!el('main').hidden && told && !away")


def to_page(page, name):
    page.value(f"document.querySelector('[data-page={name}]').click()")


def test_a_guest_sees_the_song_finds_another_and_wishes_for_it(remote, small_world, play, tmp_path):
    with Browser(tmp_path) as page:
        page.open(f"{remote.address}#{remote.passes.token}")
        page.wait("!el('main').hidden")
        assert page.value("el('title').textContent") == "Vermilion Sands"
        assert page.value("location.hash") == ""
        assert page.value("document.documentElement.scrollWidth") == 390
        page.value("document.querySelector('[data-page=find]').click()")
        page.value("el('words').value = 'artist 2'; el('words').dispatchEvent(new Event('input'))")
        page.wait("el('found').children.length")
        page.value("document.querySelector('#found button').click()")
        page.wait("el('near').children.length == 8")
        assert page.value("document.activeElement.id") == "chosen"
        page.value("el('ask').click()")
        assert [event.knob for event in drained(remote)] == ["seed"]
        page.value("document.querySelector('[data-page=map]').click()")
        page.wait("el('dots').width > 0 && map")
        page.value("el('dots').focus()")
        page.key("ArrowRight", 39)
        assert "Artist" in page.wait("el('said').textContent")
        page.key("Enter", 13)
        page.wait("!el('sheet').hidden")
        at = page.value("place(0, 300, 300)")
        remote.tell(Told(play(small_world, 2.0, (1.0, "map", "rp-30")), Standing(), ()), (("nobody", "now"),))
        page.wait("map.map === 'rp-30' && !map.was")
        assert page.value("place(0, 300, 300)") != at
        assert page.value("el('hint').textContent").startswith("By rhythm patterns. Every dot is a song")
        picture = tmp_path / "phone.png"
        page.picture(picture)
        assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def crowded(make_world, play):
    """A remote with titles of many scripts, twelve wishes in the queue and a mixtape behind them; and who plays what."""
    world, titles = make_world(40), (LONG, ARABIC, JAPANESE)
    world = replace(world, tracks=tuple(replace(track, title=titles[row % 3]) for row, track in enumerate(world.tracks)))
    tape = tuple(track.id for track in world.tracks[20:24])
    state = replace(play(world, 1.0), tape=Tape(world.tracks[3].id, "tempo_ramp:0:1:1:1:1:1", tape))
    wishes = [ControlEvent(f"phone:{row % 4:08x}", "seed", world.tracks[row].id, 7.0) for row in range(5, 17)]
    standing, _ = rule(Standing(), wishes, state, world, present=frozenset(), now_s=7.0)
    with Remote(world, find=world.find, host="127.0.0.1", port=0) as remote:
        remote.tell(Told(state, standing))
        yield remote


SIZES = """JSON.stringify([...document.querySelectorAll('button, input, canvas')]
  .map((each) => each.getBoundingClientRect()).filter((box) => box.width).map((box) => Math.min(box.width, box.height)))"""


@pytest.mark.parametrize(("width", "height"), [(390, 844), (320, 568), (195, 422)])
def test_on_phones_old_and_new_and_at_twice_the_size_everything_fits_and_can_be_hit(crowded, tmp_path, width, height):
    with Browser(tmp_path, size_px=(width, height)) as page:
        inside(page, crowded)
        for name in ("play", "map", "find"):
            to_page(page, name)
            assert page.value("document.documentElement.scrollWidth") == width
            assert min(json.loads(page.value(SIZES))) >= 44
        to_page(page, "play")
        assert page.value("el('all').textContent") == "All 17 songs"
        page.value("el('all').click()")
        assert page.value("el('queue').children.length") == 17
        assert page.value("el('tape').textContent").startswith("From the mixtape “tempo ramp”. A set that gets faster")
        if width >= 320:
            page.value("document.documentElement.style.fontSize = '200%'")
            assert page.value("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("height", [844, 568])
def test_what_one_does_most_is_in_reach_of_the_thumb(crowded, tmp_path, height):
    tops = """JSON.stringify(['like', 'vote', 'ask', 'ask-like', 'close'].map((id) => el(id).getBoundingClientRect())
      .filter((box) => box.width).map((box) => box.top))"""
    with Browser(tmp_path, size_px=(390, height)) as page:
        inside(page, crowded)
        assert all(height / 2 < top < height - 64 for top in json.loads(page.value(tops)))
        page.value("el('song').click()")
        page.wait("el('near').children.length == 8")
        page.value("el('sheet').scrollTop = 9999")
        assert [top > height / 2 for top in json.loads(page.value(tops))[-3:]] == [True] * 3


@pytest.mark.parametrize("light", [False, True])
def test_whatever_the_cover_letters_stand_out_seven_to_one(crowded, tmp_path, light):
    seen = """(() => {
      const box = document.createElement('i'), root = getComputedStyle(document.documentElement);
      document.body.appendChild(box);
      const rgb = (name) => {
        box.style.color = root.getPropertyValue('--' + name).trim();
        return getComputedStyle(box).color.match(/[0-9]+/g).slice(0, 3).map(Number);
      };
      return Math.min(...['ink ground', 'faint ground', 'faint card', 'ink card', 'tint ground', 'on-tint tint']
        .map((pair) => contrast(rgb(pair.split(' ')[0]), rgb(pair.split(' ')[1]))));
    })()"""
    with Browser(tmp_path, light=light) as page:
        inside(page, crowded)
        for colours in (["#808080"], ["#0000ff"], ["#ffff00"], ["#000000", "#ffffff"], ["#d6482b", "#7f7f7f"], ["#101820"]):
            page.value(f"tint({json.dumps(colours)})")
            assert page.value(seen) >= 7.0, colours


def test_of_a_long_queue_a_phone_is_told_the_beginning_and_its_own_and_how_many_there_are(make_world, play, tmp_path):
    world = make_world(80)
    state = play(world, 1.0)
    with Remote(world, find=world.find, host="127.0.0.1", port=0) as remote, Browser(tmp_path) as page:
        remote.tell(Told(state, Standing()))
        inside(page, remote)
        wishes = [ControlEvent(f"phone:{row:08x}", "seed", world.tracks[row].id, 7.0) for row in range(10, 50)]
        page.value(f"wish('seed', '{world.tracks[60].id}')")
        standing, _ = rule(Standing(), [*wishes, *drained(remote)], state, world, present=frozenset(), now_s=7.0)
        remote.tell(Told(state, standing))
        page.wait("told.queue.length === 21")
        assert page.value("told.queue[20].mine && told.queue[20].when") == "after 40 others"
        shown = page.value("el('all').textContent")
        assert shown == f"All {41 + page.value('told.coming.length')} songs"
        page.value("el('all').click()")
        assert "and 20 other wishes" in page.value("el('queue').innerText")


def test_a_network_that_is_gone_is_shown_and_wishes_wait_and_come_once(remote, tmp_path, monkeypatch):
    monkeypatch.setattr("installation.remote.server.SPEAKS_S", 0.1)
    songs = [track.id for track in remote.world.tracks[20:23]]
    with Wire(remote.port) as wire, Browser(tmp_path) as page:
        inside(page, remote, wire.port)
        page.value("SILENT_MS = 500")
        wire.down = False
        page.value(f"wish('seed', '{songs[0]}')")
        assert [event.value for event in drained(remote)] == [songs[0]]
        wire.up = False
        assert page.wait("away && el('link').textContent", 10) == "Not connected. Trying again."
        page.value(f"wish('like', '{songs[1]}'); wish('energy', 0.2); wish('energy', 0.5)")
        assert "wait here" in page.value("el('said').textContent")
        wire.cut()
        wire.up = wire.down = True
        page.wait("!away && !waiting.length", 20)
        assert page.value("el('link').hidden")
        events = drained(remote, 2)
        time.sleep(0.3)
        assert [(event.knob, event.value) for event in events + remote.drain(8.0)] == [("like", songs[1]), ("energy", 0.5)]


def test_another_show_asks_kindly_for_its_code_and_takes_it_without_loading_anew(small_world, play, tmp_path):
    told = Told(play(small_world, 1.0), Standing())
    with Browser(tmp_path) as page:
        with Remote(small_world, find=small_world.find, host="127.0.0.1", port=0) as first:
            first.tell(told)
            inside(page, first)
        assert "Not connected" in page.wait("away && el('link').textContent")
        with Remote(small_world, find=small_world.find, host="127.0.0.1", port=first.port) as second:
            assert second.errors() == []
            second.tell(told)
            assert page.wait("!el('over').hidden && el('over').innerText", 30).startswith("Scan the code again")
            assert page.value("el('main').hidden && el('nav').hidden && el('link').hidden")
            assert "alert" in {role for role, _ in nodes(page)}
            page.open(f"{second.address}#{second.passes.token}")
            page.wait("!away && !el('main').hidden && el('over').hidden")


def nodes(page):
    """What a screen reader is told: (role, name) of each node, in order."""
    page("Accessibility.enable")
    tree = page("Accessibility.getFullAXTree")["nodes"]
    return [
        (each.get("role", {}).get("value", ""), each.get("name", {}).get("value", "")) for each in tree if not each.get("ignored")
    ]


CONTROLS = {"button", "slider", "searchbox", "textbox", "Application", "application", "checkbox", "combobox", "spinbutton"}


def test_a_screen_reader_knows_every_control_and_hears_what_changes(remote, play, small_world, tmp_path):
    state = play(small_world, 1.0)
    with Browser(tmp_path) as page:
        inside(page, remote)
        seen = nodes(page)
        assert all(name for role, name in seen if role in CONTROLS), seen
        assert {
            ("slider", "Energy"),
            ("slider", "Pictures"),
            ("button", "Play something like this"),
            ("button", "Vote to skip"),
        } <= set(seen)
        assert ("heading", "Vermilion Sands") in seen
        assert page.value("el('energy').getAttribute('aria-valuetext')") == "in the middle"
        assert page.value("['said', 'news', 'link', 'count'].every((id) => el(id).getAttribute('role') === 'status')")
        to_page(page, "map")
        page.wait("map")
        assert any(role.lower() == "application" and "Map of all songs" in name for role, name in nodes(page))
        to_page(page, "find")
        assert ("searchbox", "A title, an artist or an album") in nodes(page)
        to_page(page, "play")
        page.value("el('song').click()")
        page.wait("el('near').children.length == 8")
        seen = nodes(page)
        assert ("dialog", "Vermilion Sands") in seen
        page.value("close()")
        # The place of a wish, and another song, are said.
        mine = small_world.tracks[20].id
        page.value(f"wish('seed', '{mine}')")
        wished = drained(remote)
        others = [ControlEvent("phone:0000000b", "seed", small_world.tracks[21].id, 7.0)]
        standing, _ = rule(Standing(), [*others, *wished], state, small_world, present=frozenset(), now_s=7.0)
        remote.tell(Told(state, standing))
        page.wait("told.queue.length == 2")
        assert ("button", "Take back Slow Water") in nodes(page)
        begun = replace(state, track_id=small_world.tracks[21].id, started_s=9.0)
        standing, _ = rule(standing, [], begun, small_world, present=frozenset(), now_s=9.0)
        remote.tell(Told(begun, standing))
        assert (
            page.wait("told.queue.length == 1 && el('news').textContent")
            == "Now: Ostinato, Artist 1. Your wish Slow Water comes next."
        )


def test_by_keyboard_everything_is_reached_in_order_and_where_one_is_can_be_seen(remote, tmp_path):
    with Browser(tmp_path) as page:
        inside(page, remote)
        page.value("document.activeElement.blur()")
        order = []
        for _ in range(20):
            page.key("Tab", 9)
            here = "document.activeElement"
            order.append(page.value(f"{here}.id || {here}.getAttribute('data-page') || {here}.className"))
            if order[-1] == "find":
                break
            assert page.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            assert page.value("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 3
        assert [each for each in order if each != "song" or order.index(each) == 0][-7:] == [
            "energy",
            "wall_strength",
            "like",
            "vote",
            "play",
            "map",
            "find",
        ]
        assert order[0] == "song"
        page("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
        assert page.value("getComputedStyle(el('bar')).transitionDuration") == "0s"


# The operator's page ---------------------------------------------------------------------------------------------------------

USED = {
    "number": ("slide('{id}', '0.5')", 0.5),
    "whole": ("slide('{id}', '12')", 12),
    "switch": ("el('{id}').click()", True),
    "choice": ("pick('{id}')", "grid"),
    "words": ("type('{id}', 'rotate 180')", "rotate 180"),
    "colours": ("type('{id}', '#1a2b3c #ffcc00')", "#1a2b3c #ffcc00"),
    "text": ("type('{id}', 'slow water'); enter('{id}')", "slow water"),
    "points": ("type('{id}', '0.25 0.75 0.5 0.5 0.1 0.2'); enter('{id}')", write_points([(0.25, 0.75), (0.5, 0.5), (0.1, 0.2)])),
    "seconds": ("type('{id}', '10'); enter('{id}')", 10.0),
    "press": ("el('{id}').click()", None),
    "toggle": ("el('{id}').click()", None),
}
"""How somebody uses a knob of each kind on the page, and what the show is asked then."""

HANDS = """
  window.type = (id, text) => { el(id).value = text; el(id).dispatchEvent(new Event('change')); };
  window.slide = (id, text) => { el(id).value = text; el(id).dispatchEvent(new Event('input')); };
  window.enter = (id) => el(id).dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
  window.pick = (id) => { const all = el(id).options; el(id).value = all[Math.min(2, all.length - 1)].value;
    el(id).dispatchEvent(new Event('change')); };
"""

INPUTS = [{"NAME": "speed", "TYPE": "float", "DEFAULT": 1.0, "MAX": 4.0}, {"NAME": "bang", "TYPE": "event"}]


@pytest.fixture
def operator(remote, tmp_path):
    """The operator's page, with a scene of somebody's own."""
    file = tmp_path / "rings.fs"
    file.write_text(f"/*{json.dumps({'ISFVSN': '2', 'INPUTS': INPUTS})}*/\nvoid main() {{ gl_FragColor = vec4(1.0); }}\n")
    remote.own = own_knobs([read(file)], remote.world.maps.names)
    with Browser(tmp_path / "browser") as page:
        page.open(remote.operator_address)
        page.wait("!el('main').hidden")
        page.value(HANDS)
        yield page


def test_every_knob_stands_once_under_a_heading_and_one_of_each_kind_can_be_used(operator, remote):
    named = {knob.name for knob in remote.own.values()} | {knob.name for knob in registry()}
    boxes = "[...document.querySelectorAll('.knob')]"
    assert operator.value(f"{boxes}.length") == len(named) - 3
    headings = json.loads(
        operator.value("JSON.stringify([...document.querySelectorAll('#knobs summary')].map((each) => each.textContent))")
    )
    assert headings[:3] == ["What plays", "Choosing what comes", "Sound"] and headings[-1] == "Scene rings"
    kinds = set()
    for knob in [*registry(), *remote.own.values()]:
        if knob.kind in kinds or knob.name in ("next", "previous", "pause", "map", "seed_at", "quality", "recipe"):
            continue
        kinds.add(knob.kind)
        how, meant = USED[knob.kind]
        operator.value(how.format(id=f"knob-{knob.name}"))
        (event,) = drained(remote)
        assert (event.source, event.knob) == ("operator", knob.name)
        assert event.value == (pytest.approx(meant, abs=0.02) if isinstance(meant, float) else meant), knob.name
    assert kinds == set(USED)
    for button, name in (("forth", "next"), ("previous", "previous"), ("pause", "pause")):
        operator.value(f"el('{button}').click()")
        assert [event.knob for event in drained(remote)] == [name]
    operator.value("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    # A scene that the list does not have is typed; whatever is refused is said.
    operator.value("el('knob-scene').value = ANOTHER; el('knob-scene').dispatchEvent(new Event('change'))")
    operator.value("document.activeElement.value = 'rings'; document.activeElement.dispatchEvent(new Event('change'))")
    assert [(event.knob, event.value) for event in drained(remote)] == [("scene", "rings")]
    operator.value("turn('wall_rows', 'many')")
    assert "a number from 6 to 36 is needed" in operator.wait("el('said').textContent")


def test_fields_follow_what_is_turned_elsewhere_but_not_under_somebodys_hand(operator, remote, play, small_world):
    state = play(small_world, 1.0, (0.0, "wall_rows", 20), (0.0, "palette", "#102030"), (0.0, "scene", "grid"))
    remote.tell(Told(replace(state, paused=True, recording=True), Standing(), (("frames", "now"),)), (("nobody", "now"),))
    assert operator.wait("el('knob-wall_rows').value === '20' && el('knob-scene').value") == "grid"
    assert operator.value("el('pause').textContent + el('knob-record').textContent") == "Go onOn: end it"
    assert operator.value("document.querySelectorAll('.wells input').length") == 1
    operator.value("document.querySelector('#knob-wall_rows + .exact').focus()")
    operator.value("document.activeElement.value = '3'")
    state = replace(state, wished={**state.wished, "wall_rows": 30, "wall_cols": 31})
    remote.tell(Told(state, Standing(), (("frames", "later"),)), (("nobody", "now"),))
    operator.wait("el('knob-wall_cols').value === '31'")
    assert operator.value("document.activeElement.value") == "3"
    operator.value("document.activeElement.blur()")
    remote.tell(Told(state, Standing(), (("frames", "later still"),)), (("nobody", "now"),))
    operator.wait("document.querySelector('#knob-wall_rows + .exact').value === '30'")


def test_the_operator_finds_knobs_by_words_sees_the_mixtape_and_the_picture_and_all_has_a_name(
    operator, remote, play, small_world
):
    operator.value("el('filter').value = 'wall spread'; sift()")
    assert operator.value("[...document.querySelectorAll('.knob')].filter((each) => each.offsetParent).length") == 1
    operator.value("el('filter').value = ''; sift(); [...el('knobs').children].forEach((each) => { each.open = true; })")
    seen = nodes(operator)
    assert all(name for role, name in seen if role in CONTROLS | {"switch", "ComboBoxMenuSelect"}), seen
    assert min(json.loads(operator.value(SIZES))) >= 44
    assert operator.value("document.documentElement.scrollWidth") == 390
    tape = tuple(track.id for track in small_world.tracks[20:28])
    state = play(small_world, 1.0, (0.0, "recipe", "islands"))
    state = replace(state, tape=Tape(state.track_id, "islands:0:1:1:1:1:1", tape), next_ids=tape[:5])
    remote.tell(Told(state, Standing()), (("nobody", "now"),))
    assert operator.wait("el('tape').textContent.includes('islands') && el('tape').textContent").startswith(
        "islands; 8 songs wait. "
    )
    assert operator.value("el('queue').children.length") == 5
    operator.value("el('look').click()")
    until_s = time.monotonic() + 10
    while operator.value("el('picture').naturalWidth") != 16:
        assert time.monotonic() < until_s
        if remote.picture_wanted:
            remote.show_picture(np.full((9, 16, 3), 200, np.uint8))


def test_the_operators_page_of_another_show_says_so(operator, remote):
    remote.passes._operator = "another"
    operator.open(remote.address + "operator")
    assert operator.wait("!el('over').hidden && el('over').innerText", 20).startswith("This page is not let in")
    assert "begun anew" in operator.value("el('over').innerText")
    assert operator.value("el('main').hidden && el('nav').hidden")
