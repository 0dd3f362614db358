"""What is not the public internet is refused in every notation; lists come on top."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.scraping.guard import Lists, Patterns, Policy, address_rule, canonical_host

REFUSED = [
    ("127.0.0.1", "loopback"),
    ("127.1", "loopback"),
    ("2130706433", "loopback"),
    ("0x7f000001", "loopback"),
    ("0x7F.0.0.1", "loopback"),
    ("017700000001", "loopback"),
    ("0177.0.0.01", "loopback"),
    ("127.0.0.1.", "loopback"),
    ("１２７.０.０.１", "loopback"),
    ("[::1]", "loopback"),
    ("::1", "loopback"),
    ("[0:0:0:0:0:0:0:1]", "loopback"),
    ("[::ffff:127.0.0.1]", "loopback address inside"),
    ("[::ffff:7f00:1]", "loopback address inside"),
    ("[::127.0.0.1]", "loopback address inside"),
    ("[64:ff9b::10.0.0.1]", "private address inside"),
    ("[2002:c0a8:0101::]", "private address inside"),
    ("0", "this network"),
    ("0.0.0.0", "this network"),
    ("[::]", "this network"),
    ("10.1.2.3", "private"),
    ("172.31.255.255", "private"),
    ("192.168.0.1", "private"),
    ("0xc0a80001", "private"),
    ("[fd12::1]", "private"),
    ("100.64.0.1", "shared"),
    ("169.254.1.1", "link-local"),
    ("[fe80::1%eth0]", "link-local"),
    ("169.254.169.254", "metadata"),
    ("0xa9fea9fe", "metadata"),
    ("[::ffff:169.254.169.254]", "metadata address inside"),
    ("[fd00:ec2::254]", "metadata"),
    ("224.0.0.1", "multicast"),
    ("[ff02::1]", "multicast"),
    ("255.255.255.255", "reserved"),
    ("198.51.100.1", "documentation"),
    ("[2001:db8::1]", "documentation"),
    ("localhost", "local name"),
    ("LocalHost.", "local name"),
    ("db.internal", "local name"),
    ("printer.local", "local name"),
    ("router.home.arpa", "local name"),
]


@pytest.mark.parametrize(("host", "rule"), REFUSED, ids=[host for host, _ in REFUSED])
def test_a_target_that_is_not_public_is_refused_by_its_rule(host, rule) -> None:
    assert rule in (Policy().refuse_host(canonical_host(host), 80) or "")


@pytest.mark.parametrize(
    "host",
    ["example.com", "8.8.8.8", "134744072", "0x08080808", "[2606:4700::1111]", "[::ffff:8.8.8.8]", "localhost.example"],
)
def test_a_public_target_is_not_refused(host) -> None:
    assert Policy().refuse_host(canonical_host(host), 80) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a b",
        "1.2.3.4.5",
        "256.1.1.1",
        "1.2.3.4x.5",
        "09.1.1.1",
        "a" * 254,
        "[1.2.3.4]",
        "exa\nmple",
        "a/b",
        "-.\u0000",
    ],
)
def test_what_is_no_host_is_not_taken_for_one(host) -> None:
    with pytest.raises(ValueError):
        canonical_host(host)


@given(st.ip_addresses(v=4))
def test_every_notation_of_an_address_is_the_same_address(address) -> None:
    number = int(address)
    a, b, c, d = address.packed
    parts = [f"{a}.{number & 0xFFFFFF}", f"{a}.{b}.{c << 8 | d}", f"{a:#x}.0{b:o}.{c}.{d}"]
    notations = [str(number), hex(number), f"0{number:o}", *parts]
    assert {canonical_host(text) for text in notations} == {address}


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_as_itself(address) -> None:
    is_refused = address_rule(address) is not None
    for inside in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert (address_rule(IPv6Address(inside)) is not None) == is_refused
    assert (address_rule(IPv6Address(0x2002 << 112 | int(address) << 80)) is not None) == is_refused


@given(st.ip_addresses(v=4))
def test_only_what_the_registries_call_global_is_public(address) -> None:
    if not address.is_global or address.is_multicast:
        assert address_rule(address) is not None


def test_an_exception_opens_its_addresses_and_nothing_else() -> None:
    policy = Policy(Patterns.of(["127.0.0.0/8:8080", "inner.test"]))
    assert policy.refuse_address(IPv4Address("127.0.0.1"), 8080, "localhost") is None
    assert policy.refuse_host("localhost", 8080) is None
    assert policy.refuse_address(IPv4Address("127.0.0.1"), 80) == "loopback address"
    assert policy.refuse_address(IPv4Address("10.0.0.1"), 80, "inner.test") is None
    assert policy.refuse_address(IPv4Address("10.0.0.1"), 80, "other.test") == "private address"


def test_an_exception_covers_an_address_that_hides_in_another() -> None:
    policy = Policy(Patterns.of(["127.0.0.1"]))
    assert policy.refuse_address(IPv6Address("::ffff:127.0.0.1"), 80) is None


@pytest.mark.parametrize(
    ("deny", "host", "is_refused"),
    [
        ("example.com", "example.com", True),
        ("example.com", "www.example.com", False),
        ("*.example.com", "www.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "notexample.com", False),
        ("example.com:443", "example.com", False),
        ("example.com:80", "example.com", True),
        ("8.8.0.0/16", "8.8.8.8", True),
        ("*:80", "anything.test", True),
    ],
)
def test_a_deny_list_refuses_what_it_names(deny, host, is_refused) -> None:
    found = Lists(deny=(deny,)).policy.refuse_host(canonical_host(host), 80)
    assert found == ("deny list" if is_refused else None)


def test_an_allow_list_refuses_everything_else() -> None:
    policy = Lists(allow=("*.example.com", "9.9.9.0/24")).policy
    assert policy.refuse_host("www.example.com", 443) is None
    assert policy.refuse_address(IPv4Address("1.1.1.1"), 443, "www.example.com") is None
    assert policy.refuse_address(IPv4Address("9.9.9.9"), 443, "other.test") is None
    assert policy.refuse_address(IPv4Address("1.1.1.1"), 443, "other.test") == "not on the allow list"
    assert Lists(allow=("a.test",)).policy.refuse_host("b.test", 443) == "not on the allow list"


def test_a_deny_list_goes_before_an_exception() -> None:
    policy = Policy(Patterns.of(["10.0.0.0/8"]), deny=Patterns.of(["10.0.0.1"]))
    assert policy.refuse_address(IPv4Address("10.0.0.1"), 80) == "deny list"


@pytest.mark.parametrize(
    "text", ["a b", "10.0.0.0/40", "example.com:0", "example.com:70000", "https://example.com", "*.*"]
)
def test_an_entry_that_cannot_be_read_is_named(text) -> None:
    with pytest.raises(ValueError, match="is not a host"):
        Patterns.of([text])
