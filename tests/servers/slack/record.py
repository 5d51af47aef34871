"""What the bot called, by method, and how it compares with Slack's own description of 2021."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.servers.slack.limits import Count
from tests.servers.slack.state import Json
from tests.servers.slack.web_api import Request, WebApi

CONTRACT = Path(__file__).resolve().parents[4] / "shared" / "contract" / "spec_check.py"
ACCEPTED = frozenset(f"field {name!r} not in the description" for name in ("markdown_text", "team_id"))
"""`markdown_text` is younger than the description; `team_id` the library adds to auth.test by itself."""


def description() -> Any:  # noqa: ANN401  # a module that is not ours
    """Return Slack's own description of 2021, or None where it is not at hand."""
    if not CONTRACT.exists():
        return None
    found = importlib.util.spec_from_file_location("spec_check", CONTRACT)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["spec_check"] = module  # its dataclasses look themselves up there
    found.loader.exec_module(module)
    return module.Spec.load("slack_web_openapi_2021.json")


class Record:
    """Reads the record of calls."""

    api: WebApi

    @property
    def requests(self) -> list[Request]:
        """Every call, in the order it came."""
        return self.api.requests

    @property
    def counts(self) -> dict[str, Count]:
        """Calls and refusals for too many of them, by method."""
        return self.api.limits.counts

    def calls(self, method: str) -> list[Request]:
        """Return the calls of one method."""
        return [request for request in self.requests if request.method == method]

    @property
    def errors(self) -> list[tuple[str, str]]:
        """Every call that was refused: method and error."""
        return [(request.method, request.error) for request in self.requests if request.error]

    def offences(self, spec: Any) -> list[str]:  # noqa: ANN401  # a module that is not ours
        """Judge every call by `spec_check`'s Spec of Slack; methods younger than 2021 are passed over."""
        return [f"{request.method}: {found}" for request in self.requests for found in _judged(spec, request) if found not in ACCEPTED]


def _judged(spec: Any, request: Request) -> Iterator[str]:  # noqa: ANN401  # a module that is not ours
    path = f"/{request.method}"
    verb = next((verb for verb in ("post", "get") if spec.find(verb, path)), None)
    if verb is None:
        return
    yield from spec.request(verb, path, body=request.params)
    if request.response.get("ok"):
        yield from spec.response(verb, path, request.status, _of_2021(request))


def _of_2021(request: Request) -> Json:
    """Return an answer without what the description is wrong or silent about: it takes an update's blocks for an object."""
    answer: Json = dict(request.response)
    message = answer.get("message")
    if isinstance(message, dict):
        gone = {"blocks", "metadata", "edited"} if request.method == "chat.update" else {"metadata", "edited"}
        answer["message"] = {name: value for name, value in message.items() if name not in gone}
    return answer
