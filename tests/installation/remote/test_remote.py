"""The phone remote through real sockets: the way in, wishes, what is told, floods, and what a hostile guest meets."""

from __future__ import annotations

import contextlib
import datetime
import http.client
import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("uvicorn")
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from installation.control.arbiter import Standing, rule
from installation.control.knobs import registry
from installation.control.rates import Rates
from installation.messages import ControlEvent
from installation.remote import server
from installation.remote.passes import Passes
from installation.remote.server import PHONES_PER_ADDRESS, Remote
from installation.remote.words import Told, evening
from installation.tape import Tape

PAGE = Path(server.__file__).parent / "page"


def ask(remote, target, *, method="GET", body=None, cookie="", headers=(), source="127.0.0.1"):
    connection = http.client.HTTPConnection("127.0.0.1", remote.port, timeout=5, source_address=(source, 0))
    sent = {"Cookie": cookie} if cookie else {}
    connection.request(method, target, body=None if body is None else json.dumps(body), headers=sent | dict(headers))
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def enter(remote, source="127.0.0.1"):
    """A phone's cookie."""
    answer, _ = ask(remote, "/join", method="POST", body={"token": remote.passes.token}, source=source)
    assert answer.status == 200
    return answer.headers["Set-Cookie"].split(";")[0]


def live(remote, cookie, path="/live", source="127.0.0.1", origin=None):
    sock = socket.create_connection(("127.0.0.1", remote.port), timeout=5, source_address=(source, 0))
    here = f"http://127.0.0.1:{remote.port}"
    given = {"sock": sock, "origin": origin or here, "additional_headers": {"Cookie": cookie}, "close_timeout": 0.5}
    return connect(f"ws://127.0.0.1:{remote.port}{path}", **given)


def drained(remote, count=1):
    found, until_s = [], time.monotonic() + 5
    while len(found) < count and time.monotonic() < until_s:
        found += remote.drain(7.0)
        time.sleep(0.01)
    return found


def test_a_guest_comes_in_by_the_code_and_is_told_what_plays(remote, small_world, play):
    with live(remote, enter(remote)) as phone:
        told = json.loads(phone.recv(5))
    track = small_world.track(play(small_world, 1.0).track_id)
    assert (told["now"]["title"], told["now"]["artist"]) == (track.title, track.artist)
    assert told["coming"][0]["id"] == play(small_world, 1.0).next_ids[0]
    assert len(remote.code) == len(remote.code[0]) >= 29


def test_a_wish_reaches_the_show_with_its_phone_and_its_place_comes_back_to_it_alone(remote, small_world, play):
    state, wanted = play(small_world, 1.0), small_world.tracks[20].id
    with live(remote, enter(remote)) as ann, live(remote, enter(remote)) as ben:
        ann.recv(5), ben.recv(5)
        ann.send(json.dumps({"do": "seed", "what": wanted}))
        events = drained(remote)
        assert [(event.knob, event.value, event.time_s) for event in events] == [("seed", wanted, 7.0)]
        assert re.fullmatch(r"phone:[0-9a-f]{8}", events[0].source)
        standing, ruling = rule(Standing(), events, state, small_world, present=remote.present(), now_s=7.0)
        assert len(remote.present()) == 2
        remote.tell(Told(state, standing), ruling.answers)
        said = [json.loads(ann.recv(5)) for _ in range(2)]
        assert said[0]["said"].endswith("comes next")
        assert (said[1]["queue"][0]["id"], said[1]["queue"][0]["mine"], said[1]["queue"][0]["when"]) == (wanted, True, "next")
        other = json.loads(ben.recv(5))
        assert other["queue"][0]["mine"] is False
        assert events[0].source not in json.dumps(other)


def test_songs_search_neighbours_and_covers_are_ids_and_words_and_nothing_of_the_file_system(remote, small_world):
    cookie = enter(remote)
    first = small_world.tracks[0]
    texts = [
        ask(remote, target, cookie=cookie)[1].decode()
        for target in ("/songs", "/search?q=slow", f"/song?id={first.id}", f"/like?id={first.id}")
    ]
    assert json.loads(texts[0])["ids"] == [track.id for track in small_world.tracks]
    assert {song["title"] for song in json.loads(texts[1])} == {"Slow Water"}
    near = [small_world.tracks[row].id for row in small_world.neighbours.index[0][:8]]
    assert [song["id"] for song in json.loads(texts[3])] == near
    assert not any(word in text for text in texts for word in (".mp3", "/home", "path"))
    answer, picture = ask(remote, f"/cover?id={first.id}", cookie=cookie)
    assert answer.headers["Content-Type"] == "image/png" and picture.startswith(b"\x89PNG")


def test_a_phone_has_the_map_that_is_shown_and_no_other_files_by_its_name(remote, small_world, play):
    cookie = enter(remote)
    turned = json.loads(ask(remote, "/songs?map=rp-30", cookie=cookie)[1])
    assert turned["by"] == "By rhythm patterns"
    want = small_world.maps.sibling("rp-30").song_map.xy
    assert np.abs(np.array(turned["xy"]).reshape(-1, 2) / 1000 - want).max() <= 0.0006
    assert json.loads(ask(remote, "/songs", cookie=cookie)[1])["map"] == "fused"
    for name in ("by-smell", "../grids/fused", ""):
        answer, said = ask(remote, f"/songs?map={name}", cookie=cookie)
        assert (answer.status, said) == (404, b"{}")
    with live(remote, cookie) as socket:
        assert json.loads(socket.recv(5))["map"] == "fused"
        remote.tell(Told(play(small_world, 2.0, (1.0, "map", "rp-30")), Standing(), ()), (("nobody", "now"),))
        assert json.loads(socket.recv(5))["map"] == "rp-30"


@pytest.mark.parametrize("target", ["/songs", "/search?q=a", "/song?id=x", "/like?id=x", "/cover?id=x", "/operator/picture"])
def test_without_a_pass_nothing_is_told(remote, target):
    for cookie in ("", "phone=abcd.abcd", "phone=.", "operator=guess", "phone=ä.ö"):
        assert ask(remote, target, cookie=cookie.encode().decode("latin-1"))[0].status == 403


def test_wrong_tokens_are_refused_and_guessing_is_slow(remote):
    told = [ask(remote, "/join", method="POST", body={"token": guess})[0].status for guess in ["", "x", None, 7, *["guess"] * 12]]
    assert set(told) == {403, 429}
    assert told[-1] == 429
    assert ask(remote, "/join", method="POST", body={"token": remote.passes.token}, source="127.0.0.2")[0].status == 200


def test_a_pass_is_of_one_evening_and_of_one_phone():
    now = [datetime.datetime(2026, 3, 1, 20, 0)]
    passes = Passes(lambda: now[0])
    token, shown = passes.token, passes.issue()
    phone, _, signature = shown.partition(".")
    now[0] = datetime.datetime(2026, 3, 2, 4, 0)
    assert passes.admits(token) and passes.phone(shown) == phone
    assert passes.phone(f"{'0' * 16}.{signature}") is None
    now[0] = datetime.datetime(2026, 3, 2, 18, 0)
    assert passes.phone(shown) is None and not passes.admits(token)
    assert passes.operator_pass("guess") is None and passes.is_operator(passes.operator_pass(passes.secret))


def test_at_noon_the_code_changes_and_phones_that_say_nothing_are_told_to_scan_it(small_world, play, monkeypatch):
    monkeypatch.setattr("installation.remote.pages._VALID_S", 0.05)
    now = [datetime.datetime(2026, 3, 1, 11, 59)]
    with Remote(small_world, find=small_world.find, host="127.0.0.1", port=0, passes=Passes(lambda: now[0])) as remote:
        remote.tell(Told(play(small_world, 1.0), Standing()))
        code, cookie = remote.code, enter(remote)
        operator = ask(remote, "/operator/join", method="POST", body={"secret": remote.passes.secret})[0].headers["Set-Cookie"]
        with live(remote, cookie) as phone, live(remote, operator.split(";")[0], "/operator/live") as page:
            phone.recv(5), page.recv(5)
            now[0] = datetime.datetime(2026, 3, 1, 12, 0)
            with pytest.raises(ConnectionClosed) as closed:
                phone.recv(5)
            assert closed.value.rcvd.code == 4401
            assert remote.code != code
            page.send(json.dumps({"turn": "next", "value": None}))
            assert [event.knob for event in drained(remote)] == ["next"]
        # A pass of the evening before opens nothing, and a clock that is set back does not bring it to life.
        for hour in (12, 11):
            now[0] = datetime.datetime(2026, 3, 1, hour, 0)
            assert ask(remote, "/songs", cookie=cookie)[0].status == 403
        assert ask(remote, "/songs", cookie=enter(remote))[0].status == 200


def test_a_wish_sent_twice_counts_once_and_is_acknowledged_both_times(remote, small_world):
    cookie = enter(remote)
    wish = {"do": "seed", "what": small_world.tracks[20].id, "visit": "abc", "n": 3}
    for _ in range(2):
        with live(remote, cookie) as phone:
            phone.recv(5)
            phone.send(json.dumps(wish))
            assert json.loads(phone.recv(5)) == {"got": 3}
    with live(remote, cookie) as phone:
        phone.recv(5)
        phone.send(json.dumps(wish | {"n": 4}))
        phone.send(json.dumps(wish | {"visit": "of another page", "n": 1}))
        assert len(drained(remote, 3)) == 3
    time.sleep(0.1)
    assert remote.drain(9.0) == []


def test_a_phone_hears_something_now_and_then_though_nothing_changes(remote, monkeypatch):
    monkeypatch.setattr(server, "SPEAKS_S", 0.05)
    with live(remote, enter(remote)) as phone:
        assert "now" in json.loads(phone.recv(5))
        assert [list(json.loads(phone.recv(5))) for _ in range(2)] == [["at_s"]] * 2


def test_guests_see_what_comes_after_the_wishes_and_which_mixtape_it_is_of(remote, small_world, play):
    state = play(small_world, 1.0)
    tape = tuple(track.id for track in small_world.tracks[20:28])
    wishes = [ControlEvent("phone:0000000b", "seed", small_world.tracks[row].id, 7.0) for row in (12, 20)]
    standing, _ = rule(Standing(), wishes, state, small_world, present=frozenset(), now_s=7.0)
    told = evening(
        replace(state, next_ids=(*standing.turns.songs, *tape[1:4]), tape=Tape(state.track_id, "islands:2:1:1:1:1:1", tape)),
        standing,
        small_world,
        present=frozenset(),
    )
    assert [song["id"] for song in told["queue"]] == [event.value for event in wishes]
    assert [song["id"] for song in told["coming"]] == list(tape[1:5])
    assert told["tape"]["name"] == "islands" and told["tape"]["words"].endswith(".")
    assert evening(state, standing, small_world, present=frozenset())["tape"] is None


def test_a_socket_without_a_pass_or_of_another_page_is_turned_away(remote):
    with live(remote, "phone=guess") as phone, pytest.raises(ConnectionClosed) as closed:
        phone.recv(5)
    assert closed.value.rcvd.code == 4401
    with pytest.raises(InvalidStatus):
        live(remote, enter(remote), origin="http://evil.example")
    with live(remote, "operator=guess", "/operator/live") as page, pytest.raises(ConnectionClosed):
        page.recv(5)


@pytest.mark.parametrize(
    "said",
    [
        "no json",
        "[]",
        "{}",
        "[" * 900,
        json.dumps({"do": "quit", "what": None}),
        json.dumps({"do": "seed", "what": "../etc/passwd"}),
        json.dumps({"do": "seed", "what": {"a": 1}}),
        json.dumps({"do": "energy", "what": True}),
        '{"do": "energy", "what": NaN}',
        json.dumps({"do": "energy", "what": 1e9}),
        json.dumps({"do": ["seed"], "what": 1}),
        json.dumps({"do": "volume", "what": 1.0}),
    ],
)
def test_what_is_no_wish_never_reaches_the_show(remote, said):
    with live(remote, enter(remote)) as phone:
        phone.recv(5)
        phone.send(said)
        phone.send(json.dumps({"do": "vote", "what": remote.world.tracks[0].id}))
        assert [event.knob for event in drained(remote)] == ["vote"]


def test_a_phone_that_floods_is_told_to_go_slowly_and_the_others_are_heard(remote):
    song = remote.world.tracks[0].id
    with live(remote, enter(remote)) as loud, live(remote, enter(remote)) as quiet:
        for _ in range(2000):
            loud.send(json.dumps({"do": "vote", "what": song}))
        quiet.send(json.dumps({"do": "vote", "what": song}))
        events = drained(remote, 13)
        time.sleep(0.2)
        events += remote.drain(0.0)
    sources = [event.source for event in events]
    assert len(set(sources)) == 2
    assert len(sources) < 40


def test_requests_that_are_large_many_or_malformed_are_refused_and_the_page_still_comes(remote):
    assert ask(remote, "/search?q=" + "a" * 2000, cookie=enter(remote))[0].status == 400
    assert ask(remote, "/join", method="POST", body={"token": "x" * 5000})[0].status == 400
    assert ask(remote, "/", headers={"Host": "a b<script>"}.items())[0].status == 400
    with socket.create_connection(("127.0.0.1", remote.port), timeout=5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000)
        assert b"400" in raw.recv(200)
    # A slow computer asks too seldom to be refused at once.
    statuses = {200}
    until_s = time.monotonic() + 60.0
    while statuses == {200} and time.monotonic() < until_s:
        with ThreadPoolExecutor(8) as pool:
            statuses |= set(pool.map(lambda _: ask(remote, "/", source="127.0.0.9")[0].status, range(200)))
    assert statuses == {200, 429}
    assert ask(remote, "/")[0].status == 200


def test_an_address_has_a_few_phones_and_a_few_connections_at_most(remote):
    for _ in range(PHONES_PER_ADDRESS):
        enter(remote)
    assert ask(remote, "/join", method="POST", body={"token": remote.passes.token})[0].status == 429
    with contextlib.ExitStack() as held:
        for _ in range(60):
            with contextlib.suppress(OSError):
                held.enter_context(
                    socket.create_connection(("127.0.0.1", remote.port), timeout=5, source_address=("127.0.0.8", 0))
                )
        assert ask(remote, "/")[0].status == 200
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(remote, "/", source="127.0.0.8")


def test_every_answer_forbids_a_browser_whatever_the_page_does_not_need(remote):
    for target in ("/", "/join", "/songs", "/nothing", "/operator", "/look.css"):
        headers = ask(remote, target)[0].headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
        assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
        assert "Server" not in headers


def test_the_operators_page_turns_every_knob_of_the_registry_and_cannot_end_the_show(remote, small_world):
    answer, _ = ask(remote, "/operator/join", method="POST", body={"secret": remote.passes.secret})
    cookie = answer.headers["Set-Cookie"].split(";")[0]
    assert ask(remote, "/operator/join", method="POST", body={"secret": remote.passes.token})[0].status == 403
    with live(remote, cookie, "/operator/live") as page:
        told = json.loads(page.recv(5))
        assert sorted(knob["name"] for knob in told["knobs"]) == sorted(knob.name for knob in registry())
        assert {knob.name for knob in registry() if not knob.is_trigger} <= set(told["values"])
        page.send(json.dumps({"turn": "wall_rows", "value": 1000}))
        page.send(json.dumps({"turn": "next", "value": None}))
        events = drained(remote, 2)
        assert [(event.source, event.knob, event.value) for event in events] == [
            ("operator", "wall_rows", 36),
            ("operator", "next", None),
        ]
        page.send(json.dumps({"turn": "quit", "value": None}))
        assert "no such address" in json.loads(page.recv(5))["said"]
        assert remote.operated


def test_the_operator_sees_the_next_frame(remote):
    answer, _ = ask(remote, "/operator/join", method="POST", body={"secret": remote.passes.secret})
    cookie, got = answer.headers["Set-Cookie"].split(";")[0], []
    asking = threading.Thread(target=lambda: got.append(ask(remote, "/operator/picture", cookie=cookie)))
    asking.start()
    until_s = time.monotonic() + 5
    while not remote.picture_wanted and time.monotonic() < until_s:
        time.sleep(0.01)
    remote.show_picture(np.full((9, 16, 3), 200, np.uint8))
    asking.join(5)
    assert got[0][1].startswith(b"\x89PNG")
    assert not remote.picture_wanted


def test_a_port_that_is_taken_is_said_and_the_show_goes_on(remote, small_world):
    with Remote(small_world, find=small_world.find, host="127.0.0.1", port=remote.port) as second:
        assert "choose another remote_port" in second.errors()[0]
        assert not second.listening
        assert second.drain(0.0) == []


def test_rates_let_a_burst_through_and_then_so_many_a_second():
    now = [0.0]
    rates = Rates(2.0, 3.0, keys=2, clock=lambda: now[0])
    assert [rates.take("a") for _ in range(4)] == [True, True, True, False]
    now[0] = 0.5
    assert (rates.take("a"), rates.take("a"), rates.take("b")) == (True, False, True)


def test_the_page_is_small_and_links_to_nothing_outside():
    texts = [path.read_text(encoding="utf-8") for path in PAGE.iterdir()]
    assert sum(len(text.encode()) for text in texts) < 60_000
    assert not any(re.search(r"https?://|\?\.|\?\?|innerHTML|onclick=\"|style=\"", text) for text in texts)


def test_what_a_phone_sends_too_fast_waits_unread_and_others_are_heard(small_world, play, monkeypatch):
    monkeypatch.setattr("installation.remote.pages._PHONE_READ", (1e-6, 3.0))
    with Remote(small_world, find=small_world.find, host="127.0.0.1", port=0) as remote:
        remote.tell(Told(play(small_world, 1.0), Standing(), ()))
        with live(remote, enter(remote)) as loud, live(remote, enter(remote)) as quiet:
            for number in range(10):
                loud.send(json.dumps({"do": "vote", "what": small_world.tracks[number].id}))
            loud_ones = drained(remote, 3)
            quiet.send(json.dumps({"do": "vote", "what": small_world.tracks[30].id}))
            (heard,) = drained(remote)
        assert [event.value for event in loud_ones] == [small_world.tracks[number].id for number in range(3)]
        assert heard.value == small_world.tracks[30].id
        assert remote.drain(8.0) == []


@pytest.mark.slow
def test_two_hundred_phones_wish_at_once_and_all_are_told(remote, small_world, play):
    state, standing, told = play(small_world, 1.0), Standing(), set()

    def phone(number):
        source = f"127.0.1.{number + 1}"
        with live(remote, enter(remote, source), source=source) as mine:
            mine.recv(10)
            mine.send(json.dumps({"do": "seed", "what": small_world.tracks[number % 40].id}))
            until_s = time.monotonic() + 30
            while time.monotonic() < until_s:
                if "said" in json.loads(mine.recv(30)):
                    told.add(number)
                    return

    threads = [threading.Thread(target=phone, args=(number,)) for number in range(200)]
    for each in threads:
        each.start()
    longest_s = 0.0
    while any(each.is_alive() for each in threads):
        began_s = time.perf_counter()
        standing, ruling = rule(standing, remote.drain(8.0), state, small_world, present=remote.present(), now_s=8.0)
        remote.tell(Told(state, standing), ruling.answers)
        longest_s = max(longest_s, time.perf_counter() - began_s)
        time.sleep(1 / 60)
    assert told == set(range(200))
    assert len(standing.turns.songs) >= 39
    print(f"the show's own part of a frame took {1000 * longest_s:.2f} ms at worst")
