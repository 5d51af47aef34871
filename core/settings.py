"""Every setting, read once: the environment, then `.env`, then files of a secrets directory. The only reader of the environment."""

import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from string import whitespace
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from core.errors import SetupError

WATCHED = ("PROFOND_", "DISCORD_", "SLACK_", "MISTRAL_", "ALLOWANCE_", "BUDGET_", "CACHE_", "PATIENCE_", "SCHOOL_", "DPO_", "HOSTED_")
SECRETS_DIR = "/run/secrets"
PERSON = re.compile(r"discord:\d+|slack:[A-Z0-9]+:[A-Z0-9]+|terminal:local")
"""How each bot names a person: nobody else is ever met."""


class Settings(BaseSettings):
    """What may be set. Each field's description is the comment of `.env.example`."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    mistral_api_key: SecretStr | None = Field(None, description="Key of the Mistral API. Without it, the cards answer alone.")
    mistral_model: str = Field("mistral-small-2603", description="Dated model id; an alias such as -latest may change its price overnight.")
    mistral_server_url: str = Field("https://api.eu.mistral.ai", description="Where the model is: Mistral in the EU, or a server of your own.")
    mistral_temperature: float = Field(0.3, ge=0, le=1.5, description="0 is steady, 1 is varied.")
    mistral_vision: bool = Field(default=True, description="false: the model reads no pictures, so none is accepted.")
    mistral_max_tokens: int = Field(700, ge=50, le=4000, description="The longest answer, in tokens.")
    mistral_stop: Annotated[tuple[str, ...], NoDecode] = Field((), description="Sequences that end an answer, separated by commas.")
    mistral_first_text_seconds: float = Field(10.0, gt=0, le=120, description="Longest wait for the first text, retries included.")
    mistral_answer_seconds: float = Field(30.0, gt=0, le=300, description="Longest time for a whole answer.")
    mistral_requests_per_second: float = Field(1.0, gt=0, le=10_000, description="Requests a second that the key may make, over all processes.")
    mistral_tokens_per_minute: int = Field(500_000, ge=1_000, description="Tokens a minute that the key may use, over all processes.")
    mistral_fallback_models: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Models that step in, in this order, when the first one fails, separated by commas."
    )
    mistral_small_model: str = Field("ministral-8b-2512", description="The cheaper model that writes when most of the budget is used.")
    patience_seconds: float = Field(60.0, gt=0, le=600, description="Longest wait in the queue for the model; beyond it the cards answer.")
    cache_seconds: float = Field(86_400.0, ge=0, description="How long an answer is kept for the same question of others. 0: never.")
    cache_size: int = Field(1_000, ge=0, le=100_000, description="How many such answers are kept. 0: none.")
    budget_month_eur: float = Field(5.0, ge=0, description="Euros that the model may cost a month; beyond them the cards answer.")
    budget_day_eur: float | None = Field(None, ge=0, description="Euros that the model may cost a day. Unset: no limit but the month's.")
    budget_prices: Path | None = Field(None, description="A file of prices of your own, like core/prices.json.")

    database_url: SecretStr = Field(SecretStr("profond.db"), description="A file's path, or sqlite:///…, or postgresql://…")
    profond_secret_key: SecretStr | None = Field(None, description="Any text of 32 characters or more. Unset: made once, beside the SQLite file.")
    profond_course: Path | None = Field(None, description="Folder of the course. Unset: the course that comes with Profond.")
    profond_lang: Literal["fr", "en"] = Field("fr", description="Language of the words in the terminal: fr or en.")
    profond_log_format: Literal["console", "json"] = Field("console", description="console or json.")
    profond_log_level: Literal["debug", "info", "warning", "error"] = Field("warning", description="debug, info, warning or error.")
    profond_history_tokens: int = Field(600, ge=0, le=8000, description="Longest history sent to the model, in tokens.")

    allowance_size: int = Field(10, ge=1, le=1000, description="Questions a student may ask in a row.")
    allowance_refill_seconds: float = Field(180.0, gt=0, description="Seconds until one more question comes back.")
    allowance_per_day: int = Field(60, ge=1, le=10000, description="Questions a student may ask a day.")
    exempt_ids: Annotated[frozenset[str], NoDecode] = Field(frozenset(), description="People without limit, as platform:id, separated by commas.")
    retention_days: int = Field(30, ge=1, le=400, description="Days after which questions and answers are erased.")
    school_year_end: str = Field(
        "08-31",
        pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$",
        description="Month and day on which the school year ends; the costs of a year that is over are erased.",
    )
    timezone: str = Field("Europe/Paris", description="Where the day turns.")

    school_name: str = Field("", description="Name and address of the school, for the papers of `profond privacy`.")
    school_contact: str = Field("", description="Where students write about their data: an address, or a person and a room.")
    dpo_contact: str = Field("", description="How to reach the data protection officer.")
    hosted_by: str = Field("", description="Where the program and its database run: a machine of the school, or a host and its country.")

    ask_private_default: bool = Field(default=False, description="true: answers to commands are private unless the student says otherwise.")

    discord_token: SecretStr | None = Field(None, description="Token of the Discord bot.")
    discord_api_url: str | None = Field(None, description="Another base of Discord's REST API, such as a rate-limiting proxy's.")
    discord_message_content: bool = Field(
        default=False, description="true: every message in the bot's threads is a follow-up. Needs the Message Content Intent."
    )
    discord_servers: Annotated[frozenset[int], NoDecode] = Field(frozenset(), description="Ids of the servers served, by commas. Empty: all.")
    discord_channels: Annotated[frozenset[int], NoDecode] = Field(frozenset(), description="Ids of the channels served, by commas. Empty: all.")
    discord_exempt_roles: Annotated[frozenset[int], NoDecode] = Field(frozenset(), description="Ids of roles without limit, by commas.")
    discord_dms: bool = Field(default=True, description="false: no answers in direct messages.")
    discord_shards: int | None = Field(None, ge=1, le=1000, description="Number of shards. Empty: what Discord recommends.")
    slack_bot_token: SecretStr | None = Field(None, description="Slack's bot token, xoxb-…")
    slack_app_token: SecretStr | None = Field(None, description="Slack's app token, xapp-…, for Socket Mode.")
    slack_signing_secret: SecretStr | None = Field(None, description="Slack's signing secret, for profond slack --http.")
    slack_api_url: str | None = Field(None, description="Another base of Slack's Web API, such as GovSlack's https://slack-gov.com/api.")
    slack_thread_replies: bool = Field(
        default=True, description="true: in a thread where the bot answered, the asker needs no mention. Needs the scopes for it."
    )
    port: int | None = Field(None, ge=1, le=65_535, description="Port of HTTP: health, figures, and Slack's events with --http (3000 where unset).")

    @field_validator(
        "mistral_stop", "mistral_fallback_models", "exempt_ids", "discord_servers", "discord_channels", "discord_exempt_roles", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value

    @field_validator("exempt_ids")
    @classmethod
    def _are_people(cls, value: frozenset[str]) -> frozenset[str]:
        if not all(map(PERSON.fullmatch, value)):
            raise ValueError("platform:id")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError):
            raise ValueError(value) from None
        return value

    @field_validator("mistral_server_url", "discord_api_url", "slack_api_url")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None:
            address = urlsplit(value)  # a broken host or port is a ValueError, the port's when it is looked at
            if address.scheme not in {"http", "https"} or not address.hostname or address.port == 0 or set(value) & set(whitespace):
                raise ValueError(value)
        return value and value.rstrip("/")

    @field_validator("mistral_api_key", "discord_token", "slack_bot_token", "slack_app_token", "slack_signing_secret")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        bare = value.get_secret_value().strip() if value else ""
        if not bare.isascii() or any(letter.isspace() for letter in bare):
            raise ValueError("ASCII")
        return SecretStr(bare) if bare else None

    @field_validator("profond_secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("32")
        return value

    @property
    def course_folder(self) -> Path:
        """The folder of the course in use."""
        return self.profond_course or shipped_course()


def shipped_course() -> Path:
    """Return the folder of the course that comes with Profond."""
    return Path(str(files("knowledge_base").joinpath("course.json"))).parent


MENDS = {
    "mistral_server_url": "setting-mend-url",
    "discord_api_url": "setting-mend-url",
    "discord_message_content": "setting-mend-flag",
    "discord_dms": "setting-mend-flag",
    "ask_private_default": "setting-mend-flag",
    "mistral_temperature": "setting-mend-temperature",
    "mistral_vision": "setting-mend-flag",
    "mistral_api_key": "setting-mend-token",
    "discord_token": "setting-mend-token",
    "slack_bot_token": "setting-mend-token",
    "slack_app_token": "setting-mend-token",
    "slack_signing_secret": "setting-mend-token",
    "slack_api_url": "setting-mend-url",
    "slack_thread_replies": "setting-mend-flag",
    "exempt_ids": "setting-mend-people",
    "timezone": "setting-mend-timezone",
    "school_year_end": "setting-mend-month-day",
    "profond_secret_key": "setting-mend-secret-key",
    "profond_lang": "setting-mend-lang",
    "profond_log_format": "setting-mend-log-format",
    "profond_log_level": "setting-mend-log-level",
}


def read_settings(**overrides: object) -> Settings:
    """Read the settings. Raises SetupError naming the variable and the mend; never shows a value."""
    secrets = SECRETS_DIR if Path(SECRETS_DIR).is_dir() else None
    if os.environ.get("MISTRAL_DEBUG"):
        raise SetupError("setup-mistral-debug")
    try:
        return Settings(_secrets_dir=secrets, **overrides)  # type: ignore[arg-type]  # fields by name
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0]).lower()
        raise SetupError("setup-setting", name=name.upper(), mend=MENDS.get(name, "setting-mend-number")) from None
    except (SettingsError, UnicodeDecodeError):
        raise SetupError("setup-env-file") from None
    except OSError as error:
        raise SetupError("setup-unreadable", file=str(error.filename or ".env")) from None


def unknown_names(environment: Mapping[str, str] | None = None, env_file: Path = Path(".env")) -> list[tuple[str, str]]:
    """Return (name, nearest known name or "") of variables that look like ours and are not."""
    known = [*sorted(name.upper() for name in Settings.model_fields), "MISTRAL_DEBUG"]
    names = [name.upper() for name in (*(os.environ if environment is None else environment), *_names_of(env_file))]
    odd = dict.fromkeys(name for name in names if name.startswith(WATCHED) and name not in known)
    return [(name, next(iter(get_close_matches(name, known, n=1)), "")) for name in odd]


def _names_of(env_file: Path) -> Iterable[str]:
    try:
        lines = env_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    return [line.split("=", 1)[0].removeprefix("export ").strip() for line in lines if "=" in line and not line.lstrip().startswith("#")]
