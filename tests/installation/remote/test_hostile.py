"""What a hostile guest can do to the phone remote, through real sockets: little, and nothing that lasts."""

from __future__ import annotations

import contextlib
import gc
import http.client
import json
import os
import socket
import time

import psutil
import pytest

pytest.importorskip("uvicorn")
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from installation.remote import doors
from installation.remote.server import Remote


def raw(remote, sent, *, source="127.0.0.1"):
    """Everything that is answered to bytes, until the server closes or says nothing for a while."""
    with socket.create_connection(("127.0.0.1", remote.port), timeout=1, source_address=(source, 0)) as plain:
        plain.sendall(sent)
        answered = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while part := plain.recv(65536):
                answered += part
    return answered


def asked(remote, target="/", *, method="GET", body=None, source="127.0.0.1", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", remote.port, timeout=5, source_address=(source, 0))
    connection.request(method, target, body=body, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def cookie_of(remote, source="127.0.0.1"):
    answer, _ = asked(remote, "/join", method="POST", body=json.dumps({"token": remote.passes.token}), source=source)
    return answer.headers["Set-Cookie"].split(";")[0]


def live(remote, cookie):
    return connect(
        f"ws://127.0.0.1:{remote.port}/live",
        origin=f"http://127.0.0.1:{remote.port}",
        additional_headers={"Cookie": cookie},
        ping_interval=None,
        close_timeout=0.5,
        compression=None,
    )


def closes(plain, within_s=3.0):
    """Whether the server closes a connection within a time."""
    plain.settimeout(within_s)
    try:
        while plain.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


GET = b"GET /operator/picture HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nContent-Length: 60\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 5, 60\r\n",
        b"Content-Length : 5\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n",
        b"Host: evil.example\r\n",
        b" folded: yes\r\n",
        b"X: a\0b\r\n",
        b"Content-Length: 99999999999999999999\r\n",
    ],
)
def test_a_request_that_means_two_things_is_refused_whole(remote, head):
    answered = raw(remote, b"POST /join HTTP/1.1\r\nHost: 127.0.0.1\r\n" + head + b"\r\n" + b"0\r\n\r\n" + GET)
    assert answered.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501")), answered[:80]
    assert answered.count(b"HTTP/1.1 ") == answered.count(b"HTTP/1.1 400") + answered.count(b"HTTP/1.1 501")


def test_of_two_lengths_of_a_body_the_one_in_pieces_counts_and_what_follows_is_its_own_request(remote):
    both = b"POST /join HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
    answered = raw(remote, both + b"GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 403") and b"HTTP/1.1 200" not in answered


@pytest.mark.parametrize(
    "target",
    ["/../../etc/passwd", "/look.css/../../pages.py", "/%2e%2e/%2e%2e/etc/passwd", "/..%2fpasses.py", "//etc/passwd",
     "/page/guest.html", "/look.css%00.html", "http://127.0.0.1/../passes.py", "/cover?id=..%2f..%2fetc%2fpasswd"],
)  # fmt: skip
def test_no_path_leads_to_a_file(remote, target):
    answer, content = asked(remote, target, Cookie=cookie_of(remote))
    assert answer.status in (400, 404)
    assert b"root:" not in content and b"import" not in content


def test_huge_cookies_are_refused_and_many_halves_of_characters_are_no_pass(remote):
    assert asked(remote, "/songs", Cookie="phone=" + "a" * 7000)[0].status == 403
    assert asked(remote, "/songs", Cookie="phone=" + "a" * 20_000)[0].status == 400
    assert asked(remote, "/songs", Cookie="phone=" + "x;" * 3500)[0].status == 403
    for secret in ("\\ud800", "\\udfff\\ud800", "\\u0000", "é" * 50):
        body = f'{{"token": "{secret}", "secret": "{secret}"}}'.encode()
        assert asked(remote, "/join", method="POST", body=body)[0].status == 403
        assert asked(remote, "/operator/join", method="POST", body=body)[0].status == 403


def test_another_sites_page_can_neither_post_nor_be_let_in(remote):
    body = json.dumps({"token": remote.passes.token})
    assert asked(remote, "/join", method="POST", body=body, Origin="http://evil.example")[0].status == 400
    assert asked(remote, "/join", method="POST", body=body, Origin="null")[0].status == 400
    answer, _ = asked(remote, "/join", method="POST", body=body, Origin=f"http://127.0.0.1:{remote.port}")
    assert answer.status == 200
    assert "SameSite=strict" in answer.headers["Set-Cookie"] and "HttpOnly" in answer.headers["Set-Cookie"]
    assert "Access-Control-Allow-Origin" not in answer.headers


BOMBS = (
    "e" + "\u0301" * 99,
    "\ufdfa" * 100,
    "\u202e" * 100,
    "%" * 100,
    "\u0000" * 100,
    "* OR NEAR(" * 10,
    '"' * 99,
    "👩‍👩‍👧‍👦" * 14,
    "ß" * 100,
)


def test_words_that_grow_or_mean_something_to_a_search_are_only_words(remote):
    cookie = cookie_of(remote)
    for bomb in BOMBS:
        answer, content = asked(remote, "/search?q=" + "".join(f"%{byte:02x}" for byte in bomb.encode())[:450], Cookie=cookie)
        assert (answer.status, json.loads(content)) == (200, [])


def test_one_phone_cannot_keep_the_search_from_the_others(remote):
    loud, quiet = cookie_of(remote), cookie_of(remote)
    assert {asked(remote, "/search?q=slow", Cookie=loud)[0].status for _ in range(30)} == {200, 429}
    assert asked(remote, "/search?q=slow", Cookie=quiet)[0].status == 200


@pytest.mark.parametrize(
    "slow",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
        b"POST /join HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET / HTTP/1.1\r\nX: ",
    ],
)
def test_who_speaks_a_letter_at_a_time_is_not_waited_for(remote, monkeypatch, slow):
    monkeypatch.setattr(doors, "PATIENCE_S", 0.3)
    with socket.create_connection(("127.0.0.1", remote.port), timeout=5) as plain:
        plain.sendall(slow)
        until_s = time.monotonic() + 5
        with contextlib.suppress(OSError):
            while time.monotonic() < until_s:
                plain.sendall(b"a")
                time.sleep(0.05)
        assert time.monotonic() < until_s
        assert closes(plain)


@pytest.mark.parametrize("kind", ["pings", "pongs", "pieces", "words"])
def test_a_socket_that_floods_with_what_no_browser_sends_is_cut_off_and_others_are_heard(remote, kind):
    song = remote.world.tracks[0].id
    frame = {
        "pings": Frame(Opcode.PING, b"x" * 125),
        "pongs": Frame(Opcode.PONG, b""),
        "pieces": Frame(Opcode.CONT, b"", fin=False),
        "words": Frame(Opcode.TEXT, b""),
    }[kind].serialize(mask=True)
    cookie = cookie_of(remote)
    with live(remote, cookie_of(remote)) as quiet, live(remote, cookie) as loud:
        quiet.recv(5)
        plain = loud.socket
        if kind == "pieces":
            plain.sendall(Frame(Opcode.TEXT, b"", fin=False).serialize(mask=True))
        with pytest.raises(OSError):
            until_s = time.monotonic() + 20
            while time.monotonic() < until_s:
                plain.sendall(frame * 20_000)
        quiet.send(json.dumps({"do": "vote", "what": song}))
        until_s, heard = time.monotonic() + 5, []
        while not heard and time.monotonic() < until_s:
            heard = remote.drain(1.0)
        assert [event.knob for event in heard] == ["vote"]


def test_a_phone_that_is_replaced_is_heard_no_more(remote):
    cookie, song = cookie_of(remote), remote.world.tracks[0].id
    with live(remote, cookie) as first:
        first.recv(5)
        for _ in range(200):
            first.send(json.dumps({"do": "here"}))
        first.send(json.dumps({"do": "vote", "what": song}))
        with live(remote, cookie) as second:
            second.recv(5)
            with pytest.raises(ConnectionClosed) as closed:
                first.recv(10)
            assert closed.value.rcvd.code == 4409
            time.sleep(0.5)
            assert remote.drain(1.0) == []


@pytest.mark.slow
def test_ten_thousand_connections_leave_nothing_behind(small_world):
    kept, process = [], psutil.Process(os.getpid())
    with Remote(small_world, find=small_world.find, host="127.0.0.1", port=0) as remote:
        for number in range(10_000):
            source = f"127.{1 + number % 200}.{number // 200 % 200}.{1 + number % 250}"
            body = json.dumps({"token": remote.passes.token if number % 2 else "guess"})
            asked(remote, "/join", method="POST", body=body, source=source)
            if number % 1000 == 999:
                gc.collect()
                kept.append(process.memory_info().rss / 2**20)
    print("MiB after each thousand:", ", ".join(f"{each:.1f}" for each in kept))
    assert kept[-1] - kept[2] < 6.0
