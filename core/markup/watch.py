"""What is noticed while a model writes: that it turns in circles, answers in another language, or writes nothing to see.

A stream passes through `watched` unchanged until something is wrong. The third copy of what was just said twice is held
back; when it is whole and goes on, the stream ends there. Only words count, numbers do not: a list that repeats one point
under ever new numbers is a loop too. What stands in fences may repeat itself more often, as code does.
"""

import re
from contextlib import aclosing
from dataclasses import replace

from core.errors import ModelAway
from core.markup.page import clean
from core.messages import Completion, Pieces, Question

FOREIGN = "note-cards-foreign"
"""The sentence beside the cards that answer instead of a model which does not speak the student's language."""
LOOPED = "loop"
"""The finish_reason of a text that was cut because it turned in circles."""
COPIES, CODE_COPIES, LEAST_WORDS = 3, 12, 12
LONGEST_PERIOD, REMEMBERED = 200, 64
WINDOW, FEWEST_TRIGRAMS = 90, 40
USEFUL_WORDS = 40
STEP = 25
LEAST_SHARE, LEAST_SHARED = 0.06, 0.1
"""French text has twice as many words of `_FRENCH` at least, four times as many with `_SHARED`; English has none of either."""
_TOKEN = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[^\n]*$|[^\W_]+", re.MULTILINE)
_FRENCH = frozenset(
    "le les des du une est et dans pour avec sur ce cette ces qui ou pas ne il elle ils elles nous vous tu je plus mais comme sont au aux par sans"
    " l d qu c s n j y où donc chaque leur leurs son ses ton ta tes votre notre peut être fait quand si très puis aussi entre ainsi lorsque".split()
)
_SHARED = _FRENCH | frozenset("de la en un que se".split())
"""The first words of a text are few: the words that French shares with its neighbours count there."""
_CLOSING = re.compile(r"[.!?…;:,)»\"'*_`]*")
_ASKS_FOR_ANOTHER = re.compile(r"\b(?:angla\w*|english|espagnol\w*|allemand\w*|italien\w*|tradui\w*|traduc\w*|translat\w*)", re.IGNORECASE)


class WrongLanguage(ModelAway):
    """The model answers in another language than the student's: the cards answer instead."""

    note = FOREIGN


class Circling(ModelAway):
    """The model repeated itself before it had said anything of use: the cards go on."""


class NothingToSee(ModelAway):
    """What the model wrote shows nothing: it is all blank, invisible or taken out."""


class Watch:
    """Follows one text as it grows."""

    def __init__(self, question: Question) -> None:
        self._text = ""
        self._sent = self._read = 0
        self._words: list[str] = []
        self._starts: list[int] = []
        self._places: dict[str, list[int]] = {}
        self._runs: dict[int, int] = {}
        self._is_code = False
        self._prose = self._french = self._shared = 0
        self._expects_french = question.lang == "fr" and not _asks_for_another(question.text)
        self.has_looped = False

    def add(self, piece: str) -> str:
        """Return what may be passed on after one more piece. Raises WrongLanguage; says in `has_looped` that no more should come."""
        self._text += piece
        self._take(_end_of_words(self._text))
        return self._pass_on(self._held())

    def end(self) -> str:
        """Return what was held back, when the text is whole; the last copy of a loop stays behind. Raises NothingToSee."""
        self._take(len(self._text))
        self.has_looped = self.has_looped or any(self._is_loop(period, run, at_end=True) for period, run in self._runs.items())
        if not clean(self._text).strip():
            raise NothingToSee("nothing to see")
        return self._pass_on(self._held() if self.has_looped else len(self._text))

    @property
    def is_short(self) -> bool:
        """Whether so little was passed on that it answers nothing."""
        return len(self._text[: self._sent].split()) < USEFUL_WORDS

    def _pass_on(self, end: int) -> str:
        piece = self._text[self._sent : end]
        self._sent = max(self._sent, end)
        return piece

    def _take(self, end: int) -> None:
        """Read the words up to a place."""
        for found in _TOKEN.finditer(self._text, self._read, end):
            if self.has_looped:
                return
            self._read = found.end()
            if found[0].lstrip()[0] in "`~":
                self._is_code = not self._is_code
                self._words, self._starts, self._places, self._runs = [], [], {}, {}
            elif not found[0].isdecimal():
                self._word(found[0].lower(), found.start())

    def _word(self, word: str, start: int) -> None:
        number = len(self._words)
        self._words.append(word)
        self._starts.append(start)
        places = self._places.setdefault(word, [])
        self._runs = {number - place: self._runs.get(number - place, 0) + 1 for place in places if number - place <= LONGEST_PERIOD}
        places.append(number)
        del places[:-REMEMBERED]
        self.has_looped = any(self._is_loop(period, run) for period, run in self._runs.items()) or self._is_monotonous()
        if not self._is_code:
            self._judge_language(word)

    def _is_loop(self, period: int, run: int, *, at_end: bool = False) -> bool:
        """Whether words that repeat those `period` before them make enough copies, and a further one begins."""
        copies = CODE_COPIES if self._is_code else COPIES
        least = max(copies * period, LEAST_WORDS if period < COPIES else 0, 5 * LEAST_WORDS if self._is_code else 0)
        return period + run >= least + (0 if at_end else 1)

    def _is_monotonous(self) -> bool:
        """Whether the last words are few combinations again and again, as in a loop that grows with each turn."""
        if self._is_code or len(self._words) % 30 or len(self._words) < WINDOW:
            return False
        last = self._words[-WINDOW:]
        return len(set(zip(last, last[1:], last[2:], strict=False))) < FEWEST_TRIGRAMS

    def _judge_language(self, word: str) -> None:
        """Count French words. Raises WrongLanguage where there are next to none; letters of other scripts count as words."""
        self._prose += 1 if word[0] < "\u0250" else len(word)
        self._french += word in _FRENCH
        self._shared += word in _SHARED
        if self._prose < STEP or (self._prose % STEP and word[0] < "\u0250") or not self._expects_french:
            return
        least = LEAST_SHARED if self._prose < 2 * STEP else 0.0
        if self._french < LEAST_SHARE * self._prose and (not least or self._shared < least * self._prose):
            raise WrongLanguage("wrong language")

    def _held(self) -> int:
        """Return up to where text may be passed on: a third copy is held back while it is being written."""
        begun = max((run - period for period, run in self._runs.items()), default=0)
        if begun < 1:
            return self._read if self.has_looped else _end_of_words(self._text)
        before = len(self._words) - begun - 1
        end = self._starts[before] + len(self._words[before])
        closing = _CLOSING.match(self._text, end)
        return closing.end() if closing else end


def _end_of_words(text: str) -> int:
    """Return up to where words, and lines that open or close a fence, are complete."""
    line = text.rfind("\n") + 1
    if text[line:].lstrip()[:1] in {"`", "~"}:
        return line
    at = len(text)
    while at > line and text[at - 1].isalnum():
        at -= 1
    return at


def _asks_for_another(text: str) -> bool:
    """Whether a question asks for another language, or is itself in one."""
    words = [word.lower() for word in _TOKEN.findall(text)]
    return bool(_ASKS_FOR_ANOTHER.search(text)) or (len(words) >= 6 and _FRENCH.isdisjoint(words))


async def watched(pieces: Pieces, question: Question) -> Pieces:
    """Yield what a model writes. A loop ends with a Completion of its own; where that leaves nothing of use, ModelAway is raised."""
    watch = Watch(question)
    async with aclosing(pieces):
        async for piece in pieces:
            if not isinstance(piece, (str, Completion)):
                yield piece
                continue
            shown = watch.add(piece) if isinstance(piece, str) else watch.end()
            if shown:
                yield shown
            if watch.has_looped and watch.is_short:
                raise Circling("loop")
            if watch.has_looped:
                yield replace(piece if isinstance(piece, Completion) else Completion(), finish_reason=LOOPED)
                return
            if isinstance(piece, Completion):
                yield piece
