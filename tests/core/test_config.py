"""Settings: environment over file, and every wrong value named before anything starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hedgerow.core.config import Settings, load_settings, read_master_key
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("HEDGEROW_"):
            monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The TOML file that is read."""
    file = tmp_path / "hedgerow.toml"
    file.touch()
    monkeypatch.setenv("HEDGEROW_CONFIG", str(file))
    return file


def test_nothing_needs_to_be_set() -> None:
    settings = load_settings()
    assert settings.data_dir == Path(".hedgerow")
    assert settings.database_url is None
    assert settings.engine_user == "nobody"


def test_environment_wins_over_the_file_and_arguments_over_both(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text('host = "file"\nlog_level = "debug"\nengine_user = "file"\n')
    monkeypatch.setenv("HEDGEROW_HOST", "environment")
    monkeypatch.setenv("HEDGEROW_ENGINE_USER", "environment")
    settings = load_settings(engine_user="argument")
    assert (settings.log_level, settings.host, settings.engine_user) == ("debug", "environment", "argument")


def test_secrets_are_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGEROW_DATABASE_URL", "postgresql://user:hidden@host/db")
    settings = load_settings()
    assert settings.database_url == Secret("postgresql://user:hidden@host/db")
    assert "hidden" not in repr(settings) + settings.model_dump_json()


def test_venue_urls_are_json_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGEROW_VENUE_URLS", '{"kalshi": {"rest": "http://127.0.0.1:1"}}')
    assert load_settings().venue_urls == {"kalshi": {"rest": "http://127.0.0.1:1"}}


def test_venue_urls_are_a_table_in_the_file(config: Path) -> None:
    config.write_text('[venue_urls.kalshi]\nrest = "http://127.0.0.1:1"\n')
    assert load_settings().venue_urls == {"kalshi": {"rest": "http://127.0.0.1:1"}}


@pytest.mark.parametrize("between", [",", " ", ", ", "\n"])
def test_venue_proxies_stand_beside_each_other_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, between: str
) -> None:
    urls = ["sx.bet=http://key:country-de,us_agent-de1@gateway:8005", "4casters=https://key@[::1]:443/"]
    monkeypatch.setenv("HEDGEROW_VENUE_PROXIES", between.join(urls) + between)
    proxies = load_settings().venue_proxies
    assert {slug: (proxy.scheme, proxy.address) for slug, proxy in proxies.items()} == {
        "sx.bet": ("http", "gateway:8005"),
        "4casters": ("https", "[::1]:443"),
    }
    assert (proxies["sx.bet"].user, proxies["sx.bet"].password) == (Secret("key"), Secret("country-de,us_agent-de1"))


def test_venue_proxies_are_a_table_in_the_file(config: Path) -> None:
    config.write_text('[venue_proxies]\nkalshi = "http://hidden:x@gateway:8005"\n')
    settings = load_settings()
    assert settings.venue_proxies["kalshi"].address == "gateway:8005"
    assert "hidden" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("http://hidden@gateway:8005", "venue=http://"),
        ("hidden", "venue=http://"),
        ("=http://hidden@gateway:8005", "venue=http://"),
        ("http://hidden:x=y@gateway:8005", "venue=http://"),
        ("kalshi=", "kalshi"),
        ("kalshi=hidden@gateway:8005", "kalshi"),
        ("kalshi=socks5://hidden@gateway:8005", "kalshi"),
        ("kalshi=http://hidden@gateway", "port included"),
        ("kalshi=http://hidden:country-de", "port included"),  # all that follows the key was forgotten
        ("kalshi=http://hidden", "port included"),
        ("kalshi=http://hidden:8005/x@gateway:8005", "kalshi"),
        ("kalshi=http://hidden@[gateway:8005", "kalshi"),
        ("kalshi=http://hidden@gateway:99999", "kalshi"),
        ("kalshi=http://hidden@a:1,sx.bet=http://hidden@b", "sx.bet"),
        ("kalshi=http://hidden@a:1,kalshi=http://hidden@a:1", "twice"),
    ],
)
def test_a_wrong_venue_proxy_is_named_without_what_is_in_it(
    monkeypatch: pytest.MonkeyPatch, value: str, named: str
) -> None:
    monkeypatch.setenv("HEDGEROW_VENUE_PROXIES", value)
    with pytest.raises(SetupError, match="HEDGEROW_VENUE_PROXIES") as caught:
        load_settings()
    assert named in caught.value.what
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEDGEROW_LOG_LEVEL", "loud"),
        ("HEDGEROW_FEED_SILENCE_S", "0"),
        ("HEDGEROW_MAX_HEDGE_DRIFT", "1"),
        ("HEDGEROW_STALE_LIVE_S", "soon"),
        ("HEDGEROW_VENUE_URLS", "no json"),
        ("HEDGEROW_VENUE_URLS", '["kalshi"]'),
    ],
)
def test_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError) as caught:
        load_settings()
    assert name in caught.value.what


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGEROW_LOG_LEVEL", "loud")
    monkeypatch.setenv("HEDGEROW_FEED_SILENCE_S", "0")
    with pytest.raises(SetupError, match=r"LOG_LEVEL.*FEED_SILENCE_S|FEED_SILENCE_S.*LOG_LEVEL"):
        load_settings()


def test_unknown_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGEROW_DATABSE_URL", "x")
    with pytest.raises(SetupError, match="HEDGEROW_DATABSE_URL"):
        load_settings()


@pytest.mark.parametrize("text", ["databse_url = 'x'", "log_level = 'loud'", "not toml", "host ="])
def test_wrong_file_is_refused(config: Path, text: str) -> None:
    config.write_text(text)
    with pytest.raises(SetupError):
        load_settings()


def test_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGEROW_CONFIG", "/no/such/file")
    with pytest.raises(SetupError, match="/no/such/file"):
        load_settings()


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.host = "other"


# --- the master key ------------------------------------------------------------------------------------------


def test_master_key_of_the_environment_wins(tmp_path: Path) -> None:
    settings = Settings(master_key=Secret("given"), master_key_file=tmp_path / "missing")
    assert read_master_key(settings) == Secret("given")


def test_master_key_is_read_from_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("c2VjcmV0\n")
    file.chmod(0o600)
    assert read_master_key(Settings(master_key_file=file)) == Secret("c2VjcmV0")


def test_no_master_key_is_none() -> None:
    assert read_master_key(Settings()) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_master_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    file.write_text("hidden")
    file.chmod(mode)
    with pytest.raises(SetupError, match="open to others") as caught:
        read_master_key(Settings(master_key_file=file))
    assert caught.value.remedy == f"chmod 600 {file}"
    assert "hidden" not in str(caught.value)


def test_master_key_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="No such file"):
        read_master_key(Settings(master_key_file=tmp_path / "key"))


def test_master_key_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(bytes(range(200, 232)))
    file.chmod(0o600)
    with pytest.raises(SetupError, match="not text"):
        read_master_key(Settings(master_key_file=file))
