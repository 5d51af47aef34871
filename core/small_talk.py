"""What is no question: thanks, greetings, laughter. It gets a human sentence, no search and no model, and costs nothing."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from core.french import flat
from core.messages import Question

REPLY = "reply"
"""A bare yes or no, or giving up: where something was asked before, it is an answer to that."""
KINDS = {
    "rude": "nul, nulle, naze, bete, con, idiot, ta gueule, tg, ftg, pourri, claque au sol, tu sers a rien",
    "thanks": "merci, mci, merki, thx, thanks, thank you, nickel, parfait, cimer, tro bien, trop bien, super, cool, genial, top, impec, nice, "
    "t es le meilleur, t es la meilleure, le meilleur, trop fort, tro fort, t un boss, t es un boss, un boss, bravo, gg, mrc, au top, bien joue",
    "laughter": "mdr, mdrr, lol, ptdr, xd, haha, hahaha, hihi, lool, ahah, jpp",
    "goodbye": "au revoir, bye, ciao, tchao, a, a plus, a demain, bonne soiree, bonne journee, bonne nuit",
    "greeting": "salut, bonjour, bonsoir, coucou, hello, hey, hi, slt, bjr, bsr, cc, yo, wesh, re, salam",
    "who": "qui es tu, tu es qui, t es qui, tes qui, t ki, ton nom, c koi ton nom, c est quoi ton nom, quel est ton nom, comment tu t appelles, "
    "tu t appelles comment, comment ca va, ca va, sa va, cv, tu vas bien, quoi de neuf, t es un robot, tu es un robot, t es une ia, tu es une ia",
    "panic": "exam demain, j ai exam demain, jai exam demain, ds demain, j ai ds demain, jai ds demain, controle demain, j ai controle demain, "
    "jai controle demain, partiel demain, je suis mort, jsuis mort, chui mort, au secours, je panique, jpanique, je vais rater mon exam, j ai peur",
    "yes": "ok, okay, dac, d accord, daccord, compris, c est bon, c bon, ca marche, j ai compris, jai compris, je vois",
    REPLY: "oui, ouais, ui, yes, yep, non, nan, no, nope, je sais pas, je ne sais pas, j en sais rien, jsais pas, jsp, aucune idee, la reponse, "
    "donne la reponse, c est quoi la reponse, donne moi la reponse, dis moi la reponse, la solution, donne la solution, i don t know, no idea",
}
"""The first kind that a text holds is its kind."""
FILLERS = (
    "beaucoup, bcp, grave, a toi, tous, tout, le monde, prof, bot, profond, stp, svp, bien, vraiment, tres, trop, tro, encore, et, alors, "
    "ah, oh, eh, euh, hein, bah, ben, c est, de, le, la, les, un, ma, mon, frere, bro, gros, poto, mec, t es, tu es"
)
LONG = 7


@lru_cache(maxsize=1)
def _phrases() -> dict[tuple[str, ...], str]:
    """The phrases of chat by their words; fillers are of no kind."""
    return {tuple(phrase.split()): kind for kind, phrases in {"": FILLERS, **KINDS}.items() for phrase in phrases.split(", ")}


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    return frozenset(word for phrase in _phrases() for word in phrase)


@lru_cache(maxsize=1)
def chat_words() -> frozenset[str]:
    """The words that are chat whatever stands beside them, folded: *ok*, *merci*, *prof*; a yes or no may be a word of the course."""
    return frozenset(phrase[0] for phrase, kind in _phrases().items() if len(phrase) == 1 and kind != REPLY)


def small_talk(text: str) -> str | None:
    """Return the kind of small talk that a text is, or None for a question.

    A text is small talk when it is short and made of nothing but phrases of chat and fillers; text without any letter or digit is noise.
    """
    words = [word if word in _words() else _stretched(word) for word in re.findall(r"[a-z0-9]+", flat(text))]
    if not words:
        return "noise"
    kinds = set(_kinds(words)) if len(words) <= LONG else {None}
    return None if None in kinds else next((kind for kind in KINDS if kind in kinds), None)


def costs_nothing(question: Question) -> bool:
    """Whether a question is small talk and no more; a bare yes or no may be an answer, which only the turns before can tell."""
    return not question.files and not question.again and small_talk(question.text) not in {None, REPLY}


def _kinds(words: Sequence[str]) -> Iterator[str | None]:
    """Yield the kinds of the phrases that words are made of, the longest first; None for a word of its own."""
    start = 0
    while start < len(words):
        end = next((end for end in range(len(words), start, -1) if tuple(words[start:end]) in _phrases()), None)
        if end is None:
            yield None
            return
        yield _phrases()[tuple(words[start:end])]
        start = end


def _stretched(word: str) -> str:
    """Return a word without letters held down: `merciiii`, `mdrrrr`."""
    return re.sub(r"(.)\1{2,}", r"\1", word)
