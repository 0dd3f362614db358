"""Pages rendered and watched by a real Chromium, through a real gateway and agent."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.told import Description
from tests.patience import PATIENCE_S
from tests.scraping.pages import (
    ALLOCATES,
    FILLS_THE_HEAP,
    LOOPS,
    OPENS_DIALOGS,
    OPENS_WINDOWS,
    Site,
    Trap,
    events,
    needs_browser,
)
from tests.scraping.proxies import PASSWORD, upstream
from tests.scraping.targets import held

from hedgerow.bus.engines.engine import free_port
from hedgerow.core.tasks import spawn
from hedgerow.scraping.agent.browser.pool import Pool
from hedgerow.scraping.agent.browser.program import BrowserSettings
from hedgerow.scraping.gateway import asyncapi
from hedgerow.scraping.guard import Patterns, Policy
from hedgerow.storage.database import decode_json

from .gatewaykit import Net

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]

pytestmark = needs_browser
SETTINGS = BrowserSettings()
DESCRIBED = Description(asyncapi.document())


async def render(net: Net, key: dict[str, str], url: str, **asked: Any) -> httpx.Response:
    body = {"apiKey": key["X-API-Key"], "url": url, **asked}
    return await net.http.post("/browser", json=body)


async def joined(net: Net, slug: str = "de1", policy: Policy | None = None) -> Pool:
    agent = await net.join(slug, browser=SETTINGS, **({"policy": policy} if policy is not None else {}))
    pool = agent.works.browsers
    assert pool is not None
    return pool


async def test_page_comes_as_its_scripts_left_it(net: Net, web: Site) -> None:
    await joined(net)
    key = await net.key()
    answer = await render(
        net,
        key,
        f"{web.base}/",
        waitStrategy="selector",
        waitSelector="#ready",
        jsExpression="({rows: document.querySelectorAll('p').length})",
        screenshot=True,
        headers={"Authorization": "Bearer mine"},
        cookies=[{"name": "given", "value": "7", "httpOnly": True}],
        viewportWidth=640,
        viewportHeight=480,
    )
    told = decode_json(answer.content)
    assert answer.status_code == 200, told
    assert told["meta"]["status"] == 200
    assert told["meta"]["agent"] == {"id": "scraping-de1"}
    assert "<p>199</p>" in told["raw"]
    assert told["js_result"] == {"rows": 200}
    picture = base64.b64decode(told["screenshot"])
    assert picture[:4] == b"\x89PNG"
    assert (int.from_bytes(picture[16:20], "big"), int.from_bytes(picture[20:24], "big")) == (640, 480)
    cookies = {cookie["name"]: cookie for cookie in told["cookies"]}
    assert {name: cookie["httpOnly"] for name, cookie in cookies.items()} == {
        "given": True,
        "inner": True,
        "seen": False,
    }
    assert web.headers["/rows"]["authorization"] == "Bearer mine"
    assert "given=7" in web.headers["/"]["cookie"]
    by_headers = await net.http.get(
        "/browser",
        headers={
            **key,
            "X-Target-URL": f"{web.base}/",
            "X-Wait-Strategy": "networkidle",
            "X-Block-Resources": "fetch",
            "X-JS-Expression": "document.title",
            "X-Explain": "1",
            "Cookie": "a=1; b=2",
        },
    )
    told = decode_json(by_headers.content)
    assert told["js_result"] == "Rows"
    assert told["meta"]["route"]["attempts"][0]["agent"] == "de1"
    # Another session has nothing of the first, and what is blocked is not asked for.
    assert {cookie["name"] for cookie in told["cookies"]} == {"a", "b", "inner", "seen"}
    assert web.asked["/rows"] == 1
    as_json = decode_json((await render(net, key, f"{web.base}/rows")).content)
    assert (as_json["raw"], as_json["raw_json"]) == (None, list(range(200)))
    usage = decode_json((await net.http.get("/usage", headers=key)).content)
    assert usage["by_protocol"]["browser"] == 3


async def test_steps_do_what_a_person_does(net: Net, web: Site) -> None:
    await joined(net)
    key = await net.key()
    steps = [
        {"action": "clear", "selector": "#name"},
        {"action": "type", "selector": "#name", "value": "Bayern München"},
        {"action": "press", "selector": "#name", "value": "Enter"},
        {"action": "select", "selector": "#side", "value": "l"},
        {"action": "click", "selector": "#missing", "timeout": 0.2, "continueOnError": True},
        {"action": "hover", "selector": "#go"},
        {"action": "click", "selector": "#go"},
        {"action": "waitHidden", "selector": "#gone"},
        {"action": "scroll", "selector": "#below"},
        {"action": "evaluate", "expression": "[done.textContent, done.title, scrollY > 1000]"},
        {"action": "screenshot", "fullPage": True},
        {"action": "navigate", "value": f"{web.base}/"},
        {"action": "wait", "selector": "#ready"},
        {"action": "sleep", "ms": 1},
    ]
    answer = decode_json((await render(net, key, f"{web.base}/form", steps=steps)).content)
    done = answer["steps"]
    assert [step["ok"] for step in done] == [number != 5 for number in range(1, len(steps) + 1)], done
    assert done[9]["result"] == ["Bayern München l", "entered", True]
    assert base64.b64decode(done[10]["screenshot"])[:4] == b"\x89PNG"
    assert answer["meta"]["final_url"] == f"{web.base}/"
    failed = await render(
        net, key, f"{web.base}/form", steps=[{"action": "click", "selector": "#missing", "timeout": 0.2}]
    )
    assert failed.status_code == 502
    assert "step 1 (click) failed" in decode_json(failed.content)["detail"]
    assert (await render(net, key, f"{web.base}/", jsExpression="nothing.here")).status_code == 502


async def test_page_that_is_not_as_expected_is_rendered_once_more_elsewhere(net: Net, web: Site) -> None:
    await joined(net, "de1")
    await joined(net, "at5")
    key = await net.key()
    answer = await render(net, key, f"{web.base}/sometimes", expectSelector="#offer", expectContains="1.90")
    assert answer.status_code == 200
    assert web.asked["/sometimes"] == 2
    never = await render(net, key, f"{web.base}/form", expectContains="nowhere", geo="DE")
    assert never.status_code == 502
    assert "nowhere" in decode_json(never.content)["detail"]


async def test_pages_and_what_is_typed_into_them_are_in_no_log(net: Net, web: Site, logged) -> None:
    await joined(net)
    key, words = await net.key(), "correct horse battery staple"
    asked: dict[str, Any] = {"steps": [{"action": "type", "selector": "#name", "value": words}]}
    answer = await render(net, key, f"{web.base}/form", jsExpression="name_.value", headers={"X-Mine": words}, **asked)
    assert words in answer.json()["js_result"]
    failing = [{"action": "evaluate", "value": f"throw Error('{words}')"}]
    assert (await render(net, key, f"{web.base}/form", steps=failing)).status_code == 502
    written = logged()
    assert (words in written, "agent linked" in written) == (False, True)


async def test_watched_page_tells_what_happens(net: Net, web: Site) -> None:
    await joined(net)
    key = await net.key()
    headers = {
        **key,
        "X-Target-URL": f"{web.base}/live",
        "X-Capture": "network,ws,dom,console",
        "X-DOM-Selector": "#price",
        "X-Network-Filter": "/rows",
        "X-Wait-Strategy": "load",
        "X-Steps": '[{"action": "wait", "selector": "#price"}, {"action": "focus", "selector": "#no", "timeout": 0.1}]',
        "X-JS-After-Load": "1 + 1",
        "X-Timeout": "10",
    }
    answer = await net.http.get("/browser/stream", headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = events(answer.text)
    kinds = [one["type"] for one in told]
    assert [fault for one in told for fault in DESCRIBED.faults(json.dumps(one), "watch")] == []
    assert (kinds[0], kinds[-1]) == ("connected", "done")
    assert told[0] == {"type": "connected", "url": f"{web.base}/live", "agent_id": "scraping-de1"}
    by_kind = {one["type"]: one for one in told}
    assert by_kind["ws_message"]["data"] == "1.95"
    assert by_kind["ws_message"]["ws_id"] == by_kind["ws_open"]["ws_id"]
    assert by_kind["console"]["text"] == "price 1.95"
    assert by_kind["step_ok"]["action"] == "wait"
    assert by_kind["step_error"]["action"] == "focus"


async def test_page_without_end_costs_its_own_session_alone(net: Net, web: Site) -> None:
    pool = await joined(net)
    key = await net.key()
    assert (await render(net, key, f"{web.base}/")).status_code == 200
    browser = pool.programs[0].process.pid

    async def bad(html: str, timeout_s: float) -> tuple[int, str]:
        answer = await render(
            net, key, web.page(html), timeout=timeout_s, waitStrategy="selector", waitSelector="#never"
        )
        return answer.status_code, decode_json(answer.content)["detail"]

    async def good() -> list[int]:
        return [
            (await render(net, key, f"{web.base}/", waitStrategy="selector", waitSelector="#ready")).status_code
            for _ in range(3)
        ]

    loops, dialogs, windows, fine = await asyncio.gather(
        bad(LOOPS, 1), bad(OPENS_DIALOGS, 20), bad(OPENS_WINDOWS, 20), good()
    )
    assert loops[0] == 504
    assert dialogs == (502, "the page opened more than 20 dialogs")
    assert windows == (502, "the page opened more than 20 windows")
    assert fine == [200, 200, 200]
    heap, memory, fine = await asyncio.gather(bad(FILLS_THE_HEAP, 25), bad(ALLOCATES, 25), good())
    assert heap == memory == (502, "the page crashed or outgrew its memory")
    assert fine == [200, 200, 200]
    refused = await render(net, key, f"{web.base}/download")
    assert (refused.status_code, "download" in decode_json(refused.content)["detail"]) == (502, True)
    assert [program.process.pid for program in pool.programs] == [browser]
    assert not [path for path in pool.programs[0].profile.rglob("*") if path.name.endswith((".bin", ".crdownload"))]
    await until_only_idle(pool)


async def test_page_reaches_nothing_that_is_refused(net: Net, web: Site) -> None:
    """A page that may be reached asks for an address that may not, in every way that pages have."""
    await joined(net, policy=Policy(Patterns.of(["127.0.0.1/32"])))
    key = await net.key()
    async with Trap().set("127.0.0.2") as trap:
        inside = f"127.0.0.2:{trap.port}"
        html = f"""<title>waits</title><link rel=dns-prefetch href=//{inside}><link rel=preconnect href=//{inside}>
<img src=http://{inside}/i><iframe src=http://{inside}/f></iframe><script src=http://{inside}/s></script><script>
const tries = [
  fetch('http://{inside}/a').catch(() => 'refused'),
  fetch('http://2130706434:{trap.port}/b').catch(() => 'refused'),
  fetch('http://[::ffff:7f00:2]:{trap.port}/c').catch(() => 'refused'),
  new Promise((done) => {{
    const socket = new WebSocket('ws://{inside}/w');
    socket.onerror = () => done('refused');
    socket.onopen = () => done('open');
  }}),
];
navigator.sendBeacon('http://{inside}/beacon');
new Worker(URL.createObjectURL(new Blob(["fetch('http://{inside}/k').catch(() => 0)"])));
try {{ new WebTransport('https://{inside}/t').ready.catch(() => 0); }} catch (_) {{ }}
for (const view of [window, frames[0]]) {{
  try {{
    const peer = new view.RTCPeerConnection({{iceServers: [{{urls: 'stun:{inside}'}}]}});
    peer.createDataChannel('x');
    peer.createOffer().then((offer) => peer.setLocalDescription(offer));
  }} catch (_) {{ }}
}}
Promise.all(tries).then((told) => {{ window.told = told; document.body.id = 'ready'; }});
</script>"""
        answer = await render(
            net,
            key,
            web.page(html),
            waitStrategy="selector",
            waitSelector="#ready",
            jsExpression="new Promise((done) => setTimeout(() => done(told), 500))",
        )
        told = decode_json(answer.content)
        assert told["js_result"] == ["refused"] * 4, told
        straight = await render(net, key, f"http://{inside}/")
        assert straight.status_code == 403
        assert "loopback address" in decode_json(straight.content)["detail"]
        assert trap.touched == 0
    assert (await render(net, key, "http://10.0.0.1/")).status_code == 403
    for local in ("file:///etc/passwd", "view-source:file:///etc/passwd", "chrome://version"):
        steps = [{"action": "evaluate", "expression": f"location = '{local}'; 1"}, {"action": "sleep", "ms": 200}]
        told = decode_json((await render(net, key, f"{web.base}/form", steps=steps)).content)
        assert told["meta"]["final_url"] == f"{web.base}/form"
        assert 'id="go"' in told["raw"]


REDIRECTS: dict[str, tuple[str, dict[str, Any]]] = {
    "302": ("{web}/away?to={inside}", {}),
    "script": ("<script>location = '{inside}'</script>", {"waitStrategy": "selector", "waitSelector": "#never"}),
    "refresh": ("<meta http-equiv=refresh content='0; url={inside}'>", {"steps": [{"action": "waitNavigation"}]}),
    "click": (
        "<a id=go href={inside}>go</a>",
        {"steps": [{"action": "click", "selector": "#go"}, {"action": "waitNavigation"}], "expectSelector": "#never"},
    ),
}


@pytest.mark.parametrize("way", REDIRECTS)
async def test_page_that_goes_where_it_may_not_is_refused(net: Net, web: Site, way: str) -> None:
    await joined(net, policy=Policy(Patterns.of(["127.0.0.1/32"])))
    async with Trap().set("127.0.0.2") as trap:
        page, asked = REDIRECTS[way]
        page = page.format(web=web.base, inside=f"http://127.0.0.2:{trap.port}/")
        answer = await render(net, await net.key(), page if way == "302" else web.page(page), **asked)
        assert answer.status_code == 403
        assert "127.0.0.2 is refused: loopback address" in decode_json(answer.content)["detail"]
        assert trap.touched == 0


async def test_page_that_goes_where_nobody_is_says_so(net: Net, web: Site) -> None:
    await joined(net)
    url = web.page(f"<script>location = 'http://127.0.0.1:{free_port()}/'</script>")
    answer = await render(net, await net.key(), url, steps=[{"action": "waitNavigation"}])
    assert answer.status_code == 502
    assert "cannot be connected to" in decode_json(answer.content)["detail"]


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_page_comes_through_the_proxy_that_is_named(net: Net, web: Site, scheme: str) -> None:
    await joined(net)
    key = await net.key()
    async with upstream(scheme) as proxy:
        ready = {"waitStrategy": "selector", "waitSelector": "#ready"}
        assert (await render(net, key, f"{web.base}/", proxy=proxy.url, **ready)).status_code == 200
        assert web.asked["/rows"] == 1
        assert set(proxy.asked) == {web.base.removeprefix("http://")}
        by_headers = {**key, "X-Target-URL": f"{web.base}/form", "X-Proxy": proxy.url.replace(PASSWORD, "wrong")}
        refused = await net.http.get("/browser", headers=by_headers)
        assert refused.status_code == 502
        assert "the proxy 127.0.0.1" in decode_json(refused.content)["detail"]
        assert "wrong" not in refused.text
        assert web.asked["/form"] == 0


async def test_halves_of_characters_cost_nobody_anything(net: Net, web: Site) -> None:
    await joined(net)
    key = await net.key()
    html = "<script>document.title = String.fromCharCode(0xd83d); console.log(document.title)</script>"
    answer = await render(net, key, web.page(html), jsExpression="document.title")
    assert answer.status_code == 200
    assert (await render(net, key, "not a URL")).status_code == 400
    assert (await net.http.post("/browser", content=b"[")).status_code == 400
    assert (await net.http.post("/browser", json={"url": web.base})).status_code == 401
    assert (await net.http.post("/browser", json={"apiKey": "wrong", "url": web.base})).status_code == 403


async def test_loss_of_the_only_agent_is_told_by_its_name(net: Net, site: str, eventually: Eventually) -> None:
    await joined(net)
    key = await net.key()
    with held() as (path, _):
        asked = spawn(render(net, key, site + path), "render")
        await eventually(lambda: net.agents["de1"].load > 0)
        linked = net.gateway.desk.links.agent("de1")
        assert linked is not None
        linked.socket.abort("as if it was killed")
        answer = await asked
    said = "The agent scraping-de1 was lost while it worked on the request, and no other can take it"
    assert (answer.status_code, answer.json()["detail"]) == (502, said)


@pytest.mark.parametrize("settings", [None, BrowserSettings(Path("/nowhere/chromium"))], ids=["unwanted", "missing"])
async def test_agent_without_browser_is_not_chosen(net: Net, web: Site, settings: BrowserSettings | None) -> None:
    await net.join("de1", browser=settings)
    key, steps = await net.key(), [{"action": "sleep"}]  # with steps, nothing is tried twice
    answer = await render(net, key, f"{web.base}/form", steps=steps)
    assert (answer.status_code, decode_json(answer.content)) == (502, {"detail": "No agent available"})
    await joined(net, "at5")
    for _ in range(5):
        told = decode_json((await render(net, key, f"{web.base}/form", steps=steps)).content)
        assert told["meta"]["agent"] == {"id": "scraping-at5"}


@pytest.mark.parametrize("renders", [20, pytest.param(200, marks=pytest.mark.soak)])
async def test_renders_in_a_row_leave_nothing(net: Net, web: Site, renders: int, eventually: Eventually) -> None:
    pool = await joined(net)
    key = await net.key()

    async def some(count: int) -> None:
        for _ in range(count):
            answer = await render(net, key, f"{web.base}/", waitStrategy="selector", waitSelector="#ready")
            assert answer.status_code == 200

    await some(5)
    await until_only_idle(pool)
    program, before = pool.programs[0], pool.programs[0].memory()
    await some(renders)
    await until_only_idle(pool)
    after = pool.programs[0].memory()
    assert pool.programs == [program]
    assert len(after) <= len(before)
    assert memory_of(after) < memory_of(before) * 1.3
    assert len(list(program.profile.parent.glob(f"{program.profile.name.rpartition('-')[0]}-*"))) == 1
    await net.agents["de1"].stop()
    assert not list(program.profile.parent.glob(f"{program.profile.name.rpartition('-')[0]}-*"))
    await eventually(lambda: not of_session(program.process.pid))  # a kill is carried out when the kernel comes to it


def memory_of(processes: dict[int, tuple[str, int]]) -> int:
    return sum(size for _, size in processes.values())


def of_session(leader: int) -> list[str]:
    """Processes of the kernel's session that are no zombies."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, session = (process / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == leader and state != "Z":
            found.append(process.name)
    return found


async def until_only_idle(pool: Pool) -> None:
    """Until every browser has but the renderer that it keeps for itself."""
    async with asyncio.timeout(PATIENCE_S):
        while most_renderers(pool) > 1:  # noqa: ASYNC110 - another program's processes signal nothing
            await asyncio.sleep(0.05)


def most_renderers(pool: Pool) -> int:
    sizes = [program.memory().values() for program in pool.programs]
    return max(sum(kind == "renderer" for kind, _ in found) for found in sizes)
