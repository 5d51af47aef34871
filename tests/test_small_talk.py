import pytest

from core.small_talk import small_talk


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("merci", "thanks"),
        ("Merciiii beaucoup !", "thanks"),
        ("ok merci", "thanks"),
        ("mdrrrr", "laughter"),
        ("Salut !", "greeting"),
        ("bonjour le prof", "greeting"),
        ("au revoir", "goodbye"),
        ("d'accord", "yes"),
        ("mdr t'es nul", "rude"),
        ("t'es qui ?", "who"),
        ("comment ça va ?", "who"),
        ("ok ça marche merci", "thanks"),
        ("oui merci", "thanks"),
        ("merci t'es le meilleur", "thanks"),
        ("jai exam demain je suis mort", "panic"),
        ("oui", "reply"),
        ("donne la réponse stp", "reply"),
        ("euh non", "reply"),
        ("???", "noise"),
        ("😂😂", "noise"),
        ("", "noise"),
    ],
)
def test_chat_is_told_from_questions(text: str, kind: str) -> None:
    """Short texts made of chat words alone are small talk, of a kind."""
    assert kind == small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "merci, et c'est quoi le pooling ?",
        "salut tu peux m'expliquer le RAG",
        "c'est quoi un token",
        "CNN",
        "ok et la température ?",
        "bonjour 3 couches suffisent ?",
        "pourquoi ?",
        "et alors la perte",
        "la classe",
        "C'est quoi NaN ?",
        "Comment ça marche ?",
        "c'est quoi ?",
        "c'est grave ?",
        "quoi ?",
    ],
)
def test_a_question_is_never_small_talk(text: str) -> None:
    """Whatever holds a word of its own is a question."""
    assert small_talk(text) is None
