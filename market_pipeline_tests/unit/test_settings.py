"""Settings: what the environment may say, what is told about a wrong value, and that .env.example keeps up."""

import re

import pytest

from market_pipeline.settings import (
    PROJECT_ROOT,
    ProviderSettings,
    Settings,
    SettingsError,
    load_provider_settings,
    load_settings,
)

VARIABLE = re.compile(r"^#?\s*(_?[A-Z][A-Z_]+)(?:=|\s{2,})", re.MULTILINE)


def _variable(name: str) -> str:
    return str(Settings.model_fields[name].validation_alias or name).upper()


def test_the_example_file_documents_every_variable_and_no_other() -> None:
    documented = set(VARIABLE.findall((PROJECT_ROOT / ".env.example").read_text()))
    expected = {_variable(name) for name in Settings.model_fields} | {
        f"_{name.upper()}" for name in ProviderSettings.model_fields
    }
    assert documented == expected


def test_the_defaults_in_the_example_file_are_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (PROJECT_ROOT / ".env.example").read_text()
    shown = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))
    for name in (*shown, "MARKET_PIPELINE_HOME"):
        monkeypatch.delenv(name, raising=False)
    defaults = Settings(_env_file=None)
    for name in set(Settings.model_fields) - {"home", "database_url"}:
        assert (
            shown[name.upper()] == f"{getattr(defaults, name):g}"
            if name.endswith("seconds")
            else str(getattr(defaults, name))
        )


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("FETCH_CONCURRENCY", "five", "FETCH_CONCURRENCY='five'"),
        ("FETCH_CONCURRENCY", "0", "greater than or equal to 1"),
        ("DATA_WORLD", "moon", "'simulated' or 'live'"),
        ("REQUEST_TIMEOUT_SECONDS", "-1", "greater than 0"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_accepted(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=re.escape(told)) as raised:
        load_settings()
    assert variable in str(raised.value)


def test_every_wrong_value_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FETCH_BATCH_SIZE", "no")
    monkeypatch.setenv("SIMULATOR_PORT", "99999")
    with pytest.raises(SettingsError, match=r"(?s)SIMULATOR_PORT.*FETCH_BATCH_SIZE"):
        load_settings()


def test_a_vendor_is_switched_by_variables_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINNHUB_ENABLED", "false")
    monkeypatch.setenv("FINNHUB_PRIORITY", "3")
    settings = load_provider_settings("finnhub")
    assert (settings.enabled, settings.priority) == (False, 3)
    monkeypatch.setenv("YAHOO_BASE_URL", "ftp://example")
    with pytest.raises(SettingsError, match="YAHOO_BASE_URL"):
        load_provider_settings("yahoo")


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINNHUB_API_KEY", "sesame-4711")
    monkeypatch.setenv("FINNHUB_BASE_URL", "sesame-4711")
    with pytest.raises(SettingsError) as raised:
        load_provider_settings("finnhub")
    assert "sesame" not in str(raised.value)
    monkeypatch.delenv("FINNHUB_BASE_URL")
    assert "sesame" not in repr(load_provider_settings("finnhub"))
