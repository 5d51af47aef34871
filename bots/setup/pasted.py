"""What a person pastes: cleaned of what came with it, and named where it is plainly something else."""

import re

_AROUND = " \t\r\n\"'`«»“”‘’<>;,"
_NAME = re.compile(r"(?:export\s+)?[A-Z][A-Z_]+\s*[=:]\s*")
_KIND = re.compile(r"(?:Bot|Bearer)\s+")
_DISCORD = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_SLACK = re.compile(r"xox|xapp-")
_HEX = re.compile(r"[0-9a-f]+")
SLACK_SECRET, DISCORD_SECRET, DISCORD_PUBLIC_KEY, MISTRAL_KEY = 32, 32, 64, 32
"""How many characters each has."""


def clean(pasted: str) -> str:
    """Return a token or key alone: without spaces, line breaks, quotes, invisible marks, or a name before it."""
    text = "".join(letter for letter in pasted if letter.isprintable() or letter.isspace()).strip(_AROUND)
    text = _KIND.sub("", _NAME.sub("", text, count=1).strip(_AROUND), count=1)
    return "".join(text.split())


def discord_mix_up(text: str) -> str | None:
    """Return the catalogue's key for what was pasted instead of a Discord bot's token, or None."""
    if mistake := _anywhere(text):
        return mistake
    if _SLACK.match(text):
        return "install-mix-discord-slack"
    if text.isdecimal():
        return "install-mix-discord-id"
    if len(text) == DISCORD_PUBLIC_KEY and _HEX.fullmatch(text):
        return "install-mix-discord-public"
    if len(text) == DISCORD_SECRET and "." not in text:
        return "install-mix-discord-secret"
    return None if _DISCORD.fullmatch(text) else "install-mix-discord-part"


def slack_bot_mix_up(text: str) -> str | None:
    """Return the catalogue's key for what was pasted instead of a Slack bot token, or None."""
    if text.startswith("xapp-"):
        return "install-mix-bot-app"
    if text.startswith(("xoxp-", "xoxe", "xoxc-", "xoxa-")):
        return "install-mix-bot-user"
    return _slack_mix_up(text) or _begins(text, "xoxb-", "install-mix-bot-other", "install-mix-bot-part")


def slack_app_mix_up(text: str) -> str | None:
    """Return the catalogue's key for what was pasted instead of a Slack app-level token, or None."""
    if text.startswith("xox"):
        return "install-mix-app-bot"
    return _slack_mix_up(text) or _begins(text, "xapp-", "install-mix-app-other", "install-mix-app-part")


def mistral_mix_up(text: str, server: str) -> str | None:
    """Return the catalogue's key for what was pasted instead of a Mistral key, or None; a server of one's own takes any key."""
    if mistake := _anywhere(text):
        return mistake
    if _SLACK.match(text) or _DISCORD.fullmatch(text):
        return "install-mix-mistral-token"
    is_mistral = server.removesuffix("/").endswith(".mistral.ai")
    if is_mistral and text.startswith("sk-"):
        return "install-mix-mistral-other"
    return "install-mix-mistral-part" if is_mistral and len(text) < MISTRAL_KEY else None


def _anywhere(text: str) -> str | None:
    if not text.isascii():
        return "install-mix-hidden"
    return "install-mix-address" if "://" in text else None


def _slack_mix_up(text: str) -> str | None:
    if mistake := _anywhere(text):
        return mistake
    if len(text) == SLACK_SECRET and _HEX.fullmatch(text):
        return "install-mix-slack-secret"
    return "install-mix-slack-discord" if _DISCORD.fullmatch(text) else None


def _begins(text: str, beginning: str, other: str, part: str) -> str | None:
    """Return `other` for a text that begins otherwise, `part` for one that ends too early."""
    if not text.startswith(beginning):
        return other
    return None if re.fullmatch(r"[\w-]+-[\w-]+", text.removeprefix(beginning)) else part
