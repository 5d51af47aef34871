"""Finding the right card, however a student types."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.evaluation import ExamQuestion, auroc, calibrate, examine, read_questions, score
from core.french import Vocabulary, flat, stem, terms
from core.knowledge import Subject
from core.letters import LetterIndex
from core.messages import Zone
from core.search import Foreign, SearchIndex
from core.settings import shipped_course
from tests.courses import course_of, index_of

HERE = Path(__file__).parent
DEV = HERE.parents[1] / "shared" / "course" / "questions_dev.json"


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    return index_of(course_of(shipped_course()))


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary("convolution surapprentissage dropout maxtokens max tokens image regularisation quantification couche photo".split())


@pytest.mark.parametrize(
    ("typed", "folded"),
    [("Sur-Apprentissage", "sur-apprentissage"), ("l’Œuvre", "l'oeuvre"), ("ﬁne‑tuning", "fine‐tuning"), ("DÉJÀ", "deja")],
)
def test_text_is_flattened(typed: str, folded: str) -> None:
    """Case, accents, ligatures and apostrophes do not count."""
    assert folded == flat(typed)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("c'est quoi une convolution ?", ["convolution"]),
        ("comen fonctione une convolusion", ["convolution"]),
        ("le sur apprentissage", ["surapprentissage"]),
        ("le drop out", ["dropout"]),
        ("limage", ["image"]),
        ("jai 3 couches", ["couche"]),
        ("max_tokens", ["maxtokens"]),
        ("quantifcation", ["quantification"]),
        ("régularisassion", ["regularisation"]),
        ("les photos", ["photo"]),
        ("pk ke koi ???", []),
    ],
)
def test_words_find_back_to_the_course(vocabulary: Vocabulary, typed: str, expected: list[str]) -> None:
    """Typing faults, split words, missing apostrophes and SMS spelling are repaired; stop words fall."""
    assert [stem(word) for word in expected] == list(vocabulary.analyse(typed).terms)


@pytest.mark.parametrize("word", ["poulet", "maison", "température", "dormir", "192.168.1.1"])
def test_common_french_is_never_repaired(vocabulary: Vocabulary, word: str) -> None:
    """A word that everybody writes is no misspelt term."""
    assert {} == vocabulary.analyse(word).repaired


def test_stemming_comes_after_folding() -> None:
    """With and without accents, a card's words and a question's words are the same terms."""
    assert list(terms("régularisées")) == list(terms("regularisees"))


def test_an_example_never_makes_sure(index: SearchIndex) -> None:
    """Words that stand in examples only rank a card; they do not bring it into the sure zone."""
    assert index.search("GLPI ticket VLAN switch").zone is not Zone.SURE


@pytest.mark.parametrize("text", ["", "???", "   ", "😀", "\0", "a" * 5000, "the of and"])
def test_nothing_to_search_for_is_outside(index: SearchIndex, text: str) -> None:
    """Noise finds nothing and breaks nothing."""
    assert Zone.OUTSIDE is index.search(text).zone


@pytest.mark.parametrize("typed", ["c'est quoi une convolution", "C EST QUOI UNE CONVOLUTION", "c koi une convolusion", "convolutions ?"])
def test_variants_find_the_same_card(index: SearchIndex, typed: str) -> None:
    """Accents, case, SMS and faults lead to one card."""
    assert "convolution" == index.search(typed).passages[0].card_id


@pytest.mark.parametrize("typed", ["c'est quoi une convolution", "Flask", "le RAG ?", "le surapprentissage", "relu", "c'est quoi la température"])
def test_what_is_asked_by_its_name_alone_is_sure(index: SearchIndex, typed: str) -> None:
    """One rare word says little, but a card's whole name and nothing else asks for that card."""
    assert index.search(typed).zone is Zone.SURE


@pytest.mark.parametrize(("typed", "card"), [("erreur 429", "erreurs-api"), ("HTTP 401 ???", "erreurs-api"), ("j'ai 743 images floues", None)])
def test_an_error_is_found_by_its_number(index: SearchIndex, typed: str, card: str | None) -> None:
    """Three digits that the course knows are a word; others say nothing."""
    found = index.search(typed)

    assert (card is not None) == any(term.isdigit() for term in found.analysis.terms)
    assert card in {None, found.passages[0].card_id}


def test_a_common_word_that_ends_a_title_is_no_subject(index: SearchIndex) -> None:
    """A title ends on "test", but who types that word alone tries the bot."""
    assert index.search("test").zone is not Zone.SURE


OWN, WANTED = (0.92, 0.97, 0.99, 0.97, 0.02), (0.82, 0.93, 0.95, 0.93, 0.05)
"""Bounds of recall at 1 and at 3, AUROC, sure and right, wrongly refused: of questions that something was chosen on, and of any."""


@pytest.mark.parametrize(
    ("file", "bounds"),
    [
        *(pytest.param(file, OWN, id=file.stem) for file in sorted((HERE / "data").glob("questions_*.json"))),
        *(pytest.param(file, WANTED, id=file.stem) for file in sorted((HERE / "data").glob("unseen_*.json"))),
        *(pytest.param(file, WANTED, id="examples") for file in [DEV] if file.exists()),
    ],
)
def test_questions_are_found(index: SearchIndex, file: Path, bounds: tuple[float, ...]) -> None:
    """Whoever wrote them, the first cards are mostly right, more where the search is sure; nothing foreign is sure, hardly any refused."""
    found = score(examine(index, read_questions(file)))
    recall_at_1, recall_at_3, auroc_, sure_precision, wrongly_refused = bounds

    assert (found.recall_at_1 or 0) >= recall_at_1
    assert (found.recall_at_3 or 0) >= recall_at_3
    assert (found.auroc or 0) >= auroc_
    assert (found.sure_precision or 0) >= sure_precision
    assert (found.wrongly_refused or 0) <= wrongly_refused
    assert 0 == found.offtopic_sure


def test_what_is_said_around_a_name_does_not_hide_it(index: SearchIndex) -> None:
    """A card's name in the middle of sighs, exams and little brothers is still what is asked: hardly one is sent away, most are sure."""
    names = [(card.id, alias) for card in course_of(shipped_course()).cards for alias in card.aliases if len(alias.split()) < 3]
    wrappings = (HERE / "data" / "wrappings.txt").read_text(encoding="utf-8").splitlines()
    asked = [(card_id, wrapping.replace("{}", name)) for nth, wrapping in enumerate(wrappings) for card_id, name in names[nth % 20 :: 20]]
    found = [(card_id, index.search(text, limit=1)) for card_id, text in asked]

    assert len(asked) > 1_500
    assert sum(card_id == each.passages[0].card_id for card_id, each in found) >= 0.96 * len(asked)
    assert sum(each.zone is Zone.OUTSIDE for _, each in found) <= 0.02 * len(asked)
    assert sum(each.zone is Zone.SURE for _, each in found) >= 0.65 * len(asked)


@pytest.mark.parametrize(("asked", "card_id"), [("c'est quoi le KNN ?", "scikit-learn"), ("le POC ?", "mvp"), ("RLHF kézako", "types-apprentissage")])
def test_what_only_a_cards_text_tells_is_offered(index: SearchIndex, asked: str, card_id: str) -> None:
    """A word that no card is called by, and that one explains, is the course's; what other lessons hold more of is not."""
    found = index.search(asked)

    assert (card_id, Zone.UNSURE) == (found.passages[0].card_id, found.zone)
    for foreign in ("c'est quoi un VLAN ?", "PHP ?", "c'est quoi GLPI ?"):
        assert Zone.OUTSIDE is index.search(foreign).zone, foreign


@pytest.mark.parametrize(
    ("asked", "title"), [("le biais", "Biais des données"), ("l'attention ?", "Le mécanisme d'attention"), ("poids", "Couches, poids")]
)
def test_a_word_of_a_title_is_offered(index: SearchIndex, asked: str, title: str) -> None:
    """An everyday word alone that a card bears in its title is not sent away, whatever else in the world is called so."""
    found = index.search(asked)

    assert Zone.UNSURE is found.zone
    assert any(passage.title.startswith(title) for passage in found.passages[:3])


@pytest.mark.parametrize(("asked", "topic"), [("la sécurité", "securite"), ("c'est quoi l'éthique ?", "ethique")])
def test_a_topics_name_offers_its_cards(index: SearchIndex, asked: str, topic: str) -> None:
    """What is no card's name but a topic's is not sent away: its nearest cards are offered."""
    course, found = course_of(shipped_course()), index.search(asked)

    assert Zone.UNSURE is found.zone
    assert {topic} == {course.topic_of(passage.card_id).id for passage in found.passages}


def test_a_slang_word_for_not_understanding_is_no_misspelt_term(index: SearchIndex) -> None:
    """*Capte* is not *capteur*: how one asks is not repaired into what is asked."""
    assert {} == index.search("je capte rien au dropout").analysis.repaired


def test_of_what_is_compared_both_are_found(index: SearchIndex) -> None:
    """Questions that name two cards: the one that is asked for is mostly first, and one of three for sure."""
    found = score(examine(index, read_questions(HERE / "data" / "comparisons.json")))

    assert (found.recall_at_1 or 0) >= 0.82
    assert (found.recall_at_3 or 0) >= 0.97
    assert 0 == found.wrongly_refused


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("overfitting", "surapprentissage"), ("underfitting", "sous-apprentissage")),
        (("batch size", "epoque-lot"), ("learning rate", "taux-apprentissage")),
        (("transformer", "transformer"), ("GAN", "gan-diffusion")),
    ],
)
def test_of_two_named_cards_the_first_is_meant(index: SearchIndex, one: tuple[str, str], other: tuple[str, str]) -> None:
    """A student begins with what the question is about, and the other card comes second."""
    for (first, first_id), (second, second_id) in ((one, other), (other, one)):
        found = index.search(f"{first} ou {second} ?", limit=2)

        assert [first_id, second_id] == [passage.card_id for passage in found.passages]


@pytest.mark.parametrize(
    ("typed", "card_id"),
    [
        ("jecomprenpalabackpropagassion", "retropropagation"),
        ("cékoilefainetuning", "fine-tuning"),
        ("SHAP", "explicabilite"),
        ("le shape", "tenseurs"),
    ],
)
def test_letters_find_what_no_word_does(index: SearchIndex, typed: str, card_id: str) -> None:
    """Glued and bent words still share their letters with the card; of two words with one stem each leads to its own."""
    assert card_id == index.search(typed).passages[0].card_id


def test_who_is_first_by_words_alone_does_not_lead(index: SearchIndex) -> None:
    """The first card is sure only if words and letters agree on it: here each names another."""
    found = index.search("C'est quoi torch, la bibliothèque de Meta ?")

    assert (found.leads, found.zone) == (False, Zone.UNSURE)


def test_a_long_page_is_no_question(index: SearchIndex) -> None:
    """Any page shares letters with every card: it counts as a question of usual length."""
    page = "Il était une fois un bûcheron et une bûcheronne qui avaient sept enfants, tous garçons. Ils étaient fort pauvres. " * 20

    assert Zone.OUTSIDE is index.search(page).zone


def test_letters_are_counted_once_and_common_ones_not_at_all() -> None:
    """A run that most texts hold tells nothing; another alphabet has none; of the same letters the rarer text has more."""
    letters = LetterIndex(["le chat dort", "le chien dort", "le cheval mange"])

    assert [0.0, 0.0, 0.0] == letters.scores(" le ") == letters.scores("кошка")
    scores = letters.scores("cheval cheval")
    assert max(scores) == scores[2] > 0
    assert [*letters.scores("cheval")[:2]] == scores[:2]


@pytest.mark.parametrize(
    ("foreign", "own"),
    [
        ("à quelle saison élaguer le cerisier de mes parents", "à quoi sert l'élagage d'un réseau"),
        ("le mistral va souffler combien de jours à Avignon", "quel modèle de Mistral choisir pour mon bot"),
        ("combien de couches de peinture pour un plafond", "combien de couches pour mon réseau"),
        ("jdoi acheté koi com pneu pr liver", "c koi le fine tuning"),
    ],
)
def test_words_in_another_sense_are_known_by_their_company(index: SearchIndex, foreign: str, own: str) -> None:
    """What the course's words mean elsewhere is told as foreign; the course's own question is not."""
    found = index.search(foreign)

    assert Zone.OUTSIDE is found.zone
    assert found.foreign.subject
    assert found.foreign.share < index.search(own).foreign.share
    assert Zone.OUTSIDE is not index.search(own).zone


def test_a_subject_outside_the_course_makes_what_is_near_it_less_sure(index: SearchIndex) -> None:
    """A teacher who writes down what the course is not about lowers the confidence of that, and hardly that of the rest."""
    course = course_of(shipped_course())
    told = Subject(title="Le karting", phrasings=("quelle vitesse atteint un karting", "louer un karting pour un anniversaire"))
    without, with_it = SearchIndex(replace(course, outside=())), SearchIndex(replace(course, outside=(told,)))

    def kept(question: str) -> float:
        return with_it.search(question).confidence / without.search(question).confidence

    assert "Le karting" == with_it.search("karting : quelle vitesse au premier virage").foreign.subject
    assert kept("karting : quelle vitesse au premier virage") < 0.5 < kept("comment choisir le taux d'apprentissage")
    assert Foreign() == without.search("karting").foreign


def test_who_types_a_cards_name_means_the_card(index: SearchIndex) -> None:
    """A name alone is the card's, whatever else in the world is called so."""
    for name in ("transformer", "dropout", "hallucination", "la distillation", "jeton"):
        assert Zone.OUTSIDE is not index.search(name).zone, name


def test_auroc_counts_ties_half() -> None:
    """The figure is the share of pairs in the right order."""
    assert 0.8125 == auroc([2.0, 1.0], [1.0, 0.5, 1.5, 0.5])
    assert auroc([], [1.0]) is None


def test_calibration_puts_every_foreign_question_below_sure(index: SearchIndex) -> None:
    """No off-topic question of the calibration lies in the sure zone it sets."""
    asked = [
        ExamQuestion(id="1", kind="on", question="c'est quoi une convolution", targets=("convolution",)),
        ExamQuestion(id="2", kind="off", question="la température de mon four pour une pizza", targets=()),
    ]
    outcomes = examine(index, asked)
    thresholds = calibrate(outcomes)

    assert outcomes[1].confidence < thresholds.sure <= outcomes[0].confidence


def test_a_card_is_sure_by_its_name_alone(index: SearchIndex) -> None:
    """Who asks what an alias of one or two words is gets its card: of these, nineteen in twenty are sure, whichever way a compound is written."""
    names = [(card, alias) for card in course_of(shipped_course()).cards for alias in card.aliases if len(alias.split()) < 3]
    found = [(card.id, index.search(f"c'est quoi {alias} ?")) for card, alias in names]
    right = [card_id == answer.passages[0].card_id for card_id, answer in found if answer.zone is Zone.SURE]

    assert len(found) > 400
    assert len(right) > 0.95 * len(found)
    assert sum(right) > 0.99 * len(right)


@pytest.mark.parametrize(
    ("typed", "card_id"),
    [("c quoi le learning rate", "taux-apprentissage"), ("batch size", "epoque-lot"), ("c'est quoi le deep learning", "ia-ml-dl")],
)
def test_a_name_that_others_mention_leads_to_who_is_called_so(index: SearchIndex, typed: str, card_id: str) -> None:
    """A word that one card is called by is that card's, though another holds it in a longer title or in its code."""
    found = index.search(typed)
    assert (card_id, Zone.SURE) == (found.passages[0].card_id, found.zone)
