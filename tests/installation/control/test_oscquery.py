"""OSCQuery through real sockets: by HTTP, by WebSocket, and by a client library that is not ours."""

from __future__ import annotations

import http.client
import json
import socket
import time

import pytest
from pythonosc.osc_message import OscMessage
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import connect

from installation.control import oscquery
from installation.control.knobs import OUT, registry
from installation.control.oscquery import BURST, CLIENTS_LIMIT, CONNECTIONS_LIMIT, HEARD, RATE_HZ, OscQuery
from installation.control.rates import Rates
from tests.installation.control.test_reach import Except


@pytest.fixture
def query(small_world, play):
    state = play(small_world, 3.0)
    with OscQuery("127.0.0.1", 0, osc_host="127.0.0.1", osc_port=9100) as query:
        query.know(state.knobs, {}, [("/mixtape/out/level", (0.5,)), ("/mixtape/out/song", ("id", "title", "artist", "album"))])
        yield query
    assert query.errors() == []


def ask(query, target):
    connection = http.client.HTTPConnection("127.0.0.1", query.port, timeout=5)
    connection.request("GET", target)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, json.loads(body) if body else None


def leaves(node):
    contents = node.get("CONTENTS", {})
    return ([node] if "TYPE" in node or "DESCRIPTION" in node else []) + [
        leaf for each in contents.values() for leaf in leaves(each)
    ]


def test_every_knob_and_trigger_is_in_the_tree_with_its_range_words_and_value(query, small_world, play):
    status, root = ask(query, "/")
    assert status == 200
    found = {leaf["FULL_PATH"]: leaf for leaf in leaves(root)}
    assert {knob.address for knob in registry()} | {f"/mixtape/out/{name}" for name, _, _ in OUT} <= set(found)
    rows = found["/mixtape/wall/rows"]
    assert (rows["TYPE"], rows["RANGE"], rows["VALUE"], rows["ACCESS"]) == ("i", [{"MIN": 6, "MAX": 36}], [8], 3)
    assert rows["DESCRIPTION"] == "Rows of the wall."
    assert found["/mixtape/next"]["ACCESS"] == 2
    assert "VALUE" not in found["/mixtape/next"]
    assert found["/mixtape/scene_s"]["UNIT"] == ["time.second"]
    assert found["/mixtape/out/song"]["TYPE"] == "ssss"


@pytest.mark.parametrize(
    ("target", "status", "answer"),
    [
        ("/mixtape/wall/rows?VALUE", 200, {"VALUE": [8]}),
        ("/mixtape/wall/rows?RANGE", 200, {"RANGE": [{"MIN": 6, "MAX": 36}]}),
        ("/mixtape/out/level?VALUE", 200, {"VALUE": [0.5]}),
        ("/mixtape/next?VALUE", 204, None),
        ("/mixtape/nothing", 404, None),
        ("/mixtape/wall/rows?SECRET", 400, None),
        ("/../../etc/passwd", 404, None),
        ("/mixtape/%2e%2e/%00", 404, None),
    ],
)
def test_a_question_is_answered_as_the_proposal_says(query, target, status, answer):
    assert ask(query, target) == (status, answer)


def test_who_is_asked_says_where_osc_is_taken(query):
    _, info = ask(query, "/?HOST_INFO")
    assert (info["NAME"], info["OSC_PORT"], info["OSC_TRANSPORT"], info["WS_PORT"]) == ("mixtape", 9100, "UDP", query.port)
    assert info["EXTENSIONS"]["LISTEN"]


def test_who_listens_hears_what_it_listens_to_and_nothing_else(query, small_world, play):
    state = play(small_world, 3.0)
    with connect(f"ws://127.0.0.1:{query.port}/", compression=None) as listening:
        for each in ("no json", json.dumps({"COMMAND": "LISTEN", "DATA": 7}), b"\x00\xff", json.dumps([1])):
            listening.send(each)
        listening.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/mixtape/energy"}))
        until(lambda: any(listener._paths for listener in query._listeners))
        query.know(state.knobs, {}, [("/mixtape/energy", (0.25,)), ("/mixtape/grain", (0.5,))])
        heard = OscMessage(listening.recv(timeout=5))
        assert (heard.address, heard.params) == ("/mixtape/energy", [0.25])
        listening.send(json.dumps({"COMMAND": "IGNORE", "DATA": "/mixtape/energy"}))
        until(lambda: not any(listener._paths for listener in query._listeners))
        query.know(state.knobs, {}, [("/mixtape/energy", (0.75,))])
        query.know(state.knobs, {"scene/mine/x": registry()[0]}, [])
        assert json.loads(listening.recv(timeout=5)) == {"COMMAND": "PATH_CHANGED", "DATA": "/mixtape/scene"}


def test_one_client_too_many_is_sent_away_and_the_others_stay(query):
    clients = [connect(f"ws://127.0.0.1:{query.port}/", compression=None) for _ in range(CLIENTS_LIMIT)]
    until(lambda: len(query._listeners) == CLIENTS_LIMIT)
    late = connect(f"ws://127.0.0.1:{query.port}/", compression=None)
    with pytest.raises(Exception, match="1013"):
        late.recv(timeout=5)
    for client in clients:
        client.close()
    until(lambda: not query._listeners)
    assert ask(query, "/mixtape/energy")[0] == 200


def test_a_client_that_takes_nothing_holds_up_nobody(query, small_world, play):
    state = play(small_world, 3.0)
    with connect(f"ws://127.0.0.1:{query.port}/", compression=None) as listening:
        listening.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/mixtape/out/level"}))
        until(lambda: any(listener._paths for listener in query._listeners))
        for place in range(20_000):
            query.know(state.knobs, {}, [("/mixtape/out/level", (float(place),))])
        last = -1.0
        while last != 19_999.0:
            last = OscMessage(listening.recv(timeout=5)).params[0]


def status(query, target="/mixtape/energy", source=("127.0.0.1", 0), **headers):
    connection = http.client.HTTPConnection("127.0.0.1", query.port, timeout=5, source_address=source)
    connection.putrequest("GET", target, skip_host=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    try:
        return connection.getresponse().status
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return None
    finally:
        connection.close()


def test_a_web_page_of_somebody_else_may_not_ask_even_under_a_name_that_leads_here(query):
    assert status(query, Host=f"127.0.0.1:{query.port}") == 200
    assert status(query, Host=f"localhost:{query.port}") == 200
    assert status(query, Host=f"[::1]:{query.port}") == 200
    assert status(query, Host=f"{socket.gethostname()}:{query.port}") == 200
    for host in (f"evil.example:{query.port}", "evil.example", "", "[::1", "127.0.0.1.evil.example"):
        assert status(query, Host=host) == 403, host
    assert status(query) == 403
    assert status(query, Host=f"127.0.0.1:{query.port}", Origin="http://evil.example") == 403
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://127.0.0.1:{query.port}/", origin="http://evil.example")
    assert status(query, "//[", Host=f"127.0.0.1:{query.port}") == 400


def test_who_may_not_send_may_not_ask_and_costs_no_thread(small_world, play):
    with OscQuery("127.0.0.1", 0, osc_host="127.0.0.1", osc_port=9100, allowed=Except("127.0.0.9"), announced=False) as query:
        query.know(play(small_world, 3.0).wished, {}, [])
        host = f"127.0.0.1:{query.port}"
        assert status(query, source=("127.0.0.9", 0), Host=host) is None
        assert status(query, source=("127.0.0.8", 0), Host=host) == 200
        with pytest.raises((OSError, EOFError, WebSocketException)):
            connect(f"ws://{host}/", source_address=("127.0.0.9", 0))
        assert query.strangers == 2
        (told,) = query.errors()
        assert "127.0.0.9" in told
        assert "allow" in told


def test_a_flood_of_questions_is_bounded_and_others_are_answered_on(query):
    host = f"127.0.0.1:{query.port}"
    query._rates = Rates(RATE_HZ, BURST, clock=lambda: 0.0)
    found = [status(query, source=("127.0.0.5", 0), Host=host) for _ in range(int(BURST) + 20)]
    assert found == [200] * int(BURST) + [429] * 20
    assert status(query, source=("127.0.0.6", 0), Host=host) == 200


def test_connections_of_many_addresses_come_in_no_faster_than_the_show_bears(monkeypatch, small_world, play):
    monkeypatch.setattr(oscquery, "COMING_HZ", 20.0)
    monkeypatch.setattr(oscquery, "COMING", 10.0)
    with OscQuery("127.0.0.1", 0, osc_host="127.0.0.1", osc_port=9100, allowed=Except("127.0.0.9"), announced=False) as query:
        query.know(play(small_world, 3.0).wished, {}, [])
        host = f"127.0.0.1:{query.port}"
        began_s = time.monotonic()
        assert [status(query, source=(f"127.0.0.{20 + place}", 0), Host=host) for place in range(30)] == [200] * 30
        # Ten at once, and then twenty a second.
        assert time.monotonic() - began_s > 0.8
        for _ in range(40):
            assert status(query, source=("127.0.0.9", 0), Host=host) is None
        assert status(query, source=("127.0.0.8", 0), Host=host) == 200
    assert len(query.errors()) == 1


@pytest.mark.parametrize("frame", ["a message", "a ping"])
def test_a_listener_that_floods_is_cut_off_and_the_others_stay(query, small_world, play, frame):
    state = play(small_world, 3.0)
    with (
        connect(f"ws://127.0.0.1:{query.port}/", compression=None) as quiet,
        connect(f"ws://127.0.0.1:{query.port}/", compression=None) as flooding,
    ):
        quiet.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/mixtape/energy"}))
        until(lambda: any(listener._paths for listener in query._listeners))
        assert len(query._listeners) == 2
        with pytest.raises(WebSocketException):
            for _ in range(50 * int(HEARD)):
                if frame == "a ping":
                    flooding.ping()
                else:
                    flooding.send("[]")
        until(lambda: len(query._listeners) == 1)
        query.know(state.knobs, {}, [("/mixtape/energy", (0.25,))])
        assert OscMessage(quiet.recv(timeout=5)).params == [0.25]


def test_connections_that_say_nothing_are_bounded(query):
    quiet = [socket.create_connection(("127.0.0.1", query.port)) for _ in range(CONNECTIONS_LIMIT + 6)]
    until(lambda: len(query._server.handler_threads) == CONNECTIONS_LIMIT)
    for each in quiet[-6:]:
        each.settimeout(5.0)
        assert each.recv(1) == b""
    for each in quiet:
        each.close()
    until(lambda: status(query, Host=f"127.0.0.1:{query.port}") == 200)


def test_who_listens_on_all_networks_says_the_address_it_was_asked_at(small_world, play):
    with OscQuery("0.0.0.0", 0, osc_host="0.0.0.0", osc_port=9100, announced=False) as query:
        _, info = ask(query, "/?HOST_INFO")
        assert (info["OSC_IP"], info["WS_IP"]) == ("127.0.0.1", "127.0.0.1")


def test_a_port_that_is_taken_is_told_in_words(query):
    with OscQuery("127.0.0.1", query.port, osc_host="127.0.0.1", osc_port=9100) as second:
        assert not second.listening
        assert "oscquery_port" in second.errors()[0]


def test_a_client_of_others_finds_it_by_zeroconf_and_reads_it(small_world, play):
    client_library = pytest.importorskip("pythonoscquery.osc_query_client")
    zeroconf = pytest.importorskip("zeroconf")
    state = play(small_world, 3.0)
    with OscQuery("127.0.0.1", 0, osc_host="127.0.0.1", osc_port=9100, announced=True) as query:
        query.know(state.knobs, {}, [])
        looking = zeroconf.Zeroconf(interfaces=["127.0.0.1"])
        name = f"mixtape-{query.port}._oscjson._tcp.local."
        info, deadline = None, time.monotonic() + 20
        while info is None and time.monotonic() < deadline:
            info = looking.get_service_info("_oscjson._tcp.local.", name, timeout=1000)
        looking.close()
        assert query.errors() == []
        client = client_library.OSCQueryClient(info)
        node = client.query_node("/mixtape/wall/rows")
        assert node.value == [8]
        assert client.get_host_info().osc_port == 9100
        assert client.query_node("/mixtape/nothing") is None


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)
