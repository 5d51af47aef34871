"""When two students ask the same. Careful: an answer given to the wrong question is worse than one paid twice.

Case, accents, politeness, spaces, apostrophes and closing marks are forgotten. Every other word and sign stays, in its
place: order, negation, numbers and operators make another question.
"""

import re

from core.french import flat

GREETINGS = frozenset("bonjour bonsoir salut coucou hello hey hi slt bjr".split())
THANKS = tuple(phrase.split() for phrase in ("svp", "stp", "please", "merci", "merci d avance", "s il te plait", "s il vous plait"))
_QUOTES, _CLOSING = '"«»“”', '"«»“”?.…,;:'
_JOINT = re.compile(r"(?<=[a-z])'(?=[a-z])|(?<=[a-z]{2})-(?=[a-z]{2})")


def same_text(text: str) -> str:
    """Return a question as it is compared with others'."""
    words = [word for whole in flat(text).split() for word in _JOINT.sub(" ", _bare(whole)).split()]
    while words and words[0] in GREETINGS:
        del words[0]
    while polite := next((phrase for phrase in THANKS if words[-len(phrase) :] == phrase), None):
        del words[-len(polite) :]
    return " ".join(words)


def _bare(word: str) -> str:
    """Return a word without the marks around it; one of marks alone is nothing, one of operators stays (`!=`)."""
    if not any(letter.isalnum() for letter in word):
        return word.strip(_CLOSING + "!") and word
    ended = word.lstrip(_QUOTES).rstrip(_CLOSING + "!")
    return f"{ended}!" if len(ended) == 1 and "!" in word else ended
