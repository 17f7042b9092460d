"""How those who may send over the network are written down."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from mixtape.config import from_table, load
from mixtape.errors import ConfigError
from mixtape.networks import address_of, networks_fault, networks_of


def test_addresses_and_networks_of_either_kind_are_read():
    found = networks_of("192.168.1.20 192.168.1.0/24,fd00::/8, ::1 ::ffff:10.0.0.0/104")
    assert found == tuple(map(ip_network, ("192.168.1.20/32", "192.168.1.0/24", "fd00::/8", "::1/128", "10.0.0.0/8")))
    assert networks_of("  ") == ()


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("studio.local", "such as 192.168.1.20"),
        ("192.168.1.300", "192.168.1.0/24"),
        ("192.168.1.20/24", "write 192.168.1.0/24 or 192.168.1.20"),
        ("0.0.0.0/0", "everybody"),
        ("10.0.0.1 ::/0", "'::/0'"),
    ],
)
def test_what_cannot_be_meant_is_said_with_the_value_and_the_remedy(text, remedy, tmp_path):
    assert remedy in networks_fault(text)
    file = tmp_path / "config.toml"
    file.write_text(f'[control]\nallow = "{text}"\n')
    with pytest.raises(ConfigError, match=r"control\.allow"):
        load(file)


def test_config_takes_a_good_list():
    config = from_table({"control": {"lan": True, "allow": "192.168.1.20 10.0.0.0/8"}})
    assert config.control.lan


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("::ffff:192.168.1.20", "192.168.1.20"),
        ("fe80::1%eth0", "fe80::1"),
        ("10.0.0.1", "10.0.0.1"),
        ("studio", None),
        ("", None),
    ],
)
def test_a_peer_is_known_by_its_plain_address(host, plain):
    found = address_of(host)
    assert (None if found is None else str(found)) == plain
