"""OSCQuery through real sockets: by HTTP, by WebSocket, and by a client library that is not ours."""

from __future__ import annotations

import http.client
import json
import time

import pytest
from pythonosc.osc_message import OscMessage
from websockets.sync.client import connect

from installation.control.knobs import OUT, registry
from installation.control.oscquery import CLIENTS_LIMIT, OscQuery


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
    with connect(f"ws://127.0.0.1:{query.port}/", compression=None) as socket:
        for each in ("no json", json.dumps({"COMMAND": "LISTEN", "DATA": 7}), b"\x00\xff", json.dumps([1])):
            socket.send(each)
        socket.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/mixtape/energy"}))
        until(lambda: any(listener._paths for listener in query._listeners))
        query.know(state.knobs, {}, [("/mixtape/energy", (0.25,)), ("/mixtape/grain", (0.5,))])
        heard = OscMessage(socket.recv(timeout=5))
        assert (heard.address, heard.params) == ("/mixtape/energy", [0.25])
        socket.send(json.dumps({"COMMAND": "IGNORE", "DATA": "/mixtape/energy"}))
        until(lambda: not any(listener._paths for listener in query._listeners))
        query.know(state.knobs, {}, [("/mixtape/energy", (0.75,))])
        query.know(state.knobs, {"scene/mine/x": registry()[0]}, [])
        assert json.loads(socket.recv(timeout=5)) == {"COMMAND": "PATH_CHANGED", "DATA": "/mixtape/scene"}


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
    with connect(f"ws://127.0.0.1:{query.port}/", compression=None) as socket:
        socket.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/mixtape/out/level"}))
        until(lambda: any(listener._paths for listener in query._listeners))
        for place in range(20_000):
            query.know(state.knobs, {}, [("/mixtape/out/level", (float(place),))])
        last = -1.0
        while last != 19_999.0:
            last = OscMessage(socket.recv(timeout=5)).params[0]


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
