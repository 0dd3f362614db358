"""Which targets an agent may reach: pure rules over host names, ports and addresses.

Refused by itself is everything that is not the public internet, in whatever form it is written; exceptions, allow and
deny lists come on top. A name says little (it may resolve to anything, and to something else a moment later): the rule
that counts is asked for the very address that is connected to, by `agent.dial`.

Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries; WHATWG URL Standard, section 3.5 (host parsing: numbers
in decimal, octal and hexadecimal); RFC 4291 section 2.5.5, RFC 6052, RFC 3056 (addresses inside addresses).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Self

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MOST_HOST = 253

_V4_RULES: tuple[tuple[str, IPv4Network], ...] = tuple(
    (rule, IPv4Network(network))
    for rule, network in (
        ("metadata address", "169.254.169.254/32"),
        ("metadata address", "169.254.170.2/32"),
        ("metadata address", "100.100.100.200/32"),
        ("metadata address", "192.0.0.192/32"),
        ("metadata address", "168.63.129.16/32"),
        ("this network", "0.0.0.0/8"),
        ("private address", "10.0.0.0/8"),
        ("shared address", "100.64.0.0/10"),
        ("loopback address", "127.0.0.0/8"),
        ("link-local address", "169.254.0.0/16"),
        ("private address", "172.16.0.0/12"),
        ("reserved address", "192.0.0.0/24"),
        ("documentation address", "192.0.2.0/24"),
        ("reserved address", "192.88.99.0/24"),
        ("private address", "192.168.0.0/16"),
        ("benchmark address", "198.18.0.0/15"),
        ("documentation address", "198.51.100.0/24"),
        ("documentation address", "203.0.113.0/24"),
        ("multicast address", "224.0.0.0/4"),
        ("reserved address", "240.0.0.0/4"),
    )
)
_V6_RULES: tuple[tuple[str, IPv6Network], ...] = tuple(
    (rule, IPv6Network(network))
    for rule, network in (
        ("metadata address", "fd00:ec2::254/128"),
        ("loopback address", "::1/128"),
        ("this network", "::/128"),
        ("private address", "fc00::/7"),
        ("link-local address", "fe80::/10"),
        ("private address", "fec0::/10"),
        ("multicast address", "ff00::/8"),
        ("documentation address", "2001:db8::/32"),
        ("documentation address", "3fff::/20"),
        ("reserved address", "64:ff9b:1::/48"),
        ("reserved address", "100::/64"),
        ("reserved address", "2001::/23"),
        ("reserved address", "5f00::/16"),
    )
)
# Where an IPv4 address is inside an IPv6 one: the network, and how many bits lie to the right of it.
_V4_INSIDE: tuple[tuple[IPv6Network, int], ...] = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)

_LOCAL_NAMES = frozenset({"localhost", "local", "internal", "localdomain", "intranet", "lan", "home.arpa", "onion"})
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+", re.ASCII)
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII)


def canonical_host(text: str) -> str | Address:
    """A URL's host as what it stands for: an address in any notation, or a name in lower case without its last dot.

    Raises ValueError for what can be neither.
    """
    host = unicodedata.normalize("NFKC", text).strip().lower().removesuffix(".")
    if host.startswith("[") and host.endswith("]"):
        return IPv6Address(host[1:-1].partition("%")[0])
    if ":" in host:
        return IPv6Address(host.partition("%")[0])
    if (address := _number_form(host)) is not None:
        return address
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            raise ValueError("not a host name") from None
    if len(host) > _MOST_HOST or not _NAME.fullmatch(host):
        raise ValueError("not a host name")
    return host


def _number_form(host: str) -> IPv4Address | None:
    """An IPv4 address of one to four numbers, each decimal, octal (leading 0) or hexadecimal (0x); the last one fills
    what is left. None for a name; ValueError for numbers that are no address."""
    parts = host.split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise ValueError("not an address")
    *first, last = (_number(part) for part in parts)
    if any(number > 255 for number in first) or last >= 256 ** (5 - len(parts)):
        raise ValueError("not an address")
    value = last
    for place, number in enumerate(first):
        value |= number << (8 * (3 - place))
    return IPv4Address(value)


def _number(text: str) -> int:
    if text.lower().startswith("0x"):
        return int(text[2:] or "0", 16)
    if len(text) > 1 and text.startswith("0"):
        if not set(text) <= set("01234567"):
            raise ValueError("not an address")
        return int(text, 8)
    return int(text)


def address_rule(address: Address) -> str | None:
    """The rule by which the address is not of the public internet; None for one that is."""
    if isinstance(address, IPv4Address):
        return next((rule for rule, network in _V4_RULES if address in network), None)
    address = IPv6Address(int(address))  # without a scope
    found = next((rule for rule, network in _V6_RULES if address in network), None)
    if found is not None:
        return found
    for network, shift in _V4_INSIDE:
        if address in network:
            inside = address_rule(IPv4Address(int(address) >> shift & 0xFFFFFFFF))
            return f"{inside} inside an IPv6 address" if inside else None
    return None


def name_rule(name: str) -> str | None:
    """The rule by which a name is one of a private network; None for others."""
    labels = name.split(".")
    if labels[-1] in _LOCAL_NAMES or ".".join(labels[-2:]) in _LOCAL_NAMES:
        return "local name"
    return None


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One entry of a list. port None: all ports."""

    name: str | None
    network: Network | None
    port: int | None

    def covers_name(self, name: str) -> bool:
        if self.name is None:
            return False
        if self.name == "*":
            return True
        if self.name.startswith("*."):
            return name.endswith(self.name[1:])
        return name == self.name


@dataclass(frozen=True)
class Patterns:
    """A list of targets: `example.com`, `*.example.com` (what is below it), `10.1.0.0/16`, `192.0.2.7`, `[::1]`, `*`,
    each with `:port` behind it or without."""

    texts: tuple[str, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Raises ValueError naming an entry that cannot be read."""
        patterns = cls(tuple(text.strip() for text in texts if text.strip()))
        _ = patterns._entries
        return patterns

    @cached_property
    def _entries(self) -> tuple[_Pattern, ...]:
        return tuple(_pattern(text) for text in self.texts)

    @cached_property
    def has_networks(self) -> bool:
        return any(entry.network is not None for entry in self._entries)

    def __bool__(self) -> bool:
        return bool(self.texts)

    def cover_name(self, name: str, port: int) -> bool:
        return any(entry.port in (None, port) and entry.covers_name(name) for entry in self._entries)

    def cover_address(self, address: Address, port: int) -> bool:
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(
            entry.port in (None, port)
            and (entry.name == "*" or (entry.network is not None and address in entry.network))
            for entry in self._entries
        )


def _pattern(text: str) -> _Pattern:
    try:
        host, port = _split_port(text)
        try:
            return _Pattern(None, ip_network(host.strip("[]"), strict=False), port)
        except ValueError:
            pass
        if host == "*":
            return _Pattern("*", None, port)
        prefix = "*." if host.startswith("*.") else ""
        name = canonical_host(host.removeprefix("*."))
        if isinstance(name, str):
            return _Pattern(prefix + name, None, port)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is not a host, *.host, address or network, with or without :port")


def _split_port(text: str) -> tuple[str, int | None]:
    host, sign, port = text.rpartition(":")
    is_bare_v6 = text.count(":") > 1 and not text.startswith("[")
    if not sign or is_bare_v6 or (text.startswith("[") and not host.endswith("]")):
        return text, None
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("not a port")
    return host, int(port)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """What somebody allows: a deployment, an agent's operator or a key. exceptions: not refused for not being public.
    allow: when not empty, only these. deny: never these.

    One equals itself alone: it is made once and looked up for every request, for which comparing lists takes too long.
    """

    exceptions: Patterns = Patterns()
    allow: Patterns = Patterns()
    deny: Patterns = Patterns()

    def refuse_host(self, host: str | Address, port: int) -> str | None:
        """The rule that refuses the host whatever it resolves to; None while that is open. An address is judged in
        full."""
        if not isinstance(host, str):
            return self.refuse_address(host, port)
        if self.deny.cover_name(host, port):
            return "deny list"
        if self.allow and not self.allow.has_networks and not self.allow.cover_name(host, port):
            return "not on the allow list"
        return None if self.exceptions.cover_name(host, port) else self._unless_excepted(name_rule(host))

    def refuse_address(self, address: Address, port: int, name: str | None = None) -> str | None:
        """The rule that refuses the address, which `name` resolved to; None when it may be connected to."""
        if self.deny.cover_address(address, port) or (name is not None and self.deny.cover_name(name, port)):
            return "deny list"
        is_named = name is not None and self.allow.cover_name(name, port)
        if self.allow and not is_named and not self.allow.cover_address(address, port):
            return "not on the allow list"
        if self.exceptions.cover_address(address, port):
            return None
        if name is not None and self.exceptions.cover_name(name, port):
            return None
        return address_rule(address)

    @property
    def names_networks(self) -> bool:
        """Whether what it admits of a name hangs on the address that the name resolves to, beyond being public."""
        return self.allow.has_networks or self.deny.has_networks

    def _unless_excepted(self, rule: str | None) -> str | None:
        # A local name may resolve to an address that is an exception: the address decides then.
        return None if self.exceptions.has_networks else rule


@dataclass(frozen=True, slots=True)
class Lists:
    """A key's own allow and deny lists, which come on top of the deployment's and the agent operator's policy."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    @property
    def policy(self) -> Policy:
        """Says nothing about what is public: that is asked once, by the policy that has the exceptions. Raises
        ValueError for an entry that cannot be read."""
        return policy_of(self.allow, self.deny)


@lru_cache(maxsize=1024)
def policy_of(allow: tuple[str, ...], deny: tuple[str, ...]) -> Policy:
    """`Lists.policy` of lists that are not put together."""
    return Policy(Patterns.of(("*",)), Patterns.of(allow), Patterns.of(deny))


@lru_cache(maxsize=16_384)
def refuse_by_name(policy: Policy, host: str, port: int) -> str | None:
    """`Policy.refuse_host` of a host as it is written. Asked for every request, and always answered in the same way.
    Raises ValueError for what is no host."""
    return policy.refuse_host(canonical_host(host), port)
