"""The course's pictures in Slack: uploaded once, and shown from there in every answer."""

import asyncio
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

from bots.slack_bot.door import Away, Door, Refused
from core.errors import StoreAway
from core.messages import Figure
from core.store import Store

log = structlog.get_logger()
UPLOAD_SECONDS = 3.0
"""Seconds that an upload may keep answers waiting, from its start; it goes on without them."""
AGAIN_SECONDS = 300.0
"""Seconds after which a picture that could not be uploaded is tried again."""


@dataclass(frozen=True)
class Upload:
    """A picture on its way to Slack: the file that it becomes, or an empty string."""

    file: asyncio.Task[str]
    began: float

    @property
    def holds(self) -> bool:
        """Whether it stands, may still come, or failed too recently to be tried again."""
        return not self.file.done() or bool(self.file.result()) or time.monotonic() < self.began + AGAIN_SECONDS


class Figures:
    """Knows which file of Slack's a picture of the course is."""

    def __init__(self, door: Door, store: Store) -> None:
        self._door = door
        self._store = store
        self._uploads: dict[str, Upload] = {}

    async def uploaded(self, figure: Figure) -> tuple[str, str]:
        """Return a picture as (file, alternative text); the file is empty while it cannot be had."""
        upload = self._upload(figure)
        await asyncio.wait({upload.file}, timeout=max(upload.began + UPLOAD_SECONDS - time.monotonic(), 0))
        return (upload.file.result() if upload.file.done() else ""), figure.alt

    def _upload(self, figure: Figure) -> Upload:
        upload = self._uploads.get(figure.path)
        if upload is None or not upload.holds:
            upload = self._uploads[figure.path] = Upload(asyncio.create_task(self._file(figure)), time.monotonic())
        return upload

    async def finish(self) -> None:
        """Give up what is still being uploaded."""
        tasks = [upload.file for upload in self._uploads.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _file(self, figure: Figure) -> str:
        """Return the file of a picture, or an empty string where it cannot be had."""
        try:
            return await self._found(figure)
        except (Refused, Away, StoreAway, OSError) as error:
            log.warning("figure_not_uploaded", cause=getattr(error, "error", type(error).__name__))
            return ""

    async def _found(self, figure: Figure) -> str:
        """Return the file that was uploaded for a picture, by this process or an earlier one. Raises Refused, Away, StoreAway, OSError."""
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
