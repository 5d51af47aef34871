"""A model that turns in circles, answers in another language, or writes nothing to see."""

from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ModelAway
from core.knowledge import load_course
from core.markup.watch import LOOPED, NothingToSee, Watch, WrongLanguage, watched
from core.messages import Completion, Level, Piece, Place, Question
from core.settings import Settings
from tests.test_markup import OFTEN

ASKED = Question(text="C'est quoi une convolution ?", person="t:a", conversation="t", event="e")
ENGLISH = (
    "An image is a grid of numbers and a convolution slides a small filter over the image, computing at each position a weighted sum "
    "of the pixels under the filter. The idea is to detect a local pattern wherever it stands in the image."
)
CARD = (
    "Une convolution glisse un petit filtre sur l'image et calcule, à chaque position, une somme pondérée des pixels. L'idée : repérer un "
    "motif où qu'il soit, par exemple un bord ou une texture, avec peu de poids, partagés par toutes les positions, ce qui rend le tout léger."
)
LOOPS = [
    ("Le réseau apprend. " * 9, 2, "Le réseau apprend."),
    ("- Le filtre glisse sur l'image.\n" * 5, 2, "Le filtre glisse"),
    ("".join(f"{n}. Le filtre glisse partout.\n" for n in range(1, 9)), 2, "Le filtre"),
    ("Un deux trois. Quatre cinq six. " * 4, 2, "Quatre"),
    ("très " * 40, 2, "très"),
    ("```py\n" + "x = layer(x)\n" * 60, 2, "layer"),
]


def read(text: str, size: int = 7, asked: Question = ASKED) -> tuple[str, bool]:
    """Return what a watch passes on of a text that comes in pieces, and whether it saw a loop."""
    watch, out = Watch(asked), ""
    for start in range(0, len(text), size):
        out += watch.add(text[start : start + size])
        if watch.has_looped:
            return out, True
    return out + watch.end(), watch.has_looped


@pytest.mark.parametrize(("text", "copies", "said"), LOOPS)
@pytest.mark.parametrize("size", [1, 5, 10_000])
def test_a_loop_is_cut_before_its_third_copy(text: str, copies: int, said: str, size: int) -> None:
    """The stream ends; what repeats itself was shown twice at most, however the pieces came."""
    shown, has_looped = read(f"Voilà pourquoi il converge. {text}" if text[0] != "`" else text, size)

    assert has_looped
    assert copies == shown.count(said)


def test_a_loop_that_grows_is_seen() -> None:
    """Each turn says a bit more: few combinations of words, again and again."""
    parts = "le chat dort bien ici ce soir encore près du feu".split()
    text = ". ".join(" ".join(parts[: 1 + n % len(parts)]) for n in range(80))

    assert read(text)[1]


@pytest.mark.parametrize(
    "text",
    [
        "Un filtre. Un filtre encore. Le filtre de taille 3, le filtre de taille 5, le filtre de taille 7.",
        "- Conv 3x3 ReLU\n- Pool\n" * 2 + "- Dense",
        "```py\n" + "model.add(Dense(10))\n" * 6 + "```\nVoilà.",
        "Non, non et non. Oui oui oui.",
        "Il a dit : le chat dort, le chat dort, et puis il est parti.",
        "",
    ],
)
def test_ordinary_repetition_is_no_loop(text: str) -> None:
    """Parallel points, code that repeats itself and emphasis pass whole."""
    text += " Fin de la réponse."
    assert (text, False) == read(text, 3)


@OFTEN
@given(
    st.lists(st.sampled_from(["le ", "chat ", "dort. ", "\n", "- ", "```\n", "~~~ ", "x", "1. ", "été "]), max_size=40).map("".join),
    st.integers(1, 9),
)
def test_pieces_change_nothing(text: str, size: int) -> None:
    """What is passed on depends on the text alone; without a loop it is the whole text."""
    text = f"Voici.\n{text} fin"
    one, many = read(text, len(text)), read(text, size)

    assert one == many
    assert text.startswith(one[0])
    assert one[1] or one[0] == text


def test_another_language_is_noticed_early() -> None:
    """After twenty-five words without French the model is given up; letters of other scripts count as words."""
    for text in (ENGLISH, "卷积神经网络是一种用于图像识别的深度学习模型它通过滑动滤波器提取特征"):
        with pytest.raises(WrongLanguage):
            read(text)
    with pytest.raises(WrongLanguage):
        read("Bien sûr, voici une explication de ce qu'est une convolution. " + ENGLISH * 3)


@pytest.mark.parametrize("text", ["Explique en anglais", "traduis : le chat dort", "what is the meaning of this error message"])
def test_who_wants_another_language_gets_it(text: str) -> None:
    """A question about a language, or in one, may be answered in it; so may one in the English words."""
    asked = Question(text=text, person="t:a", conversation="t", event="e")

    assert (ENGLISH, False) == read(ENGLISH, asked=asked)
    assert (ENGLISH, False) == read(ENGLISH, asked=Question(text="c'est quoi ?", person="t:a", conversation="t", event="e", lang="en"))


def test_every_card_is_french_and_no_loop() -> None:
    """The shipped cards, at every level, pass whole."""
    course = load_course(Settings(_env_file=None).course_folder)
    for card in course.cards:
        for level in Level:
            text = "\n\n".join([f"**{card.title}**", card.text(level), *card.examples])
            assert (text, False) == read(text, 400)


@pytest.mark.parametrize("text", ["", "  \n", "<!-- rien -->", "\u200b\u200b", "```\n\n```", "<b></b>"])
def test_nothing_to_see_is_no_answer(text: str) -> None:
    """A text that shows nothing counts as a model that is away."""
    with pytest.raises(NothingToSee):
        read(text)


async def pieces(*given: Piece) -> AsyncGenerator[Piece, None]:
    for piece in given:
        yield piece


async def test_a_stream_passes_unchanged() -> None:
    """Places, text and the end come through."""
    end = Completion(model="m")
    given: list[Piece] = [Place(2, 4.0), "Une convolution glisse ", "un filtre.", end]

    assert given == [piece async for piece in watched(pieces(*given), ASKED)]


async def test_a_loop_ends_the_stream() -> None:
    """No piece behind a loop is asked for, and the end says why."""
    asked = 0

    async def endless() -> AsyncGenerator[Piece, None]:
        nonlocal asked
        while True:
            asked += 1
            yield "Le réseau apprend les poids. " if asked > 1 else f"{CARD} "

    got = [piece async for piece in watched(endless(), ASKED)]
    assert Completion(finish_reason=LOOPED) == got[-1]
    assert asked == 5


async def test_a_loop_at_the_very_end_keeps_its_usage() -> None:
    """Where the third copy is the last thing written, the Completion is the model's own."""
    got = [piece async for piece in watched(pieces(CARD, " Le réseau apprend." * 3, Completion(model="m")), ASKED)]

    assert f"{CARD} Le réseau apprend. Le réseau apprend." == "".join(piece for piece in got if isinstance(piece, str))
    assert [Completion(model="m", finish_reason=LOOPED)] == got[-1:]


async def test_a_loop_that_says_nothing_hands_over() -> None:
    """Before forty words, what was said is no answer: it raises ModelAway, and the cards go on."""
    with pytest.raises(ModelAway):
        async for _ in watched(pieces("et encore un mot " * 30, Completion()), ASKED):
            pass


async def test_another_language_raises_what_the_cards_answer() -> None:
    """It is a ModelAway with a sentence of its own."""
    with pytest.raises(ModelAway) as caught:
        async for _ in watched(pieces(ENGLISH, Completion()), ASKED):
            pass
    assert "note-cards-foreign" == caught.value.note
