"""Settings: environment variables `HEDGEROW_*` and one TOML file, checked once at the start.

The environment wins over the file. A wrong value stops the start with a message that names the variable.
"""

from __future__ import annotations

import os
import re
import stat
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret, Vault
from hedgerow.core.upstream import Upstream

PREFIX = "HEDGEROW_"


def _from_json(value: object) -> object:
    return msgspec.json.decode(value) if isinstance(value, str) else value


def _listed(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""A list in the TOML file, separated by commas in an environment variable."""

_NEXT_VENUE = re.compile(r"[,\s]+(?=[\w.-]+=)")  # a comma also stands in what a proxy is told
_SLUG = re.compile(r"[\w.-]+")


def _by_venue(value: object) -> object:
    """Names no proxy that it cannot read: there are keys in them."""
    if isinstance(value, str):
        parts = [part.partition("=") for part in _NEXT_VENUE.split(value.strip(", \t\n")) if part]
        if not all(sign and _SLUG.fullmatch(slug) for slug, sign, _ in parts):
            raise ValueError("each is venue=http://[user:password@]host:port")
        value = {slug: url for slug, _, url in parts}
        if len(value) < len(parts):
            raise ValueError("a venue is named twice")
    return {slug: _proxy(slug, url) for slug, url in value.items()} if isinstance(value, dict) else value


def _proxy(slug: str, url: object) -> Upstream:
    if isinstance(url, Upstream):
        return url
    try:
        parts = urlsplit(str(url))
        if parts.port and not (parts.path.strip("/") or parts.query or parts.fragment):
            return Upstream.of(str(url), ("http", "https"))
    except ValueError:
        pass  # its text may have a part of the key in it
    raise ValueError(f"that of {slug} is not http://[user:password@]host:port or https://..., the port included")


VenueProxies = Annotated[dict[str, Upstream], BeforeValidator(_by_venue)]
"""A table in the TOML file; `venue=URL`, with commas or blanks between, in an environment variable."""

VenueUrls = Annotated[dict[str, dict[str, str]], BeforeValidator(_from_json)]
"""A table in the TOML file, JSON in an environment variable."""


class Settings(BaseSettings):
    """Everything that an operator can set. Durations are seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, enable_decoding=False)

    data_dir: Path = Field(Path(".hedgerow"), description="Folder of the embedded engines and of logs")
    database_url: Secret | None = Field(None, description="External PostgreSQL >= 15; empty: the embedded one")
    nats_url: Secret | None = Field(None, description="External NATS; empty: the embedded one")
    engine_user: str = Field("nobody", description="User that PostgreSQL runs as when started by root")
    postgres_bin: Path | None = Field(None, description="Folder of PostgreSQL's programs; empty: the wheel's")
    nats_server: Path | None = Field(None, description="Program of the NATS server; empty: the wheel's")
    master_key: Secret | None = Field(
        None, description="Key of credentials at rest: 32 bytes in base64; older ones, which only open, after a blank"
    )
    master_key_file: Path | None = Field(None, description="File (mode 0600) that holds the master key or keys")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe of the log lines that are written: debug, info, warning, error"
    )
    host: str = Field("127.0.0.1", description="Address that services listen on")
    otlp_endpoint: Secret | None = Field(
        None,
        description="OTLP/HTTP collector that traces go to, as http://host:4318; empty: none unless OTEL_* name one",
    )
    otlp_deployment: str = Field("", description="Name of this deployment in traces, as production")

    feed_rest_url: str = Field("https://v5.oddspapi.io/en", description="OddsPapi v5 REST base, language included")
    feed_ws_url: str = Field("wss://v5.oddspapi.io/ws", description="OddsPapi v5 WebSocket")
    feed_key: Secret = Field(Secret(""), description="OddsPapi API key")
    feed_silence_s: float = Field(10.0, gt=0, description="Feed silence after which nothing is quoted")
    feed_tape: Path | None = Field(None, description="File to record raw feed frames to")
    engine_tape: Path | None = Field(None, description="File to record all to that market making is told and decides")
    venue_urls: VenueUrls = Field(
        default_factory=dict, description="Base URLs by venue slug that replace the manifest's, as JSON"
    )
    venue_proxies: VenueProxies = Field(
        default_factory=dict,
        description="HTTP proxies that venues are reached through, venue=http://user:password@host:port,...",
    )
    clock_url: str | None = Field(None, description="World clock to follow (simulation); empty: the machine's")

    stale_live_s: float = Field(10.0, gt=0, description="Age above which live odds are not quoted from")
    stale_pregame_s: float = Field(60.0, gt=0, description="The same before the start")
    mm_shards: int = Field(
        1, ge=1, le=16, description="Parts that market making divides the fixtures into, the same in every process"
    )
    mm_busy_poll: bool = Field(
        default=False,
        description="Market making never sleeps between events: sooner, and a processor is taken by it all the time",
    )
    max_hedge_drift: Decimal = Field(
        Decimal("0.03"), ge=0, lt=1, description="Share of the planned hedge odds that may be lost before a hedge waits"
    )
    watchdog_after_s: float = Field(
        20.0, ge=1, description="Absence of market making after which its quotes are cancelled by the watchdog"
    )
    quote_hysteresis: Decimal = Field(
        Decimal("0.002"), ge=0, lt=1, description="A better price closer than this to a resting quote is left for later"
    )
    untold_limit_usd: Decimal = Field(
        Decimal(500), gt=0, description="Highest stake assumed at a bookmaker where the feed names no limit"
    )

    abp_url: str = Field(
        "http://127.0.0.1:8001", description="Where the dashboard finds the ABP API; empty: there is none"
    )
    mm_url: str = Field(
        "http://127.0.0.1:8002", description="Where the dashboard finds the MM API; empty: there is none"
    )
    scraping_url: str = Field(
        "http://127.0.0.1:8003", description="Where the dashboard finds the scraping API; empty: there is none"
    )
    operator_url: str = Field(
        "http://127.0.0.1:8006", description="Where the dashboard finds the operator API; empty: there is none"
    )
    desk_urls: str = Field("", description="Where the dashboard finds the desks of bridges, with commas between them")
    operator_key: Secret | None = Field(
        None, description="Key of the operator API and of the dashboard's operator pages, 20 characters or more"
    )
    dashboard_certificate: Path | None = Field(None, description="Certificate chain of the dashboard, for TLS (PEM)")
    dashboard_certificate_key: Path | None = Field(None, description="Private key of that certificate (PEM)")
    dashboard_behind_tls: bool = Field(
        default=False, description="Browsers reach the dashboard by HTTPS, through a proxy that ends TLS"
    )

    target_allow: Texts = Field((), description="Hosts and networks that agents may reach though they are not public")
    gateway_url: str | None = Field(None, description="Where agents reach this gateway; empty: its host and port")
    gateway_certificate: Path | None = Field(None, description="Certificate chain of the gateway, for TLS (PEM)")
    gateway_certificate_key: Path | None = Field(None, description="Private key of that certificate (PEM)")
    gateway_proxy_port: int | None = Field(
        None, ge=0, le=65535, description="Port of the gateway's proxy front; empty: none; 0: a free one"
    )
    agent_gateways: Texts = Field((), description="URLs of gateways that an agent dials, one is enough")
    agent_key: Secret | None = Field(None, description="Key of the agent")
    agent_trust: Path | None = Field(None, description="Authority (PEM) that gateways' certificates are signed by")
    agent_allow: Texts = Field((), description="The only targets that this agent reaches; empty: all that are public")
    agent_deny: Texts = Field((), description="Targets that this agent never reaches")
    bridge_token: Secret | None = Field(None, description="Bearer token of the bridge that is served or checked")
    bridge_hmac_secret: Secret | None = Field(None, description="With which its requests are signed; empty: none is")
    bridge_operator_key: Secret | None = Field(None, description="Key of those who answer at a bridge's desk")
    browser_program: Path | None = Field(None, description="Chromium that agents render with; empty: looked for")
    browser_user: str = Field("nobody", description="Whom the browser runs as where the agent is root")
    browser_sessions: int = Field(4, ge=0, le=64, description="Pages an agent renders at one time; 0: no browser")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = os.environ.get(PREFIX + "CONFIG")
        toml = (TomlConfigSettingsSource(settings_cls, Path(file)),) if file else ()
        return (init_settings, env_settings, *toml)


def load_settings(**given: Any) -> Settings:
    """The settings of this process; `given` (command-line options) wins over the environment.

    Raises SetupError that names each wrong variable.
    """
    file = os.environ.get(PREFIX + "CONFIG")
    if file and not Path(file).is_file():
        raise SetupError(f"{PREFIX}CONFIG names {file}, which is not a file", "correct or unset the variable")
    _refuse_unknown_variables()
    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = "; ".join(
            f"{PREFIX}{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}" for item in error.errors()
        )
        raise SetupError(f"a setting is wrong: {wrong}", "correct the variable or the line in the TOML file") from None
    except ValueError as error:
        raise SetupError(f"the settings cannot be read: {error}", f"correct {file or 'the environment'}") from None


def _refuse_unknown_variables() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {PREFIX + "CONFIG"}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise SetupError(f"unknown setting {', '.join(unknown)}", "see `hedgerow doctor --settings` for the names")


def read_master_key(settings: Settings) -> Secret | None:
    """The master key from the environment or its file. Raises SetupError when the file is open to others."""
    if settings.master_key:
        return settings.master_key
    path = settings.master_key_file
    if path is None:
        return None
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        raise SetupError(f"{PREFIX}MASTER_KEY_FILE {path} is not text", "make one with: hedgerow keys master") from None
    except OSError as error:
        raise SetupError(
            f"{PREFIX}MASTER_KEY_FILE {path}: {error.strerror}", "correct the path or its rights"
        ) from None
    if mode & 0o077:
        raise SetupError(f"{PREFIX}MASTER_KEY_FILE {path} is open to others (mode {mode:04o})", f"chmod 600 {path}")
    return Secret(text)


def certificate_files(chain: Path | None, key: Path | None, service: str) -> tuple[Path, Path] | None:
    """The files of a service's certificate and its key; None where neither is set. Raises SetupError for half of it."""
    if chain is None and key is None:
        return None
    if chain is None or key is None or not chain.is_file() or not key.is_file():
        name = f"{PREFIX}{service.upper()}_CERTIFICATE"
        raise SetupError(f"{name} and {name}_KEY do not both name a file", "set both, or neither")
    return chain, key


def vault_of_settings(settings: Settings) -> Vault:
    """The vault of a service. Raises SetupError without a master key, or when it cannot be read."""

    def read() -> Secret:
        key = read_master_key(settings)
        if key is None:
            raise SetupError("HEDGEROW_MASTER_KEY is not set", "the key that seals the accounts' credentials is needed")
        return key

    return Vault(read(), read)
