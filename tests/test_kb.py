"""The teacher's tools: `profond kb check`, `new`, `import` and `export`, in a folder of their own."""

import json
import re
import shutil
from pathlib import Path

import pytest

from core.course_files import TopicFiles, find_topic, members
from core.errors import CourseError, SetupError
from core.knowledge import Card, Topic, load_course
from core.messages import Level
from core.summary import summaries
from tests.courses import NETWORKS
from tests.owners import SOMEBODY, as_root, given_to, owner
from tests.test_terminal import profond

PAGE = "## Équipements\n\n### La borne Wi-Fi\n\nElle relie sans câble.\n\n- par radio\n\nExemple : celle du couloir.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the course on networks."""
    return Path(shutil.copytree(NETWORKS, tmp_path / "cours"))


def kb(folder: Path, *words: str) -> tuple[int, str, str]:
    done = profond(folder.parent, "kb", *words, PROFOND_COURSE=str(folder))
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def edit(folder: Path, **changes: object) -> None:
    """Change fields of the first card."""
    path = folder / "adresses.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["topics"][0]["subtopics"][0].update(changes)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def warned(folder: Path) -> list[tuple[str, str, str]]:
    return [(w.path.rpartition("]")[2], w.key, w.details.get("card", "")) for w in load_course(folder).warnings]


@pytest.mark.parametrize(
    ("changes", "place", "key"),
    [
        ({"aliases": ["a", "b", "c"]}, ".aliases", "fault-few-aliases"),
        ({"aliases": [f"alias {n}" for n in range(15)]}, ".aliases", "fault-many-aliases"),
        ({"aliases": ["netmask", "b", "c", "d"]}, ".aliases", "fault-alias-double"),
        ({"related": ["nulle-part"]}, ".related", "fault-dead-link"),
        ({"related": ["masque", "masque"]}, ".related", "fault-related-double"),
        ({"related": [f"fiche-{n}" for n in range(11)]}, ".related", "fault-many-related"),
        ({"levels": {"beginner": "x", "advanced": "y"}, "content": "x"}, ".levels", "fault-level-missing"),
        ({"levels": {"beginner": "x", "intermediate": "mot " * 131, "advanced": "y"}, "content": "x"}, ".levels.intermediate", "fault-long-level"),
        ({"examples": ["x" * 1900]}, ".content", "fault-long-card"),
        ({"content": "autre"}, ".content", "fault-content-differs"),
        ({"content": "Cette fiche est à écrire.", "difficulty": "advanced"}, ".content", "fault-to-write"),
    ],
)
def test_check_warns(folder: Path, changes: dict[str, object], place: str, key: str) -> None:
    """Each thing to mend is told once or more with its place and its card."""
    edit(folder, **changes)

    assert key in {found for at, found, _ in warned(folder) if at == place}
    assert {"adresse-ip", "masque", ""} >= {card for _, _, card in warned(folder)}


def test_an_id_that_no_button_can_name_is_a_fault(folder: Path) -> None:
    """A button's code holds a hundred characters."""
    edit(folder, id="a" * 65)

    code, out, _ = kb(folder, "check")
    assert (1, True) == (code, "trop long\u00a0: 64 caractères au plus" in out)


def test_code_does_not_make_a_level_long(folder: Path) -> None:
    """The words of a code block are not counted."""
    text = f"x\n\n```\n{'mot ' * 200}\n```"
    edit(folder, content=text, levels={"beginner": text, "intermediate": "y", "advanced": "z"})

    assert [("", "fault-not-calibrated", "")] == warned(folder)


@pytest.mark.parametrize("file", ["figures/absente.png", "../dehors.png", "figures"])
def test_a_figure_that_is_not_there_is_a_fault(folder: Path, file: str) -> None:
    """A figure must be a file below the course's folder."""
    (folder.parent / "dehors.png").touch()
    (folder / "figures").mkdir()
    edit(folder, figure={"file": file, "alt": "un schéma"})

    with pytest.raises(CourseError) as caught:
        load_course(folder)
    assert [("adresses.json", "$.topics[0].subtopics[0].figure.file", "fault-figure-missing")] == [fault[:3] for fault in caught.value.faults]


def test_check_counts_and_strict_fails(folder: Path) -> None:
    """The table has a line per topic and a total; warnings fail under --strict alone."""
    (folder / "schema.png").touch()
    edit(folder, figure={"file": "schema.png", "alt": "un schéma"}, aliases=[], levels={})
    code, out, err = kb(folder, "check")

    assert (0, "") == (code, err)
    assert "adresses\t4\t3\t15\t1\t4\t1\t4" in out.splitlines()
    assert "total\t6\t5\t26\t2\t6\t1\t4" in out.splitlines()
    assert "adresses.json $.topics[0].subtopics[0].aliases (adresse-ip)\u00a0: moins de 4 alias" in out
    assert 1 == kb(folder, "check", "--strict")[0]


def test_a_question_that_the_bot_offers_and_cannot_answer_is_told(folder: Path) -> None:
    """A press on an example question must be answered: one that no card answers surely is named, with its place."""
    file = folder / "course.json"
    info = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(info | {"example_questions": [*info["example_questions"], "Recette de crêpes ?"]}), encoding="utf-8")
    code, out, _ = kb(folder, "check")

    assert 0 == code
    assert ["Recette" in line for line in out.splitlines() if line.startswith("course.json $.example_questions")] == [True]


def test_a_subject_that_the_course_teaches_by_now_is_told(folder: Path) -> None:
    """A card on what was outside the course: the subject that bears its name is named, another that shares a word with it is not."""
    subjects = [{"title": title, "phrasings": ["où est le mien"]} for title in ("Des adresses IP", "Adresse postale et courrier")]
    (folder / "outside.json").write_text(json.dumps({"subjects": subjects}), encoding="utf-8")
    _, out, _ = kb(folder, "check")

    told = [line for line in out.splitlines() if line.startswith("outside.json")]
    assert [True] == ["$.subjects[0] (adresse-ip)" in line and "Des adresses IP" in line for line in told]


def test_the_shipped_course_is_strictly_clean(tmp_path: Path) -> None:
    """CI may run `kb check --strict`."""
    assert 0 == profond(tmp_path, "kb", "check", "--strict").returncode


def test_new_makes_a_card_that_loads(folder: Path) -> None:
    """The skeleton is a card at once, its gaps are warnings, and no other byte of the course changes."""
    before = contents(folder)
    code, out, _ = kb(folder, "new", "EQUIPEMENTS", "Le pare-feu")
    after = contents(folder)

    assert (0, True) == (code, "equipements.json" in out)
    assert {"equipements.json"} == {name for name in after if after[name] != before.get(name)}
    card = load_course(folder).card("pare-feu")
    assert ("Le pare-feu", "Cette fiche est à écrire.") == (card.title, card.text(Level.ADVANCED))
    keys = [key for _, key, named in warned(folder) if named == "pare-feu"]
    assert ["fault-to-write"] * 4 + ["fault-few-aliases"] == keys
    assert "\t3\t2\t" in kb(folder, "check")[1]
    text = after["equipements.json"].decode()
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2) + "\n"
    assert before["equipements.json"].decode().removesuffix("\n      ]\n    }\n  ]\n}\n") in text
    assert "est à écrire" in profond(folder.parent, "ask", "Le pare-feu", PROFOND_COURSE=str(folder)).stdout


def test_new_ids_are_unique(folder: Path) -> None:
    """A title that is taken gets a number."""
    kb(folder, "new", "adresses", "Le routeur")
    kb(folder, "new", "équipements", "Routeur")

    assert ["routeur", "routeur-2", "routeur-3"] == sorted(card.id for card in load_course(folder).cards if card.id.startswith("routeur"))


def test_new_topics_are_asked_for(folder: Path) -> None:
    """An unknown topic names the nearest; --new-topic makes a file of its own, which hides no other."""
    code, _, err = kb(folder, "new", "Équipement", "X")
    made = kb(folder, "new", "--new-topic", "Course", "X")
    again = kb(folder, "new", "--new-topic", "course", "Y")

    assert (1, 1) == (code, len(err.splitlines()))
    assert "equipements" in err
    assert "--new-topic" in err
    assert (0, 1) == (made[0], again[0])
    assert "existe déjà" in again[2]
    assert ["x"] == [card.id for card in find_topic(load_course(folder).topics, "course").subtopics]
    assert (folder / "course-2.json").exists()


@pytest.mark.parametrize("words", [["new", "adresses", "漢字"], ["new", "--new-topic", "!?", "X"], ["new", "adresses"], ["export", "nulle part"]])
def test_mistakes_get_one_sentence(folder: Path, words: list[str]) -> None:
    """A mistake is one sentence, and nothing is written."""
    before = contents(folder)
    code, _, err = kb(folder, *words)

    assert code in {1, 2}
    assert 1 == len(err.splitlines())
    assert before == contents(folder)


def test_a_course_that_the_next_version_replaces_is_not_written(folder: Path) -> None:
    """In the folder of the installed program nothing is written, and one sentence says how to have a copy."""
    installed = folder.parent / "lib" / "site-packages" / "knowledge_base"
    shutil.copytree(folder, installed)
    (folder.parent / "page.md").write_text(PAGE, encoding="utf-8")
    before = contents(installed)

    for words in (["new", "equipements", "X"], ["import", str(folder.parent / "page.md")], ["calibrate"]):
        code, out, err = kb(installed, *words)
        assert (1, "", 1) == (code, out, len(err.splitlines()))
        assert "PROFOND_COURSE=" in err
    assert before == contents(installed)


def test_a_handful_of_questions_sets_no_thresholds(folder: Path) -> None:
    """Below 20 questions of the course or 10 outside it the thresholds stay; from there on they are set."""
    page = folder.parent / "questions.json"
    on = [{"id": f"{number}", "kind": "direct", "question": "c'est quoi le masque", "targets": ["masque"]} for number in range(20)]
    off = [{"id": f"h{number}", "kind": "off", "question": "recette de crêpes", "targets": []} for number in range(10)]
    told = []
    for questions in (on[1:] + off, on + off[1:], on + off):
        page.write_text(json.dumps(questions), encoding="utf-8")
        told.append((*kb(folder, "calibrate", str(page)), (folder / "thresholds.json").exists()))

    assert [(1, False), (1, False), (0, True)] == [(code, is_set) for code, _, _, is_set in told]
    assert ["19 et 10", "20 et 9"] == [re.findall(r"\d+ et \d+", err)[-1] for _, _, err, _ in told[:2]]


def test_import_tells_what_it_makes_of_each_card(folder: Path) -> None:
    """New, then same; a changed card says which fields change and which are emptied; the other cards stay."""
    page = folder.parent / "bornes.md"
    page.write_text(PAGE, encoding="utf-8")
    before = contents(folder)
    dry = kb(folder, "import", str(page), "--dry-run")
    assert (0, before) == (dry[0], contents(folder))
    first, second = kb(folder, "import", str(page)), kb(folder, "import", str(page))
    page.write_text("## equipements\n### Le routeur\nIl relie des réseaux.\n", encoding="utf-8")
    third = kb(folder, "import", str(page))

    assert "equipements / borne-wi-fi\u00a0: nouvelle" in dry[1]
    assert "rien n'est écrit" in dry[1]
    assert "1 nouvelle(s), 0 changée(s), 0 identique(s)\u00a0: écrit dans equipements.json." in first[1]
    assert "0 nouvelle(s), 0 changée(s), 1 identique(s)\u00a0: rien à écrire." in second[1]
    assert "equipements / routeur\u00a0: changée (content, examples, levels" in third[1]
    assert "vidée (examples, levels, aliases" in third[1]
    assert ["switch", "routeur", "borne-wi-fi"] == [card.id for card in find_topic(load_course(folder).topics, "equipements").subtopics]


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("Un texte sans titre.\n", "ligne 1\u00a0: aucun titre de sujet"),
        ("## S\n### A\nx\n#### Débutan\ny\n### B\n", "ligne 6\u00a0: la fiche «\u00a0B\u00a0» n'a pas de texte"),
        ("## Autre\n### Le DNS\nx\n", "existe déjà dans adresses.json"),
        ("## Autre\n### A\nx\n\n![un schéma](absent.png)\n", "absent.png"),
    ],
)
def test_a_faulty_file_changes_nothing(folder: Path, page: str, said: str) -> None:
    """Every fault is told with its place, the exit code is 1, and no byte is written."""
    (folder.parent / "page.md").write_text(page, encoding="utf-8")
    before = contents(folder)
    code, out, err = kb(folder, "import", str(folder.parent / "page.md"))

    assert (1, 1) == (code, len(err.splitlines()))
    assert said in out
    assert before == contents(folder)


@as_root
def test_a_card_that_root_writes_stays_the_bots_own(folder: Path) -> None:
    """A topic's file that only the bot's user may read is still theirs when root has added a card."""
    path = folder / "equipements.json"
    given_to(SOMEBODY, path)
    path.chmod(0o600)
    assert 0 == kb(folder, "new", "equipements", "X")[0]

    assert (SOMEBODY, 0o600) == (owner(path), path.stat().st_mode & 0o777)


def test_unreadable_files_get_one_sentence(folder: Path) -> None:
    """A file that is missing or no UTF-8 says so."""
    (folder.parent / "latin.md").write_bytes("## é".encode("latin-1"))

    for name in ("absent.md", "latin.md"):
        code, _, err = kb(folder, "import", str(folder.parent / name))
        assert (1, 1) == (code, len(err.splitlines()))
        assert "UTF-8" in err


def test_export_and_import_into_an_empty_course(folder: Path, tmp_path: Path) -> None:
    """The course goes out as Markdown and comes back as the same cards; no file is replaced unless it is asked."""
    page, other = tmp_path / "cours.md", tmp_path / "autre"
    assert 0 == kb(folder, "export", "--output", str(page))[0]
    assert 1 == kb(folder, "export", "--output", str(page))[0]
    assert 0 == kb(folder, "export", "--output", str(page), "--force")[0]
    other.mkdir()
    shutil.copy(folder / "course.json", other)

    assert page.read_text(encoding="utf-8") == kb(folder, "export")[1]
    assert 0 == kb(other, "import", str(page))[0]
    assert load_course(folder).topics == load_course(other).topics
    assert contents(folder)["adresses.json"].count(b"\n") == contents(other)["adresses.json"].count(b"\n")
    assert "## Équipements" in kb(folder, "export", "équipements")[1]
    assert "## Adresses" not in kb(folder, "export", "équipements")[1]


def test_import_without_course_json_says_what_is_missing(tmp_path: Path) -> None:
    """An empty folder is no course yet: course.json is asked for."""
    (tmp_path / "vide").mkdir()
    (tmp_path / "page.md").write_text(PAGE, encoding="utf-8")
    code, out, _ = kb(tmp_path / "vide", "import", str(tmp_path / "page.md"))

    assert 1 == code
    assert "course.json\u00a0: fichier absent" in out


CARD = Card(id="c", title="C", content="c", difficulty=Level.BEGINNER)


LAYOUTS = [
    '{"topics":[{"id":"s","title":"S","subtopics":[]}]}',
    '{"topics": [\n\t{"subtopics": [{"id": "a", "title": "a: ]}", "content": "x", "difficulty": "débutant"}], "title": "S", "id": "s"}\n]}\n',
    json.dumps({"topics": [{"id": "s", "title": "S", "subtopics": [{"id": "a", "title": "a", "content": "x", "difficulty": "avancé"}]}]}, indent=4),
]


@pytest.mark.parametrize("text", [*LAYOUTS, LAYOUTS[-1].replace("\n", "\r\n")])
def test_a_file_keeps_its_own_form(tmp_path: Path, text: str) -> None:
    """However a teacher lays out a file, a card is put into it and nothing else in it moves."""
    shutil.copy(NETWORKS / "course.json", tmp_path)
    (tmp_path / "s.json").write_bytes(text.encode())
    files = TopicFiles(tmp_path)
    files.put(Topic(id="s", title="S", subtopics=()), CARD)
    files.put(Topic(id="s", title="S", subtopics=()), CARD.model_copy(update={"title": "D"}))
    files.rename(Topic(id="s", title="É", subtopics=()))
    files.save()
    after = (tmp_path / "s.json").read_bytes().decode()

    assert ("É", "D") == (load_course(tmp_path).topics[0].title, load_course(tmp_path).card("c").title)
    assert text[:20] == after[:20]
    assert text[-4:] == after[-4:]
    assert ("\r\n" in text) == ("\r\n" in after)
    assert "\n" not in after.replace("\r\n", "") or "\r\n" not in text
    assert not list(tmp_path.glob(".*"))


def test_members_of_a_json_text() -> None:
    """Keys, places and values, whatever the strings hold."""
    text = '{"a" : [1, "}],:"] ,\n"b":{}}'

    assert [("a", '[1, "}],:"]'), ("b", "{}")] == [(found.key, text[found.start : found.end]) for found in members(text, 0)]
    assert [(0, "1"), (1, '"}],:"')] == [(found.key, text[found.start : found.end]) for found in members(text, text.index("["))]


def test_unknown_topics_name_the_nearest(folder: Path) -> None:
    """The nearest topics stand in the error."""
    topics = load_course(folder).topics

    assert "adresses" == find_topic(topics, "ADRESSES et noms").id
    with pytest.raises(SetupError) as caught:
        find_topic(topics, "adrese")
    assert "adresses" == caught.value.details["near"]


def test_a_file_that_cannot_be_written_is_one_sentence(folder: Path) -> None:
    """Where a folder is missing, the old files stay and one sentence says so."""
    code, _, err = kb(folder, "export", "--output", str(folder / "nulle" / "part.md"))

    assert (1, 1) == (code, len(err.splitlines()))


def test_summary_counts_what_is_written(folder: Path) -> None:
    """A card with a text to write is not counted as having three levels."""
    kb(folder, "new", "adresses", "X")

    assert [(5, 4), (2, 2)] == [(topic.cards, topic.levels) for topic in summaries(load_course(folder))]
