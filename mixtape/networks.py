"""Who may reach the show over the network, and how that is written down in config.toml.

    "192.168.1.20 192.168.1.0/24 fd00::/8"

Addresses and networks of either kind, parted by blanks or commas.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from mixtape.errors import ConfigError

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_SUCH_AS = "such as 192.168.1.20, or 192.168.1.0/24 for a whole network"


def plain(address: Address) -> Address:
    """An IPv4 address that a socket of IPv6 writes as ::ffff:192.168.1.20 as itself; any other as it is."""
    return getattr(address, "ipv4_mapped", None) or address


def networks_of(text: str) -> tuple[Network, ...]:
    """The networks that a text names; a single address is a network of one.

    Raises:
        ConfigError: what is no address, an address with bits below its network's, and a network of everybody.
    """
    return tuple(_network(word) for word in text.replace(",", " ").split())


def networks_fault(text: str) -> str | None:
    """What is wrong with such a text, or None when it can be used."""
    try:
        networks_of(text)
    except ConfigError as error:
        return str(error)
    return None


def _network(word: str) -> Network:
    shown = word[:60]
    try:
        found = ip_network(word)
    except ValueError as error:
        try:
            wider = ip_network(word, strict=False)
        except ValueError:
            raise ConfigError(f"'{shown}' is no address and no network; write {_SUCH_AS}") from error
        raise ConfigError(f"'{shown}' is an address inside a network; write {wider} or {word.partition('/')[0]}") from error
    if found.prefixlen == 0:
        raise ConfigError(f"'{shown}' lets everybody in; write who may send, {_SUCH_AS}")
    mapped = plain(found.network_address)
    if mapped is not found.network_address and found.prefixlen > 96:
        return ip_network(f"{mapped}/{found.prefixlen - 96}")
    return found


def address_of(host: str) -> Address | None:
    """The address that a socket names, without its zone; None for a name."""
    try:
        return plain(ip_address(host.partition("%")[0]))
    except ValueError:
        return None
