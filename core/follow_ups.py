"""How a student asks for more of the answer before, or for the same told otherwise: "la suite", "plus simple stp", "un exemple concret ?".

Such words say nothing of a subject, so no search can place them: they are about the turn before, whatever it was.
"""

import re
from functools import lru_cache

from core.french import flat, sound, stop_words
from core.messages import Manner
from core.small_talk import chat_words

WORDS = {
    Manner.SIMPLER: "simple simples simplement simplifie simplifier facile facilement complique compliquee dur dure difficile compris comprends "
    "comprend comprendre compri capte pige saisi clair claire flou floue perdu perdue vulgarise vulgariser enfant gamin gosse bebe ans "
    "pige piges dalle galere largue embrouille embrouillant bizarre chinois suivre parlant parlante image imagee analogie metaphore comparaison "
    "simpler simply simplify easier easy understand confused lost get eli5",
    Manner.DEEPER: "detail details detaille detailler detaillee approfondi approfondis approfondir precis precise preciser precision precisions "
    "developpe developper technique techniques avance loin profondeur creuse creuser elabore elaborer info infos informations "
    "deeper further detailed elaborate",
    Manner.ANOTHER_EXAMPLE: "exemple exemples exempl exmple ex concret concrets concrete concretement pratique cas usage usages utile illustration "
    "illustre illustrer vie reel reelle vrai vraie stage entreprise projet projets example examples instance practice",
    Manner.PLAIN: "suite continue continuer poursuis poursuivre reste fin debut partie parties phrase phrases point points ligne lignes mot mots "
    "passage paragraphe premier premiere deuxieme second seconde troisieme dernier derniere ensuite reexplique reexpliquer explik explikation "
    "explications redis redire repete repeter reformule reformuler autrement resume resumer court courte bref brievement vite rapide rapidement "
    "tableau liste schema dessin dessine code formule coup pa px etape etapes rapport recommence recommencer redonne rappelle rappeler moitie milieu "
    "contraire inverse trompe trompes faux fausse change cad mets mettre tldr "
    "next again keep going mean more rest repeat another give go on first second last part sentence shorter short summary",
}
"""Folded; a text's manner is the first of which it holds a word."""
_WORD = re.compile(r"\b[a-z]\w+")
_SHORTEST_HEARD = 5
"""Shorter words sound like too many others."""


@lru_cache(maxsize=1)
def _known() -> dict[str, Manner]:
    """The manner of each word, and of each sound of a longer one: thumbs write *expliké* and *détaillé*."""
    words = {word: manner for manner in reversed(WORDS) for word in WORDS[manner].split()}
    heard = {sound(word): manner for word, manner in words.items() if len(word) >= _SHORTEST_HEARD}
    return heard | words


def _manner(word: str) -> Manner | None:
    return _known().get(word) or (_known().get(sound(word)) if len(word) >= _SHORTEST_HEARD else None)


def follow_up(text: str) -> Manner | None:
    """Return how the answer before is to be told again, or None for a text with a word of its own."""
    words = [word for word in _WORD.findall(flat(text)) if len(word) > 1]
    manners = {word: _manner(word) for word in words}
    if any(manner is None and word not in stop_words() | chat_words() for word, manner in manners.items()):
        return None
    return next((manner for manner in WORDS if manner in manners.values()), Manner.PLAIN)
