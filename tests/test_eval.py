"""`profond eval`: questions through the whole pipeline, with a prompt and a model, checked and reported."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from core.errors import SetupError
from core.evaluation import ExamQuestion, read_questions
from core.messages import Completion, Level, Writer, Zone
from core.profond import course_template
from core.prompt import read_template
from core.rails import RAILS, measure, rails
from core.search import SearchIndex
from core.settings import Settings, shipped_course
from core.store import Store
from core.store.database import open_database
from core.store.judged import Judged, _statement, judged
from core.trial import Plan, Trial, prompt_names, run_trial
from core.trial_report import About, Change, _by_question, as_json, as_markdown, chance, changes
from core.words import words_in
from tests.conftest import MakeSettings
from tests.courses import NETWORKS, course_of, index_of
from tests.samples import ANNA, BEN, Clock, ask
from tests.servers.mistral import FAULTS
from tests.servers.scribe import ScribeServer, careless
from tests.test_terminal import profond

COURSE = course_of(shipped_course())
PROMPTS = shipped_course() / "prompts"
QUESTIONS = COURSE.folder / "questions" / "prompts.json"
REPORT = Path(__file__).resolve().parents[1] / "docs" / "eval" / "obedient.md"
ASKED = [q for q in read_questions(QUESTIONS) if q.id in {"definition-02", "compare-01", "offtopic-01", "offtopic-03"}]
MODEL = "mistral-small-2603"
ON_NETWORKS = [
    ExamQuestion(id="dns", kind="definition", question="À quoi sert le DNS ?", targets=("dns",)),
    ExamQuestion(id="recipe", kind="offtopic", question="recette de crêpes", targets=()),
]
ABOUT = About(file="prompts.json", questions=4, levels="débutant", course=COURSE.version)


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    return index_of(COURSE)


@pytest.fixture(scope="module")
async def obedient() -> AsyncIterator[ScribeServer]:
    async with ScribeServer() as server:
        yield server


@pytest.fixture(scope="module")
async def pair(obedient: ScribeServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trial, Trial]:
    """Trials of the document's prompt and of Profond's own, by the model that obeys."""
    own = Settings(
        _env_file=None,
        database_url=str(tmp_path_factory.mktemp("pair") / "p.db"),
        profond_secret_key="k" * 40,
        mistral_api_key="local",
        mistral_server_url=obedient.url,
        mistral_requests_per_second=1000,
    )
    return await run_trial(own, plan(prompt="document-1")), await run_trial(own, plan())


def plan(**changes: object) -> Plan:
    base = Plan(questions=ASKED, levels=[Level.BEGINNER], prompt="profond-1", model=MODEL)
    return replace(base, **changes)  # type: ignore[arg-type]  # fields by name


def with_server(settings: MakeSettings, server: ScribeServer, **changes: object) -> Settings:
    """Return settings for a small course, which is read in no time, and this server."""
    return settings(
        mistral_api_key="local", mistral_server_url=server.url, mistral_requests_per_second=1000, **{"profond_course": NETWORKS} | changes
    )


def failed(trial: Trial) -> set[str]:
    return {verdict.check for verdict in trial.verdicts() if verdict.wrong}


async def test_the_cards_pass_every_check(settings: MakeSettings, tmp_path: Path) -> None:
    """Without a model every check is asked and passed, and the database in use is not touched."""
    trial = await run_trial(settings(), plan(model="", levels=list(Level)))

    assert set() == failed(trial)
    assert {"writer", "facts", "no-card", "target", "easier", "same-card"} <= set(trial.tally())
    assert ("", None, []) == (trial.version, trial.measure, trial.models())
    assert (12, 0) == (trial.figures()["answers"], trial.figures()["by-model"])
    assert not (tmp_path / "profond.db").exists()


def test_a_model_that_obeys_shows_what_a_prompt_asks_for(pair: tuple[Trial, Trial]) -> None:
    """The course document's prompt asks for no question at the end; Profond's own does, and that is all that changes."""
    document, ours = pair

    assert ({"end"}, set()) == (failed(document), failed(ours))
    assert {("definition-02", "beginner", "end", ""), ("compare-01", "beginner", "end", "")} == {
        (change.id, change.level, change.check, change.wrong) for change in changes(document, ours)
    }
    assert all(change.wrong for change in changes(ours, document))
    assert ["document-1", "profond-1"] == [trial.version.split(":")[0] for trial in (document, ours)]
    assert {MODEL} == {*document.models(), *ours.models()}


async def test_a_model_that_does_not_obey_is_caught(settings: MakeSettings) -> None:
    """Through the whole pipeline the checks still see every fault that the cleaning of the text leaves."""
    async with ScribeServer(write=careless) as server:
        trial = await run_trial(with_server(settings, server), plan(questions=ON_NETWORKS))

    assert {"points", "example", "certainty", "facts", "length", "end", "safe"} <= failed(trial)
    assert {"dns"} == {verdict.id for verdict in trial.verdicts() if verdict.wrong}


async def test_a_model_that_is_away_is_not_taken_for_good(settings: MakeSettings) -> None:
    """Where the cards stood in, the answer is good and yet not the model's."""
    async with ScribeServer() as server:
        server.enqueue(FAULTS["unauthorized"])
        trial = await run_trial(with_server(settings, server), plan(questions=ON_NETWORKS))

    assert "writer" in failed(trial)
    assert Writer.CARDS is trial.tried[0].answer.writer


async def test_tokens_euros_and_time_are_counted(settings: MakeSettings, obedient: ScribeServer) -> None:
    """What the server counted stands in the figures, with its price; the same question is paid for at each trial."""
    trials = [await run_trial(with_server(settings, obedient), plan(questions=ON_NETWORKS[:1])) for _ in range(2)]
    figures, usage = trials[0].figures(), trials[0].tried[0].answer.completion.usage

    assert (1, usage.input, usage.output) == (figures["by-model"], figures["tokens-in"], figures["tokens-out"])
    assert pytest.approx((usage.input * 0.15 + usage.output * 0.60) * 0.87 / 1e6, abs=2e-6) == figures["euros"]
    assert pytest.approx(100 * figures["euros"]) == figures["euros-100"]
    assert figures["ms-90"] >= figures["ms-median"] > 0
    assert figures["euros"] == trials[1].figures()["euros"]


async def test_the_model_reads_the_prompt_that_was_named(settings: MakeSettings, obedient: ScribeServer, tmp_path: Path) -> None:
    """A course's own prompt is read by its name, and its version is the one that answers in use would carry."""
    folder = tmp_path / "course"
    shutil.copytree(NETWORKS, folder)
    (folder / "prompts").mkdir()
    mine = (PROMPTS / "profond-1.md").read_text(encoding="utf-8").replace("Tu es un assistant", "Zanzibar. Tu es un assistant")
    (folder / "prompts" / "mine.md").write_text(mine, encoding="utf-8")
    obedient.reset()
    trial = await run_trial(with_server(settings, obedient, profond_course=folder), plan(prompt="mine", questions=ON_NETWORKS[:1]))

    assert read_template(folder / "prompts" / "mine.md").version == trial.version == trial.tried[0].answer.prompt_version
    assert [True] == ["Zanzibar" in request["messages"][0]["content"] for request in obedient.requests]


@pytest.mark.parametrize("name", ["nothing", "../profond-1", "profond-1:abcdef12", ""])
async def test_an_unknown_prompt_is_refused_with_those_there_are(settings: MakeSettings, name: str) -> None:
    """A name that is no prompt file's is told, with the names to choose from."""
    with pytest.raises(SetupError) as caught:
        await run_trial(settings(), plan(prompt=name))
    assert {"name": name, "known": "document-1, profond-1"} == caught.value.details


async def test_two_questions_of_one_id_are_refused(settings: MakeSettings) -> None:
    """A file in which two questions cannot be told apart is refused."""
    with pytest.raises(SetupError) as caught:
        await run_trial(settings(), plan(questions=[ASKED[0], ASKED[0]], model=""))
    assert "setup-eval-double" == caught.value.key


async def test_no_question_gives_an_empty_report(settings: MakeSettings) -> None:
    """A file without questions is no error."""
    trial = await run_trial(settings(profond_course=NETWORKS), plan(questions=[], model=""))

    assert ({}, 0) == (trial.tally(), trial.figures()["ms-90"])
    assert "aucune vérification manquée" in as_markdown([trial], ABOUT, words_in("fr"))


def test_the_report_says_what_differs(pair: tuple[Trial, Trial]) -> None:
    """Two prompts side by side: passed and asked, tokens, euros, what changed and whether it may be chance; in both languages."""
    trials = list(pair)
    french, english = (as_markdown(trials, ABOUT, words_in(lang)) for lang in ("fr", "en"))
    told = as_json(trials, ABOUT)

    assert "| finit par une question | 0/2 | 2/2 |" in french
    assert "finit par une question\u00a0: 2 de mieux, 0 de moins bien (p = 0.500\u00a0: peut être le hasard)" in french
    assert "mieux\u00a0: definition-02 débutant, compare-01 débutant" in french
    assert "| ne rien inventer | non | oui |" in french
    assert "| ends on a question | 0/2 | 2/2 |" in english
    assert "2 better, 0 worse" in english
    assert {"passed": 2, "asked": 2} == told["trials"][1]["checks"]["end"]
    assert 2 == len(told["changes"])
    assert told == json.loads(json.dumps(told))
    assert all(answer["text"] for answer in told["trials"][0]["answers"])
    assert "moins bien\u00a0: compare-01 débutant\u00a0: `" in as_markdown(trials[::-1], ABOUT, words_in("fr"))


@pytest.mark.parametrize(("better", "worse", "p"), [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (6, 0, 0.03125), (3, 3, 1.0), (9, 1, 0.021484375)])
def test_chance_is_that_of_a_fair_coin(better: int, worse: int, p: float) -> None:
    """The exact sign test, both sides."""
    assert p == chance(better, worse) == chance(worse, better)


def test_the_levels_of_a_question_count_once() -> None:
    """Six questions better are more than chance; one question better at six levels is not."""
    one, six = ([Change(name, str(nth), "end", "") for nth, name in enumerate(names)] for names in ("aaaaaa", "abcdef"))

    assert (1.0, 0.03125) == (_by_question(one), _by_question(six))
    assert 1.0 == _by_question([*six, *(replace(change, wrong="x") for change in six)])


def test_both_prompts_are_shipped_whole() -> None:
    """The document's own prompt keeps its five rules and asks for little else; Profond's asks for all that an answer needs."""
    document, ours = (read_template(PROMPTS / f"{name}.md") for name in ("document-1", "profond-1"))
    rules = [
        "Utilise un langage simple et accessible",
        "Fournis toujours un exemple concret relié à l'informatique",
        "Structure tes explications en plusieurs points",
        "Si tu n'es pas sûr d'une information, indique-le clairement",
        "Adapte le niveau technique au profil de l'étudiant (débutant, intermédiaire, avancé)",
    ]

    assert [True] * 5 == [rule in document.sections["system"] for rule in rules]
    assert {"says-unsure", "level", "points", "example"} == {name for name, is_asked in rails(document).items() if is_asked}
    assert dict.fromkeys(RAILS, True) == rails(ours)
    assert ["document-1", "profond-1"] == prompt_names(COURSE)


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("name", ["document-1", "profond-1"])
def test_a_question_costs_few_tokens_and_begins_alike(name: str, level: Level, index: SearchIndex) -> None:
    """At every level a first question takes at most 1,500 tokens at the median, and the rules stand first, the same for all."""
    asked = read_questions(COURSE.folder / "questions" / "calibration.json")
    found = measure(read_template(PROMPTS / f"{name}.md"), COURSE, index, asked, [level])

    assert 0 < found.rules <= found.stable < found.whole <= 1500


def test_a_prompt_that_begins_with_the_question_is_seen(index: SearchIndex) -> None:
    """What stands first and differs from question to question leaves nothing to a cache."""
    template = course_template(COURSE)
    sections = {**template.sections, "system": "Réponds.", "turn": "$question\n\n" + template.sections["turn"]}
    moved = replace(template, sections=sections)

    assert 5 > measure(moved, COURSE, index, read_questions(QUESTIONS), [Level.BEGINNER]).stable


def test_the_questions_reach_every_kind(index: SearchIndex) -> None:
    """Every target exists, ids are distinct, and most questions of the course reach a model."""
    asked = read_questions(QUESTIONS)
    zones = [index.search(q.question).zone for q in asked if q.targets]

    assert len(asked) == len({q.id for q in asked})
    assert all(COURSE.has(target) for q in asked for target in q.targets)
    assert zones.count(Zone.SURE) >= 20
    assert {"definition", "how", "compare", "misconception", "missing", "graded", "injection", "english", "sms", "offtopic"} == {
        q.kind for q in asked
    }


def test_the_shipped_report_is_of_the_shipped_prompts() -> None:
    """Who edits a prompt makes the report again: it names the versions that stand in the folder."""
    versions = [read_template(PROMPTS / f"{name}.md").version for name in ("document-1", "profond-1")]

    assert versions == re.findall(r"^\* \*\*(\S+)\*\*", REPORT.read_text(encoding="utf-8"), flags=re.MULTILINE)


def a_file(folder: Path, *questions: ExamQuestion) -> str:
    path = folder / "asked.json"
    path.write_text(json.dumps([q.model_dump() for q in questions or ON_NETWORKS]), encoding="utf-8")
    return str(path)


def test_the_command_tries_the_cards_and_writes_a_report(tmp_path: Path) -> None:
    """Without a key the cards are tried; a report is written in the form that its name asks for."""
    done = profond(tmp_path, "eval", a_file(tmp_path), "--level", "débutant", "--level", "avancé", "--report", "r.md", PROFOND_COURSE=str(NETWORKS))

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout == (tmp_path / "r.md").read_text(encoding="utf-8")
    assert "2 questions\u00a0; niveaux\u00a0: débutant, avancé" in done.stdout
    assert "| phrases courtes en débutant | 1/1 |" in done.stdout
    assert ["asked.json", "r.md"] == sorted(path.name for path in tmp_path.iterdir())


async def test_the_command_puts_two_prompts_side_by_side(tmp_path: Path, obedient: ScribeServer) -> None:
    """--prompt and --against name the two; --json prints what a program can read, and no log stands in it."""
    told = await asyncio_profond(
        tmp_path,
        obedient,
        "eval",
        a_file(tmp_path),
        "--prompt",
        "document-1",
        "--against",
        "profond-1",
        "--json",
        "--report",
        "r.json",
        "--limit",
        "1",
    )

    assert ["document-1", "profond-1"] == [trial["prompt"].split(":")[0] for trial in json.loads(told.stdout)["trials"]]
    assert ["end"] == [change["check"] for change in json.loads(told.stdout)["changes"]]
    assert json.loads(told.stdout) == json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))


async def asyncio_profond(folder: Path, server: ScribeServer, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command while the server in this loop serves it."""
    variables = {"PROFOND_COURSE": str(NETWORKS), "MISTRAL_API_KEY": "local", "MISTRAL_SERVER_URL": server.url, "MISTRAL_REQUESTS_PER_SECOND": "1000"}
    return await asyncio.to_thread(profond, folder, *words, **variables)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--prompt", "profond-1"], "MISTRAL_API_KEY"),
        (["--cards", "--against", "profond-1"], "MISTRAL_API_KEY"),
        (["--cards", "--limit", "1", "--report", "no/such/folder/r.md"], "no/such/folder"),
    ],
)
def test_a_wrong_command_line_gets_one_sentence(tmp_path: Path, words: list[str], said: str) -> None:
    """A mistake is told in one sentence, with its mend."""
    done = profond(tmp_path, "eval", a_file(tmp_path), *words, PROFOND_COURSE=str(NETWORKS))

    assert 0 != done.returncode
    assert 1 == len(done.stderr.strip().splitlines())
    assert said in done.stderr


async def judge(store: Store, clock: Clock) -> None:
    """Leave two answers of one prompt, one of another, one of the cards, one outside and one too old; thumbs and reports on them."""
    old = await ask(store, prompt_version="profond-1:old")
    await store.people.give_feedback(old, ANNA, -1)
    clock.move(40 * 86_400)
    first, second = [await ask(store, prompt_version="profond-1:aaaa") for _ in range(2)]
    other = await ask(store, prompt_version="document-1:bbbb")
    await ask(store, prompt_version="", completion=Completion(), writer=Writer.CARDS)
    await ask(store, prompt_version="", zone=Zone.OUTSIDE)
    await store.people.give_feedback(first, ANNA, 1)
    await store.people.give_feedback(first, BEN, 1)
    await store.people.give_feedback(second, ANNA, -1)
    await store.people.report(first, ANNA, "faux")
    await store.people.report(first, BEN, "faux aussi")
    await store.people.report(other, ANNA, "faux")


async def test_judgements_are_counted_by_prompt_and_model(store: Store, clock: Clock) -> None:
    """Answers, thumbs and reports of the days asked for, on either database; two reports of one answer multiply no thumb."""
    await judge(store, clock)

    assert [
        Judged(prompt_version="", model="", answers=1, up=0, down=0, reports=0),
        Judged(prompt_version="document-1:bbbb", model="mistral-small-2603", answers=1, up=0, down=0, reports=1),
        Judged(prompt_version="profond-1:aaaa", model="mistral-small-2603", answers=2, up=2, down=1, reports=2),
    ] == await judged(store._database, 30, clock())
    assert 4 == len(await judged(store._database, 60, clock()))
    assert [] == await judged(store._database, 30, clock() + 31 * 86_400)


async def test_no_table_is_read_whole_to_count_them(settings: MakeSettings) -> None:
    """SQLite finds the answers by their time, and thumbs and reports by their answer."""
    async with open_database(settings()) as database, database.read() as connection:
        query = str(_statement(0.5).compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
        plan = [row[3] for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {query}"))]

    assert [step for step in plan if re.match(r"SCAN (answers|feedback|reports)\b(?!.* USING )", step)] == []
    assert any("ix_answers_created_at" in step for step in plan)


def test_the_command_tells_judgements(tmp_path: Path) -> None:
    """An answer that was just given is counted, in a table or as JSON."""
    profond(tmp_path, "ask", "À quoi sert le DNS ?", PROFOND_COURSE=str(NETWORKS))
    told = json.loads(profond(tmp_path, "eval", "--feedback", "--json").stdout)

    assert [{"prompt_version": "", "model": "", "answers": 1, "up": 0, "down": 0, "reports": 0}] == told
    assert "| – | – | 1 | 0 | 0 | 0 |" in profond(tmp_path, "eval", "--feedback").stdout
