"""The teachers' pages as a teacher follows them: what they say to type is typed, from top to bottom, and does what it should."""

import shutil
from pathlib import Path

import pytest

from core.settings import shipped_course
from tests.test_documents import FENCE, ROOT, commands_in, fence, read
from tests.test_terminal import QUESTION, profond

PAGES = ("installer.md", "ecrire-le-cours.md", "couts.md", "lire-les-signalements.md", "vie-privee.md")
ASKS = {"setup"}
"""What asks questions has tests of its own."""


def typed(name: str) -> list[list[str]]:
    """Return the commands of a page's shell fences, in their order."""
    return [words for language, body in FENCE.findall(read(ROOT / "docs" / name)) if language == "sh" for words in commands_in(body.splitlines())]


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_says_to_type_works(tmp_path: Path, name: str) -> None:
    """Every command ends well, in a folder with what the page has its reader make; `ask` answers and `doctor` finds no fault."""
    shutil.copytree(shipped_course(), tmp_path / "cours")
    (tmp_path / "reseaux.md").write_text(fence("ecrire-le-cours.md", "markdown"), encoding="utf-8")
    (tmp_path / "cours" / "outside.json").write_text(fence("ecrire-le-cours.md", "json"), encoding="utf-8")
    (tmp_path / "questions.json").write_text(fence("ecrire-le-cours.md", "json", -1), encoding="utf-8")
    profond(tmp_path, "ask", QUESTION)
    lines = [words for words in typed(name) if words[0] not in ASKS]
    done = [(words, profond(tmp_path, *words, PROFOND_COURSE="cours")) for words in lines]

    assert lines
    assert [] == [(words, run.stdout, run.stderr) for words, run in done if run.returncode or "Traceback" in run.stderr]
