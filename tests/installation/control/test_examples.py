"""Every example of the pages on control, run as a new user would: by python-osc, liblo's and curl's commands if they are here."""

from __future__ import annotations

import http.client
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import UDPClient
from typer.testing import CliRunner

from installation.cli import app
from installation.control import midi, oscquery, packets
from installation.control import osc as osc_in
from installation.control.feedback import Feedback
from installation.control.knobs import OUT, TEXT_LIMIT, Refusal, events, find, registry
from installation.control.midi_map import HOWS, TYPES
from installation.control.osc import OscInput
from installation.control.oscquery import OscQuery
from installation.control.reach import reach_of
from installation.control.subscribers import LASTS_S, LIMIT, SUBSCRIBE, UNSUBSCRIBE, Subscribers, Target
from mixtape.config import ControlConfig, from_table

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("osc", "midi", "remote", "control", "hands", "recording")


def text(page):
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", text(page), re.DOTALL)


def lines(page, *commands):
    """The indented lines of a page that begin with one of these words."""
    found = re.findall(r"^ {4}(\S.*)$", text(page), re.MULTILINE)
    return [line for line in found if line.split()[0] in commands]


@pytest.fixture
def osc():
    with OscInput("127.0.0.1", 0) as listening:
        yield listening


def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def arrived(osc, count):
    """The events of the next `count` messages, of which none was refused."""
    found = []
    until(lambda: found.extend(osc.drain(0.0)) or (osc.counts.received >= count and not osc.counts.refused))
    for _ in range(20):
        # Of what chooses a song one acts a frame.
        found += osc.drain(0.0)
    return found


def test_every_kind_of_example_is_known_here():
    known = ("oscsend", "oscdump", "curl", "mixtape", "[control]", "allow", "pip")
    for page in PAGES:
        found = re.findall(r"^ {4}(\S.*)$", text(page), re.MULTILINE)
        assert [line for line in found if line.split()[0] not in known] == [], page
    assert len(lines("osc", "oscsend")) >= 5
    assert len(blocks("osc", "python")) == 2


def test_the_python_that_sends_turns_what_it_says(osc):
    sends, _ = blocks("osc", "python")
    exec(sends.replace("9100", str(osc.port)), {})
    wrote = re.findall(r'send_message\("/mixtape/(?:norm/)?(\S+)",', sends)
    found = arrived(osc, len(wrote))
    assert {find("/mixtape/" + end).name for end in wrote} == {event.knob for event in found}


def sent(osc, line, send):
    """Let an `oscsend` line reach the show: what it turned."""
    _, host, port, address, types, *values = shlex.split(line)
    assert (host, port) == ("localhost", "9100")
    send(osc, address, types, values)
    found = arrived(osc, 1)
    if address in (SUBSCRIBE, UNSUBSCRIBE):
        told = osc.inbox.subscribers.targets()
        wanted = (Target("127.0.0.1", int(values[0]), "norm" in values),)
        assert told == (wanted if address == SUBSCRIBE else ())
        return
    (event,) = found
    assert event.knob == find(address).name
    assert event.value == (values[0] if types == "s" else pytest.approx(float(values[0])))


def by_python_osc(osc, address, types, values):
    builder = OscMessageBuilder(address)
    for kind, value in zip(types, values, strict=True):
        builder.add_arg({"i": int, "f": float, "s": str}[kind](value), kind)
    UDPClient("127.0.0.1", osc.port).send(builder.build())


def by_liblo(osc, address, types, values):
    subprocess.run(["oscsend", "localhost", str(osc.port), address, types, *values], check=True, timeout=20)


@pytest.mark.parametrize("line", lines("osc", "oscsend"))
def test_each_line_for_oscsend_does_what_it_says_by_python_osc(osc, line):
    sent(osc, line, by_python_osc)


@pytest.mark.skipif(shutil.which("oscsend") is None, reason="liblo's tools are not here")
@pytest.mark.parametrize("line", lines("osc", "oscsend"))
def test_each_line_for_oscsend_does_what_it_says_by_liblo(osc, line):
    sent(osc, line, by_liblo)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trying:
        trying.bind(("127.0.0.1", 0))
        return trying.getsockname()[1]


def heard_from(command, port, world, state, *, terminal):
    """What a program prints that hears the show at `port`, once it has heard everything."""
    reading, writing = os.openpty() if terminal else os.pipe()
    with subprocess.Popen(command, stdout=writing, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as program:
        os.close(writing)
        os.set_blocking(reading, False)
        printed = b""
        subscribers = Subscribers()
        try:
            with Feedback([], rate_hz=120, subscribers=subscribers) as feedback:
                deadline = time.monotonic() + 20
                while b"/mixtape/remote/code" not in printed and time.monotonic() < deadline:
                    # Someone who came just now is told everything, and again until the program listens.
                    subscribers.take(UNSUBSCRIBE, (port,), "127.0.0.1")
                    feedback._told_s = -1e9
                    feedback.tell(state, world, own={})
                    subscribers.take(SUBSCRIBE, (port,), "127.0.0.1")
                    feedback._told_s = -1e9
                    feedback.tell(state, world, own={})
                    time.sleep(0.05)
                    try:
                        printed += os.read(reading, 1 << 20)
                    except BlockingIOError:
                        continue
        finally:
            program.terminate()
            os.close(reading)
    return printed.decode(errors="replace")


def is_all(printed, world, state):
    for name, _, _ in OUT:
        if name != "next" or state.next_ids:
            assert f"/mixtape/out/{name}" in printed
    for knob in registry():
        assert knob.is_trigger or knob.address in printed
    assert world.track(state.track_id).title in printed


def test_the_python_that_listens_hears_everything(small_world, play):
    _, listens = blocks("osc", "python")
    port, state = free_port(), play(small_world, 3.0)
    command = [sys.executable, "-c", listens.replace("9000", str(port))]
    is_all(heard_from(command, port, small_world, state, terminal=False), small_world, state)


@pytest.mark.skipif(shutil.which("oscdump") is None, reason="liblo's tools are not here")
@pytest.mark.parametrize("line", lines("osc", "oscdump"))
def test_oscdump_hears_everything(small_world, play, line):
    port, state = free_port(), play(small_world, 3.0)
    command = shlex.split(line.replace("9000", str(port)))
    is_all(heard_from(command, port, small_world, state, terminal=True), small_world, state)


@pytest.mark.parametrize("line", lines("osc", "curl"))
def test_each_line_for_curl_is_answered(small_world, play, line):
    command, url = shlex.split(line)
    with OscQuery("127.0.0.1", 0, osc_host="127.0.0.1", osc_port=9100, announced=False) as query:
        query.know(play(small_world, 3.0).wished, {}, [])
        connection = http.client.HTTPConnection("127.0.0.1", query.port, timeout=5)
        connection.request("GET", url.removeprefix("http://127.0.0.1:9101"))
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200
        assert body.startswith(b'{"')
        if shutil.which(command):
            here = url.replace("9101", str(query.port))
            assert subprocess.run([command, "-sf", here], capture_output=True, check=True, timeout=20).stdout == body


def test_the_lines_for_config_let_those_in_that_they_name():
    table = tomllib.loads("\n".join(lines("osc", "[control]", "allow")))
    control = from_table({"control": {**table["control"], "lan": True}}).control
    reach = reach_of(control)
    assert reach.fault == ""
    for word in control.allow.split():
        assert reach.allowed.sender(word.partition("/")[0]) == word.partition("/")[0]
    assert not reach.allowed.sender("192.168.2.1")


@pytest.mark.parametrize("line", [line for page in PAGES for line in lines(page, "mixtape")])
def test_each_command_is_one(line):
    told = CliRunner().invoke(app, [*shlex.split(line)[1:], "--help"])
    assert told.exit_code == 0, told.output


@pytest.mark.parametrize("page", sorted(path.stem for path in DOCS.glob("*.md")))
def test_every_address_a_page_names_is_one(page):
    told = {f"/mixtape/out/{name}" for name, _, _ in OUT} | {SUBSCRIBE, UNSUBSCRIBE}
    for found in re.findall(r"`(/mixtape/[a-z_/0-9-]+[a-z0-9])(?: ([^`]*))?`", text(page)):
        address, value = found
        if address in told or "/scene/" in address or value.isupper():
            continue
        words = shlex.split(value.replace("x y", "0.5 0.5"))
        values = [float(each) if re.fullmatch(r"-?[\d.]+", each) else each for each in words]
        (taken,) = events("test", address, values, time_s=0.0, own={})
        assert not isinstance(taken, Refusal) or not values, taken
        assert find(address) or address.startswith("/mixtape/norm/"), address


def test_the_limits_that_the_page_on_control_names_are_those_of_the_code():
    page, defaults = text("control"), ControlConfig()
    said = [
        f"{osc_in.BURST:,.0f} messages at once and {osc_in.RATE_HZ:,.0f} a second",
        f"{packets.PACKET_LIMIT >> 10} kB, {packets.MESSAGES_LIMIT} messages, {packets.VALUES_LIMIT} values",
        f"{packets.VALUES_LIMIT} values a message and {packets.VALUES_IN_ALL:,} in all",
        f"texts {TEXT_LIMIT} characters",
        f"bundles at most {osc_in.AHEAD_S:g} s ahead",
        f"{osc_in.TRIGGERS_LIMIT} triggers, {osc_in._SCHEDULED_LIMIT:,} dated messages",
        f"{osc_in._SENDERS_LIMIT} senders, {LIMIT} subscribers",
        f"{oscquery.BURST:.0f} questions of an address at once and {oscquery.RATE_HZ:.0f} a second",
        f"{oscquery.COMING:.0f} connections at once and {oscquery.COMING_HZ:.0f} a second in all",
        f"beyond {oscquery.HEARD:.0f} messages at once and {oscquery.HEARD_HZ:.0f} a second",
        f"{oscquery.CONNECTIONS_LIMIT} connections, {oscquery.CLIENTS_LIMIT} that listen, {oscquery._WAITING} values",
        f"messages {oscquery._LARGEST_BYTES >> 10} kB",
        f"{midi.TOUCHES_LIMIT} messages a frame",
        f"for {LASTS_S:g} s",
        f"UDP {defaults.osc_port} on {defaults.osc_host}",
        f"TCP {defaults.oscquery_port}",
        f"TCP {defaults.remote_port}",
    ]
    assert [words for words in said if words not in page] == []
    as_installed = defaults.osc, defaults.oscquery, defaults.lan, defaults.oscquery_announced, defaults.remote, defaults.osc_out
    assert as_installed == (True, True, False, False, False, "")


def test_the_mapping_in_the_page_on_midi_is_read(tmp_path):
    from installation.control.midi import read_mapping

    (mapping,) = blocks("midi", "json")
    path = tmp_path / "midi.json"
    path.write_text(mapping)
    (bound,) = read_mapping(path)
    assert (bound.knob, bound.how, bound.control.number) == ("volume", "absolute", 3)
    words = text("midi")
    for word in (*TYPES, *HOWS):
        assert f"`{word}`" in words
