"""The documents: what they name exists, what they show works, and nothing in them belongs to one machine."""

import re
import shlex
from pathlib import Path

import click
import pytest

from bots.__main__ import app
from core.assistant import MAX_QUESTION
from core.evaluation import read_questions
from core.files import MAX_BYTES, MAX_SHOWN
from core.knowledge import OutsideFile
from core.markdown_cards import from_markdown
from core.messages import TokenUsage
from core.recovery import TOO_LATE
from core.settings import Settings
from core.store import ACCEPT_SECONDS
from core.students import MAX_REPORT
from core.traffic.budget import read_prices
from tests.discord_class import running

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bots" / "papers").glob("*.md"), ROOT / "benchmarks" / "README.md"])
AROUND = [ROOT / name for name in ("Dockerfile", ".dockerignore", "compose.yaml", "justfile", ".pre-commit-config.yaml", "Procfile", ".env.example")]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[\s;])(?:\S+[/\\])?profond ([^\n`]+)")
SETTING = re.compile(r"\b[A-Z]{2,}(?:_[A-Z0-9]+)+\b")
NO_SETTING = {"MISTRAL_DEBUG"}
"""Named to say that it is refused."""
MACHINE = re.compile(r"/work/|/home/\w|/root/|/Users/|/tmp/|[A-Z]:\\Users")
ROOMS = re.compile(r"(?:bots|core|docs|tests|migrations|knowledge_base|benchmarks|\.ci)/[\w./-]*")
each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(path: Path) -> str:
    """Return a document without its fences."""
    return FENCE.sub("", read(path))


def spans(path: Path) -> list[str]:
    """Return what stands between single backticks, joined where a line was wrapped."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(path))]


def fence(name: str, language: str, number: int = 0) -> str:
    """Return a fence of a language in a document, the first where none is numbered."""
    return str([body for kind, body in FENCE.findall(read(ROOT / "docs" / name)) if kind == language][number])


def commands(path: Path) -> list[list[str]]:
    """Return the words behind every `profond` of a document, without brackets around what may be left out."""
    lines = [line for _, body in FENCE.findall(read(path)) for line in body.replace("\\\n", " ").splitlines()]
    return commands_in([*lines, *(span for span in spans(path) if span.startswith("profond "))])


def commands_in(lines: list[str]) -> list[list[str]]:
    """Return the words behind every `profond` of these lines."""
    found = [match[1] for line in lines for match in COMMAND.finditer(line)]
    said = [shlex.split(re.sub(r"[\[\]]|&&.*|[;|<>].*", "", text), comments=True) for text in found]
    return [words for words in said if words and words[0] not in {"…", "%i"}]


def parsed(words: list[str]) -> None:
    """Let click's own parser read a command line. Raises KeyError for no command, UsageError for no option."""
    command: click.Command = app
    while isinstance(command, click.Group) and words:
        command, words = command.commands[words[0]], words[1:]
    command.make_parser(click.Context(command)).parse_args(args=list(words))


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as the forges make them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_document
def test_commands_exist(path: Path) -> None:
    """Every `profond …` of a document is a command with options that click's own parser accepts."""
    wrong = []
    for words in commands(path):
        try:
            parsed(words)
        except (KeyError, click.UsageError) as error:
            wrong.append(f"profond {' '.join(words)}: {error}")

    assert [] == wrong


def test_commands_are_found_at_all() -> None:
    """The reader of commands sees those of a fence, of a line of prose and of a table."""
    assert ["doctor"] in commands(ROOT / "docs" / "installer.md")
    assert ["kb", "check", "--strict"] in commands(ROOT / "docs" / "commands.md")
    with pytest.raises(click.NoSuchOption):
        parsed(["doctor", "--colour"])
    with pytest.raises(KeyError):
        parsed(["sing"])


@each_document
def test_settings_exist(path: Path) -> None:
    """Every name in capitals with an underscore is a setting."""
    known = {name.upper() for name in Settings.model_fields} | NO_SETTING

    assert set() == set(SETTING.findall(read(path))) - known


def test_every_setting_is_told() -> None:
    """Each setting stands in .env.example or in a document."""
    told = "\n".join(map(read, [*DOCUMENTS, ROOT / ".env.example"]))

    assert [] == [name for name in Settings.model_fields if not re.search(rf"\b{name.upper()}\b", told)]


@each_document
def test_links_are_alive(path: Path) -> None:
    """A link inside the repository leads to a file, and its anchor to a heading."""
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose(path))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        to = (path.parent / name).resolve() if name else path
        if not to.exists() or (anchor and anchor not in anchors(to)):
            dead.append(target)

    assert [] == dead


@each_document
def test_files_named_exist(path: Path) -> None:
    """A path of this repository between backticks is a file or a folder."""
    named = [span for span in spans(path) if ROOMS.fullmatch(span) and "NAME" not in span]

    assert [] == [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("path", [*DOCUMENTS, *AROUND], ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_belongs_to_one_machine(path: Path) -> None:
    """No document and no file of the house names somebody's folder, and lines end as they should."""
    text = read(path)

    assert None is MACHINE.search(text)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_the_card_shown_to_teachers_is_a_card() -> None:
    """The Markdown of the teachers' page is read as one card with every field that the page names."""
    (topic,) = from_markdown(fence("ecrire-le-cours.md", "markdown")).topics
    (card,) = topic.subtopics

    assert ("reseaux-locaux", "masque-de-sous-reseau") == (topic.id, card.id)
    assert all((card.examples, card.aliases, card.keywords, card.phrasings, card.misconceptions, card.check_question))


def test_what_is_outside_is_shown_to_teachers_as_it_is_read() -> None:
    """The first JSON of the teachers' page is a whole `outside.json`."""
    (subject,) = OutsideFile.model_validate_json(fence("ecrire-le-cours.md", "json")).subjects

    assert subject.phrasings


def test_the_questions_shown_to_teachers_are_questions(tmp_path: Path) -> None:
    """The last JSON of the teachers' page is a file of questions."""
    file = tmp_path / "questions.json"
    file.write_text(fence("ecrire-le-cours.md", "json", -1), encoding="utf-8")

    assert [1, 0] == [len(question.targets) for question in read_questions(file)]


def test_the_cost_told_to_teachers_is_the_prices_own() -> None:
    """The page on costs and the file of prices say the same."""
    micros = read_prices().micros("mistral-small-2603", TokenUsage(input=2000, output=300))

    assert f"{micros / 1000:.2f} €".replace(".", ",") in read(ROOT / "docs" / "couts.md")


def test_the_limits_told_are_the_codes_own() -> None:
    """SECURITY.md names the limits that the code has, and the defaults of the settings."""
    text, of = read(ROOT / "SECURITY.md"), {name: field.default for name, field in Settings.model_fields.items()}
    told = [f"{MAX_QUESTION:,} characters", f"{MAX_BYTES:,} bytes", f"{MAX_SHOWN:,} characters", f"{MAX_REPORT:,} characters"]
    told += [
        f"{ACCEPT_SECONDS} s",
        f"within {TOO_LATE / 60:.0f} minutes",
        f"{of['retention_days']} days",
        f"{of['patience_seconds']:.0f} s",
    ]
    told += [
        f"{of['mistral_first_text_seconds']:.0f} s and {of['mistral_answer_seconds']:.0f} s",
        f"{of['mistral_max_tokens']} tokens",
    ]
    told += [f"{of['allowance_size']} in a row", f"{of['allowance_per_day']} a day"]

    assert [] == [limit for limit in told if limit not in text]


@pytest.mark.parametrize("name", ["README.md", "docs/installer.md"])
def test_each_platform_is_ten_clicks_away(name: str) -> None:
    """Two lists of exactly ten steps, and the invitation asks for as many permissions as are told."""
    steps = [int(number) for number in re.findall(r"^(\d+)\. ", read(ROOT / name), re.MULTILINE)]
    lists = [steps[start : start + 10] for start, (number, last) in enumerate(zip(steps, steps[9:], strict=False)) if (number, last) == (1, 10)]

    assert [list(range(1, 11))] * 2 == lists
    assert f"{['', 'one', 'two', 'three', 'four', 'five', 'six'][running.PERMISSIONS.value.bit_count()]} permissions" in read(ROOT / "README.md")


def test_tasks_named_exist() -> None:
    """Every `just …` of the documents is a task of the justfile."""
    tasks = set(re.findall(r"^([a-z]+)[^:\n]*:(?!=)", read(ROOT / "justfile"), re.MULTILINE))
    said = {task for path in DOCUMENTS for words in re.findall(r"(?:^|`)just((?: [a-z]+)+)", read(path), re.MULTILINE) for task in words.split()}

    assert said
    assert set() == said - tasks


def test_the_image_is_small_and_pinned() -> None:
    """Both stages stand on one pinned slim Python; the last has no compiler, is not root, and takes only what is let in."""
    text = read(ROOT / "Dockerfile")
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    last = text.rpartition("\nFROM ")[2]
    let_in = {line[1:] for line in read(ROOT / ".dockerignore").splitlines() if line.startswith("!")}
    copied = {word for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE) for word in line.split()[:-1]}

    assert 1 == len(set(bases))
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", bases[0])
    assert re.search(r"^USER (?!root|0)\S+", last, re.MULTILINE)
    assert not re.search(r"\b(?:apt-get|gcc|uv)\b|pip install", last)
    assert copied <= let_in
    assert all((ROOT / name).exists() for name in copied)


def test_composes_secrets_are_settings() -> None:
    """Each secret file but PostgreSQL's own is named as a setting is, and lies outside the repository."""
    secrets = dict(re.findall(r"^  (\w+): \{file: (\S+)\}$", read(ROOT / "compose.yaml"), re.MULTILINE))

    assert {"database_password"} == set(secrets) - set(Settings.model_fields)
    assert all(place == f"../profond-secrets/{name}" for name, place in secrets.items())


def test_compose_is_hardened() -> None:
    """Every service is read-only, without capabilities and new privileges, of a pinned image, and opens no port."""
    text = re.sub(r"\s+#.*", "", read(ROOT / "compose.yaml"))
    hardened = blocks(text, "x-hardened")[0]
    services = blocks(blocks(text, "services")[0], r"  \w+")

    assert {"read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]'} <= set(map(str.strip, hardened.splitlines()))
    assert "<<: *hardened" in blocks(text, "x-bot")[0]
    assert ["<<: *bot", "<<: *bot", "<<: *hardened"] == [re.findall("<<: .*", service)[0] for service in services]
    assert all(re.search(r":\d+\.\d+", image) for image in re.findall("image: (.*)", text))
    assert not re.search(r"^\s*(?:ports|privileged|cap_add|network_mode|user: root)\b", text, re.MULTILINE)
    assert not [name for name in ("read_only", "cap_drop", "security_opt") if name in "".join(services)]  # nothing is taken back


def blocks(text: str, key: str) -> list[str]:
    """Return what stands, further in, below each line of YAML that begins with this key."""
    found = re.split(rf"^{key}:.*\n", text, flags=re.MULTILINE)[1:]
    indent = len(key) - len(key.lstrip())
    return [re.split(rf"^ {{0,{indent}}}\S", block, maxsplit=1, flags=re.MULTILINE)[0] for block in found]
