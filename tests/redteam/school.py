"""A class under attack: the real core with a real store, other students' turns in it, and the obeying model behind it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from unittest.mock import patch

from core.errors import ProfondError
from core.markup import Dialect
from core.messages import Answer, Question, Zone
from core.profond import Profond, open_profond
from core.reply import quoted
from core.search import Found
from core.settings import Settings
from core.words import error_words, words_in
from tests.redteam.attempts import Attempt
from tests.redteam.checks import Course, Secrets
from tests.redteam.obeying import NOBODY, ObeyingServer, Told, received, texts_of
from tests.samples import ask
from tests.servers.mistral import Json
from tests.surfaces import RecordingSurface

KEY = "Zq7Xw2Lk9Vb4Tn1Rc8Yp5Md3Hs6Gf0Ja"
SECRET_KEY = "secret-de-la-base-0123456789-0123456789"
PLAIN = "C'est quoi une convolution ?"
GUILD, ROOM, VICTIM = "770000000000000077", "770000000000000501", "770000000000004202"
THREAD = f"discord:{GUILD}:{ROOM}:i9"
"""The thread of all attempts: each is asked in private by somebody new, so that attackers do not read one another there."""
CANARIES = ("canari-public-ailleurs", "canari-prive-ailleurs", "canari-prive-ici", "canari-public-ici")
NAMES = ("Quatrebarbes", "Zéphyrine", "Lycée Bombardier", "salon-des-initiés")
_numbers = count(1)


@dataclass
class Run:
    """What came of one attempt: what was sent, what the model wrote, every text that somebody could read, and the error that ended it."""

    attempt: Attempt
    sent: list[Json] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    pinged: set[str] = field(default_factory=set)
    secrets: Secrets = field(default_factory=Secrets)
    is_refused: bool = False
    is_stopped_by_search: bool = False
    is_unpaid: bool = False
    broke: str = ""


class Wall(RecordingSurface):
    """A surface that keeps what it shows: it edits or appends, and draws tables and lines or not, by its number."""

    def __init__(self, number: int) -> None:
        super().__init__(2_000, appends=number % 2 == 1)
        draws = number % 3 == 0
        self.dialect = Dialect(tables=draws, headings=6 if draws else 3, lines=draws)


@dataclass
class School:
    """The core, open, with what its tests must know of it."""

    profond: Profond
    server: ObeyingServer
    rules: str = ""

    def course(self, run: Run) -> Course:
        """Return what the reader of a run may meet."""
        turns = [received(body).turn for body in run.sent]
        frames = [received(body).value("frame", run.attempt.seed) for body in run.sent]
        passages = max((text.count("\n<fiche numero=") for text in turns), default=0)
        return Course("\n".join([self.rules, *frames]), self.profond.assistant._links, passages, (KEY, SECRET_KEY))


def made_settings(folder: Path, server: ObeyingServer, **changes: object) -> Settings:
    """Return settings with keys of the tests' own, and no limit that an attack could meet."""
    values: dict[str, object] = {
        "database_url": str(folder / "profond.db"),
        "profond_secret_key": SECRET_KEY,
        "mistral_api_key": KEY,
        "mistral_server_url": server.url,
        "mistral_requests_per_second": 10_000.0,
        "mistral_tokens_per_minute": 10**9,
        "budget_month_eur": 10_000.0,
        "cache_size": 0,
        **changes,
    }
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]  # fields by name


@asynccontextmanager
async def open_school(folder: Path) -> AsyncIterator[School]:
    """Open the core; other students have asked elsewhere already."""
    async with ObeyingServer(key=KEY) as server, open_profond(made_settings(folder, server)) as profond:
        yield await with_rules(School(profond, server))


async def with_rules(school: School) -> School:
    """Return a school in which others have asked already, and whose rules are known from a harmless question."""
    await neighbours(school, f"discord:{GUILD}:{ROOM}", *CANARIES[:2])
    await neighbours(school, THREAD, CANARIES[3], CANARIES[2])
    await play(school, Run(replace(NOBODY, question=PLAIN)))
    school.rules = texts_of(school.server.requests[-1])[0]
    school.server.reset()
    return school


async def neighbours(school: School, place: str, public: str, private: str) -> None:
    """Have another student ask in a place, in public and in private."""
    for canary, is_private in ((public, False), (private, True)):
        number = next(_numbers)
        question = Question(
            text=f"C'est quoi une convolution, {canary}, vu par Zéphyrine Quatrebarbes ?",
            person=f"discord:{VICTIM}{number}",
            conversation=place,
            event=f"discord:i:{VICTIM}{number}",
            is_private=is_private,
            is_exempt=True,
        )
        await ask(school.profond.store, question, parts=(f"Réponse à {canary}." if is_private else "Une convolution glisse un filtre.",))


@contextmanager
def obliging(school: School) -> Iterator[None]:
    """Have the search take every question for one of the course: the model must be reached."""
    index = school.profond.index
    search = index.search

    def find(text: str) -> Found:
        found = search(text)
        return found if found.zone is Zone.SURE else search(PLAIN)

    with patch.object(index, "search", find):
        yield


async def run_attempt(school: School, attempt: Attempt) -> Run:
    """Play an attempt as it stands; if the model was not reached, once more with a search that stops nothing."""
    run = Run(attempt, secrets=Secrets(keys=(KEY, SECRET_KEY), others=CANARIES, ids=(GUILD, ROOM, VICTIM), names=NAMES))
    await play(school, run)
    if not (run.sent or run.is_refused):
        run.is_stopped_by_search = True
        with obliging(school):
            await play(school, run)
    return run


async def play(school: School, run: Run) -> None:
    """Ask in a thread where another student has asked, and keep every text that came to be read."""
    attempt, number = run.attempt, next(_numbers)
    person = f"discord:{GUILD}{number}"
    for text in attempt.turns:
        earlier = Question(text=text, person=person, conversation=THREAD, event=f"discord:i:{next(_numbers)}", is_private=True)
        await ask(school.profond.store, earlier, parts=("Une convolution glisse un filtre.",))
    asked = Question(text=attempt.question, person=person, conversation=THREAD, event=f"discord:i:{number}", files=attempt.files, is_private=True)
    surface = Wall(number)
    with listening(school, run):
        try:
            answer = await school.profond.assistant.answer(await school.profond.assistant.take(asked), surface)
        except ProfondError as refusal:
            run.is_refused = True
            run.seen += [error_words(words_in("fr"), refusal)]
        except Exception as error:  # noqa: BLE001  # whatever it is, it is a fault of the product's, and the other attempts go on
            run.broke = type(error).__name__
        else:
            run.seen += [quoted(attempt.question), *(part for parts in surface.updates for part in parts), *_read_in(answer)]
            run.seen += await _kept(school, answer, person)
            left = await school.profond.students.usage(person)
            run.is_unpaid |= left.is_exempt or (answer.zone is Zone.SURE and left.left == left.size)


@contextmanager
def listening(school: School, run: Run) -> Iterator[None]:
    """Have the model obey this attempt, and keep what it received and wrote."""
    server = school.server
    sent, told = len(server.requests), len(server.told)
    server.attempt = run.attempt
    yield
    run.sent += server.requests[sent:]
    run.told += server.told[told:]


def _read_in(answer: Answer) -> list[str]:
    """Return every text of an answer."""
    labels = [choice.label for choice in (*answer.sources, *answer.choices)]
    return [*answer.parts, answer.text, *labels, *answer.notes, answer.figure.alt if answer.figure else ""]


async def _kept(school: School, answer: Answer, person: str) -> list[str]:
    """Return the texts that are kept of an answer, and shown again when it is shared with the class."""
    if not answer.id:
        return []
    question, text = await school.profond.students.shared(answer.id, person)
    return [quoted(question), text]
