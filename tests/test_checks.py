"""The checks of an answer that need no model: each lets a good answer pass and catches the fault it is named after."""

from dataclasses import replace

import pytest

from core.checks import CHECKS, LEVEL_CHECKS, Checker, Seen, check_levels
from core.messages import Answer, Choice, Completion, Level, Writer, Zone
from core.readability import reading_ease, syllables
from core.settings import shipped_course
from tests.courses import course_of

COURSE = course_of(shipped_course())
CHECKER = Checker(COURSE)
CARD = COURSE.card("pooling")
GOOD = """Le **pooling** (sous-échantillonnage) réduit la taille d'une carte : il garde l'essentiel et jette le reste [1].

- Il découpe la carte en petits carrés.
- Il garde une seule valeur dans chaque carré.
- Il laisse moins de calculs à la couche qui suit.

Imagine une photo que tu regardes de loin : tu vois moins de détails, mais tu reconnais toujours la scène, et plus vite.

**Exemple** : dans une appli qui trie les captures d'écran d'un ticket GLPI, le pooling allège les images avant le choix.

À ton avis, que perd-on quand on réduit trop la carte ?"""
UNSURE = "Je ne suis pas sûr de bien comprendre ta question. Voici les fiches du cours qui s'en approchent le plus."
OUTSIDE = "Ça, ce n'est pas dans mon cours, alors je préfère ne pas inventer. Pour le reste, demande à ton prof."


def seen(text: str = GOOD, **changes: object) -> Seen:
    """Return an answer in the sure zone; `changes` are the answer's."""
    base = Answer(
        id="a" * 32,
        parts=(text,),
        zone=Zone.SURE,
        writer=Writer.MODEL,
        level=Level.BEGINNER,
        sources=(Choice(CARD.title, CARD.id),),
        completion=Completion(model="mistral-small-2603"),
    )
    answer = replace(base, **changes)  # type: ignore[arg-type]  # fields by name
    return Seen(question="C'est quoi le pooling ?", targets=[CARD.id], answer=answer, retrieved=[CARD.id, "convolution"], writer=Writer.MODEL)


def failed(one: Seen) -> list[str]:
    """Return the names of the checks that an answer fails."""
    return [name for name, wrong in CHECKER.check(one).items() if wrong]


def test_a_good_answer_passes_every_check() -> None:
    """Nothing is wrong with an answer that is made as the guide says."""
    assert dict.fromkeys(set(CHECKS) - {"no-card"}, "") == CHECKER.check(seen())


FAULTS: list[tuple[str, str, str]] = [
    (
        "french",
        "Le **pooling**",
        "The pooling is the one of the most used of all layers in the field and it is for the size of the map, that is to say " * 3,
    ),
    ("points", "- Il découpe", "Il découpe"),
    ("example", "une appli qui trie les captures d'écran d'un ticket GLPI", "des photos de vacances à la mer"),
    ("example", "**Exemple** : dans", "Dans"),
    ("certainty", "À ton avis", "Je ne suis pas sûr de moi. À ton avis"),
    ("certainty", "À ton avis", "Les fiches ne disent pas tout. À ton avis"),
    ("sources", "[1]", "[7]"),
    ("facts", "moins de calculs", "73 % de calculs en moins"),
    ("facts", "moins de calculs", "8317 calculs de moins"),
    ("facts", "moins de calculs", "moins de calculs, par `ghost_layer`"),
    ("facts", "moins de calculs", "moins de calculs, dans TensorGhost"),
    ("length", "Imagine", "La carte est réduite encore une fois. " * 20 + "Imagine"),
    ("end", "trop la carte ?", "trop la carte ? Bon courage."),
    ("safe", "À ton avis", "@everyone À ton avis"),
    ("safe", "À ton avis", "<!channel> À ton avis"),
    ("safe", "À ton avis", "<@U123456> À ton avis"),
    ("safe", "À ton avis", "Écris à prof@ecole-exemple.fr. À ton avis"),
    ("safe", "À ton avis", "Appelle le 06 12 34 56 78. À ton avis"),
    ("safe", "À ton avis", "Ma clé : sk-abcdefghijklmnop1234. À ton avis"),
]


@pytest.mark.parametrize(("check", "good", "bad"), FAULTS, ids=[f"{check}-{place}" for place, (check, *_) in enumerate(FAULTS)])
def test_a_fault_is_caught_by_its_check(check: str, good: str, bad: str) -> None:
    """One fault put into the good answer fails the check that looks for it; figures in an address also stand in no card."""
    assert good in GOOD
    caught = failed(seen(GOOD.replace(good, bad)))

    assert check in caught
    assert set(caught) <= {check, "facts", "length"}


@pytest.mark.parametrize(
    ("check", "one"),
    [
        ("writer", seen(writer=Writer.CARDS)),
        ("writer", seen(is_whole=False)),
        ("sources", seen(sources=())),
        ("sources", seen(sources=(Choice("Le GPU", "gpu-cpu"), Choice(CARD.title, CARD.id)))),
        ("sources", seen(sources=(Choice("Rien", "no-such-card"), Choice(CARD.title, CARD.id)))),
        ("target", seen(sources=(Choice("Convolution", "convolution"),))),
        ("length", seen(GOOD.split("\n\n", 1)[0] + " - a\n- b\n- c\nExemple : un script ?")),
        ("certainty", seen("Voici les fiches du cours qui s'en approchent le plus, dis-moi si l'une d'elles te va.", zone=Zone.UNSURE, sources=())),
        ("no-card", seen(f"{OUTSIDE} {CARD.content}", zone=Zone.OUTSIDE, sources=())),
        ("no-card", seen(OUTSIDE, zone=Zone.OUTSIDE)),
        ("no-card", replace(seen(), targets=[])),
        ("safe", seen("Bonjour <@U123456>", zone=Zone.SMALL_TALK, sources=())),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_around_the_text_is_caught(check: str, one: Seen) -> None:
    """Who wrote it, what it rests on, how long it is and what is shown off topic are looked at too."""
    assert check in failed(one)


@pytest.mark.parametrize(("text", "zone"), [(UNSURE, Zone.UNSURE), (OUTSIDE, Zone.OUTSIDE), ("Avec plaisir !", Zone.SMALL_TALK)])
def test_an_answer_that_does_not_pretend_passes(text: str, zone: Zone) -> None:
    """In the other zones no shape is asked for, and what is said there is right."""
    one = seen(text, zone=zone, sources=(), writer=Writer.NOBODY)

    assert [] == failed(one)
    assert "points" not in CHECKER.check(one)


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("[1].", "[1] [2]."),
        GOOD.replace("À ton avis", "Le modèle dit « je ne suis pas sûr ». À ton avis"),
        GOOD.replace("**Exemple** : dans", "Par exemple, dans"),
        GOOD.replace("**Exemple** : dans", "**Exemple concret :**\n\nDans"),
        GOOD.replace("trop la carte ?", "trop la carte ?** [1]"),
        GOOD.replace("- Il", "• Il"),
        GOOD.replace("petits carrés", "2 ou 3 petits carrés"),
        GOOD.replace("Imagine", "```python\nrows[9] = ghost_layer(8317)\n```\n\nImagine"),
        GOOD.replace("- Il découpe", "1. Il découpe").replace("- Il garde", "2. Il garde").replace("- Il laisse", "3. Il laisse"),
    ],
)
def test_what_is_no_fault_is_let_pass(text: str) -> None:
    """Two sources, a quoted doubt, other markers and lists, bare digits and code of a fence are all good."""
    assert [] == failed(seen(text))


@pytest.mark.parametrize(("said", "known"), [("1\u202f000 images", "1 000"), ("0,5 s", "0.5"), ("1000 images", "1 000"), ("25 %", "25 %")])
def test_a_number_is_known_however_it_is_written(said: str, known: str) -> None:
    """A figure of the question may be said in another writing."""
    text = GOOD.replace("petits carrés", said)

    assert "facts" in failed(seen(text))
    assert [] == failed(replace(seen(text), question=f"Et avec {known} ?"))


def test_a_part_of_a_number_is_not_that_number() -> None:
    """83 does not stand in 8317, nor 17."""
    for part in ("83", "17"):
        one = replace(seen(GOOD.replace("petits carrés", f"{part} carrés")), question="Et avec 8317 ?")
        assert "facts" in failed(one)


def test_a_word_within_a_word_ties_nothing_to_computing() -> None:
    """A logic, a stable and the rest hold log, table and REST, and are none."""
    text = GOOD.replace("une appli qui trie les captures d'écran d'un ticket GLPI", "un dialogue rapide, une logique stable et le reste")

    assert "example" in failed(seen(text))


def answers(**texts: str) -> dict[Level, Answer]:
    return {Level[name.upper()]: seen(text, level=Level[name.upper()]).answer for name, text in texts.items()}


HARD = GOOD.replace("- Il", "- L'opération d'agrégation multidimensionnelle considérée") + "\n"


def test_levels_that_differ_as_they_should_pass() -> None:
    """Easier for a beginner, in short sentences, from one card."""
    assert dict.fromkeys(LEVEL_CHECKS, "") == check_levels(COURSE, answers(beginner=GOOD, advanced=HARD))


def test_levels_that_do_not_differ_are_caught() -> None:
    """The same text twice is not easier; a text the wrong way round is not either."""
    assert ["easier"] == [name for name, wrong in check_levels(COURSE, answers(beginner=GOOD, advanced=GOOD)).items() if wrong]
    assert check_levels(COURSE, answers(beginner=HARD, advanced=GOOD))["easier"]


def test_long_sentences_for_a_beginner_are_caught() -> None:
    """More than 15 words a sentence is too long."""
    long = GOOD.replace(".", " et").replace("\n", " ").replace(" : ", " ")

    assert check_levels(COURSE, answers(beginner=long))["sentences"]
    assert "" == check_levels(COURSE, answers(beginner=GOOD))["sentences"]


def test_levels_from_two_cards_or_zones_are_caught() -> None:
    """One question has one card, in one zone, at every level."""
    two = answers(beginner=GOOD, advanced=HARD)
    other = replace(two[Level.ADVANCED], sources=(Choice("Convolution", "convolution"),))
    unsure = seen(UNSURE, zone=Zone.UNSURE, sources=()).answer

    assert "convolution pooling" == check_levels(COURSE, two | {Level.ADVANCED: other})["same-card"]
    assert "pooling unsure" == check_levels(COURSE, two | {Level.ADVANCED: unsure})["same-card"]
    assert {} == check_levels(COURSE, {Level.BEGINNER: unsure})


def test_every_check_is_tried_with_a_fault() -> None:
    """No check is without an example that fails it."""
    tried = {check for check, *_ in FAULTS} | {"writer", "target", "no-card"}

    assert set(CHECKS) == tried


def test_reading_ease_falls_with_long_words_and_sentences() -> None:
    """Kandel and Moles' figure is higher for plain writing; code and the title count for nothing."""
    plain, hard = "Le chat dort. Il rêve.", "L'administration intercommunale considère quotidiennement cette réorganisation."

    assert reading_ease(plain) > reading_ease(hard) + 50
    assert reading_ease(plain) == reading_ease(f"{plain} `internationalisation`")
    assert reading_ease(plain) == reading_ease(f"Rétropropagation {plain}", "Rétropropagation ")
    assert [1, 2, 1] == [syllables(word) for word in ("table", "modèle", "le")]
