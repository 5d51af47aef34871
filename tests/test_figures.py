"""The course's pictures: what is shipped is what the drawings give, and what they show is true."""

import io
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image

from core.knowledge import Card
from core.latex import formulas, to_text
from core.settings import shipped_course
from docs.figures import sums
from docs.figures.catalogue import FIGURES, FOLDER
from docs.figures.networks import LOGITS
from docs.figures.sheet import WIDTH, Sheet, drawn, house_style, number, short, typeset
from docs.figures.vision import CABLE, NOTES, UPRIGHT, feature_sizes
from tests.courses import course_of

COURSE = course_of(shipped_course())
ILLUSTRATED = [card for card in COURSE.cards if card.figure]
SMALLEST = 18
"""Half of it, 9 pixels, is what a phone shows."""

every_illustrated = pytest.mark.parametrize("card", ILLUSTRATED, ids=lambda card: card.id)
every_name = pytest.mark.parametrize("name", FIGURES)


def figure_path(card: Card) -> Path:
    assert card.figure
    return COURSE.folder / card.figure.file


def told_texts(sheet: Sheet) -> list[Text]:
    return [text for text in sheet.figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def test_sixteen_cards_or_more_have_a_picture() -> None:
    """Over sixteen pictures are shipped, and each is shown by a card."""
    assert len(FIGURES) >= 16
    assert {figure_path(card) for card in ILLUSTRATED} == {FOLDER / f"{name}.png" for name in FIGURES}


def test_the_folder_holds_the_drawings_and_nothing_else() -> None:
    """The PNGs of the folder are those that the script draws."""
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.png" for name in FIGURES}


@every_illustrated
def test_picture_is_a_light_png_of_a_phones_width(card: Card) -> None:
    """A picture is a real PNG, 600 to 800 pixels wide, of 80 kB at most."""
    path = figure_path(card)
    raw = path.read_bytes()
    with Image.open(path) as picture:
        picture.verify()

    assert raw.startswith(b"\x89PNG\r\n\x1a\n")
    assert 600 <= picture.width <= 800
    assert len(raw) <= 80_000


@every_illustrated
def test_picture_is_told_in_words(card: Card) -> None:
    """The alternative text is one or two French sentences of 30 to 300 characters, with no-break spaces."""
    assert card.figure
    assert 30 <= len(card.figure.alt) <= 300
    assert card.figure.alt.endswith(".")
    assert re.findall(r" [:;?!%»]|« ", card.figure.alt) == []
    assert not re.match(r"(?i)sché?ma|image|figure|dessin", card.figure.alt)


@pytest.mark.parametrize("name", ["convolution", "matrice-confusion", "courbes-de-perte", "rag"])
def test_shipped_picture_is_the_drawn_one(name: str) -> None:
    """Drawn again, a picture differs from the shipped one by what antialiasing may change, no more."""
    with Image.open(io.BytesIO(drawn(FIGURES[name]))) as now, Image.open(FOLDER / f"{name}.png") as shipped:
        assert now.size == shipped.size
        gap = np.asarray(now.convert("RGB"), dtype=float) - np.asarray(shipped.convert("RGB"), dtype=float)

    assert np.sqrt(np.mean(gap**2)) < 4


@every_name
def test_words_are_large_and_stay_on_the_paper(name: str) -> None:
    """No word is smaller than 9 pixels on a phone, none leaves the paper, none covers another."""
    with house_style():
        sheet = FIGURES[name]()
        sheet.figure.canvas.draw()
        texts = told_texts(sheet)
        boxes = [(text.get_text(), Bbox(text.get_window_extent()).padded(-2)) for text in texts]

    assert min(float(text.get_fontsize()) for text in texts) >= SMALLEST
    assert [words for words, box in boxes if box.x0 < 6 or box.x1 > WIDTH - 6 or box.y0 < 6 or box.y1 > sheet.height - 6] == []
    assert [(one, other) for (one, a), (other, b) in itertools.combinations(boxes, 2) if Bbox.intersection(a, b)] == []


def test_every_formula_that_unicode_cannot_carry_is_drawn() -> None:
    """A card with a formula that a chat would show as code has a picture."""
    hard = {card.id for card in COURSE.cards for text in card.levels.values() for formula in formulas(text) if "`" in to_text(formula)}

    assert hard
    assert hard <= {card.id for card in ILLUSTRATED}


def test_numbers_are_written_in_french() -> None:
    """Decimal comma, narrow no-break spaces, true minus."""
    assert number(16_777_216) == "16\u202f777\u202f216"
    assert number(-66.66, 1) == "\u221266,7"
    assert short(1000.5) == "1\u202f000,5"
    assert typeset("quoi : « -3 » ?") == "quoi\u202f: «\u202f\u22123\u202f»\u202f?"


def test_convolution_slides_the_filter() -> None:
    """The upright line gives its best note under the filter's middle column."""
    assert sums.correlate(CABLE, UPRIGHT).tolist() == [[-3, 6, -3], [-2, 4, -2], [-1, 2, -1]]


def test_pooling_keeps_maximum_and_mean() -> None:
    """A 4 × 4 map becomes 2 × 2."""
    highest, mean = sums.pool(NOTES)

    assert highest.tolist() == [[6, 5], [3, 9]]
    assert mean.tolist() == [[3.5, 2], [1.5, 7]]


def test_network_sizes_are_those_of_the_card() -> None:
    """32 × 32 × 3 ends as 8 × 8 × 64, with 60,362 weights."""
    assert feature_sizes() == [(32, 3), (32, 32), (16, 32), (16, 64), (8, 64)]
    assert sums.conv_weights(32, 3) + sums.conv_weights(64, 32) + sums.dense_weights(8 * 8 * 64, 10) == 60_362


def test_scores_give_the_cards_matrix_at_one_half() -> None:
    """Cut at 0.5, the drawn scores give the counts of the confusion matrix."""
    assert sums.cut(0.5) == sums.MATRIX
    assert round(sums.MATRIX.precision, 3) == 0.667
    assert sums.MATRIX.recall == 0.8
    assert round(sums.MATRIX.f1, 3) == 0.727
    assert sums.MATRIX.accuracy == 0.97


def test_quantisation_errs_by_half_a_step_at_most() -> None:
    """0.523 becomes 52, read again as 0.52; out of range saturates."""
    values = np.linspace(-1.27, 1.27, 999)

    assert sums.quantise(np.array([0.523, 9.0]), 0.01).tolist() == [52, 127]
    assert np.abs(sums.restore(sums.quantise(values, 0.01), 0.01) - values).max() <= 0.005 + 1e-9


def test_softmax_gives_the_cards_shares() -> None:
    """Scores 2, 1, 0 give 0.665, 0.245, 0.090, and sharper shares when cold."""
    assert [round(float(share), 3) for share in sums.softmax(LOGITS)] == [0.665, 0.245, 0.09]
    assert round(float(sums.softmax(LOGITS, 0.5)[0]), 3) == 0.867


def test_descent_shrinks_or_diverges_as_the_card_says() -> None:
    """Of curvature 4, a rate of 0.1 multiplies the gap by 0.6, a rate of 0.6 by -1.4."""
    assert sums.descend(4, 0.1, 1, 1)[1] == pytest.approx(0.6)
    assert sums.descend(4, 0.6, 1, 1)[1] == pytest.approx(-1.4)


def test_training_overfits_and_stops_early() -> None:
    """The over-fitted run's validation goes up again; the early stop is the card's, 12 then 17."""
    train, validation = sums.learning_curves(sums.Training(15, 24))
    _, kept = sums.learning_curves(sums.Training(15, 8, fall=0, noise=0.4, seed=1))

    assert train[-1] == train.min()
    assert validation[-1] > 1.5 * validation.min()
    assert sums.early_stop(kept, 5) == (12, 17)


def test_pruning_keeps_the_largest_half() -> None:
    """Half of the weights stay, none smaller than the least that was kept."""
    kept, least = sums.prune(np.array([0.1, -0.9, 0.3, -0.2]), 0.5)

    assert kept.tolist() == [0, -0.9, 0.3, 0]
    assert least == 0.3


def test_pieces_are_learnt_from_words() -> None:
    """The pair met most is merged first; a known word stays whole and no letter is lost."""
    vocabulary = sums.learn_pieces({"aab": 3, "ab": 2}, 2)

    assert vocabulary == ["a", "b", "ab", "aab"]
    assert sums.cut_word("aabab", vocabulary) == ["aab", "ab"]


def test_groups_balance_and_batches() -> None:
    """k-means finds two heaps; weights make classes count the same; batches and caches give the cards' figures."""
    points = np.array([[0.0, 0], [0, 1], [9, 9], [9, 8]])
    centres, nearest = sums.group(points, points[[0, 1]])

    assert centres.tolist() == [[0, 0.5], [9, 8.5]]
    assert nearest.tolist() == [0, 0, 1, 1]
    assert sums.balanced_weights((990, 10)) == [pytest.approx(0.505, abs=1e-3), 50]
    assert (sums.per_second(1, 20), sums.per_second(8, 80), sums.per_second(32, 80)) == (50, 100, 400)
    assert sums.mean_wait(0.4, 5, 800) == 482
