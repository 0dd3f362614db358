"""What is told over time, held against the AsyncAPI document that the service serves."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs


class Description:
    """A service's document, ready to judge messages."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._judges: dict[str, dict[str, Any]] = {
            name: {message: self._judge(operation["channel"], message) for message in self._names(operation)}
            for name, operation in document["operations"].items()
        }

    def _names(self, operation: dict[str, Any]) -> list[str]:
        return [one["$ref"].rpartition("/")[2] for one in operation["messages"]]

    def _judge(self, channel: dict[str, Any], message: str) -> Any:
        told = self.document["components"]["messages"][f"{channel['$ref'].rpartition('/')[2]}.{message}"]
        return jsonschema_rs.validator_for({**told["payload"], "components": self.document["components"]})

    def faults(self, text: str | bytes, stream: str = "changes", action: str = "send") -> list[str]:
        """Why a message is none of a stream's documented ones, by the one most like it; empty where it is one."""
        value = json.loads(text)
        found = [
            [f"{name}: {error.message}" for error in judge.iter_errors(value)]
            for name, judge in self._judges[f"{stream}.{action}"].items()
        ]
        return min(found, key=lambda faults: (sum("was expected" in fault for fault in faults), len(faults)))
