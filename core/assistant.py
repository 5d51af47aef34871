"""One question from being taken to being answered, as a straight line. Every face calls `take`, acknowledges, calls `answer`."""

import asyncio
import re
import secrets
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import structlog

from core.errors import EmptyQuestion, ModelAway, NotYours, StoreAway
from core.files import cut_middle, read_files
from core.knowledge import Course
from core.markup import Rules, cited, links_in
from core.messages import Answer, Choice, Completion, Figure, Level, Manner, Passage, Question, Ticket, Turn, Writer, Zone
from core.privacy import scrub
from core.prompt import card_passage_text
from core.reply import Progress, ReplySurface
from core.search import Found, SearchIndex
from core.small_talk import small_talk
from core.store import Outcome, Record, Store
from core.words import Words, words_in
from core.writers import AnswerWriter, ModelWriter, Pieces

log = structlog.get_logger()
MAX_QUESTION = 2_000
MAX_PASSAGES = 3
WORTH_READING = 0.5
"""A passage is given to the model when it scores at least this share of the best one."""
DEFAULT_LEVEL = Level.BEGINNER
_MARKS = re.compile(r"\[(?:e-mail|téléphone|clé|mention)\]")
"""What stands where personal data was: no word to search for."""


@dataclass
class Draft:
    """An answer being made."""

    ticket: Ticket
    words: Words
    level: Level
    zone: Zone = Zone.SURE
    passages: tuple[Passage, ...] = ()
    turns: Sequence[Turn] = ()
    writer: Writer = Writer.NOBODY
    text: str = ""
    notes: list[str] = field(default_factory=list)
    completion: Completion = field(default_factory=Completion)
    prompt_version: str = ""
    is_whole: bool = True
    is_stopped: bool = False
    is_begun: bool = False


class Assistant:
    """Answers questions from the course, by the model where there is one and by the cards alone where not."""

    def __init__(self, course: Course, index: SearchIndex, store: Store, cards: AnswerWriter, model: ModelWriter | None) -> None:
        self._course = course
        self._index = index
        self._store = store
        self._cards = cards
        self._model = model
        self._links = (*course.info.allowed_links, *links_in([card.text(level) for card in course.cards for level in Level]))
        self._writing: dict[str, tuple[str, Draft, asyncio.Task[None]]] = {}

    async def take(self, question: Question) -> Ticket:
        """Take a question before acknowledging it; answers within 500 ms.

        Raises:
            EmptyQuestion: there is no text.
            FileRefused: a file cannot be read; nothing was taken.
            AlreadyTaken, AllowanceSpent, StoreAway: see Store.accept.
        """
        if not question.text.strip() and not question.files:
            raise EmptyQuestion
        question = replace(question, files=read_files(question.files))
        is_free = not question.files and not question.again and small_talk(question.text) is not None
        return await self._store.accept(question, is_free=is_free)

    async def answer(self, ticket: Ticket, surface: ReplySurface) -> Answer:
        """Answer a question that was taken, on a surface; whatever happens to the model, the student gets an answer."""
        start = time.monotonic()
        draft = Draft(ticket, words_in(ticket.question.lang), ticket.question.level or DEFAULT_LEVEL)
        answer = None
        try:
            await self._prepare(draft)
            answer = await self._write(draft, surface)
        finally:
            if answer is None:
                await self._store.release(ticket)
        await surface.finish(answer)
        await self._remember(draft, answer, round((time.monotonic() - start) * 1000))
        return answer

    async def stop(self, ticket_id: str, person: str) -> bool:
        """Stop an answer being written; tell whether there was one. Raises NotYours."""
        asker, draft, writing = self._writing.get(ticket_id, ("", None, None))
        if draft is None or writing is None:
            return False
        if asker != person:
            raise NotYours
        draft.is_stopped = True
        return writing.cancel()

    async def again(self, answer_id: str, asked: Question, manner: Manner = Manner.PLAIN) -> Question:
        """Return the question to take for telling an answer again (redo, simpler, deeper, another example).

        `asked` says who asks, where and by which event. Raises Unknown; NotYours for somebody else's redo, or private answer.
        """
        past = await self._store.past(answer_id, asked.person if manner is Manner.PLAIN else None)
        if past.is_private:
            await self._store.past(answer_id, asked.person)
        is_private = asked.is_private or past.is_private
        return replace(asked, text=past.question, again=answer_id, manner=manner, is_private=is_private)

    async def _prepare(self, draft: Draft) -> None:
        """Decide the level, the zone and the passages."""
        question = draft.ticket.question
        if draft.ticket.is_free:
            draft.zone = Zone.SMALL_TALK
            return
        text, is_cut = cut_middle(question.text, MAX_QUESTION)
        if is_cut:
            draft.notes.append(draft.words("note-cut", limit=MAX_QUESTION))
            draft.ticket = replace(draft.ticket, question=replace(question, text=text))
        draft.level = question.level or await self._store.people.level(question.person) or DEFAULT_LEVEL
        draft.turns = await self._store.recent(question.conversation, draft.ticket.person)
        found = await self._find(draft.ticket.question, draft.turns)
        draft.zone, draft.passages = found.zone, found.passages

    async def _find(self, question: Question, turns: Sequence[Turn]) -> Found:
        """Search, reading a follow-up together with the turn before it."""
        text = _searched(question.text)
        found = self._index.search(text)
        if question.again and question.manner is not Manner.PLAIN:
            past = await self._store.past(question.again)
            return self._same_cards(past.card_ids, found)
        if found.zone is Zone.SURE or not turns:
            return found
        last = turns[-1]
        if not found.analysis.terms:
            return self._same_cards(last.card_ids, found)
        joined = self._index.search(f"{_searched(last.question)} {text}")
        is_about_the_course = len(found.matched) * 2 >= len(found.analysis.terms)
        return joined if joined.zone is Zone.SURE and is_about_the_course else found

    def _same_cards(self, card_ids: Sequence[str], found: Found) -> Found:
        passages = tuple(self._index.passage(card_id) for card_id in card_ids if self._course.has(card_id))
        return found._replace(passages=passages, zone=Zone.SURE) if passages else found

    async def _write(self, draft: Draft, surface: ReplySurface) -> Answer:
        sources = tuple(passage.card_id for passage in self._useful(draft.passages))
        progress = Progress(surface, Rules(self._links, sources))
        if draft.zone is Zone.SURE:
            await self._write_stoppably(draft, progress)
        else:
            draft.text = self._words_for(draft)
        return self._answer(draft, progress)

    def _words_for(self, draft: Draft) -> str:
        """Return what is said where nothing is looked up or found."""
        if draft.zone is Zone.SMALL_TALK:
            return draft.words(f"small-talk-{small_talk(draft.ticket.question.text)}")
        if draft.zone is Zone.UNSURE:
            return draft.words("unsure")
        return draft.words("outside", course=self._course.info.title)

    async def _write_stoppably(self, draft: Draft, progress: Progress) -> None:
        writing = asyncio.create_task(self._stream(draft, progress))
        self._writing[draft.ticket.id] = (draft.ticket.question.person, draft, writing)
        try:
            await writing
        except asyncio.CancelledError:
            writing.cancel()
            if not draft.is_stopped:
                raise
            draft.is_whole, draft.is_begun = False, bool(progress.raw.strip())
            draft.text = f"{progress.raw.rstrip()}{_closing(progress.raw)}\n\n{draft.words('stopped')}".strip()
        finally:
            del self._writing[draft.ticket.id]

    async def _stream(self, draft: Draft, progress: Progress) -> None:
        """Let the model write; the cards where there is none, where it is away, or where it stops half-way."""
        if self._model is None:
            draft.notes.append(draft.words("note-cards"))
            await self._stream_cards(draft, progress)
            return
        draft.writer, draft.prompt_version = Writer.MODEL, self._model.template.version
        try:
            await self._pour(self._model.write(*self._asked(draft, for_model=True)), draft, progress)
        except ModelAway as away:
            log.warning("model_gave_up", cause=away.cause, ticket=draft.ticket.id, wrote=bool(progress.raw))
            draft.is_whole = not progress.raw.strip()
            note = "note-cards-away" if draft.is_whole else "note-model-stopped"
            draft.writer = Writer.CARDS if draft.is_whole else Writer.MODEL
            if draft.is_whole:
                draft.notes.append(draft.words(note))
            else:
                await progress.add(f"{_closing(progress.raw)}\n\n{draft.words(note)}\n\n")
            await self._stream_cards(draft, progress)

    async def _stream_cards(self, draft: Draft, progress: Progress) -> None:
        if draft.writer is Writer.NOBODY:
            draft.writer = Writer.CARDS
        if draft.ticket.question.lang != self._course.info.language:
            draft.notes.append(draft.words("note-language"))
        await self._pour(self._cards.write(*self._asked(draft, for_model=False)), draft, progress)

    def _asked(self, draft: Draft, *, for_model: bool) -> tuple[Question, Sequence[Passage], Level, Sequence[Turn]]:
        passages = self._useful(draft.passages)
        if for_model:
            passages = [replace(p, text=card_passage_text(self._course, p, draft.level)) for p in passages]
        return draft.ticket.question, passages, draft.level, draft.turns

    async def _pour(self, pieces: Pieces, draft: Draft, progress: Progress) -> None:
        async with aclosing(pieces) as stream:
            async for piece in stream:
                if isinstance(piece, str):
                    await progress.add(piece)
                elif piece.model:
                    draft.completion = piece
        if draft.completion.model and draft.completion.finish_reason not in {"stop", ""} and draft.is_whole:
            draft.is_whole = False
            await progress.add(f"{_closing(progress.raw)}\n\n{draft.words('note-length')}")
        draft.text = progress.raw

    @staticmethod
    def _useful(passages: Sequence[Passage]) -> list[Passage]:
        """Return the passages worth the model's reading, best first."""
        best = passages[0].score if passages else 0.0
        return [passage for passage in passages[:MAX_PASSAGES] if passage.score >= best * WORTH_READING]

    def _answer(self, draft: Draft, progress: Progress) -> Answer:
        useful = self._useful(draft.passages) if draft.zone is Zone.SURE else []
        parts = progress.parts(draft.text)
        numbers = cited("\n".join(parts), len(useful)) if draft.writer is Writer.MODEL else ()
        sources = [useful[number - 1] for number in numbers] or useful[:1]
        first = self._course.card(sources[0].card_id).figure if sources else None
        return Answer(
            id="" if draft.zone is Zone.SMALL_TALK else secrets.token_hex(16),
            parts=tuple(parts),
            zone=draft.zone,
            writer=draft.writer,
            level=draft.level,
            sources=tuple(Choice(passage.title, passage.card_id) for passage in sources),
            choices=self._choices(draft),
            notes=tuple(draft.notes),
            figure=Figure(str(self._course.folder / first.file), first.alt) if first else None,
            completion=draft.completion,
            prompt_version=draft.prompt_version,
            is_whole=draft.is_whole,
        )

    def _choices(self, draft: Draft) -> tuple[Choice, ...]:
        if draft.zone is Zone.UNSURE:
            return tuple(Choice(passage.title, passage.card_id) for passage in draft.passages[:3])
        if draft.zone is Zone.OUTSIDE:
            return tuple(Choice(question) for question in self._course.info.example_questions[:3])
        return ()

    async def _remember(self, draft: Draft, answer: Answer, milliseconds: int) -> None:
        """Store the answer and write the one log line; what was shown stands even where the store is away."""
        is_nothing = draft.zone is Zone.OUTSIDE or (draft.is_stopped and not draft.is_begun)
        record = Record(course_version=self._course.version, cost_micros=0, milliseconds=milliseconds)
        try:
            await self._store.answered(draft.ticket, Outcome(answer=answer, record=record, gives_back=is_nothing))
        except StoreAway:
            log.warning("answer_not_stored", ticket=draft.ticket.id)
        usage = answer.completion.usage
        log.info(
            "question_answered",
            ticket=draft.ticket.id,
            answer=answer.id,
            zone=answer.zone.value,
            writer=answer.writer.value,
            level=answer.level.value,
            cards=[source.card_id for source in answer.sources],
            model=answer.completion.model,
            finish_reason=answer.completion.finish_reason,
            tokens_input=usage.input,
            tokens_cached=usage.cached,
            tokens_output=usage.output,
            cost_micros=record.cost_micros,
            milliseconds=milliseconds,
        )


def _searched(text: str) -> str:
    """Return what is searched for in a student's text: all but personal data."""
    return _MARKS.sub(" ", scrub(text))


def _closing(raw: str) -> str:
    """Return what closes a fence that a cut text left open."""
    return "\n```" if raw.count("```") % 2 else ""
