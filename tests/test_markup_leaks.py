"""The instructions given to the model never come back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.knowledge import load_course
from core.markup import Growing, Rules, clean, plain
from core.markup.leaks import LONGEST, MARK
from core.profond import course_template
from core.prompt import instructions
from core.settings import Settings
from tests.test_markup import FRAGMENTS, OFTEN

SECRET = (
    "Tu es un assistant du cours. Tu aides des élèves à comprendre $subject sans jamais donner la solution d'un devoir noté.\n"
    "1. Utilise un langage simple et accessible, et explique chaque terme nouveau.\n"
    "2. Commence par une définition courte, en une phrase, puis donne trois points."
)
RULES = Rules(links=("https://ok.fr/cours",), sources=("convolution", "pourquoi-optimiser"), secret=SECRET)
RUN = "Utilise un langage simple et accessible, et explique chaque terme nouveau. 2. Commence par une définition courte"
SPELT = [
    RUN,
    RUN.upper(),
    RUN.replace(" ", "  \u200b"),
    RUN.replace(" et ", " **et** ").replace("langage", "*langage*"),
    RUN.replace(", ", " — ").replace(".", "\n\n- "),
    "> " + RUN.replace(" simple", "\n> simple"),
    "<b>" + RUN.replace(" un ", " <i>un</i> ") + "</b>",
    "```\n" + RUN.replace(". ", "\n") + "\n```\n",
    "`" + RUN + "`",
    "| a |\n|---|\n| " + RUN + " |\n",
    "#### " + RUN,
]
PIECES = [*RUN.split(" "), RUN, RUN[:40], *SECRET.split("\n"), "**", "`", "\n", "\n\n", "- ", "```\n", "une image est un tableau "]
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.sampled_from(FRAGMENTS)), max_size=16).map(" ".join)


def words(text: str) -> list[str]:
    prose = re.sub(r"^```.*$", "", text, flags=re.MULTILINE)
    return re.findall(r"[^\W_]+", prose.lower())


def longest_run(text: str, secret: str = SECRET) -> int:
    known, said = f" {' '.join(words(re.sub(r'[$][a-z_]+', 'xxx', secret)))} ", words(text)
    longest = 0
    for start in range(len(said)):
        while f" {' '.join(said[start : start + longest + 1])} " in known and start + longest < len(said):
            longest += 1
    return longest


@pytest.mark.parametrize("text", SPELT)
def test_a_run_is_taken_out_however_it_is_set(text: str) -> None:
    """Case, marks, invisible characters, tags, lines, code and tables hide nothing."""
    shown = clean(f"Voici : {text}" if text[0] not in "|`#>" else text, RULES)

    assert longest_run(shown) <= LONGEST
    assert MARK in shown


def test_what_stands_around_stays() -> None:
    """The first words of a run stay, and everything before and behind it."""
    assert f"Avant. Utilise un langage {MARK} et après." == clean(f"Avant. {RUN} et après.", RULES)


def test_eleven_words_and_cards_stay() -> None:
    """Eleven words in a row are nobody's secret; without instructions nothing is taken out."""
    eleven = " ".join(RUN.split(" ")[:11])

    assert 11 == len(words(eleven))
    assert eleven == clean(eleven, RULES)
    assert RUN == clean(RUN, Rules())


def test_a_gap_does_not_join_what_is_around_it() -> None:
    """Taking a run out makes no new run of what stood on both sides."""
    first, second = " ".join(words(SECRET)[:9]), " ".join(words(SECRET)[9:15])
    shown = clean(f"{first} {RUN} {second}", RULES)

    assert longest_run(shown) <= LONGEST


@OFTEN
@given(TEXTS)
def test_no_run_is_left(text: str) -> None:
    """Whatever the text, no twelve words in a row of the instructions are shown."""
    assert longest_run(clean(text, RULES)) <= LONGEST


@OFTEN
@given(TEXTS, st.integers(1, 12))
def test_a_stream_never_shows_a_run_and_takes_nothing_back(text: str, size: int) -> None:
    """Each shown text begins the next one and the one-shot rendering, as Markdown and as plain text."""
    final, growing, before = clean(text, RULES), Growing(RULES), ""
    for end in range(0, len(text) + size, size):
        shown = growing.shown(text[:end])
        assert shown.startswith(before)
        assert final.startswith(shown)
        assert plain(final).startswith(plain(shown))
        before = shown


@OFTEN
@given(TEXTS, st.integers(1, 12))
def test_an_open_fence_is_shown_closed_or_not_at_all(text: str, size: int) -> None:
    """With `keeps_fences` the same holds, but for the closing line of the last fence."""
    final, growing = clean(text, RULES), Growing(RULES, keeps_fences=True)
    for end in range(0, len(text) + size, size):
        shown = growing.shown(text[:end])
        assert final.startswith((shown, shown.removesuffix("```\n")))
        assert 0 == shown.count("```") % 2


def test_the_shipped_instructions_are_secret() -> None:
    """Every section of the shipped prompt is taken out, filled in or not; the course's cards are not."""
    course = load_course(Settings(_env_file=None).course_folder)
    secret = instructions(course_template(course), course)
    rules = Rules(secret=secret)

    assert longest_run(clean(secret, rules), secret) <= LONGEST
    assert [] == [card.id for card in course.cards if MARK in clean(card.content, rules)]
