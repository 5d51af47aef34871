"""What is no question: thanks, greetings, laughter. It gets a human sentence, no search and no model, and costs nothing."""

import re
from functools import lru_cache

from core.french import flat

KINDS = {
    "thanks": "merci thx thanks thank you mci merki nickel parfait cimer tro bien trop bien super cool genial top impec nice ok merci beaucoup",
    "greeting": "salut bonjour bonsoir coucou hello hey hi slt bjr bsr cc yo wesh re salam",
    "laughter": "mdr lol ptdr xd haha hahaha hihi mdrr mdrrr lool ahah jpp",
    "goodbye": "au revoir bye ciao a plus a+ a demain bonne soiree bonne journee bonne nuit tchao ++",
    "yes": "ok okay oui ouais dac d'accord daccord compris c'est bon ca marche jai compris j'ai compris je vois yes non nan no nope",
    "rude": "nul nulle naze bete con idiot ta gueule tg ftg pourri claque au sol",
    "who": "qui es tu tu es qui t'es qui tes qui c koi ton nom comment tu t'appelles comment ca va ca va cv tu vas bien quoi de neuf",
}
FILLERS = frozenset(
    "beaucoup bcp grave a toi tous tout le monde prof bot profond stp svp bien vraiment tres "
    " trop tro encore et alors ah oh eh euh hein bah ben c est de la les un ma mon frere bro gros poto mec t tu es".split()
)


@lru_cache(maxsize=1)
def _words() -> dict[str, frozenset[str]]:
    return {kind: frozenset(re.findall(r"[a-z]+", flat(words))) for kind, words in KINDS.items()}


def small_talk(text: str) -> str | None:
    """Return the kind of small talk that a text is, or None for a question.

    A text is small talk when it is short and every word of it is one of chat or a filler; text without any letter or digit is noise.
    """
    found = re.findall(r"[a-z0-9]+", flat(text))
    if not found:
        return "noise"
    if len(found) > 7 or any(word.isdigit() for word in found):
        return None
    kinds = [next((kind for kind, known in _words().items() if _stretched(word) in known or word in known), None) for word in found]
    if any(kind is None and word not in FILLERS for kind, word in zip(kinds, found, strict=True)):
        return None
    return next((kind for kind in ("rude", "thanks", "laughter", "goodbye", "greeting", "who", "yes") if kind in kinds), None)


def _stretched(word: str) -> str:
    """Return a word without letters held down: `merciiii`, `mdrrrr`."""
    return re.sub(r"(.)\1{2,}", r"\1", word)
