"""A local Mistral API whose model reads its prompt: it does exactly what is asked there and no more, or nothing of it.

It copies the first card that it is given. What comes of a prompt here says which things the prompt asks for, and that the
checks see them; it says nothing of how a real model writes.

By hand: `python -m tests.servers.scribe --port 8011 [--careless]`, then `MISTRAL_SERVER_URL=http://127.0.0.1:8011`.
"""

import argparse
import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from aiohttp import web

from tests.servers.mistral import Fault, Json, MistralServer

Write = Callable[[str], str]
CARELESS = """I think that 8317 filters of `ghost_layer` are used, see [9] and write to prof@ecole-exemple.fr.

Je ne suis pas sûr de moi. Voilà."""
_CARD = re.compile(r'<fiche numero="1"[^>]*>\n(?P<title>[^\n]*)\n(?P<text>.*?)\n</fiche>', re.DOTALL)
_BAND = re.compile(r"en (\d+) à (\d+) mots")


def obedient(prompt: str) -> str:
    """Return the first card, with the parts that the prompt asks for."""
    found = _CARD.search(prompt)
    if found is None:
        return "Aucune fiche."
    lines = found["text"].split("\n")
    points = [line for line in lines if line.startswith("- ")]
    examples = [line.removeprefix("Exemple ") for line in lines if line.startswith("Exemple ")]
    told = [line for line in lines if line.strip() and not line.startswith(("- ", "Exemple ", "Idée fausse"))]
    parts = [told[0] + (" [1]." if re.search(r"\bcite\b", prompt, re.IGNORECASE) else "")]
    if "points" in prompt:
        parts.append("\n".join(points[:5]))
    parts += told[1:]
    if "exemple concret" in prompt and examples:
        parts.append(f"Exemple : {examples[0]}")
    return _of_length("\n\n".join(parts), prompt, examples[1:], asks="une seule question" in prompt)


def _of_length(text: str, prompt: str, more: list[str], *, asks: bool) -> str:
    """Return a text that is as long as the prompt asks for, as far as the card has words, and its question."""
    band = _BAND.search(prompt)
    question = "\n\nPeux-tu redire cette idée avec tes mots et la relier à ton stage ?" if asks else ""
    for example in more if band else []:
        if len(f"{text}{question}".split()) < int(band[1]) + 10 if band else False:
            text += f"\n\nAutre exemple : {example}"
    return text + question


def careless(_: str) -> str:
    """Return what no prompt asks for."""
    return CARELESS


class ScribeServer(MistralServer):
    """The local Mistral API with a model that writes from the prompt."""

    def __init__(self, port: int = 0, *, write: Write = obedient) -> None:
        super().__init__(port)
        self._write = write

    async def _play(self, request: web.Request, fault: Fault, model: str) -> web.StreamResponse:
        prompt = "\n".join(message["content"] for message in self.requests[-1]["messages"])
        text = self._write(prompt)
        usage: Json = {"prompt_tokens": len(prompt) // 3 + 1, "completion_tokens": len(text) // 3 + 1}
        usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]
        return await super()._play(request, replace(fault, text=text, usage=usage), model)


async def serve(port: int, write: Write) -> None:
    """Serve until it is killed."""
    async with ScribeServer(port, write=write) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Run the server by hand."""
    parser = argparse.ArgumentParser(description="A local Mistral API whose model does what its prompt asks.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--careless", action="store_true", help="do nothing of it")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, careless if options.careless else obedient))


if __name__ == "__main__":
    main()
