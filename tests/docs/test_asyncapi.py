"""The AsyncAPI documents: valid by the specification's own schema, and of what the code says and understands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from tests.api.told import Description
from tests.node import NO_NODE

import hedgerow.abp.asyncapi
import hedgerow.mm.asyncapi
import hedgerow.scraping.gateway.asyncapi
from hedgerow.abp.subscribe import ACCESS
from hedgerow.mm.subscribe import CHANNELS
from hedgerow.realtime.login import PING_EVERY_S, LoginSession
from hedgerow.realtime.session import HEARTBEAT_EVERY_S, Send, Session, Step
from hedgerow.scraping.gateway.connect import _Message
from hedgerow.scraping.gateway.relay import _connected

from .documents import ROOT

DOCUMENTS = {
    "abp": hedgerow.abp.asyncapi.document(),
    "mm": hedgerow.mm.asyncapi.document(),
    "scraping": hedgerow.scraping.gateway.asyncapi.document(),
}
DESCRIBED = {api: Description(document) for api, document in DOCUMENTS.items()}


def messages(api: str, stream: str, action: str) -> dict[str, Any]:
    """The payloads of one direction, by name."""
    document = DOCUMENTS[api]
    names = [one["$ref"].rpartition("/")[2] for one in document["operations"][f"{stream}.{action}"]["messages"]]
    return {name: document["components"]["messages"][f"{stream}.{name}"]["payload"] for name in names}


def sent_by(steps: list[Step]) -> list[str]:
    return [json.dumps(step.message) for step in steps if isinstance(step, Send)]


@pytest.mark.parametrize("api", DOCUMENTS)
def test_document_is_asyncapi_3(api: str, node_modules: Path | None) -> None:
    if node_modules is None:
        pytest.skip(NO_NODE)
    specification = json.loads((node_modules / "@asyncapi/specs/schemas/3.0.0-without-$id.json").read_text())
    judge = jsonschema_rs.validator_for(specification)
    assert [error.message for error in judge.iter_errors(DOCUMENTS[api])] == []
    broken = {**DOCUMENTS[api], "channels": {"changes": {"adress": "/ws"}}}
    assert list(judge.iter_errors(broken)), "an unknown word is noticed"


@pytest.mark.parametrize("api", DOCUMENTS)
def test_every_reference_leads_somewhere(api: str) -> None:
    document = DOCUMENTS[api]
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        found = document
        for part in reference.split("/"):
            found = found[part]
        assert found


@pytest.mark.parametrize(("api", "channels"), [("abp", ACCESS.channels), ("mm", CHANNELS)])
def test_every_channel_is_documented_and_no_other(api: str, channels: tuple[str, ...]) -> None:
    told = [payload["properties"].get("channel") for payload in messages(api, "changes", "send").values()]
    assert [channel["const"] for channel in told if channel] == list(channels)


LOGIN = {"type": "login", "apiKey": "k", "reliableDelivery": True, "resume": {"subscriptionId": 1, "lastSeq": 2}}
ACKS = [{"type": "ack", "seq": 1}, {"type": "ack", "upTo": 1}, {"type": "batch_ack", "seqs": [1, 2]}]


def test_login_socket_says_and_understands_what_is_documented() -> None:
    session = LoginSession(ACCESS, 0.0)
    sent = [LOGIN, *ACKS, {"type": "ping"}, {"type": "pong"}]
    answers = [session.receive(json.dumps(message), 0.0) for message in sent]
    answers.append(session.logged_in("acme", 1, ACCESS.channels, is_resumed=True))
    answers.append(session.on_time(PING_EVERY_S))
    told = [text for steps in answers for text in sent_by(steps)]
    assert [json.loads(text)["type"] for text in told] == ["pong", "login_ok", "ping"]
    assert [DESCRIBED["abp"].faults(text) for text in told] == [[]] * 3
    assert [DESCRIBED["abp"].faults(json.dumps(one), action="receive") for one in sent] == [[]] * len(sent)
    assert {one["type"] for one in sent} == set(messages("abp", "changes", "receive"))
    [refused] = sent_by(session.receive('{"type": "subscribe"}', 0.0))
    assert DESCRIBED["abp"].faults(refused) == []


def test_market_making_socket_says_and_understands_what_is_documented() -> None:
    session = Session(CHANNELS, 0.0)
    subscribe = {"type": "subscribe", "api_key": "k", "channels": ["orders"]}
    answers = [session.receive(json.dumps(subscribe), 0.0), session.accepted(1, ["orders"])]
    rest = [{"type": "ping"}, {"type": "pong"}, {"type": "unsubscribe"}]
    answers.append(session.on_time(HEARTBEAT_EVERY_S))
    answers += [session.receive(json.dumps(message), HEARTBEAT_EVERY_S) for message in rest]
    told = [text for steps in answers for text in sent_by(steps)]
    assert [json.loads(text)["type"] for text in told] == ["subscribed", "heartbeat", "pong", "unsubscribed"]
    assert [DESCRIBED["mm"].faults(text) for text in told] == [[]] * 4
    assert {one["type"] for one in (subscribe, *rest)} == set(messages("mm", "changes", "receive"))


def test_relay_takes_every_field_that_is_documented() -> None:
    documented = messages("scraping", "relay", "receive")["connect"]["properties"]
    assert set(documented) == {*_Message.__struct_fields__, "apiKey", "key"}
    for answer in (_connected("agent-de1", None), _connected("agent-de1", "chat")):
        assert DESCRIBED["scraping"].faults(answer, "relay") == []


def test_every_event_of_a_watched_page_is_documented() -> None:
    """By the names in the code, since some need a page that crashes."""
    folder = ROOT / "src" / "hedgerow" / "scraping"
    files = [*(folder / "agent/browser").glob("*.py"), folder / "gateway/browser.py"]
    text = "\n".join(path.read_text() for path in files)
    named = set(re.findall(r'(?:\.put|\bevent)\(\s*"(\w+)"', text)) | {"step_ok", "step_error"}
    assert named == set(messages("scraping", "watch", "send"))
