"""Files that a student attaches: fetched with the bot's token, only from Slack's own hosts, only as much as may be read."""

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog

from bots.slack_bot.door import Door
from core.errors import FileRefused
from core.files import most_bytes, must_fit, name_of

log = structlog.get_logger()
DOWNLOAD_SECONDS = 15.0
HOSTS = ("slack.com", "slack-files.com")


async def read(door: Door, files: Sequence[dict[str, Any]]) -> tuple[tuple[str, bytes], ...]:
    """Download what is attached; core decides what it is. Raises FileRefused."""
    for file in files:
        must_fit(_name(file), int(file.get("size") or 0))
    try:
        async with asyncio.timeout(DOWNLOAD_SECONDS):
            return tuple([(_name(file), await _fetched(door, file)) for file in files])
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        log.warning("file_not_fetched", cause=type(error).__name__)
        raise FileRefused("refusal-file-away", name=name_of(_name(files[0]))) from None


def _name(file: dict[str, Any]) -> str:
    return str(file.get("name") or file.get("title") or "fichier")


def is_slacks(url: str, api_url: str) -> bool:
    """Whether a file's address is Slack's, or lies where SLACK_API_URL points: the token goes nowhere else."""
    asked, own = urlsplit(url), urlsplit(api_url)
    if (asked.scheme, asked.netloc) == (own.scheme, own.netloc):
        return True
    host = (asked.hostname or "").lower()
    return asked.scheme == "https" and asked.port in {None, 443} and any(host == name or host.endswith(f".{name}") for name in HOSTS)


async def _fetched(door: Door, file: dict[str, Any]) -> bytes:
    url, name = str(file.get("url_private_download") or file.get("url_private") or ""), _name(file)
    if not is_slacks(url, door.client.base_url) or file.get("is_external"):
        raise FileRefused("refusal-file-away", name=name_of(name))
    async with door.session.get(url, headers={"Authorization": f"Bearer {door.client.token}"}, allow_redirects=False) as response:
        is_page = response.content_type == "text/html" and not name.lower().endswith((".html", ".htm"))
        if response.status != 200 or is_page:
            log.warning("file_not_given", status=response.status, scope="files:read")
            raise FileRefused("refusal-file-away", name=name_of(name))
        content = bytearray()
        async for chunk in response.content.iter_chunked(65_536):
            content += chunk
            if len(content) > most_bytes(name):
                break
    must_fit(name, len(content))
    return bytes(content)
