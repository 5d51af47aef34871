"""Search at the size that ships and at 10,000 cards, beside bm25s and SQLite's FTS5 on the same cards, in the same run.

Each index is built anew for a round and every question is asked once, so that nothing is remembered from a question before.
"""

import gc
import random
import re
import sqlite3
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import Stemmer
from bm25s import BM25
from bm25s.tokenization import Tokenized, tokenize

from benchmarks.report import Report, Row, Target, median, quantile, ratio, show
from core import french
from core.evaluation import ExamQuestion, read_questions
from core.knowledge import Card, CheckQuestion, Course, Misconception, Topic, load_course
from core.search import SearchIndex

LARGE, LIMIT, SEED = 10_000, 5, 20_260_801
ROUNDS, LARGE_ROUNDS = 5, 1
PROFOND = "profond"
Search = Callable[[str], list[str]]
Engine = Callable[[Course], Search]


def profond(course: Course) -> Search:
    """Return our own search; what the process remembers of words is forgotten first."""
    for made in vars(french).values():
        getattr(made, "cache_clear", bool)()
    index = SearchIndex(course)
    return lambda question: [passage.card_id for passage in index.search(question, LIMIT).passages]


def plain_text(card: Card, *, has_aliases: bool) -> str:
    """Return a card as one text, as a search engine off the shelf gets it."""
    misconceptions = [text for one in card.misconceptions for text in (one.claim, one.correction)]
    check = [card.check_question.question] if card.check_question else []
    texts = list(card.levels.values()) or [card.content]
    return "\n".join([card.title, *(card.aliases if has_aliases else ()), *card.keywords, *texts, *card.examples, *misconceptions, *check])


def with_bm25s(*, has_aliases: bool) -> Engine:
    """Return BM25 by bm25s, with its French stop words and PyStemmer."""

    def engine(course: Course) -> Search:
        stemmer, ids = Stemmer.Stemmer("french"), [card.id for card in course.cards]

        def tokens(texts: list[str]) -> list[list[str]]:
            found = tokenize(texts, stopwords="fr", stemmer=stemmer, return_ids=False, show_progress=False)
            return [] if isinstance(found, Tokenized) else found

        index = BM25()  # type: ignore[no-untyped-call]
        index.index(tokens([plain_text(card, has_aliases=has_aliases) for card in course.cards]), show_progress=False)

        def search(question: str) -> list[str]:
            found, _ = index.retrieve(tokens([question]), k=LIMIT, show_progress=False)
            return [ids[number] for number in found[0]]

        return search

    return engine


def with_fts5(*, has_aliases: bool) -> Engine:
    """Return SQLite's FTS5 in memory, any word of the question."""

    def engine(course: Course) -> Search:
        database, ids = sqlite3.connect(":memory:"), [card.id for card in course.cards]
        database.execute("CREATE VIRTUAL TABLE cards USING fts5(body, tokenize='unicode61 remove_diacritics 2')")
        rows = [(number, plain_text(card, has_aliases=has_aliases)) for number, card in enumerate(course.cards)]
        database.executemany("INSERT INTO cards(rowid, body) VALUES (?, ?)", rows)

        def search(question: str) -> list[str]:
            any_word = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", question))
            statement = "SELECT rowid FROM cards WHERE cards MATCH ? ORDER BY rank LIMIT ?"
            return [ids[row[0]] for row in database.execute(statement, (any_word or '""', LIMIT))]

        return search

    return engine


ENGINES: dict[str, Engine] = {
    PROFOND: profond,
    "bm25s": with_bm25s(has_aliases=False),
    "bm25s, aliases": with_bm25s(has_aliases=True),
    "fts5": with_fts5(has_aliases=False),
    "fts5, aliases": with_fts5(has_aliases=True),
}


class Scrambled:
    """Makes cards in the shape of the shipped ones: each word is drawn from the same field of all of them, as often as it stands there."""

    def __init__(self, cards: Sequence[Card]) -> None:
        self._random = random.Random(SEED)  # noqa: S311  # no secret
        self._cards = cards
        self._words: dict[str, list[str]] = defaultdict(list)
        for card in cards:
            for name, texts in self._texts(card):
                self._words[name] += [word for text in texts for word in text.split()]

    @staticmethod
    def _texts(card: Card) -> list[tuple[str, Sequence[str]]]:
        said = [text for one in card.misconceptions for text in (one.claim, one.correction)]
        body = [card.content, *card.levels.values(), *said, *([card.check_question.question] if card.check_question else [])]
        return [("title", [card.title]), ("alias", card.aliases), ("keyword", card.keywords), ("example", card.examples), ("body", body)]

    def _like(self, text: str, field: str) -> str:
        return " ".join(self._random.choices(self._words[field], k=len(text.split())))

    def card(self, number: int) -> Card:
        """Return one more card."""
        model = self._random.choice(self._cards)
        check = model.check_question
        return model.model_copy(
            update={
                "id": f"card-{number}",
                "title": self._like(model.title, "title"),
                "content": self._like(model.content, "body"),
                "levels": {level: self._like(text, "body") for level, text in model.levels.items()},
                "aliases": tuple(self._like(text, "alias") for text in model.aliases),
                "keywords": tuple(self._like(text, "keyword") for text in model.keywords),
                "examples": tuple(self._like(text, "example") for text in model.examples),
                "misconceptions": tuple(
                    Misconception(claim=self._like(one.claim, "body"), correction=self._like(one.correction, "body")) for one in model.misconceptions
                ),
                "check_question": check and CheckQuestion(question=self._like(check.question, "body"), answer=check.answer),
                "related": (),
            }
        )


def large(course: Course) -> Course:
    """Return the course with made-up cards up to 10,000."""
    scrambled = Scrambled(course.cards)
    made = tuple(scrambled.card(number) for number in range(LARGE - len(course.cards)))
    return replace(course, topics=(*course.topics, Topic(id="made-up", title="Made up", subtopics=made)), _cards={}, _topic_of={})


@dataclass(frozen=True)
class Timing:
    """One engine, once, in milliseconds: the index's build and every question; and the share of right first cards."""

    build: float
    questions: Sequence[float]
    recall_at_1: float


def measure(engine: Engine, course: Course, questions: Sequence[ExamQuestion]) -> Timing:
    """Build an index and ask every question once, after some odd words, for the lists that are read at the first need."""
    gc.collect()
    start = time.perf_counter()
    search = engine(course)
    build = (time.perf_counter() - start) * 1000
    search("bonjour kestion xylofonne")
    times, right = [], []
    for asked in questions:
        start = time.perf_counter()
        found = search(asked.question)
        times.append((time.perf_counter() - start) * 1000)
        if asked.targets:
            right.append(bool(found) and found[0] in asked.targets)
    return Timing(build, times, statistics.fmean(right))


def _rows(course: Course, questions: Sequence[ExamQuestion], rounds: int) -> list[Row]:
    """Measure all engines in turn at one size."""
    timings: dict[str, list[Timing]] = {name: [] for name in ENGINES}
    for _ in range(rounds):
        for name, engine in ENGINES.items():
            timings[name].append(measure(engine, course, questions))
    return [_row(len(course.cards), name, found) for name, found in timings.items()]


def _row(cards: int, name: str, rounds: Sequence[Timing]) -> Row:
    """Return an engine's figures. A question's time is its median over the rounds, since a busy machine may stop one for a moment."""
    times = [statistics.median(of_one) for of_one in zip(*(timing.questions for timing in rounds), strict=True)]
    return {
        "cards": cards,
        "engine": name,
        "p50_ms": round(quantile(times, 0.5), 3),
        "p99_ms": round(quantile(times, 0.99), 3),
        "recall_at_1": round(rounds[0].recall_at_1, 3) if cards < LARGE else None,  # beside made-up cards it says nothing
        "build_ms": median([timing.build for timing in rounds], 1),
    }


def _ratios(rows: Sequence[Row]) -> dict[str, float]:
    ours = next(row for row in rows if row["engine"] == PROFOND)
    return {
        f"{PROFOND} / {row['engine']}, {row['cards']} cards, {share}": ratio(_number(ours[share]), _number(row[share]))
        for row in rows
        if row is not ours and "aliases" not in str(row["engine"])
        for share in ("p50_ms", "p99_ms", "build_ms")
    }


def _number(value: str | float | None) -> float | None:
    return value if isinstance(value, float) else None


def main() -> None:
    course = load_course(Path(str(files("knowledge_base").joinpath(""))))
    questions = read_questions(course.folder / "questions" / "calibration.json")
    sizes = [_rows(course, questions, ROUNDS), _rows(large(course), questions, LARGE_ROUNDS)]
    targets = [
        Target(f"{PROFOND} p99, {rows[0]['cards']} cards", _number(rows[0]["p99_ms"]), limit, "ms")
        for rows, limit in zip(sizes, (1.0, 10.0), strict=True)
    ]
    ratios = {name: value for rows in sizes for name, value in _ratios(rows).items()}
    facts = {"questions": len(questions), "rounds": ROUNDS, "rounds_large": LARGE_ROUNDS, "limit": LIMIT, "bm25s": version("bm25s")}
    show(Report("search", [row for rows in sizes for row in rows], targets, ratios, facts))


if __name__ == "__main__":
    main()
