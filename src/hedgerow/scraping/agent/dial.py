"""The one way out of an agent: a name is resolved once, every address is judged, and only one that may be reached is
connected to. HTTP, browsers, relays and brokers all come through here, so no redirect, sub-request or second answer
of a name server leads around the rules.

A connection may go on through an upstream proxy (HTTP CONNECT or SOCKS5), which is a target like any other. What lies
behind it is judged as if it were connected to directly: a proxy lifts no rule.
Sources: RFC 9110 section 9.3.6 (CONNECT), RFC 1928 and 1929 (SOCKS5).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any, TypeVar

import msgspec

from hedgerow.core.errors import HedgerowError
from hedgerow.core.secrets import Secret
from hedgerow.core.upstream import Connect, ProxyError, Upstream
from hedgerow.scraping.guard import Lists, Policy, address_rule, canonical_host, refuse_by_name
from hedgerow.scraping.linkevents import CutCode

P = TypeVar("P", bound=asyncio.BaseProtocol)

CONNECT_S = 10.0
"""For one connection, name and proxy included."""
_MOST_ADDRESSES = 8
_ADDRESS_S = 4.0

SocketAddress = tuple[Any, ...]
Resolve = Callable[[str, int], Awaitable[list[tuple[socket.AddressFamily, SocketAddress]]]]
"""Every address of a name and port, as the system would try them. Raises OSError."""


class DialError(HedgerowError):
    """No connection. code: REFUSED by a rule, TIMED_OUT or UNREACHABLE; detail: for who asked."""

    def __init__(self, code: CutCode, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class Way(msgspec.Struct, frozen=True, cache_hash=True):
    """How a piece of work reaches its targets: within which lists, through which proxy. It is looked up for every
    request, so its hash is kept."""

    lists: Lists = Lists()
    proxy: Secret | None = None
    """Its URL, which may hold a password."""


async def resolve_by_system(host: str, port: int) -> list[tuple[socket.AddressFamily, SocketAddress]]:
    """As the machine's resolver answers."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


class Dialer:
    """Connects within the operator's policy and the lists of the work."""

    def __init__(self, policy: Policy, resolve: Resolve = resolve_by_system, connect_s: float = CONNECT_S) -> None:
        self._policy, self._resolve, self._connect_s = policy, resolve, connect_s

    def check(self, host: str, port: int, way: Way) -> None:
        """Refuses at once what no resolution can save. Raises DialError."""
        for policy in (self._policy, way.lists.policy):
            try:
                rule = refuse_by_name(policy, host, port)
            except ValueError:
                raise _no_host(host) from None
            if rule is not None:
                raise _refused(host, rule)

    async def connect(self, host: str, port: int, way: Way, protocol: Callable[[], P]) -> tuple[asyncio.Transport, P]:
        """A connection to the target, through the way's proxy if it has one. Raises DialError."""
        connected = await self.open(host, port, way)
        try:
            return await asyncio.get_running_loop().create_connection(protocol, sock=connected)
        except BaseException:
            connected.close()
            raise

    async def open(self, host: str, port: int, way: Way) -> socket.socket:
        """The same as a connected, non-blocking socket."""
        try:
            async with asyncio.timeout(self._connect_s):
                if way.proxy is None:
                    return await self._open_direct(host, port, way)
                return await self._open_through(Upstream.of(way.proxy.reveal()), host, port, way)
        except TimeoutError:
            raise DialError(CutCode.TIMED_OUT, f"no connection to {host}:{port} within {self._connect_s:g} s") from None

    async def _open_direct(self, host: str, port: int, way: Way) -> socket.socket:
        named = _canonical(host)
        failure: OSError | None = None
        for family, address in await self._admitted(host, port, way):
            try:
                return await self._open_address(family, address, named, way)
            except OSError as error:
                failure = error
        reason = (failure.strerror or "no answer") if failure else "no answer"
        raise DialError(CutCode.UNREACHABLE, f"{host}:{port} cannot be connected to: {reason}")

    async def _admitted(self, host: str, port: int, way: Way) -> list[tuple[socket.AddressFamily, SocketAddress]]:
        """Those of the target's addresses that may be connected to, at least one. Raises DialError."""
        self.check(host, port, way)
        named = _canonical(host)
        admitted, rule = [], ""
        for family, address in await self._addresses(host, port):
            if why := self._refusal(address, named, way):
                rule = rule or why
            else:
                admitted.append((family, address))
        if not admitted:
            raise _refused(host, rule)
        return admitted[:_MOST_ADDRESSES]

    async def _addresses(self, host: str, port: int) -> list[tuple[socket.AddressFamily, SocketAddress]]:
        named = _canonical(host)
        try:
            found = await self._resolve(str(named), port)
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise _unresolved(host)
        return found

    async def _open_address(
        self, family: socket.AddressFamily, address: SocketAddress, named: object, way: Way
    ) -> socket.socket:
        """Raises OSError, TimeoutError among them, when it does not answer."""
        connecting = socket.socket(family, socket.SOCK_STREAM)
        try:
            connecting.settimeout(0)
            connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with asyncio.timeout(_ADDRESS_S):
                await asyncio.get_running_loop().sock_connect(connecting, address)
            self._check_peer(connecting, named, way)
        except BaseException:
            connecting.close()
            raise
        return connecting

    def _check_peer(self, connected: socket.socket, named: object, way: Way) -> None:
        """What is connected to is judged, not only what was meant to be. Raises DialError."""
        if rule := self._refusal(connected.getpeername(), named, way):
            raise _refused(str(named), rule)

    def _refusal(self, address: SocketAddress, named: object, way: Way) -> str | None:
        name = named if isinstance(named, str) else None
        found = ip_address(str(address[0]).partition("%")[0])
        port = int(address[1])
        return self._policy.refuse_address(found, port, name) or way.lists.policy.refuse_address(found, port, name)

    async def _open_through(self, proxy: Upstream, host: str, port: int, way: Way) -> socket.socket:
        """The target is judged as if it were connected to from here, and so is the proxy itself."""
        judged = await self._judged_for_proxy(host, port, way)
        connected = await self._open_direct(proxy.host, proxy.port, Way(way.lists))
        try:
            told = self._as_told(judged, host, connected, way)
            shake = _connect_http if proxy.scheme == "http" else _connect_socks
            await shake(connected, proxy, told, port)
        except OSError:
            connected.close()
            raise DialError(CutCode.UNREACHABLE, f"the proxy {proxy.host}:{proxy.port} broke off") from None
        except BaseException:
            connected.close()
            raise
        return connected

    async def _judged_for_proxy(self, host: str, port: int, way: Way) -> str | None:
        """The address that a proxy may be told for the target, of IPv4 where it has one: every proxy reaches these.
        None for a name that does not resolve here. Raises DialError for one that is refused."""
        try:
            admitted = await self._admitted(host, port, way)
        except DialError as error:
            if error.code is CutCode.REFUSED:
                raise
            return None
        _, address = min(admitted, key=lambda found: found[0] is not socket.AF_INET)
        return str(address[0]).partition("%")[0]

    def _as_told(self, judged: str | None, host: str, connected: socket.socket, way: Way) -> str:
        """What the proxy is asked for. Its own answer to the name would not be judged by anybody: it is told the name,
        which it may resolve nearer to where it stands, only where that answer can break no rule, the address
        otherwise. Raises DialError where there is none."""
        policies = (self._policy, way.lists.policy)
        is_public = address_rule(ip_address(str(connected.getpeername()[0]).partition("%")[0])) is None
        if is_public and not any(policy.names_networks for policy in policies):
            return str(_canonical(host))
        if judged is None:
            raise _unresolved(host)
        return judged


def _canonical(host: str) -> Any:
    try:
        return canonical_host(host)
    except ValueError:
        raise _no_host(host) from None


def _no_host(text: str) -> DialError:
    return DialError(CutCode.UNREACHABLE, f"{text[:100]!r} is not a host")


def _unresolved(host: str) -> DialError:
    return DialError(CutCode.UNREACHABLE, f"the name {host} does not resolve")


def _refused(host: str, rule: str) -> DialError:
    return DialError(CutCode.REFUSED, f"{host} is refused: {rule}")


# --- what is said to an upstream proxy ---------------------------------------------------------------------------


async def _connect_http(connected: socket.socket, proxy: Upstream, host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    asked = Connect(proxy, host, port)
    await loop.sock_sendall(connected, asked.request)
    try:
        # Byte for byte, so that nothing of the target's is taken: it is a short answer, once a connection.
        while asked.feed(await loop.sock_recv(connected, 1)) is None:
            pass
    except ProxyError as error:
        raise DialError(CutCode.UNREACHABLE, str(error)) from None


async def _connect_socks(connected: socket.socket, proxy: Upstream, host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connected, b"\x05\x02\x00\x02" if proxy.user is not None else b"\x05\x01\x00")
    version, method = await _exactly(connected, 2, proxy)
    if version == 5 and method == 2 and proxy.user is not None:
        user, word = proxy.user.reveal().encode(), (proxy.password.reveal() if proxy.password else "").encode()
        await loop.sock_sendall(connected, bytes((1, len(user))) + user + bytes((len(word),)) + word)
        if (await _exactly(connected, 2, proxy))[1] != 0:
            raise DialError(CutCode.UNREACHABLE, f"the proxy {proxy.host}:{proxy.port} does not know its user")
    elif version != 5 or method != 0:
        raise DialError(CutCode.UNREACHABLE, f"the proxy {proxy.host}:{proxy.port} wants another way to log in")
    await loop.sock_sendall(connected, bytes((5, 1, 0)) + _socks_host(host) + port.to_bytes(2, "big"))
    _, reply, _, kind = await _exactly(connected, 4, proxy)
    if reply != 0:
        raise DialError(CutCode.UNREACHABLE, f"the proxy {proxy.host}:{proxy.port} answered {reply} to CONNECT")
    length = {1: 4, 4: 16}.get(kind)
    if length is None:
        (length,) = await _exactly(connected, 1, proxy)
    await _exactly(connected, length + 2, proxy)


def _socks_host(host: str) -> bytes:
    """RFC 1928, section 5: the kind of an address and itself."""
    try:
        address = ip_address(host)
    except ValueError:
        return bytes((3, len(host))) + host.encode()
    return bytes((1 if address.version == 4 else 4,)) + address.packed


async def _exactly(connected: socket.socket, size: int, proxy: Upstream) -> bytes:
    got = bytearray()
    while len(got) < size:
        part = await asyncio.get_running_loop().sock_recv(connected, size - len(got))
        if not part:
            raise DialError(CutCode.UNREACHABLE, f"the proxy {proxy.host}:{proxy.port} closed the connection")
        got += part
    return bytes(got)
