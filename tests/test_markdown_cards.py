"""Cards as Markdown: what is written is read as the same cards, and a teacher's plainest file is understood."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.course_files import TopicFiles, merge, topics_of
from core.errors import MarkdownError
from core.knowledge import Card, CardFigure, Topic, is_slug, load_course, slug
from core.markdown_cards import LABELS, from_markdown, to_markdown
from core.messages import Level
from core.settings import shipped_course
from tests.courses import course_of

COURSE = course_of(shipped_course())
ODD_LINES = [
    *("# x", "## y {#z}", "### Titre", "#### Débutant", "####", "  ## z", "#nothing", "x\n===", "x\n---", "---", "* * *"),
    *(
        "Exemple : z",
        "**Exemple :** z",
        "Exemples :",
        "Idée fausse : f",
        "Correction : c",
        "Niveau : expert",
        "Voir aussi : a, b",
        "Exemple\u00a0: z",
    ),
    *("```", "````texte", "```python\n# code\n\nExemple : x\n```", "~~~", "    # indented", "- ```\n  # x\n  ```"),
    *("- a", "* b", "+ c", "1. d", "2) e", "- Exemple : f", "  Exemple : g", "> Exemple : h", "- a\n  b", "- a\nb"),
    *("| a | b |\n|---|---|\n| c | d |", "$$\nx\n$$", "![a](b.png)", "![a](b.png)\nx", "<!-- x", "<div>", "[a]: b", "x  ", "x\\", "texte", ""),
]
letters = st.characters(exclude_categories=["Cs", "Cc"])
lines = st.text(letters, min_size=1, max_size=40).filter(lambda text: bool(text.strip()))
texts = st.lists(st.sampled_from(ODD_LINES) | lines, min_size=1, max_size=6).map("\n".join).filter(lambda text: bool(text.strip()))
slugs = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,6}){0,2}", fullmatch=True)
odd_lines = st.sampled_from([line for line in ODD_LINES if line and "\n" not in line])
names = st.lists(lines | odd_lines, max_size=4).map(tuple)
levels = st.sampled_from(list(Level))


@st.composite
def cards(draw: st.DrawFn) -> Card:
    written = draw(st.dictionaries(levels, texts))
    difficulty = draw(levels)
    is_same = difficulty in written and draw(st.booleans())
    pairs = st.tuples(texts, texts)
    asked = draw(st.none() | pairs)
    figure = draw(st.none() | st.tuples(lines.filter(lambda text: "](" not in text), texts))
    return Card.model_validate(
        {
            "id": draw(slugs),
            "title": draw(lines | odd_lines),
            "content": written[difficulty] if is_same else draw(texts),
            "examples": draw(st.lists(texts, max_size=3)),
            "difficulty": difficulty,
            "levels": written,
            "aliases": draw(names),
            "keywords": draw(names),
            "phrasings": draw(names),
            "misconceptions": [{"claim": claim, "correction": true} for claim, true in draw(st.lists(pairs, max_size=2))],
            "check_question": asked and {"question": asked[0], "answer": asked[1]},
            "related": draw(st.lists(slugs, max_size=3)),
            "figure": figure and {"file": figure[0], "alt": figure[1]},
        }
    )


def one_card(text: str) -> Card:
    (topic,) = from_markdown(text).topics
    (card,) = topic.subtopics
    return card


def faults_of(text: str) -> list[tuple[int, str]]:
    with pytest.raises(MarkdownError) as caught:
        from_markdown(text)
    return [(int(fault.path), fault.key) for fault in caught.value.faults]


@settings(max_examples=150, deadline=None)
@given(st.lists(cards(), min_size=1, max_size=3, unique_by=lambda card: card.id))
@example([Card(id="a", title="# {#b}", content="```texte\nx\n```", difficulty=Level.ADVANCED, aliases=("---", "a, b"), examples=("a\n\nb",))])
@example([Card(id="a", title="b", content="c", difficulty=Level.BEGINNER, figure=CardFigure(file="a (b).png", alt="[c]\n\nd"))])
def test_any_card_comes_back_as_it_was(made: list[Card]) -> None:
    """Whatever stands in a card's fields, writing and reading gives the same card."""
    topic = Topic(id="sujet", title="Sujet # 1", subtopics=tuple(made))

    assert (topic,) == from_markdown(to_markdown([topic], "Cours")).topics


def test_every_field_has_its_place() -> None:
    """A field that cards gain must be written and read too."""
    told = {"id", "title", "content", "levels", "misconceptions", "check_question"}

    assert set(Card.model_fields) == told | set(LABELS) - {"claim", "correction", "question", "answer"}


def test_the_shipped_course_comes_back_whole(tmp_path: Path) -> None:
    """Exported and imported into a folder that holds nothing but course.json and figures, every card is the same."""
    text = to_markdown(COURSE.topics, COURSE.info.title)
    (tmp_path / "course.json").write_bytes((COURSE.folder / "course.json").read_bytes())
    for card in COURSE.cards:
        if card.figure:
            (tmp_path / card.figure.file).parent.mkdir(exist_ok=True)
            (tmp_path / card.figure.file).touch()
    files = TopicFiles(tmp_path)
    changes = merge(files, topics_of(tmp_path), from_markdown(text).topics)
    files.save()

    assert COURSE.topics == load_course(tmp_path).topics
    assert {"new"} == {change.state for change in changes}
    assert text == to_markdown(COURSE.topics, COURSE.info.title)


def test_the_plainest_file_is_a_course() -> None:
    """A heading, a paragraph, a list and an example are a beginner's card with an id made of its title."""
    card = one_card("## Adressage\n\n### L'adresse IP\n\nUn numéro.\n\n- quatre octets\n- ou seize\n\nExemple : 192.168.1.1\n")

    assert ("adresse-ip", "L'adresse IP", Level.BEGINNER) == (card.id, card.title, card.difficulty)
    assert "Un numéro.\n\n- quatre octets\n- ou seize" == card.content
    assert ("192.168.1.1",) == card.examples
    assert {} == card.levels


@pytest.mark.parametrize(
    "written",
    [
        *("Exemple : oui", "Exemple: oui", "Exemple\u00a0: oui", "Exemple\u202f:oui", "exemple : oui", "EXEMPLE : oui", "Exemple :\noui"),
        *("**Exemple :** oui", "**Exemple** : oui", "*Exemple :* oui", "__Exemple__\u00a0: oui", "***Exemple : *** oui", "_Exemple_: oui"),
        *(
            "Exemples :\n- oui",
            "Exemples :\n\n* oui",
            "**Exemples :**\n\n1. oui",
            "Exemples :\n+ oui\n",
            "#### Exemple\n\noui",
            "#### Exemples :\n- oui",
        ),
    ],
)
def test_labels_as_people_write_them(written: str) -> None:
    """Bold or not, with any space before the colon, in the line or below it, a label is a label."""
    card = one_card(f"## Sujet\n### Titre\nDu texte.\n- un point\n{written}\n")

    assert (("oui",), "Du texte.\n- un point") == (card.examples, card.content)


@pytest.mark.parametrize("mark", ["-", "*", "+", "1.", "1)"])
def test_lists_of_every_mark(mark: str) -> None:
    """A list after a label gives one example per item; in the text, stars and pluses become the dashes of the other cards."""
    card = one_card(f"## S\n### T\nTexte\n\n{mark} un\n{mark} deux\n\nExemples :\n{mark} a\n  b\n{mark} c\n\nFin.")

    assert ("a b", "c") == card.examples
    shown = mark if mark[0] == "1" else "-"
    assert f"Texte\n\n{shown} un\n{shown} deux\n\nFin." == card.content


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n"), lambda text: text.replace("\n", "\r")])
def test_files_of_every_system(change: object) -> None:
    """A byte order mark and the line ends of Windows or old Macs change nothing."""
    text = "# Cours\n## Sujet\n### Titre\nTexte\nExemple : x\n"

    assert callable(change)
    assert from_markdown(text) == from_markdown(change(text))


def test_code_is_never_a_heading_or_a_label() -> None:
    """Between fences, in a list too, `#` and `Exemple :` are code."""
    code = "```python\n# Exemple : un\n\n## deux\nExemple : trois\n```\n\n- a\n\n  ```\n### quatre\n  ```"
    held = code.replace("### quatre", "  ### quatre")
    card = one_card(f"## S\n### T\nTexte.\n\n{held}\n\nExemple :\n\n```sh\n# cinq\n```\n")

    assert f"Texte.\n\n{held}" == card.content
    assert ("```sh\n# cinq\n```",) == card.examples


def test_wrapped_lines_are_one_line() -> None:
    """A paragraph that an editor broke is one line again; a hard break, a table and a formula keep their lines."""
    card = one_card("## S\n### T\nUne phrase\ncoupée.  \nVers\n\n- un\n  point\n\n| a |\n|---|\n| b |\n\n$$\nx\n$$\n\n---\n")

    assert "Une phrase coupée.  \nVers\n\n- un point\n\n| a |\n|---|\n| b |\n\n$$\nx\n$$" == card.content


def test_every_label_fills_its_field() -> None:
    """All that a card can hold may be written by hand; titles serve as related cards."""
    text = """
## Sujet
### Le DNS {#dns}
Niveau : intermédiaire
Aussi appelé : annuaire ; nom de domaine, résolution
Mots-clés :
- cache
- un, deux
Formulations : comment trouver un site, vite ?
#### Niveau débutant
facile
#### Avancée
dur

![une flèche](figures/dns.png)

Idée fausse : le DNS chiffre.
Correction : non.
Question : à quoi bon ?
Réponse : à traduire.
Voir aussi : L'adresse IP, masque
#### Intermédiaire
moyen
### L'adresse IP {#ip}
x
"""
    (topic,) = from_markdown(text).topics
    card = topic.subtopics[0]

    assert {Level.BEGINNER: "facile", Level.INTERMEDIATE: "moyen", Level.ADVANCED: "dur"} == card.levels
    assert ("moyen", Level.INTERMEDIATE) == (card.content, card.difficulty)
    assert (("annuaire", "nom de domaine", "résolution"), ("cache", "un, deux")) == (card.aliases, card.keywords)
    assert (("comment trouver un site, vite ?",), ("ip", "masque")) == (card.phrasings, card.related)
    assert CardFigure(file="figures/dns.png", alt="une flèche") == card.figure
    assert [("le DNS chiffre.", "non.")] == [(belief.claim, belief.correction) for belief in card.misconceptions]
    assert card.check_question is not None
    assert ("à quoi bon ?", "à traduire.") == (card.check_question.question, card.check_question.answer)


def test_known_titles_keep_their_ids() -> None:
    """A heading without an id is the course's topic or card of that title; with an id it is that one."""
    known = [Topic(id="vue", title="La vue", subtopics=(Card(id="oeil", title="L'œil humain", content="x", difficulty=Level.BEGINNER),))]
    (topic,) = from_markdown("## la VUE\n### L'oeil humain\ny\n### **Autre**\nz", known=known).topics

    assert ("vue", "La vue") == (topic.id, topic.title)
    assert [("oeil", "L'oeil humain"), ("autre", "Autre")] == [(card.id, card.title) for card in topic.subtopics]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", [(1, "fault-md-no-topic")]),
        ("### Titre\nTexte\n", [(1, "fault-md-no-topic")]),
        ("# Sujet\n\nTexte\n", [(1, "fault-md-no-topic")]),
        ("### A\nx\n## S\n### B\ny", [(1, "fault-md-orphan")]),
        (
            "avant\n# C\n# D\n## S\n\nperdu\n## V\n",
            [(1, "fault-md-stray"), (3, "fault-md-second-title"), (6, "fault-md-stray"), (7, "fault-md-no-card")],
        ),
        ("## S\n#### Débutant\nx", [(2, "fault-md-stray")]),
        ("## S\n### \nx\n### B\n", [(2, "fault-md-title"), (4, "fault-md-no-text")]),
        ("## S\n### A\nx\n#### Débutan\ny", [(4, "fault-md-section")]),
        ("## S\n### A\n#### Avancé\nx\n#### avancée\ny", [(5, "fault-md-twice")]),
        ("## S\n### A\nx\nNiveau : moyen\nNiveau : avancé", [(4, "fault-level"), (5, "fault-md-twice")]),
        ("## S\n### A\nx\nCorrection : c\nIdée fausse : f", [(4, "fault-md-pair-alone"), (5, "fault-md-pair")]),
        ("## S\n### A\nx\nQuestion : c\n\ny", [(4, "fault-md-pair")]),
        ("## S\n### A\nx\n\nFigure : a.png", [(5, "fault-md-figure")]),
        ("## S\n### A\nx\n#### Exemple\ny\n\nVoir aussi : b\n\nperdu", [(4, "fault-md-after-label")]),
        ("## S\n### A {#Pas bon}\nx\n### 漢\ny\n### B {#a}\nz\n### A\nw", [(2, "fault-id"), (4, "fault-md-no-id"), (8, "fault-md-double")]),
        ("## S\n### A\nx\n## S\n### B\ny", [(4, "fault-md-double")]),
        ("## S\n### A\nx\n```\n### B\ny", [(4, "fault-md-fence")]),
        ("## S\n### A\nx\nVoir aussi : 漢", [(4, "fault-id")]),
    ],
)
def test_every_fault_is_told_with_its_line(text: str, faults: list[tuple[int, str]]) -> None:
    """What cannot be understood, or would be lost, is told at once, each with its line, and nothing is read."""
    assert faults == faults_of(text)


@given(st.text(max_size=200) | texts)
def test_any_text_is_cards_or_faults(text: str) -> None:
    """Whatever a file holds, it is read or its faults are told."""
    try:
        pages = from_markdown(text)
    except MarkdownError as error:
        told = len(error.faults)
    else:
        told = len(pages.topics)
    assert told


@pytest.mark.parametrize(
    ("title", "made"),
    [("L'opération de convolution", "operation-de-convolution"), ("Le cœur", "coeur"), ("La", "la"), ("C++ & C#", "c-c"), ("漢字", ""), ("", "")],
)
def test_ids_made_of_titles(title: str, made: str) -> None:
    """An id keeps a title's plain letters and digits, without its first article."""
    assert made == slug(title)


@given(st.text())
def test_an_id_is_short_and_sound(title: str) -> None:
    """Whatever the title, its id is none or one that a card may have."""
    made = slug(title)

    assert not made or is_slug(made)
    assert len(made) <= 60
    assert not re.search(r"\s", made)
