"""The terminal as a person sees it: a real process in an empty folder."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from bots.terminal_bot import completer
from core.knowledge import load_course
from core.settings import shipped_course
from tests.courses import NETWORKS
from tests.programs import Done, ended
from tests.servers.mistral import Fault, MistralServer

QUESTION = "C'est quoi une convolution ?"
CANARY = "zanzibar-canari"


def home(folder: Path) -> dict[str, str]:
    """Return the environment of a person whose home is empty."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP") if name in os.environ}
    return kept | {"HOME": str(folder), "USERPROFILE": str(folder), "PYTHONPATH": str(Path(__file__).resolve().parents[1])}


def profond(folder: Path, *words: str, stdin: str = "", **variables: str) -> Done:
    """Run a command as a person would, with an empty home."""
    return ended(folder, words, home(folder) | variables, stdin)


def test_a_question_is_answered_in_an_empty_folder(tmp_path: Path) -> None:
    """With no key and no setting, the cards answer, plain, and nothing stands on the error stream."""
    done = ended(tmp_path, ("ask", QUESTION), home(tmp_path), is_cold=True)

    assert (0, "") == (done.returncode, done.stderr)
    assert "• " in done.stdout
    assert "Exemple" in done.stdout
    assert "Sources\u00a0: L'opération de convolution (convolution)" in done.stdout
    assert "\x1b" not in done.stdout
    assert "**" not in done.stdout


def test_levels_and_languages(tmp_path: Path) -> None:
    """--level takes French names, --lang en changes the words around the card."""
    beginner, intermediate = (profond(tmp_path, "ask", QUESTION, "--level", level).stdout for level in ("débutant", "intermediaire"))
    english = profond(tmp_path, "ask", QUESTION, "--level", "advanced", "--lang", "en").stdout

    assert 3 == len({beginner, intermediate, english})
    assert "Your turn" in english
    assert "in French" in english


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        (["ask"], {}),
        (["ask", "x", "--colour"], {}),
        (["sing"], {}),
        (["ask", "x", "--level", "expert"], {}),
        (["ask", "x", "--lang", "de"], {}),
        (["ask", "   "], {"PROFOND_COURSE": str(NETWORKS)}),
        (["ask", "x"], {"ALLOWANCE_SIZE": "beaucoup"}),
        (["ask", "x"], {"DATABASE_URL": "mysql://u@h/b", "PROFOND_COURSE": str(NETWORKS)}),
        (["ask", "x"], {"DATABASE_URL": "no/such/folder/p.db", "PROFOND_COURSE": str(NETWORKS)}),
        (["ask", "x"], {"PROFOND_COURSE": "nowhere"}),
        (["ask", "x"], {"MISTRAL_DEBUG": "1"}),
        (["kb", "eval", "nowhere.json"], {}),
        (["reports", "--done", "nothing"], {}),
        *((words, {"DATABASE_URL": "no/such/folder/p.db"}) for words in (["reports", "--json"], ["costs", "--json"], ["erase", "discord:1"])),
    ],
)
def test_bad_input_gets_one_sentence(tmp_path: Path, words: list[str], variables: dict[str, str]) -> None:
    """A mistake is told in one French sentence on the error stream, with a non-zero exit code and nothing else: no traceback, no output."""
    done = profond(tmp_path, *words, **variables)

    assert "" == done.stdout
    assert done.returncode != 0
    assert 1 == len(done.stderr.strip().splitlines())
    assert "Traceback" not in done.stderr + done.stdout


def test_a_conversation(tmp_path: Path) -> None:
    """The chat remembers, obeys its commands, meters the asker and ends with exit code 0."""
    lines = [QUESTION, "/level avancé", "pourquoi ?", "/simple", "/usage", "merci", "/topic", "/topic poolin", "/quiz", "/quiz je sais"]
    lines += ["/mal", "/signaler pas clair", "/mydata", "/forget", "/forget oui", "/help", "/zut", "/refaire", "/quit", "/usage"]
    done = profond(tmp_path, "chat", stdin="\n".join(lines) + "\n")

    assert (0, "") == (done.returncode, done.stderr)
    assert 3 <= done.stdout.count("Sources\u00a0: L'opération de convolution")
    for seen in ("niveau avancé", "7 question(s) sur 10", "Avec plaisir", "Le pooling", "Réponse\u00a0:", "C'est effacé", "Je ne connais pas /zut"):
        assert seen in done.stdout
    assert done.stdout.rstrip().endswith("À bientôt\u00a0!")


def test_a_quiz_speaks_the_language_that_was_chosen(tmp_path: Path) -> None:
    """Before any card /quiz says that one must be opened; then its hint is in the language of the words."""
    done = profond(tmp_path, "chat", "--lang", "en", stdin="/quiz\n/topic convolution\n/quiz\n")

    assert "There is no card yet" in done.stdout
    assert "(/quiz your answer)" in done.stdout


@pytest.mark.parametrize("words", [[], ["kb"]])
def test_a_group_alone_shows_its_commands(tmp_path: Path, words: list[str]) -> None:
    """Whoever types no command reads which there are."""
    done = profond(tmp_path, *words)

    assert (2, "") == (done.returncode, done.stdout)
    assert {"profond": "chat", "kb": "search"}[words[0] if words else "profond"] in done.stderr
    assert len(done.stderr.splitlines()) > 5


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("/to", ["/topic"]),
        ("/le", ["/level"]),
        ("/", ["/ask", "/topic", "/level"]),
        ("/topic descente-g", ["/topic descente-gradient"]),
        ("/topic convolution", []),
        ("/level dé", ["/level débutant"]),
        ("la descente-g", []),
    ],
)
def test_what_is_typed_can_be_completed(typed: str, offered: list[str]) -> None:
    """Commands are completed from their slash on, ids over their hyphens, levels over their accents."""
    known = completer(("/ask", "/topic", "/level"), load_course(shipped_course()).cards)

    found = known.get_completions(Document(typed), CompleteEvent())

    assert offered == [typed[: len(typed) + one.start_position] + one.text for one in found]


def test_the_chat_meters_a_student(tmp_path: Path) -> None:
    """Over the allowance the student learns when the next question comes."""
    done = profond(tmp_path, "chat", stdin=f"{QUESTION}\n{QUESTION}\n", ALLOWANCE_SIZE="1")

    assert "la prochaine arrive dans 3 min" in done.stdout


def test_reports_reach_the_teacher(tmp_path: Path) -> None:
    """A report and a thumb down are listed with card and version, and leave the list when they are settled."""
    profond(tmp_path, "chat", stdin=f"{QUESTION}\n/mal\n/signaler faux\n")
    listed = json.loads(profond(tmp_path, "reports", "--json").stdout)
    for entry in listed:
        assert 0 == profond(tmp_path, "reports", "--done", entry["id"]).returncode

    assert {"report", "thumb_down"} == {entry["kind"] for entry in listed}
    assert ["convolution"] == listed[0]["cards"]
    assert 12 == len(listed[0]["course_version"])
    # a card that the teacher has just broken hides no report
    assert "Aucun signalement." == profond(tmp_path, "reports", PROFOND_COURSE=str(tmp_path / "none")).stdout.strip()


def test_what_a_student_wrote_steers_no_terminal(tmp_path: Path) -> None:
    """A question and a report with escapes, reversed letters and line ends are shown on one line each; JSON writes such letters as codes."""
    typed = f"{QUESTION}\x1b]0;title\x07\x1b[2J\u2028abc · signalé\u202e"
    profond(tmp_path, "chat", stdin=f"{typed}\n/signaler faux \x1b]52;c;cm0=\x07\x9b8m caché\u2028encore\u2066\n")
    shown, as_json = profond(tmp_path, "reports").stdout, profond(tmp_path, "reports", "--json").stdout

    assert [f"  Question\u00a0: {QUESTION} abc · signalé", "  Signalé\u00a0: faux 8m caché encore"] == shown.splitlines()[1:]
    assert (typed, True) == (json.loads(as_json)[0]["question"], "caché" in as_json)
    assert not set("\x1b\x07\x9b\u202e\u2066") & set(shown + as_json)


def test_doctor_says_what_is_right_and_what_is_wrong(tmp_path: Path) -> None:
    """A line each for settings, database, course and key; a fault gives exit code 1 and the mend."""
    good = profond(tmp_path, "doctor")
    bad = profond(tmp_path, "doctor", MISTRAL_API_KEY="k", MISTRAL_SERVER_URL="http://127.0.0.1:9", SLACK_APP_TOKEN="xapp-1")

    assert (0, 1) == (good.returncode, bad.returncode)
    assert 5 <= len(good.stdout.splitlines())
    assert "ne répond pas" in bad.stdout
    assert "mets les deux" in bad.stdout


def test_migrate_and_the_courses_tools(tmp_path: Path) -> None:
    """migrate, kb check, kb search and kb eval work from the first day."""
    questions = tmp_path / "q.json"
    questions.write_text(json.dumps([{"id": "1", "kind": "direct", "question": QUESTION, "targets": ["convolution"]}]), encoding="utf-8")
    measured = json.loads(profond(tmp_path, "kb", "eval", str(questions), "--json").stdout)
    found = json.loads(profond(tmp_path, "kb", "search", "la convolutoin", "--json").stdout)

    assert 0 == profond(tmp_path, "migrate").returncode
    assert 0 == profond(tmp_path, "kb", "check").returncode
    assert (1.0, 1.0, 0) == (measured["recall_at_1"], measured["mrr"], measured["offtopic_sure"])
    assert "convolution" == found["cards"][0]["card"]
    assert {"convolutoin": "convolution"} == found["repaired"]


async def test_a_model_answers_in_the_terminal(tmp_path: Path) -> None:
    """With a key, the model's text is printed and its cards are named."""
    async with MistralServer() as server:
        done = await asyncio.to_thread(profond, tmp_path, "ask", QUESTION, MISTRAL_API_KEY="k", MISTRAL_SERVER_URL=server.url)

    assert 0 == done.returncode
    assert "Sources\u00a0:" in done.stdout
    assert 1 == len(server.requests)


async def test_a_screen_shows_a_list_as_far_in_as_it_is_written(tmp_path: Path) -> None:
    """On a screen too a list in a list is one, however far in a model writes it, and so is what goes on there; code is what stands in a fence."""
    text = "Voici :\n\n- un filtre\n    - il **glisse**\n        - loin\n\n    et puis\n\n1. une carte\n\t- la sienne\n\n```\n    - code\n```\n"
    async with MistralServer(default=Fault(text=text)) as server:
        key = {"MISTRAL_API_KEY": "k", "MISTRAL_SERVER_URL": server.url, "TTY_COMPATIBLE": "1", "TERM": "dumb"}
        done = await asyncio.to_thread(profond, tmp_path, "ask", QUESTION, **key)
    lines = [line.rstrip() for line in done.stdout.partition("\n\nSources")[0].splitlines()]

    assert [" • un filtre", "     • il glisse", "         • loin", "", "    et puis", "", " 1 une carte", "     • la sienne"] == lines[2:10]
    assert ["     - code"] == [line for line in lines[10:] if line]


def test_no_word_of_a_student_is_in_a_log_or_a_file(tmp_path: Path) -> None:
    """A canary typed as question, report and key is found in no log line and in no file in clear."""
    typed = f"{QUESTION} {CANARY}\n/signaler {CANARY}\n"
    done = profond(tmp_path, "chat", stdin=typed, PROFOND_LOG_LEVEL="debug", PROFOND_LOG_FORMAT="json", DISCORD_TOKEN=CANARY)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    answered = [line for line in lines if line["event"] == "question_answered"]

    assert 1 == len(answered)
    assert {"ticket", "zone", "writer", "model", "tokens_input", "cost_micros", "milliseconds"} <= set(answered[0])
    assert CANARY not in done.stderr
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes()


@pytest.mark.parametrize("words", [["discord"], ["discord", "--invite"], ["slack"]])
def test_a_bot_without_a_token_says_one_sentence(tmp_path: Path, words: list[str]) -> None:
    """Whoever starts too early reads what is missing and which command asks for it, and nothing of what libraries warn of."""
    done = profond(tmp_path, *words)

    assert (1, "") == (done.returncode, done.stdout)
    assert 1 == len(done.stderr.splitlines())
    assert "«\u00a0profond setup\u00a0»" in done.stderr
