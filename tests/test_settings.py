"""Settings: read once, named when wrong, never shown."""

import os
from pathlib import Path

import pytest

from core.errors import SetupError
from core.settings import Settings, read_settings, unknown_names

ROOT = Path(__file__).resolve().parents[1]


def test_env_example_holds_every_setting_with_its_default() -> None:
    """.env.example lists each setting once, described, with the default that the code has."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        default = field.default.get_secret_value() if hasattr(field.default, "get_secret_value") else field.default
        shown = "" if default is None or default in ((), frozenset()) else str(default).lower() if isinstance(default, bool) else str(default)
        assert f"# {field.description}\n#{name.upper()}={shown}\n" in text
    assert len(Settings.model_fields) == text.count("\n#") - text.count("\n# ") - text.count("\n##")


def test_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the environment wins over .env, which wins over the default."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("ALLOWANCE_SIZE=3\nALLOWANCE_PER_DAY=7\n", encoding="utf-8")
    monkeypatch.setenv("ALLOWANCE_SIZE", "4")
    settings = read_settings()

    assert (4, 7, 180.0) == (settings.allowance_size, settings.allowance_per_day, settings.allowance_refill_seconds)


def test_secrets_may_stand_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secrets directory holds one file a setting."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mistral_api_key").write_text("from-a-file", encoding="utf-8")
    monkeypatch.setattr("core.settings.SECRETS_DIR", str(tmp_path))
    settings = read_settings()

    assert settings.mistral_api_key is not None
    assert "from-a-file" == settings.mistral_api_key.get_secret_value()


@pytest.mark.parametrize(
    ("name", "value", "mend"),
    [
        ("ALLOWANCE_SIZE", "0", "setting-mend-number"),
        ("ALLOWANCE_SIZE", "dix", "setting-mend-number"),
        ("EXEMPT_IDS", "discord:4201,lea", "setting-mend-people"),
        ("EXEMPT_IDS", "slack:U0123", "setting-mend-people"),
        ("TIMEZONE", "Paris", "setting-mend-timezone"),
        ("TIMEZONE", "../etc/passwd", "setting-mend-timezone"),
        ("PROFOND_SECRET_KEY", "court", "setting-mend-secret-key"),
        ("MISTRAL_SERVER_URL", "api.mistral.ai", "setting-mend-url"),
        ("MISTRAL_SERVER_URL", "http://[::1", "setting-mend-url"),
        ("MISTRAL_SERVER_URL", "http://127.0.0.1:99999", "setting-mend-url"),
        ("MISTRAL_SERVER_URL", "https://api mistral.ai", "setting-mend-url"),
        ("DISCORD_API_URL", "https://", "setting-mend-url"),
        ("SLACK_API_URL", "http://slack:port/api", "setting-mend-url"),
        ("PROFOND_LANG", "de", "setting-mend-lang"),
        ("PROFOND_LOG_LEVEL", "loud", "setting-mend-log-level"),
    ],
)
def test_a_wrong_value_names_the_variable_and_the_mend(monkeypatch: pytest.MonkeyPatch, name: str, value: str, mend: str) -> None:
    """The error carries the name and the mend, and not the value."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError) as caught:
        read_settings()

    assert {"name": name, "mend": mend} == caught.value.details
    assert value not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="Windows has other rights")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A .env of somebody else's is named, instead of being an unexpected fault."""
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    Path(".env").write_text("ALLOWANCE_SIZE=3\n", encoding="utf-8")
    Path(".env").chmod(0)
    me = os.geteuid()
    try:
        if me == 0:  # root may read everything
            os.seteuid(65_534)
        with pytest.raises(SetupError, match="setup-unreadable") as caught:
            read_settings()
    finally:
        os.seteuid(me)

    assert {"file": ".env"} == caught.value.details


def test_mistral_debug_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """MISTRAL_DEBUG would write questions into the logs."""
    monkeypatch.setenv("MISTRAL_DEBUG", "1")
    with pytest.raises(SetupError) as caught:
        read_settings()

    assert "setup-mistral-debug" == caught.value.key


def test_names_nearly_right_are_told(tmp_path: Path) -> None:
    """An unknown name of ours comes with the nearest known one; other people's names are left alone."""
    (tmp_path / ".env").write_text("SLACK_BOT_TOKN=x\n# DISCORD_X=1\nOTHER=1\n", encoding="utf-8")
    found = unknown_names({"MISTRAL_API_KEYS": "k", "PATH": "/bin", "MISTRAL_MODEL": "m", "ALLOWANCE_ZZZZZZ": "1"}, tmp_path / ".env")

    assert ("MISTRAL_API_KEYS", "MISTRAL_API_KEY") in found
    assert ("SLACK_BOT_TOKN", "SLACK_BOT_TOKEN") in found
    assert {"MISTRAL_API_KEYS", "SLACK_BOT_TOKN", "ALLOWANCE_ZZZZZZ"} == {name for name, _ in found}


def test_secrets_are_never_printed() -> None:
    """Neither the text nor the JSON of the settings shows a secret."""
    settings = Settings(_env_file=None, mistral_api_key="canary-1", discord_token="canary-2", database_url="postgresql://u:canary-3@h/b")

    assert "canary" not in repr(settings) + settings.model_dump_json()
