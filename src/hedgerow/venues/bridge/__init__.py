"""The bridge: a bookmaker without a public betting API, driven by an adapter of the operator's that speaks the bridge
protocol 1.0. The operator has lawful access to the bookmaker and says on what ground; its credentials stay with him."""

from __future__ import annotations

from hedgerow.core.ids import VenueSlug
from hedgerow.venues.base import CredentialField, Idempotency, Manifest
from hedgerow.venues.bridge.books import NAMES
from hedgerow.venues.bridge.connector import BridgeBookmaker
from hedgerow.venues.bridge.terms import NOWHERE
from hedgerow.venues.registry import Family


def _manifest(slug: VenueSlug, name: str) -> Manifest:
    return Manifest(
        slug=slug,
        name=name,
        urls={"rest": NOWHERE},
        credentials=(
            CredentialField(
                "username", "the account's name at the bridge; ours if left out", secret=False, required=False
            ),
            CredentialField("password", "the bridge's bearer token"),
            CredentialField("hmac_secret", "with which requests are signed, where the bridge wants it", required=False),
        ),
        currency="USD",
        rates={},  # a bridge declares its own
        idempotency=Idempotency.FENCED,
        knowledge="the bridge protocol 1.0.0 (OpenAPI document and its rules); not tried on an operator's bridge",
        is_bookmaker=True,
        level="bridge",
    )


def _family(manifest: Manifest) -> Family:
    return Family((manifest,), bookmaker=lambda context: BridgeBookmaker(manifest, context))


FAMILIES = tuple(_family(_manifest(slug, name)) for slug, name in NAMES.items())
