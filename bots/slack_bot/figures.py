"""The course's pictures in Slack: uploaded once, and shown from there in every answer."""

import asyncio
import hashlib
from pathlib import Path

import structlog

from bots.slack_bot.door import Away, Door, Refused
from core.errors import StoreAway
from core.messages import Figure
from core.store import Store

log = structlog.get_logger()


class Figures:
    """Knows which file of Slack's a picture of the course is."""

    def __init__(self, door: Door, store: Store) -> None:
        self._door = door
        self._store = store
        self._files: dict[str, str] = {}
        self._lock = asyncio.Lock()

    async def uploaded(self, figure: Figure) -> tuple[str, str] | None:
        """Return a picture as (file, alternative text); None where it cannot be had."""
        async with self._lock:
            if figure.path not in self._files:
                try:
                    self._files[figure.path] = await self._file(figure)
                except (Refused, Away, StoreAway, OSError) as error:
                    log.warning("figure_not_uploaded", cause=getattr(error, "error", type(error).__name__))
                    return None
        return self._files[figure.path], figure.alt

    async def _file(self, figure: Figure) -> str:
        """Return the file that was uploaded for a picture, by this process or an earlier one."""
        content = await asyncio.to_thread(Path(figure.path).read_bytes)
        name = f"slack-figure-{self._door.me.team}-{hashlib.sha256(content).hexdigest()[:16]}"
        known = await self._store.fact(name)
        if known and await self._stands(known):
            return known
        file = await self._door.upload(Path(figure.path).name, content, alt=figure.alt)
        await self._store.set_fact(name, file)
        return file

    async def _stands(self, file: str) -> bool:
        try:
            await self._door.surely("files.info", file=file)
        except Refused:
            return False
        return True
