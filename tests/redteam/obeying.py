"""The worst case: a local Mistral API whose model obeys the attacker word for word, at random chunk borders."""

import base64
import re
from dataclasses import dataclass, field, replace

from aiohttp import web

from tests.redteam.attempts import Attempt
from tests.redteam.disguises import ENCODED, PLACEHOLDER, Received, disguised
from tests.redteam.mutator import borders, mutate
from tests.servers.mistral import Fault, Json, MistralServer

NOBODY = Attempt(id="", family="", question="", says="Une convolution glisse un **filtre** sur l'image [1]. Et toi, où en vois-tu une ?")


@dataclass
class Told:
    """What the model wrote to one request: its text, and the pieces of it that hold the prompt in other letters."""

    text: str
    encoded: list[str] = field(default_factory=list)


class ObeyingServer(MistralServer):
    """A Mistral API that writes what an attempt wants; `told` keeps what it wrote, `requests` what it received.

    Attributes:
        pause: seconds between two chunks.
    """

    pause = 0.0

    def reset(self) -> None:
        """Forget everything that was asked and written."""
        super().reset()
        self.attempt = NOBODY
        self.told: list[Told] = []

    async def _stream(self, request: web.Request, fault: Fault, model: str) -> web.StreamResponse:
        attempt = self.attempt
        told = obeyed(attempt, received(self.requests[-1], request.headers["Authorization"].removeprefix("Bearer ")))
        self.told.append(told)
        chunks = borders(told.text, attempt.seed, is_fine=attempt.mutation == "borders")
        return await super()._stream(request, replace(fault, contents=chunks, delay=self.pause), model)


def received(body: Json, key: str = "") -> Received:
    """Return a request's body as the model reads it."""
    system, *past, turn = texts_of(body)
    return Received(system, "\n\n".join(past), turn, key)


def texts_of(body: Json) -> list[str]:
    """Return the text of each message; what stands beside pictures where there are any."""
    contents = [message["content"] for message in body["messages"]]
    return [content if isinstance(content, str) else content[0]["text"] for content in contents]


def pictures_of(body: Json) -> list[bytes]:
    """Return the pictures of a request, decoded."""
    parts = [part for message in body["messages"] if not isinstance(message["content"], str) for part in message["content"]]
    return [base64.b64decode(part["image_url"].partition(",")[2]) for part in parts if part["type"] == "image_url"]


def obeyed(attempt: Attempt, request: Received) -> Told:
    """Return what the model writes for an attempt: its text with every placeholder filled, in the attempt's clothes."""
    told, draw, position = Told(""), attempt.seed, 0
    for found in PLACEHOLDER.finditer(attempt.says):
        told.text += mutate(attempt.says[position : found.start()], attempt.mutation, draw)
        value = request.value(found[1], draw)
        piece = mutate(disguised(value, found[2] or ""), attempt.mutation, draw)
        if found[1] == "prompt" and (attempt.mutation not in {"", "borders"} or found[2] in ENCODED):
            told.encoded.append(piece)
        told.text += piece
        position = found.end()
    told.text += mutate(attempt.says[position:], attempt.mutation, draw)
    return told


def bare(text: str) -> str:
    """Return a text without blanks and the marks of Markdown, in small letters."""
    return re.sub(r"[\s`*_|>#'~-]+", "", text).lower()
