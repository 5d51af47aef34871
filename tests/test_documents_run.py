"""The teachers' pages as a teacher follows them: what they say to type is typed, from top to bottom, and does what it should."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_documents import FENCE, ROOT, commands_in, fence, read
from tests.test_terminal import QUESTION, profond

PAGES = ("installer.md", "ecrire-le-cours.md", "couts.md", "lire-les-signalements.md", "vie-privee.md")
ASKS = {"setup"}
"""What asks questions has tests of its own."""

SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
OWN_COURSE = re.compile(r"PROFOND_COURSE=([\w/]+)")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program as `pip install .` leaves it: in a folder that the next version replaces."""
    place = tmp_path_factory.mktemp("venv") / "site-packages"
    for name in ("bots", "core", "knowledge_base", "migrations"):
        shutil.copytree(ROOT / name, place / name)
    return place


@pytest.fixture(scope="module")
def asked(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a first question was asked."""
    folder = tmp_path_factory.mktemp("asked")
    profond(folder, "ask", QUESTION, PYTHONPATH=str(installed))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def steps(page: str) -> Iterator[Path | list[str]]:
    """Yield what a page has its reader do, in its order: the folder of a course of one's own, or a command."""
    for number, part in enumerate(SHELL.split(page)):
        if number % 2:
            yield from (words for words in commands_in(part.splitlines()) if words[0] not in ASKS)
        else:
            yield from (Path(name) for name in OWN_COURSE.findall(FENCE.sub("", part)))


def make_course(folder: Path, name: Path) -> None:
    """Copy the course, name the copy in `.env`, and write into it what the page shows."""
    shutil.copytree(ROOT / "knowledge_base", folder / name)
    (folder / ".env").write_text(f"PROFOND_COURSE={name}\n", encoding="utf-8")
    (folder / name / "outside.json").write_text(fence("ecrire-le-cours.md", "json"), encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_says_to_type_works(tmp_path: Path, installed: Path, asked: Path, name: str) -> None:
    """Every command of the installed program ends well, with what the page has its reader make before; none writes where the next version will."""
    shutil.copytree(asked, tmp_path, dirs_exist_ok=True)
    (tmp_path / "reseaux.md").write_text(fence("ecrire-le-cours.md", "markdown"), encoding="utf-8")
    questions = [*json.loads(fence("ecrire-le-cours.md", "json", -1)), *json.loads(read(ROOT / "knowledge_base" / "questions" / "calibration.json"))]
    (tmp_path / "questions.json").write_text(json.dumps(questions), encoding="utf-8")
    done = []
    for step in steps(read(ROOT / "docs" / name)):
        if isinstance(step, Path):
            make_course(tmp_path, step)
        else:
            done.append((step, profond(tmp_path, *step, PYTHONPATH=str(installed))))

    assert done
    assert [] == [(words, run.stdout, run.stderr) for words, run in done if run.returncode or "Traceback" in run.stderr]
    assert contents(ROOT / "knowledge_base") == contents(installed / "knowledge_base")
