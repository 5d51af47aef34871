"""Checks of an answer that need no model. Each returns what is wrong, as it stands in the answer, or nothing.

They see what a student sees. Which ones are asked depends on the zone: where the course answers, an answer has a shape and
rests on its cards; elsewhere it must not pretend. Code in a fence illustrates: none of its words and names is counted.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from core.french import common_words, flat, singular, stop_words
from core.knowledge import Card, Course
from core.markup import Rules, clean
from core.messages import Answer, Level, Writer, Zone
from core.privacy import MARKS, is_personal, scrub
from core.readability import reading_ease, words_a_sentence

BANDS = {Level.BEGINNER: (60, 165), Level.INTERMEDIATE: (70, 200), Level.ADVANCED: (75, 225)}
"""Least and most words of an answer."""
FRENCH_SHARE = 0.20
FEW_POINTS = 3
NEAR = 400
"""Characters behind an example's marker in which its computing word must stand."""
RUN = 7
"""So many words in a row that stand in a card are a card's text."""
EASIER_BY = 10.0
LONG_SENTENCE = 15.0
SOME_WORDS = 30
FRENCH = frozenset(
    "le la les l un une des de du d et est en que qui dans pour pas sur ce il elle tu à au aux ne se par plus avec on ou son sa ses".split()
)
ENGLISH = frozenset("the of and to is in that it for on with as are this be by at from or an".split())
COMPUTING = frozenset(
    "glpi ticket bot chatbot commit switch switches log sql mysql postgresql sqlite rest git github gitlab android vlan serveur api base script appli"
    " application applicatif code reseau python docker conteneur pare-feu firewall site web php java javascript linux windows poste routeur camera"
    " formulaire fastapi flask django wi-fi wifi supervision sauvegarde intranet depot json csv requete disque ssh http https dns dhcp ip navigateur"
    " mobile smartphone logiciel fichier imprimante developpeur technicien helpdesk nagios zabbix cloud vmware html css url cookie token ordinateur"
    " pc cpu gpu ram bdd spam".split()
)
"""Words of the trade, folded. Those that everyday French shares (*table*, *route*, *classe*, *mot de passe*) tie nothing to it."""
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_LETTERS = re.compile(r"[^\W\d_]+")
_ITEM = re.compile(r"^[ \t]*(?:[-*•–]|\d{1,2}[.)])[ \t]+\S", re.MULTILINE)
_EXAMPLE = re.compile(
    r"\bpar exemple\b|\bp\. ?ex\.|\bexemples?(?: \w+){0,2}[*_\s]*:|\*\*exemples?\b[^*\n]*\*\*|^#+ *exemples?\b"
    r"|\b(?:imagin(?:e|ons|ez)|prenons|supposons)\b",
    re.IGNORECASE | re.MULTILINE,
)
_UNSURE = re.compile(
    r"\bje (?:ne )?suis pas (?:tout à fait |vraiment |complètement )?(?:sûre?|certaine?)\b|\bje ne sais pas\b"
    r"|\bje n['’]en suis pas (?:sûre?|certaine?)\b|\bje n['’]ai pas (?:assez )?d['’](?:informations?|éléments?)"
    r"|\b(?:les |mes )fiches ne (?:suffisent|permettent|précisent|disent)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"«[^»]*»|\"[^\"\n]*\"|“[^”]*”")
_CITED = re.compile(r"\[(\d+(?: ?[,;] ?\d+)*)\](?!\()")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)*(?P<unit>\s?%)?(?!\w)")
_LISTED = re.compile(r"^[ \t]*\d{1,2}[.)][ \t]+", re.MULTILINE)
_NAME = re.compile(
    r"""(?<!\w)(?:
    [^\W\d_]+_[\w.]+                                  # max_tokens
    | [^\W\d_][^\W_]*[^\W\d_A-Z][A-Z]\w*              # camelCase
    | [^\W\d_]\w*(?:[.-]\w+)*[a-z-]\d[\w.-]*\w        # small-2603
    | \w+(?:\.\w+)+(?=\()                             # a.call()
    )(?!\w)""",
    re.VERBOSE,
)
_TICKED = re.compile(r"`([^`\n]+)`")
_PING = re.compile(r"@(?:everyone|here|channel)\b|<[!@#][^>\s]*>|<!", re.IGNORECASE)
_LAST = re.compile(r"\?[\s*_»\")]*(?:\[\d+\][\s.]*)*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An answer as a student saw it, and what it is judged by.

    Attributes:
        targets: the cards that answer the question; none means off topic.
        retrieved: the cards that the search found for it, in its order.
        writer: who was to write it.
    """

    question: str
    targets: Sequence[str]
    answer: Answer
    retrieved: Sequence[str]
    writer: Writer


@dataclass(frozen=True)
class Checker:
    """The checks, for one course."""

    course: Course
    _known: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False)

    def check(self, seen: Seen) -> dict[str, str]:
        """Return every check that is asked of this answer, by name, with what is wrong; an empty text where it is good."""
        return {name: check(self, seen) for name, (check, is_asked) in CHECKS.items() if is_asked(seen)}

    @cached_property
    def computing(self) -> frozenset[str]:
        """The words that tie an example to computing: those of the trade, and the course's own domains."""
        domains = _folded(" ".join(self.course.info.example_domains))
        return COMPUTING | {word for word in domains if len(word) > 2 and word not in stop_words() | common_words()}

    @cached_property
    def runs(self) -> frozenset[tuple[str, ...]]:
        """Every run of words of the cards' texts."""
        return frozenset(run for card in self.course.cards for text in (card.content, *card.levels.values(), *card.examples) for run in _runs(text))

    def known(self, card_ids: Sequence[str]) -> str:
        """Return all that some cards hold, as it is compared."""
        key = tuple(card_ids)
        if key not in self._known:
            texts = [text for card_id in key for text in _texts(self.course.card(card_id))]
            self._known[key] = _compared("\n".join([*texts, *(clean(text, Rules()) for text in texts)]))
        return self._known[key]


def _texts(card: Card) -> list[str]:
    """Return every text of a card that a model may read or a student see."""
    beliefs = [text for belief in card.misconceptions for text in (belief.claim, belief.correction)]
    asked = [card.check_question.question, card.check_question.answer] if card.check_question else []
    return [card.title, card.content, *card.levels.values(), *card.examples, *beliefs, *asked]


def _writer(_: Checker, seen: Seen) -> str:
    """It is whole, and written by who was to write it."""
    answer = seen.answer
    return "" if answer.writer is seen.writer and answer.is_whole else f"{answer.writer}, {answer.completion.finish_reason}"


def _french(_: Checker, seen: Seen) -> str:
    """It is French: enough of its words are French function words, and more than English ones."""
    words = [word.lower() for word in _LETTERS.findall(_CODE.sub(" ", seen.answer.text))]
    french, english = (sum(word in known for word in words) / max(1, len(words)) for known in (FRENCH, ENGLISH))
    return "" if french >= FRENCH_SHARE and french > english else f"fr {french:.2f}, en {english:.2f}"


def _points(_: Checker, seen: Seen) -> str:
    """It has three points or more."""
    count = len(_ITEM.findall(_FENCE.sub(" ", seen.answer.text)))
    return "" if count >= FEW_POINTS else f"{count} < {FEW_POINTS}"


def _example(checker: Checker, seen: Seen) -> str:
    """It has an example, and a word of computing stands near its marker."""
    examples = list(_examples(seen.answer.text))
    if any(checker.computing.intersection(_folded(example)) for example in examples):
        return ""
    return _short(examples[0]) if examples else "0"


def _examples(text: str) -> Iterator[str]:
    """Yield what stands behind each example's marker: its paragraph, and the next where the marker stands alone."""
    for found in _EXAMPLE.finditer(text):
        here, _, after = text[found.start() :].partition("\n\n")
        is_alone = len(_LETTERS.findall(here[len(found[0]) :])) < 3
        yield (f"{here} {after.lstrip().partition(chr(10) * 2)[0]}" if is_alone else here)[:NEAR]


def _certainty(_: Checker, seen: Seen) -> str:
    """It says that it is not sure in the unsure zone, and only there."""
    found = _UNSURE.search(_QUOTED.sub(" ", seen.answer.text))
    if seen.answer.zone is Zone.UNSURE:
        return "" if found else _short(seen.answer.text)
    return _short(found[0]) if found else ""


def _sources(checker: Checker, seen: Seen) -> str:
    """Every card it names exists and was retrieved, and there is one."""
    ids = [source.card_id for source in seen.answer.sources]
    numbers = [int(number) for found in _CITED.findall(_CODE.sub(" ", seen.answer.text)) for number in re.findall(r"\d+", found)]
    strange = [card_id for card_id in ids if not checker.course.has(card_id) or card_id not in seen.retrieved]
    strange += [f"[{number}]" for number in numbers if not 1 <= number <= len(seen.retrieved)]
    return " ".join(strange) if ids else "0"


def _facts(checker: Checker, seen: Seen) -> str:
    """Every number and every name of code stands in a retrieved card or in the question; a bare digit is no figure."""
    known = f"{checker.known([card_id for card_id in seen.retrieved if checker.course.has(card_id)])} {_compared(seen.question)}"
    said = _LISTED.sub("", _CITED.sub(" ", _FENCE.sub(" ", seen.answer.text)))
    strange = [number for number in _numbers(_NAME.sub(" ", said)) if not re.search(rf"(?<![\d.]){re.escape(number)}(?![\d]|\.\d)", known)]
    names = [name for name in _names(said) if flat(name) not in checker.computing]
    strange += [name for name in names if not re.search(rf"(?<!\w){re.escape(_compared(name))}(?!\w)", known)]
    return " ".join(dict.fromkeys(strange))


def _numbers(text: str) -> list[str]:
    """Return the figures of a text: of two digits or more, with a fraction, or a percentage."""
    found = [(match[0].removesuffix(match["unit"] or ""), match["unit"]) for match in _NUMBER.finditer(_compared(text))]
    return [number for number, unit in found if len(number) > 1 or unit]


def _names(text: str) -> list[str]:
    """Return what looks like a name of code: in ticks, with an underscore, with letters and digits, in camel case, or called."""
    ticked = [word for code in _TICKED.findall(text) for word in re.findall(r"(?<![\w.-])[^\W\d][\w.-]{2,}", code)]
    return [*(name.rstrip(".") for name in ticked), *_NAME.findall(_TICKED.sub(" ", text))]


def _length(_: Checker, seen: Seen) -> str:
    """Its words are within its level's band."""
    low, high = BANDS[seen.answer.level]
    count = len(re.findall(r"\S*\w\S*", _CODE.sub(" ", seen.answer.text)))
    return "" if low <= count <= high else f"{count} ({low}-{high})"


def _end(_: Checker, seen: Seen) -> str:
    """It ends on a question."""
    return "" if _LAST.search(seen.answer.text) else _short(seen.answer.text[-60:])


def _safe(_: Checker, seen: Seen) -> str:
    """It calls nobody, and holds no e-mail address, phone number or key."""
    text = seen.answer.text
    found = _PING.search(text)
    if found:
        return _short(found[0])
    marks = MARKS.findall(scrub(text))
    return " ".join(marks) if is_personal(text) else ""


def _no_card(checker: Checker, seen: Seen) -> str:
    """Off topic, it shows no card's text."""
    found = next((run for run in _runs(seen.answer.text) if run in checker.runs), ())
    sources = [source.card_id for source in seen.answer.sources]
    return " ".join(found) or " ".join(sources)


def _target(_: Checker, seen: Seen) -> str:
    """It rests on a card that answers the question."""
    ids = [source.card_id for source in seen.answer.sources]
    return "" if set(ids) & set(seen.targets) else " ".join(ids)


def _is_sure(seen: Seen) -> bool:
    return seen.answer.zone is Zone.SURE


def _is_chat(seen: Seen) -> bool:
    return seen.answer.zone is Zone.SMALL_TALK


Check = Callable[[Checker, Seen], str]
CHECKS: Mapping[str, tuple[Check, Callable[[Seen], bool]]] = {
    "writer": (_writer, _is_sure),
    "french": (_french, lambda seen: not _is_chat(seen)),
    "points": (_points, _is_sure),
    "example": (_example, _is_sure),
    "certainty": (_certainty, lambda seen: not _is_chat(seen)),
    "sources": (_sources, _is_sure),
    "facts": (_facts, _is_sure),
    "length": (_length, _is_sure),
    "end": (_end, _is_sure),
    "safe": (_safe, lambda _: True),
    "no-card": (_no_card, lambda seen: not (seen.targets and _is_sure(seen))),
    "target": (_target, lambda seen: bool(seen.targets) and _is_sure(seen)),
}
"""Every check of one answer: what it looks at, and of which answers it is asked."""


def check_levels(course: Course, answers: Mapping[Level, Answer]) -> dict[str, str]:
    """Check the answers to one question at several levels: one card, easier for a beginner, in short sentences."""
    sure = {level: answer for level, answer in answers.items() if answer.zone is Zone.SURE and answer.sources}
    cards = {answer.sources[0].card_id if level in sure else answer.zone.value for level, answer in answers.items()}
    found = {"same-card": " ".join(sorted(cards)) if len(cards) > 1 else ""} if len(answers) > 1 else {}
    explained = {level: (_explanation(answer.text), course.card(answer.sources[0].card_id).title) for level, answer in sure.items()}
    if {Level.BEGINNER, Level.ADVANCED} <= explained.keys():
        gain = reading_ease(*explained[Level.BEGINNER]) - reading_ease(*explained[Level.ADVANCED])
        found["easier"] = "" if gain >= EASIER_BY else f"{gain:.0f} < {EASIER_BY:.0f}"
    if Level.BEGINNER in explained:
        length = words_a_sentence(*explained[Level.BEGINNER])
        found["sentences"] = "" if length <= LONG_SENTENCE else f"{length:.0f} > {LONG_SENTENCE:.0f}"
    return found


LEVEL_CHECKS = ("same-card", "easier", "sentences")


def _explanation(text: str) -> str:
    """Return what stands before the example, if that is more than a few words: examples name tools, which are hard at any level."""
    found = _EXAMPLE.search(text)
    before = text[: found.start()] if found else text
    return before if len(_LETTERS.findall(before)) >= SOME_WORDS else text


def _folded(text: str) -> list[str]:
    """Return the words of a text as they are compared with a list: without accents and plurals."""
    return [singular(word) for word in re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", flat(text))]


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", flat(text))
    return (tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1))


def _compared(text: str) -> str:
    """Return a text in which `1 000`, `1000`, `0,5` and `0.5` are found by one writing."""
    return re.sub(r"(?<=\d),(?=\d)", ".", re.sub(r"(?<=\d) (?=\d{3}(?!\d))", "", flat(text)))


def _short(text: str, limit: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
