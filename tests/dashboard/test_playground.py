"""What the playground takes and shows, and the relay that it holds."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import WSMsgType, web

from hedgerow.bus.engines.engine import free_port
from hedgerow.core.secrets import Secret
from hedgerow.dashboard.forms import FormError
from hedgerow.dashboard.relays import MOST_FRAMES, MOST_SHOWN, Relay, State, frame_of
from hedgerow.dashboard.tries import MOST_BODY, MOST_URL, Route, Try, http_of, relay_of

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
KEY = Secret("8d5378b2-b952-42e5-8be7-4ae583112363")


# --- forms -------------------------------------------------------------------------------------------------------


def test_form_is_read_as_a_request() -> None:
    found = http_of(" https://example.com/a?b=1 ", "DE, AT,", "", "POST", "x")
    assert found == Try("https://example.com/a?b=1", Route("DE,AT", ""), "POST", "x")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "https://",
        "https://exa mple.com/",
        "https://example.com/\r\nX-Agent: other",
        "https://exämple.com/",
        "https://[::1/",
        "https://example.com/" + "a" * MOST_URL,
    ],
)
def test_address_that_could_not_stand_in_a_header_is_refused(url: str) -> None:
    with pytest.raises(FormError) as refused:
        http_of(url, "", "")
    assert set(refused.value.wrong) == {"url"}


def test_each_field_is_told_apart() -> None:
    with pytest.raises(FormError) as refused:
        http_of("https://example.com/", "DE\nX: 1", "d\u00e9", "TRACE", "x" * (MOST_BODY + 1))
    assert set(refused.value.wrong) == {"countries", "agents", "method", "body"}


def test_relay_is_of_a_socket() -> None:
    assert relay_of("wss://example.com/", "", "de1").route == Route("", "de1")
    with pytest.raises(FormError):
        relay_of("https://example.com/", "", "")


def test_frames_are_cut_and_binary_ones_are_digits() -> None:
    text = frame_of(1, "é" * 3000, is_ours=True)
    assert (text.size, len(text.text)) == (6000, MOST_SHOWN)
    binary = frame_of(2, b"\x00\xff", is_ours=False)
    assert (binary.size, binary.text, binary.is_text) == (2, "00 ff", False)


# --- a relay -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def gateway() -> AsyncIterator[str]:
    """Tells that it is connected, then answers each frame: `many` by more than are kept, `end` by closing."""

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        asked = json.loads((await socket.receive()).data)
        if asked["url"] == "wss://refused.example/":
            await socket.close(code=1008, message=b"no agent for this")
            return socket
        if asked["url"] == "wss://strange.example/":
            await socket.send_str("welcome")
        await socket.send_json({"type": "connected", "node_id": "scraping-de1", "status": 101})
        await socket.send_str(json.dumps({**asked, "apiKey": asked["apiKey"] == KEY.reveal()}))
        async for message in socket:
            if message.type is not WSMsgType.TEXT or message.data == "end":
                break
            for number in range(2 * MOST_FRAMES if message.data == "many" else 1):
                await socket.send_str(f"{message.data} {number}")
        await socket.close(code=4000, message=b"enough")
        return socket

    app = web.Application()
    app.router.add_get("/ws", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"ws://127.0.0.1:{runner.addresses[0][1]}/ws"
    await runner.cleanup()


def relay_to(gateway: str, url: str = "wss://example.com/") -> tuple[Relay, list[State]]:
    seen: list[State] = []
    relay = Relay(gateway, KEY, Try(url, Route("DE", "de1")), lambda: seen.append(relay.state))
    relay.start()
    return relay, seen


async def test_relay_tells_its_agent_and_every_frame_both_ways(gateway: str, eventually: Eventually) -> None:
    relay, seen = relay_to(gateway)
    await eventually(lambda: len(relay.frames) == 1)
    assert relay.agent == "scraping-de1"
    assert json.loads(relay.frames[0].text) == {
        "apiKey": True,
        "url": "wss://example.com/",
        "geo": "DE",
        "agent": "de1",
    }
    assert await relay.send("hello")
    await eventually(lambda: len(relay.frames) == 3)
    assert [(frame.number, frame.is_ours, frame.text) for frame in list(relay.frames)[1:]] == [
        (2, True, "hello"),
        (3, False, "hello 0"),
    ]
    await relay.stop()
    assert (relay.state, relay.end, seen[0]) == (State.CLOSED, "closed here", State.OPEN)
    assert not await relay.send("late")


async def test_frames_that_are_kept_are_bounded(gateway: str, eventually: Eventually) -> None:
    relay, _ = relay_to(gateway)
    await eventually(lambda: relay.state is State.OPEN)
    await relay.send("many")
    await eventually(lambda: bool(relay.frames) and relay.frames[-1].text == f"many {2 * MOST_FRAMES - 1}")
    assert len(relay.frames) == MOST_FRAMES
    await relay.stop()


async def test_close_of_the_target_is_told_with_its_reason(gateway: str, eventually: Eventually) -> None:
    relay, _ = relay_to(gateway)
    await eventually(lambda: relay.state is State.OPEN)
    await relay.send("end")
    await eventually(lambda: relay.state is State.CLOSED)
    assert relay.end == "closed with 4000: enough"


async def test_refusal_of_the_gateway_is_told(gateway: str, eventually: Eventually) -> None:
    relay, _ = relay_to(gateway, "wss://refused.example/")
    await eventually(lambda: relay.state is State.CLOSED)
    assert relay.end == "closed with 1008: no agent for this"


async def test_strange_gateway_ends_it(gateway: str, eventually: Eventually) -> None:
    relay, _ = relay_to(gateway, "wss://strange.example/")
    await eventually(lambda: relay.state is State.CLOSED)
    assert "does not read" in relay.end


async def test_gateway_that_is_away_is_told(eventually: Eventually) -> None:
    relay, _ = relay_to(f"ws://127.0.0.1:{free_port()}/ws")
    await eventually(lambda: relay.state is State.CLOSED)
    assert relay.end == "the gateway does not answer"
