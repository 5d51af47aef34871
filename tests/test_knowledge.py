"""Loading a course: whole, or not at all with every fault told."""

import json
from pathlib import Path

import pytest

from core.errors import CourseError, Unknown
from core.knowledge import load_course, read_level
from core.messages import Level

INFO = {
    "title": "Réseaux",
    "subject": "les réseaux",
    "audience": "apprentis",
    "example_domains": ["un switch"],
    "example_questions": ["Un VLAN ?", "Une IP ?", "Un port ?"],
}


def card(**changes: object) -> dict[str, object]:
    return {"id": "vlan", "title": "VLAN", "content": "Un réseau dans le réseau.", "examples": [], "difficulty": "beginner"} | changes


def write(folder: Path, **files: object) -> Path:
    for name, content in {"course": INFO, **files}.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def topic(*cards: dict[str, object], name: str = "couche-2") -> dict[str, list[object]]:
    return {"topics": [{"id": name, "title": "Couche 2", "subtopics": list(cards)}]}


def faults_of(folder: Path) -> list[tuple[str, str, str]]:
    with pytest.raises(CourseError) as caught:
        load_course(folder)
    return [(fault.file, fault.path, fault.key) for fault in caught.value.faults]


def test_the_course_documents_own_shape_loads(tmp_path: Path) -> None:
    """A file with nothing but id, title, content, examples and difficulty is a course."""
    course = load_course(write(tmp_path, a=topic(card())))

    assert "Un réseau dans le réseau." == course.card("vlan").text(Level.ADVANCED)


def test_a_file_may_hold_several_topics(tmp_path: Path) -> None:
    """Topics of one file stand beside each other, in the order that course.json gives."""
    both = {"topics": topic(card())["topics"] + topic(card(id="ip"), name="couche-3")["topics"]}
    course = load_course(write(tmp_path, a=both, course=INFO | {"topics": ["couche-3", "couche-2"]}))

    assert ["couche-3", "couche-2"] == [topic.id for topic in course.topics]


@pytest.mark.parametrize("name", ["débutant", "Debutant", "beginner", "DÉBUTANTE"])
def test_levels_have_french_names_too(name: str) -> None:
    """A level's code and its French name, accents or not, are one level."""
    assert read_level(name) == Level.BEGINNER


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    """Each fault names its file, its JSON path and what is wrong; nothing is loaded."""
    bad = topic(card(difficulty="facile", colour="red"), card(id="VLAN 2", title=""), {"id": "x", "title": "X"})
    found = faults_of(write(tmp_path, a=bad, b="{", c=topic(card(), name="autre"), d=topic(card(), name="encore")))

    assert [
        ("a.json", "$.topics[0].subtopics[0].difficulty", "fault-level"),
        ("a.json", "$.topics[0].subtopics[0].colour", "fault-field-unknown"),
        ("a.json", "$.topics[0].subtopics[1].id", "fault-id"),
        ("a.json", "$.topics[0].subtopics[1].title", "fault-empty"),
        ("a.json", "$.topics[0].subtopics[2].content", "fault-field-missing"),
        ("a.json", "$.topics[0].subtopics[2].difficulty", "fault-field-missing"),
        ("b.json", "", "fault-not-json"),
        ("d.json", "$.topics[0].subtopics[0].id", "fault-double"),
    ] == found


@pytest.mark.parametrize(
    ("content", "key"),
    [("[" * 100_000, "fault-too-nested"), ("[]", "fault-not-object"), ("", "fault-not-json"), ('{"topics": 3}', "fault-not-list")],
)
def test_hostile_files_are_faults(tmp_path: Path, content: str, key: str) -> None:
    """Whatever a file holds, the answer is a fault and no crash."""
    assert key in [fault[2] for fault in faults_of(write(tmp_path, a=content))]


def test_a_file_in_latin_1_is_a_fault(tmp_path: Path) -> None:
    """A file that is no UTF-8 says so."""
    write(tmp_path)
    (tmp_path / "a.json").write_bytes("é".encode("latin-1"))

    assert ("a.json", "", "fault-not-utf8") in faults_of(tmp_path)


def test_an_empty_folder_says_what_is_missing(tmp_path: Path) -> None:
    """Without course.json and topics, both are told."""
    assert ["fault-file-missing", "fault-no-topics"] == [fault[2] for fault in faults_of(tmp_path)]


def test_what_the_course_is_not_about_stands_beside_it(tmp_path: Path) -> None:
    """`outside.json` holds subjects and no cards; a course does without."""
    told = {"subjects": [{"title": "La pêche", "phrasings": ["quel filet pour la sardine"]}]}
    without = load_course(write(tmp_path, a=topic(card())))
    course = load_course(write(tmp_path, outside=told))

    assert () == without.outside
    assert [("La pêche", ("quel filet pour la sardine",))] == [(subject.title, subject.phrasings) for subject in course.outside]
    assert without.cards == course.cards
    assert without.version == course.version


def test_faults_of_what_is_outside_are_told(tmp_path: Path) -> None:
    """A subject without phrasings and a word that is no field are told with their place."""
    write(
        tmp_path,
        a=topic(card()),
        outside={"subjects": [{"title": "La pêche", "phrasings": []}, {"titre": "Le ski", "title": "Le ski", "phrasings": ["neige"]}]},
    )

    assert [
        ("outside.json", "$.subjects[0].phrasings", "fault-too-few"),
        ("outside.json", "$.subjects[1].titre", "fault-field-unknown"),
    ] == faults_of(tmp_path)


def test_dead_links_and_double_aliases_are_warnings(tmp_path: Path) -> None:
    """What a teacher should mend without stopping the class is a warning."""
    first = card(related=["nowhere"], aliases=["a", "b", "c", "d"])
    course = load_course(write(tmp_path, a=topic(first, card(id="ip", aliases=["A", "e", "f", "g"]))))

    keys = [warning.key for warning in course.warnings]
    assert {"fault-dead-link", "fault-alias-double", "fault-level-missing", "fault-not-calibrated"} == set(keys)
    assert () == course.related("vlan")


def test_unknown_cards_are_refused(tmp_path: Path) -> None:
    """Asking for a card that is not there raises Unknown."""
    course = load_course(write(tmp_path, a=topic(card())))

    with pytest.raises(Unknown):
        course.card("ip")


def test_neighbours_cross_topics(tmp_path: Path) -> None:
    """Before the first and behind the last card there is none."""
    course = load_course(write(tmp_path, a=topic(card()), b=topic(card(id="ip"), name="couche-3")))

    assert (None, course.card("ip")) == course.neighbours("vlan")
    assert (course.card("vlan"), None) == course.neighbours("ip")


def test_the_version_changes_with_the_text(tmp_path: Path) -> None:
    """An edited card is another version of the course."""
    before = load_course(write(tmp_path, a=topic(card()))).version

    assert before != load_course(write(tmp_path, a=topic(card(content="Autre chose.")))).version
