"""The real mistralai client, alone and through the assistant, against a local Mistral API and all that goes wrong there."""

import asyncio
import importlib
import importlib.util
import json
import re
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from bots.doctor import key_finding
from core.errors import ModelAway
from core.messages import Answer, ChatMessage, Completion, Level, Question, TokenUsage, Writer
from core.model import MistralModel, open_model
from core.profond import Profond, open_profond
from core.settings import Settings
from core.store.tables import breakers, gates, queue
from core.words import words_in
from tests.servers.mistral import FAULTS, MODELS, TEXT, THOUGHT, USAGE, Fault, MistralServer
from tests.surfaces import RecordingSurface

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = Path(__file__).resolve().parents[2] / "shared" / "contract"
QUESTION = "C'est quoi le surapprentissage ?"
CARD = "surapprentissage"
PERSON = "discord:188273645"
CONVERSATION = "discord:4412:9031"
MESSAGES = [ChatMessage("system", "Tu es un assistant."), ChatMessage("user", QUESTION)]
SMALL_WORDS = frozenset(
    "le la les l un une de du des d et est à au que qu qui en pour pas ne ce c se s sur il elle on dans par plus ses mais tu".split()
)
TECHNICAL = re.compile(
    r"\b(?:[45]\d\d|\w*errors?|\w*exceptions?|traceback|status|http\w*|unauthorized|gateway|exceeded|rate limit|timeout|unavailable|stalled|retry)\b",
    re.IGNORECASE,
)
HURRIED = {"mistral_first_text_seconds": 0.4, "mistral_answer_seconds": 0.9}
PATIENT = {"mistral_first_text_seconds": 4.0, "mistral_answer_seconds": 8.0}
words = words_in("fr")


@dataclass
class Asked:
    """One question asked through the assistant, and all that could be seen of it."""

    answer: Answer
    surface: RecordingSurface
    seconds: float
    logs: list[Any] = field(default_factory=list)

    @property
    def shown(self) -> list[Sequence[str]]:
        """Each text that was shown, the last one included."""
        return [*self.surface.updates, *(answer.parts for answer in self.surface.answers)]

    @property
    def causes(self) -> list[str]:
        """What the log says of the model's failures, in order."""
        return [entry["cause"] for entry in self.logs if entry["event"] == "model_away"]

    @property
    def everything_shown(self) -> str:
        """Each text, note and label that a student could have read."""
        answer = self.answer
        labels = [choice.label for choice in (*answer.sources, *answer.choices)]
        return "\n".join([*("\n".join(parts) for parts in self.shown), *answer.notes, *labels])


def _settings(folder: Path, server_url: str, **more: Any) -> Settings:  # noqa: ANN401  # fields by name
    key = {"mistral_api_key": "k", "mistral_model": "mistral-small-2603", "mistral_requests_per_second": 1000.0, "cache_size": 0, **more}
    return Settings(_env_file=None, database_url=str(folder / "p.db"), mistral_server_url=server_url, **key)


@pytest.fixture(scope="module")
async def one_server() -> AsyncIterator[MistralServer]:
    async with MistralServer() as server:
        yield server


@pytest.fixture
async def server(one_server: MistralServer) -> AsyncIterator[MistralServer]:
    """The server with an empty script; afterwards no request may still be open, and idle connections are closed."""
    one_server.reset()
    yield one_server
    await _until(one_server.idle)
    await one_server.hang_up()


@pytest.fixture(scope="module")
async def _hurried(one_server: MistralServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Profond]:
    """The core with deadlines that are soon over, and a client which has already spoken."""
    async with open_profond(_settings(tmp_path_factory.mktemp("hurried"), one_server.url, **HURRIED)) as profond:
        await _ask(profond)
        yield profond


@pytest.fixture(scope="module")
async def _patient(one_server: MistralServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Profond]:
    """The core with time enough to try again."""
    async with open_profond(_settings(tmp_path_factory.mktemp("patient"), one_server.url, **PATIENT)) as profond:
        yield profond


@pytest.fixture
async def hurried(_hurried: Profond) -> Profond:
    """The core with deadlines that are soon over, which remembers no earlier test's faults."""
    return await _forgetful(_hurried)


@pytest.fixture
async def patient(_patient: Profond) -> Profond:
    """The core with time enough to try again, which remembers no earlier test's faults."""
    return await _forgetful(_patient)


async def _forgetful(profond: Profond) -> Profond:
    async with profond.store._database.write() as connection:
        await connection.execute(gates.update().values(next_at=0, spacing=0, debt=0))
        for table in (queue, breakers):
            await connection.execute(table.delete())
    return profond


@pytest.fixture
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tests that try again not wait half a second each."""
    monkeypatch.setattr("core.traffic.trip.FIRST_PAUSE", 0.02)


@pytest.fixture(scope="module")
async def model(one_server: MistralServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MistralModel]:
    """The client alone, which gives up after half a second of silence."""
    async with open_model(_settings(tmp_path_factory.mktemp("alone"), one_server.url, mistral_answer_seconds=0.5)) as opened:
        assert opened is not None
        yield opened


@pytest.fixture(scope="module")
def contract() -> Any:  # noqa: ANN401  # a module that may be absent
    """Mistral's own published description, or None where it is not at hand."""
    if not (CONTRACT / "spec_check.py").exists():
        return None
    spec = importlib.util.spec_from_file_location("spec_check", CONTRACT / "spec_check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["spec_check"] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module.Spec.load("mistral_openapi.json")


def _question(text: str = QUESTION, conversation: str = "") -> Question:
    event = f"event-{time.monotonic_ns()}"
    return Question(text=text, person=PERSON, conversation=conversation or f"{CONVERSATION}:{event}", event=event, is_exempt=True)


async def _ask(profond: Profond, question: Question | None = None, *, appends: bool = False) -> Asked:
    surface = RecordingSurface(appends=appends)
    with capture_logs() as logs:
        ticket = await profond.assistant.take(question or _question())
        start = time.monotonic()
        answer = await profond.assistant.answer(ticket, surface)
        return Asked(answer, surface, time.monotonic() - start, logs)


async def _stream(model: MistralModel) -> tuple[str, Completion]:
    pieces = [piece async for piece in model.stream(MESSAGES)]
    assert isinstance(pieces[-1], Completion)
    return "".join(piece for piece in pieces if isinstance(piece, str)), pieces[-1]


async def _away(model: MistralModel) -> ModelAway:
    with pytest.raises(ModelAway) as caught:
        await _stream(model)
    return caught.value


def _flat(text: str) -> str:
    return " ".join(text.split())


def _card_text(profond: Profond) -> str:
    return _flat(profond.course.card(CARD).text(Level.BEGINNER))


def _is_french(text: str) -> bool:
    found = re.findall(r"[a-zàâçéèêëîïôûùüœ]+", text.lower())
    return len(found) >= 20 and sum(word in SMALL_WORDS for word in found) / len(found) >= 0.2


def _only_grew(shown: Sequence[Sequence[str]]) -> bool:
    """Whether each text that was shown begins with all of the one before."""
    pairs = list(pairwise(shown))
    is_kept = [list(before[:-1]) == list(after[: len(before) - 1]) for before, after in pairs]
    return all(is_kept) and all(after[len(before) - 1].startswith(before[-1]) for before, after in pairs)


def _assert_useful(asked: Asked, deadline: float) -> None:
    """Whatever happened, the student reads a French answer in time, once, without a word of the machine's."""
    assert [asked.answer] == asked.surface.answers
    assert _is_french(asked.answer.text)
    assert [] == TECHNICAL.findall(asked.everything_shown)
    assert asked.seconds <= deadline + 1
    assert QUESTION not in str(asked.logs)


# The client alone


@pytest.mark.usefixtures("server")
async def test_stream_gives_text_then_completion(model: MistralModel) -> None:
    """A good answer is its text in several pieces, then one Completion with the provider's own figures."""
    text, completion = await _stream(model)

    assert TEXT == text
    assert Completion(usage=TokenUsage(input=900, cached=512, output=120), finish_reason="stop", model="mistral-small-2603") == completion


@pytest.mark.parametrize(
    ("extra", "cached"),
    [({}, 0), ({"num_cached_tokens": 512}, 512), ({"prompt_tokens_details": {"cached_tokens": 512}}, 512), ({"num_cached_tokens": None}, 0)],
)
async def test_cached_tokens_are_read(server: MistralServer, model: MistralModel, extra: dict[str, Any], cached: int) -> None:
    """Cached tokens are read from either of the places where the provider may name them; without any there are none."""
    counted = {"prompt_tokens": 900, "completion_tokens": 120, "total_tokens": 1020}
    server.enqueue(Fault(usage={**counted, **extra}))

    _, completion = await _stream(model)

    assert TokenUsage(input=900, cached=cached, output=120) == completion.usage


async def test_reasoning_is_left_out_and_references_are_numbered(server: MistralServer, model: MistralModel) -> None:
    """Of typed chunks, text is kept, a reference becomes its number and reasoning is left out."""
    server.enqueue(FAULTS["chunks"])

    text, _ = await _stream(model)

    assert "Le surapprentissage, c'est quand le modèle récite ses exemples [1]. À ton avis, comment l'éviter ?" == text


@pytest.mark.parametrize(
    ("name", "cause", "is_passing"),
    [
        ("rate-limited", "status 429", True),
        ("unauthorized", "status 401", False),
        ("broken", r"ResponseNotRead|\w+ 500", True),
        ("unavailable", r"ResponseNotRead|\w+ 503", True),
        ("bad-gateway", "status 502", True),
        ("hang", "ReadTimeout", True),
        ("drop", "RemoteProtocolError", True),
        ("hang-midway", "ReadTimeout", True),
        ("drop-midway", "RemoteProtocolError", True),
        ("cut-midway", "stream ended by nothing", True),
        ("garbage-midway", "ResponseValidationError", True),
        ("error-midway", "ResponseValidationError", True),
    ],
)
async def test_every_fault_is_model_away(server: MistralServer, model: MistralModel, name: str, cause: str, *, is_passing: bool) -> None:
    """Whatever goes wrong leaves as ModelAway with a short cause, and says whether trying again may help."""
    server.enqueue(FAULTS[name])

    away = await _away(model)

    assert re.fullmatch(cause, away.cause)
    assert is_passing == away.is_passing


@pytest.mark.parametrize("raw", [b"data: \xff\xfe", b"data: 12", b"data: []", b'data: {"id":"x"}'])
async def test_garbage_of_any_kind_is_model_away(server: MistralServer, model: MistralModel, raw: bytes) -> None:
    """An event that is no chunk, or no text at all, leaves as ModelAway too."""
    server.enqueue(Fault("garbage_midway", raw=raw))

    assert (await _away(model)).is_passing


@pytest.mark.parametrize(
    ("given", "least", "most"),
    [
        (None, None, None),
        ("7", 7.0, 7.0),
        ("86400", 86400.0, 86400.0),
        ("Thu, 31 Dec 2099 23:59:59 GMT", 1e9, 1e10),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0, 0.0),
        ("soon", None, None),
        ("-5", None, None),
        ("Thu, 31 Dec 2099 23:59:59 +99999999999999999999", None, None),
    ],
)
async def test_retry_after_is_read(server: MistralServer, model: MistralModel, given: str | None, least: float | None, most: float | None) -> None:
    """Retry-After is read as seconds or as an HTTP date; anything else counts as absent."""
    server.enqueue(Fault("refuse", status=429, retry_after=given))

    wait = (await _away(model)).retry_after

    if least is None or most is None or wait is None:
        assert (least, most) == (wait, wait)
    else:
        assert least <= wait <= most


async def test_refused_connection_is_model_away(tmp_path: Path) -> None:
    """A server that is not there is a fault that may pass."""
    async with MistralServer() as gone:
        url = gone.url
    async with open_model(_settings(tmp_path, url)) as model:
        assert model is not None

        away = await _away(model)

    assert ("ConnectError", True) == (away.cause, away.is_passing)


async def test_no_key_gives_no_model(tmp_path: Path) -> None:
    """Without a key there is no model, and no client is made."""
    async with open_model(_settings(tmp_path, "http://127.0.0.1:1", mistral_api_key=None)) as model:
        assert model is None


UNUSABLE = [
    ("ALL_PROXY", "socks://127.0.0.1:1080", "setup-proxy"),
    ("ALL_PROXY", "socks5://127.0.0.1:1080", "setup-proxy"),
    ("HTTPS_PROXY", "http://[::1", "setup-proxy"),
    ("SSL_CERT_FILE", "/nowhere.pem", "setup-certificates"),
    ("SSL_CERT_FILE", __file__, "setup-certificates"),
]


@pytest.mark.parametrize(("name", "value", "key"), UNUSABLE)
async def test_a_client_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, key: str) -> None:
    """A proxy or certificates that cannot be used are a fault for the doctor; the core opens all the same, and the cards answer."""
    monkeypatch.setenv(name, value)
    settings = _settings(tmp_path, "http://127.0.0.1:1")

    assert ("fault", key) == (await key_finding(settings))[:2]
    with capture_logs() as logs:
        async with open_profond(settings) as profond:
            asked = await _ask(profond)
    assert Writer.CARDS is asked.answer.writer
    assert [key] == [line["cause"] for line in logs if line["event"] == "model_not_opened"]


async def test_an_address_that_the_client_refuses_is_model_away(tmp_path: Path) -> None:
    """An address in which only the client sees the fault leaves as ModelAway, and is not tried again."""
    async with open_model(_settings(tmp_path, "https://ex_é.fr")) as model:
        assert model is not None

        away = await _away(model)

    assert ("InvalidURL", False) == (away.cause, away.is_passing)


async def test_check_lists_the_models(server: MistralServer, model: MistralModel) -> None:
    """The check names the models that the key may use, and asks for no answer."""
    assert list(MODELS) == await model.check()
    assert [] == server.requests


async def test_check_tells_a_wrong_key(server: MistralServer, model: MistralModel) -> None:
    """The check fails for good with a key that the server does not know."""
    server.key = "another"

    with pytest.raises(ModelAway) as caught:
        await model.check()

    assert ("status 401", False) == (caught.value.cause, caught.value.is_passing)


# Through the assistant


@pytest.mark.parametrize("appends", [False, True])
async def test_model_writes_the_answer(server: MistralServer, hurried: Profond, *, appends: bool) -> None:
    """Where nothing goes wrong the student reads what the model wrote, whole, with the card it cites."""
    asked = await _ask(hurried, appends=appends)

    _assert_useful(asked, HURRIED["mistral_first_text_seconds"])
    assert _flat(TEXT) == _flat(asked.answer.text)
    assert (Writer.MODEL, True, ()) == (asked.answer.writer, asked.answer.is_whole, asked.answer.notes)
    assert [CARD] == [source.card_id for source in asked.answer.sources]
    assert 1 == len(server.requests)
    assert _only_grew(asked.shown)
    assert len(asked.shown) > 5


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("rate-limited", "status 429"),
        ("rate-limited-a-second", "status 429"),
        ("rate-limited-a-day", "status 429"),
        ("rate-limited-till-2099", "status 429"),
        ("unauthorized", "status 401"),
        ("broken", r"ResponseNotRead|\w+ 500"),
        ("unavailable", r"ResponseNotRead|\w+ 503"),
        ("bad-gateway", "status 502"),
        ("hang", "no text in time"),
        ("drop", "RemoteProtocolError"),
        ("empty", "empty answer"),
    ],
)
async def test_fault_that_stays_brings_the_card(server: MistralServer, hurried: Profond, name: str, cause: str) -> None:
    """Where the model writes nothing the student reads the card in time and one sentence about it; the log alone names the cause."""
    server.default = FAULTS[name]

    asked = await _ask(hurried)

    _assert_useful(asked, HURRIED["mistral_first_text_seconds"])
    assert _card_text(hurried) in _flat(asked.answer.text)
    assert (Writer.CARDS, True, (words("note-cards-away"),)) == (asked.answer.writer, asked.answer.is_whole, asked.answer.notes)
    assert re.fullmatch(cause, asked.causes[0])
    assert [asked.causes[-1]] == [entry["cause"] for entry in asked.logs if entry["event"] == "model_gave_up"]


@pytest.mark.usefixtures("short_pause")
async def test_tries_end_with_the_deadline(server: MistralServer, hurried: Profond) -> None:
    """A fault that may pass is tried again a few times, each later than the last, and no longer than the student waits."""
    server.default = FAULTS["rate-limited"]

    asked = await _ask(hurried)

    _assert_useful(asked, HURRIED["mistral_first_text_seconds"])
    assert 2 <= len(server.requests) <= 6
    assert Writer.CARDS == asked.answer.writer
    assert ["status 429"] * (len(server.requests) - 1) == list(asked.causes[:-1])
    assert asked.causes[-1] in {"status 429", "no text in time"}  # the last one may have been under way


async def test_blank_answer_brings_the_card(server: MistralServer, hurried: Profond) -> None:
    """An answer of nothing but white space counts as none: the student reads the card."""
    server.default = FAULTS["blank"]

    asked = await _ask(hurried)

    _assert_useful(asked, HURRIED["mistral_first_text_seconds"])
    assert _card_text(hurried) in _flat(asked.answer.text)
    assert "empty answer" == asked.causes[0]


@pytest.mark.usefixtures("short_pause")
@pytest.mark.parametrize("name", ["rate-limited", "unavailable", "bad-gateway", "drop", "empty"])
async def test_fault_that_passes_is_not_noticed(server: MistralServer, patient: Profond, name: str) -> None:
    """After one fault that passes, a second try gives the model's own answer, without a note."""
    server.enqueue(FAULTS[name])

    asked = await _ask(patient)

    _assert_useful(asked, PATIENT["mistral_first_text_seconds"])
    assert (_flat(TEXT), Writer.MODEL, ()) == (_flat(asked.answer.text), asked.answer.writer, asked.answer.notes)
    assert (1, 2) == (len(asked.causes), len(server.requests))


@pytest.mark.usefixtures("short_pause")
@pytest.mark.parametrize("name", ["drop-midway", "cut-midway", "garbage-midway", "error-midway"])
async def test_fault_before_the_first_word_is_tried_again(server: MistralServer, patient: Profond, name: str) -> None:
    """A stream that opens and breaks before its first word is tried again, and the student notices nothing."""
    server.enqueue(replace(FAULTS[name], after=0))

    asked = await _ask(patient)

    _assert_useful(asked, PATIENT["mistral_first_text_seconds"])
    assert (_flat(TEXT), (), 2) == (_flat(asked.answer.text), asked.answer.notes, len(server.requests))


async def test_silence_after_the_opening_brings_the_card(server: MistralServer, hurried: Profond) -> None:
    """A stream that opens and then holds its first word back is given up like one that never opens."""
    server.default = replace(FAULTS["hang-midway"], after=0)

    asked = await _ask(hurried)

    _assert_useful(asked, HURRIED["mistral_first_text_seconds"])
    assert (Writer.CARDS, ["no text in time"], 1) == (asked.answer.writer, asked.causes, server.aborts)


@pytest.mark.parametrize("appends", [False, True])
@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("hang-midway", "stalled"),
        ("drop-midway", "RemoteProtocolError"),
        ("cut-midway", "stream ended by nothing"),
        ("garbage-midway", "ResponseValidationError"),
        ("error-midway", "ResponseValidationError"),
    ],
)
async def test_fault_midway_keeps_what_was_written(server: MistralServer, hurried: Profond, name: str, cause: str, *, appends: bool) -> None:
    """A stream that breaks keeps what was written, says so in one sentence, and goes on with the card."""
    server.default = FAULTS[name]

    asked = await _ask(hurried, appends=appends)

    _assert_useful(asked, HURRIED["mistral_answer_seconds"])
    text = _flat(asked.answer.text)
    assert text.startswith(_flat(TEXT)[:60])
    assert 0 < text.index(_flat(words("note-model-stopped"))) < text.index(_card_text(hurried))
    assert ([cause], 1) == (asked.causes, len(server.requests))
    assert (Writer.MODEL, False) == (asked.answer.writer, asked.answer.is_whole)
    assert _only_grew(asked.shown)


async def test_endless_stream_ends_with_the_whole_deadline(server: MistralServer, hurried: Profond) -> None:
    """A model that writes on for ever, never slow enough to stall, is cut at the deadline of the whole answer."""
    server.default = Fault(text="".join(f"et encore le mot {number} de la longue suite " for number in range(500)), delay=0.05)

    asked = await _ask(hurried)

    _assert_useful(asked, HURRIED["mistral_answer_seconds"])
    assert _card_text(hurried) in _flat(asked.answer.text)
    await _until(server.aborted)


async def test_cut_answer_says_so(server: MistralServer, hurried: Profond) -> None:
    """An answer cut by its length keeps the model's text, ends with the sentence that says so, and is not whole."""
    server.default = FAULTS["length"]

    asked = await _ask(hurried)

    _assert_useful(asked, HURRIED["mistral_first_text_seconds"])
    assert _flat(f"{TEXT[:150]} {words('note-length')}") == _flat(asked.answer.text)
    assert (Writer.MODEL, False, "length") == (asked.answer.writer, asked.answer.is_whole, asked.answer.completion.finish_reason)


async def test_reasoning_is_never_shown(server: MistralServer, hurried: Profond) -> None:
    """Typed chunks are shown as text with their source numbers; the reasoning among them never is."""
    server.default = FAULTS["chunks"]

    asked = await _ask(hurried)

    assert "Le surapprentissage, c'est quand le modèle récite ses exemples [1]. À ton avis, comment l'éviter ?" == asked.answer.text
    assert THOUGHT not in asked.everything_shown


# Waiting


async def _until(event: asyncio.Event) -> None:
    """Wait on a busy machine too, but not until the patient client's deadline closes by itself what should be closed already."""
    async with asyncio.timeout(PATIENT["mistral_first_text_seconds"] - 1):
        await event.wait()


async def test_short_retry_after_is_honoured(server: MistralServer, patient: Profond) -> None:
    """A wait that the server asks for and the deadline allows is kept, and the model answers after it."""
    server.enqueue(FAULTS["rate-limited-a-second"])

    asked = await _ask(patient)

    assert 1.0 <= asked.seconds <= PATIENT["mistral_first_text_seconds"]
    assert (_flat(TEXT), Writer.MODEL, 2) == (_flat(asked.answer.text), asked.answer.writer, len(server.requests))
    assert [1.0] == [entry["retry_after"] for entry in asked.logs if entry["event"] == "model_away"]


@pytest.mark.parametrize("name", ["rate-limited-a-day", "rate-limited-till-2099", "unauthorized"])
async def test_useless_wait_is_not_begun(server: MistralServer, patient: Profond, name: str) -> None:
    """Where waiting cannot help the cards answer at once, after a single request."""
    server.enqueue(FAULTS[name])

    asked = await _ask(patient)

    _assert_useful(asked, 0)
    assert (Writer.CARDS, 1) == (asked.answer.writer, len(server.requests))
    assert _card_text(patient) in _flat(asked.answer.text)


@pytest.mark.parametrize("name", ["hang", "hang-midway"])
async def test_given_up_stream_is_closed(server: MistralServer, hurried: Profond, name: str) -> None:
    """A stream that is given up at a deadline is closed, so that the server stops writing."""
    server.default = FAULTS[name]

    await _ask(hurried)

    await _until(server.aborted)
    assert 1 == server.aborts


@pytest.mark.parametrize("name", ["hang", "hang-midway"])
async def test_stop_closes_the_stream(server: MistralServer, patient: Profond, name: str) -> None:
    """Stopping closes the connection at once and finishes with what was written and one sentence."""
    server.enqueue(replace(FAULTS[name], after=1))
    surface = RecordingSurface()
    ticket = await patient.assistant.take(_question())
    async with asyncio.TaskGroup() as group:
        answering = group.create_task(patient.assistant.answer(ticket, surface))
        await _until(server.arrived if name == "hang" else surface.shown)
        is_stopped = await patient.assistant.stop(ticket.id, PERSON)

    await _until(server.aborted)
    answer = answering.result()
    assert (True, [answer], False, 1) == (is_stopped, surface.answers, answer.is_whole, server.aborts)
    assert answer.text.endswith(words("stopped"))


class StuckSurface(RecordingSurface):
    """A surface whose first update never ends, as a chat that does not answer."""

    async def update(self, parts: Sequence[str]) -> None:
        await super().update(parts)
        await asyncio.Event().wait()


async def test_stop_while_a_surface_is_slow_closes_the_stream(server: MistralServer, patient: Profond) -> None:
    """Stopping closes the connection even while a slow chat, not the model, is waited for."""
    server.enqueue(FAULTS["hang-midway"])
    surface = StuckSurface()
    ticket = await patient.assistant.take(_question())
    async with asyncio.TaskGroup() as group:
        group.create_task(patient.assistant.answer(ticket, surface))
        await _until(surface.shown)
        await patient.assistant.stop(ticket.id, PERSON)

    await _until(server.aborted)
    assert surface.answer.text.endswith(words("stopped"))


# What leaves, and what stays


async def test_usage_is_stored(server: MistralServer, hurried: Profond) -> None:
    """The answer's row holds the model's name and the provider's own count of tokens."""
    asked = await _ask(hurried)

    row = (USAGE["prompt_tokens"], USAGE["num_cached_tokens"], USAGE["completion_tokens"], server.requests[0]["model"], "model", 1)
    assert row == _stored(hurried, asked.answer)


async def test_nothing_is_counted_for_the_cards(server: MistralServer, hurried: Profond) -> None:
    """The row of an answer from the cards alone names no model and counts no token."""
    server.default = FAULTS["unauthorized"]

    asked = await _ask(hurried)

    assert (0, 0, 0, "", "cards", 1) == _stored(hurried, asked.answer)


async def test_broken_answer_is_not_remembered_as_good(server: MistralServer, hurried: Profond) -> None:
    """An answer that broke midway is kept, but its turn is not read again by the next question."""
    question = _question()
    server.enqueue(FAULTS["cut-midway"])
    asked = await _ask(hurried, question)

    await _ask(hurried, _question(conversation=question.conversation))

    assert 0 == _stored(hurried, asked.answer)[-1]
    assert ["system", "user"] == [message["role"] for message in server.requests[-1]["messages"]]


def _stored(profond: Profond, answer: Answer) -> tuple[object, ...]:
    statement = "SELECT tokens_input, tokens_cached, tokens_output, model, writer, is_whole FROM answers WHERE id = ?"
    with closing(sqlite3.connect(profond.settings.database_url.get_secret_value())) as database:
        return tuple(database.execute(statement, [answer.id]).fetchone())


async def test_request_holds_nothing_personal(server: MistralServer, hurried: Profond) -> None:
    """Neither who asks, nor where, nor an address or a number typed in the question, now or before, reaches the model."""
    text = "Surapprentissage (overfitting) : mon modèle apprend par cœur et généralise mal ? Moi c'est lea.martin@exemple.fr, 06 12 34 56 78"
    first = _question(text)
    await _ask(hurried, first)
    second = _question(text, conversation=first.conversation)

    await _ask(hurried, second)

    sent = json.dumps(server.requests, ensure_ascii=False)
    private = [*PERSON.split(":"), PERSON, *CONVERSATION.split(":"), first.event, second.event, "lea", "martin", "exemple.fr", "06 12", "56 78"]
    assert [] == [name for name in private if re.search(rf"\b{re.escape(name)}\b", sent)]
    assert text[:70] in sent
    assert ["system", "user", "assistant", "user"] == [message["role"] for message in server.requests[-1]["messages"]]


# The local server itself


GOOD = {"model": "mistral-small-2603", "messages": [{"role": "user", "content": "Bonjour"}], "stream": True}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"colour": "blue"}, 422),
        ({"stream": False}, 422),
        ({"messages": []}, 422),
        ({"messages": "Bonjour"}, 422),
        ({"messages": [{"role": "user", "content": " "}]}, 422),
        ({"messages": [{"role": "teacher", "content": "Bonjour"}]}, 422),
        ({"messages": [{"role": "assistant", "content": "Bonjour"}]}, 400),
        ({"messages": [*GOOD["messages"], {"role": "assistant", "content": "Bonjour"}]}, 400),  # type: ignore[misc]
        ({"messages": [*GOOD["messages"], {"role": "tool", "content": "Bonjour"}]}, 400),  # type: ignore[misc]
        ({"model": "mistral-of-nowhere"}, 400),
    ],
)
async def test_server_keeps_to_the_rules(server: MistralServer, contract: Any, change: dict[str, object], status: int) -> None:  # noqa: ANN401
    """The local server refuses what Mistral refuses, in the published shape."""
    async with httpx2.AsyncClient(base_url=server.url, headers={"Authorization": "Bearer k"}) as client:
        found = await client.post("/v1/chat/completions", json={**GOOD, **change})

    assert status == found.status_code
    if contract is not None and status == 422:
        assert [] == contract.response("POST", "/v1/chat/completions", status, found.json())


async def test_server_asks_for_a_key(server: MistralServer) -> None:
    """Without a key the local server answers 401 with a JSON body, to the chat and to the list of models."""
    async with httpx2.AsyncClient(base_url=server.url) as client:
        found = [await client.post("/v1/chat/completions", json=GOOD), await client.get("/v1/models")]

    assert [(401, {"detail": "Unauthorized"})] * 2 == [(response.status_code, response.json()) for response in found]


async def test_traffic_keeps_to_the_contract(server: MistralServer, hurried: Profond, contract: Any) -> None:  # noqa: ANN401
    """What we send, and what the local server sends, fits Mistral's own description."""
    if contract is None:
        return
    server.enqueue(*(FAULTS[name] for name in ("answer", "chunks", "length", "blank", "error-midway")))
    for _ in range(5):
        await _ask(hurried)
    async with httpx2.AsyncClient(base_url=server.url, headers={"Authorization": "Bearer k"}) as client:
        models = (await client.get("/v1/models")).json()

    path, kind = "/v1/chat/completions", "application/json"
    bodies = [{name: value for name, value in body.items() if (name, value) != ("stop", None)} for body in server.requests]
    assert [] == [offence for body in bodies for offence in contract.request("POST", path, ctype=kind, body=body)]
    assert [] == [offence for chunk in server.chunks for offence in contract.check_schema("CompletionChunk", chunk)]
    assert [] == contract.response("GET", "/v1/models", 200, models)


async def test_server_runs_by_hand(tmp_path: Path) -> None:
    """Run as a program, the server prints its address and answers there until it is killed."""
    command = [sys.executable, "-m", "tests.servers.mistral", "--port", "0", "--delay", "0"]
    program = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert program.stdout is not None
    try:
        async with asyncio.timeout(10):
            url = (await program.stdout.readline()).decode().strip()
            async with open_model(_settings(tmp_path, url)) as model:
                assert model is not None
                text, _ = await _stream(model)
    finally:
        program.kill()
        await program.communicate()

    assert TEXT == text


async def test_a_reader_of_events_is_made_once(server: MistralServer, hurried: Profond) -> None:
    """A stream of many events makes the client's pydantic models no more often than there are types; the text is what was written."""
    asked = await _ask(hurried)
    kept: dict[object, object] = vars(importlib.import_module("mistralai.client.utils.serializers"))["create_model"].kept
    made = len(kept)
    again = await _ask(hurried)

    assert 0 < made == len(kept) < 10
    assert _flat(TEXT[:40]) in _flat(asked.answer.text)
    assert _flat(TEXT[:40]) in _flat(again.answer.text)
