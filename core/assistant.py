"""One question from being taken to being answered, as a straight line. Every face calls `take`, acknowledges, calls `answer`."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from weakref import WeakValueDictionary

import structlog

from core.errors import EmptyQuestion, NotYours, ProfondError, StoreAway
from core.files import cut_middle, read_files
from core.finding import Finder, goes_on
from core.knowledge import Course
from core.markup import Dialect, Rules, cited, links_in
from core.markup.watch import FOREIGN, LOOPED
from core.measures import count, took
from core.messages import Answer, Choice, Completion, Figure, Handover, Level, Manner, Passage, Place, Question, Ticket, Turn, Writer, Zone
from core.prompt import instructions
from core.reply import Progress, ReplySurface
from core.search import SearchIndex
from core.small_talk import REPLY, costs_nothing, small_talk
from core.store import Outcome, Record, Store
from core.store.spending import Bill
from core.words import Words, words_in
from core.writers import AnswerWriter, Asked, Author, ModelWriter

log = structlog.get_logger()
MAX_QUESTION = 2_000
MAX_PASSAGES = 3
WORTH_READING = 0.6
"""A passage is given to the model when it scores at least this share of the best one."""
DEFAULT_LEVEL = Level.BEGINNER


def worth_reading(passages: Sequence[Passage], *, compares: bool = False) -> list[Passage]:
    """Return the passages that the model is given, best first; both that are compared."""
    useful = [passage for passage in passages[:MAX_PASSAGES] if passage.score >= passages[0].score * WORTH_READING]
    return list(passages[:2]) if compares and len(useful) < 2 else useful


@dataclass
class Draft:
    """An answer being made."""

    ticket: Ticket
    surface: ReplySurface
    words: Words
    level: Level
    zone: Zone = Zone.SURE
    passages: tuple[Passage, ...] = ()
    compares: bool = False
    turns: Sequence[Turn] = ()
    nth: int = 0
    writer: Writer = Writer.NOBODY
    text: str = ""
    notes: list[str] = field(default_factory=list)
    completion: Completion = field(default_factory=Completion)
    bill: Bill = field(default_factory=Bill)
    is_whole: bool = True
    may_redo_with_model: bool = False
    is_stopped: bool = False
    is_begun: bool = False
    is_written: bool = False
    writing: asyncio.Task[None] | None = None

    @property
    def useful(self) -> list[Passage]:
        """The passages that the answer is written from."""
        return worth_reading(self.passages, compares=self.compares)


class Assistant:
    """Answers questions from the course, by the model where there is one and by the cards alone where not."""

    def __init__(self, course: Course, index: SearchIndex, store: Store, cards: AnswerWriter, model: ModelWriter | None) -> None:
        self._course = course
        self._store = store
        self._finder = Finder(course, index, has_reader=model is not None)
        self._author = Author(cards, model)
        self._prompt_version = model.template.version if model else ""
        self._instructions = instructions(model.template, course) if model else ""
        self._sees = bool(model and model.sees)
        self._links = (*course.info.allowed_links, *links_in([card.text(level) for card in course.cards for level in Level]))
        self._drafts: dict[str, Draft] = {}
        store.leases.on_stop = self.stop_now
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def take(self, question: Question) -> Ticket:
        """Take a question before acknowledging it; answers within 500 ms.

        Raises:
            EmptyQuestion: there is no text.
            FileRefused: a file cannot be read; nothing was taken.
            AlreadyTaken, AllowanceSpent, StoreAway: see Store.accept.
        """
        start = time.monotonic()
        try:
            if not (question.text.strip() or question.files or question.again):
                raise EmptyQuestion
            question = replace(question, files=read_files(question.files, sees=self._sees))
            return await self._store.accept(question, is_free=costs_nothing(question))
        except ProfondError as error:
            count("refusals", platform=_platform(question), reason=type(error).__name__)
            raise
        finally:
            took("store_accept_seconds", time.monotonic() - start)

    async def answer(self, ticket: Ticket, surface: ReplySurface) -> Answer:
        """Answer a question that was taken, on a surface; whatever happens to the model, the student gets an answer.

        A student's questions in one conversation are answered one after another, in the order in which they come here;
        those of a class that shares a thread are not, since nobody waits for what a classmate asked.
        """
        question = ticket.question
        draft = self._drafts[ticket.id] = Draft(ticket, surface, words_in(question.lang), question.level or DEFAULT_LEVEL)
        try:
            async with self.held(ticket), self._turns.setdefault((question.conversation, question.person), asyncio.Lock()):
                return await self._answer_now(draft)
        finally:
            del self._drafts[ticket.id]

    @asynccontextmanager
    async def held(self, ticket: Ticket) -> AsyncIterator[None]:
        """Let go of a question where what is done for it fails: its allowance comes back; where that is cut off, whoever comes next finishes it."""
        let_go: Callable[[Ticket], Awaitable[None]] | None = self._store.release
        try:
            yield
            let_go = None
        except asyncio.CancelledError:
            let_go = self._store.leases.leave
            raise
        finally:
            if let_go:
                with suppress(StoreAway):  # a lease that cannot be given up runs out by itself
                    await let_go(ticket)

    async def _answer_now(self, draft: Draft) -> Answer:
        start = time.monotonic()
        is_told = False
        await self._prepare(draft)
        try:
            answer = await self._write(draft)
            await draft.surface.finish(answer)
            is_told = True
        finally:
            if draft.bill.charges and not is_told:
                with suppress(StoreAway):
                    await self._store.spending.add_unanswered(self._topic_of(draft.passages), draft.bill)
        await self._remember(draft, answer, round((time.monotonic() - start) * 1000))
        return answer

    async def stop(self, ticket_id: str, person: str) -> bool:
        """Stop an answer that is written or waited for, by whichever process; tell whether there was one. Raises NotYours, StoreAway."""
        draft = self._drafts.get(ticket_id)
        if draft is None:
            return await self._store.leases.ask_to_stop(ticket_id, person)
        if draft.ticket.question.person != person:
            raise NotYours
        return self.stop_now(ticket_id)

    def stop_now(self, ticket_id: str) -> bool:
        """Stop an answer that this process writes or is to write; tell whether there was one."""
        draft = self._drafts.get(ticket_id)
        if draft is None or draft.is_written:
            return False
        draft.is_stopped = True
        if draft.writing:
            draft.writing.cancel()
        return True

    async def again(self, answer_id: str, asked: Question, manner: Manner = Manner.PLAIN) -> Question:
        """Return the question to take for telling an answer again (redo, simpler, deeper, another example).

        `asked` says who asks, where and by which event. Raises Unknown; NotYours for somebody else's redo, or private answer.
        """
        past = await self._store.past(answer_id, asked.person)
        if not past.is_own and (manner is Manner.PLAIN or past.is_private):
            raise NotYours
        asked = replace(asked, text=past.question, again=answer_id, manner=manner, is_private=asked.is_private or past.is_private)
        return replace(asked, conversation=past.conversation_place, level=past.level) if past.is_own else asked

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
        past = await self._store.past(question.again) if question.again else None
        origin = past.origin if past and question.manner is not Manner.PLAIN else ""
        level, turns = await asyncio.gather(
            self._store.people.level(question.person), self._store.recent(question.conversation, draft.ticket.person, origin=origin)
        )
        draft.level = question.level or level or DEFAULT_LEVEL
        if past and past.had_files and self._finder.has_reader:
            draft.notes.append(draft.words("note-file-gone"))
        elif past and question.manner is Manner.PLAIN:
            turns = [turn for turn in turns if turn.id != past.turn]  # told anew, not once more; of a file nothing is left but what was told
        found, manner = self._finder.find(draft.ticket.question, turns, past.card_ids if past else ())
        draft.ticket = replace(draft.ticket, question=replace(draft.ticket.question, manner=manner))
        # what classmates wrote helps to find, and never goes to the model; nor does what was torn, but for who asks for the rest
        draft.turns = [turn for turn in turns if turn.is_own and (turn.is_whole or goes_on(text))]
        draft.nth = sum(turn.tellings for turn in turns for passage in found.passages[:1] if passage.card_id in turn.card_ids)
        is_chat = found.zone is not Zone.SURE and small_talk(text) == REPLY
        draft.zone, draft.passages, draft.compares = Zone.SMALL_TALK if is_chat else found.zone, found.passages, found.compares

    async def _write(self, draft: Draft) -> Answer:
        sources = tuple(passage.card_id for passage in draft.useful)
        dialect = getattr(draft.surface, "dialect", Dialect())  # a face that names none gets what every chat can show
        progress = Progress(draft.surface, Rules(self._links, sources, dialect, self._instructions))
        if draft.zone is Zone.SURE:
            await self._write_stoppably(draft, progress)
        else:
            draft.text = self._words_for(draft)
        draft.is_written = True
        return self._answer(draft, progress)

    def _words_for(self, draft: Draft) -> str:
        """Return what is said where nothing is looked up or found."""
        if draft.zone is Zone.SMALL_TALK:
            return draft.words(f"small-talk-{small_talk(draft.ticket.question.text)}")
        if draft.zone is Zone.UNSURE:
            return draft.words("unsure")
        return draft.words("outside", course=self._course.info.title)

    async def _write_stoppably(self, draft: Draft, progress: Progress) -> None:
        writing = draft.writing = asyncio.create_task(self._pour(draft, progress))
        if draft.is_stopped:  # while it waited for the question before
            writing.cancel()
        try:
            await writing
        except asyncio.CancelledError:
            writing.cancel()
            if not draft.is_stopped:
                raise
            draft.is_whole, draft.is_begun = False, bool(progress.raw.strip())
            draft.text = f"{progress.raw.rstrip()}{_closing(progress.raw)}\n\n{draft.words('stopped')}".strip()

    async def _pour(self, draft: Draft, progress: Progress) -> None:
        """Let the author write, and show it as it grows."""
        draft.writer = Writer.MODEL
        asked = Asked(draft.ticket.question, draft.useful, draft.level, draft.turns, draft.nth, draft.bill, draft.compares)
        async with aclosing(self._author.write(asked)) as pieces:
            async for piece in pieces:
                if isinstance(piece, str):
                    await progress.add(piece)
                elif isinstance(piece, Place):
                    await draft.surface.wait(piece)
                elif isinstance(piece, Handover):
                    await self._hand_over(piece, draft, progress)
                elif draft.writer is Writer.MODEL and (piece.model or piece.finish_reason == LOOPED):
                    draft.completion = piece
        if draft.writer is Writer.MODEL and draft.completion.finish_reason not in {"stop", ""}:
            draft.is_whole = False
            note = "note-loop" if draft.completion.finish_reason == LOOPED else "note-length"
            await progress.add(f"{_closing(progress.raw)}\n\n{draft.words(note)}")
        draft.text = progress.raw

    async def _hand_over(self, handover: Handover, draft: Draft, progress: Progress) -> None:
        """Say that the cards go on: below the text that the model left torn, or beside the answer where it wrote none."""
        if handover.cause:
            log.warning("model_gave_up", cause=handover.cause, ticket=draft.ticket.id, wrote=bool(progress.raw))
        draft.may_redo_with_model = handover.may_redo
        is_foreign = handover.note == FOREIGN
        draft.is_whole = (is_foreign or not progress.parts(progress.raw)) and progress.take_back()
        if draft.is_whole:
            draft.writer = Writer.CARDS
            draft.notes.append(draft.words(handover.note))
        else:
            await progress.add(f"{_closing(progress.raw)}\n\n{draft.words('note-model-foreign' if is_foreign else 'note-model-stopped')}\n\n")
        if draft.ticket.question.lang != self._course.info.language:
            draft.notes.append(draft.words("note-language"))

    def _answer(self, draft: Draft, progress: Progress) -> Answer:
        useful = draft.useful if draft.zone is Zone.SURE else []
        parts = progress.parts(draft.text)
        numbers = cited("\n".join(parts), len(useful)) if draft.writer is Writer.MODEL else ()
        sources = [useful[number - 1] for number in numbers] or useful[: 1 + draft.compares]
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
            completion=_completion(draft),
            prompt_version=self._prompt_version if draft.zone is Zone.SURE else "",
            is_whole=draft.is_whole,
            may_redo_with_model=draft.may_redo_with_model,
        )

    def _choices(self, draft: Draft) -> tuple[Choice, ...]:
        if draft.zone is Zone.UNSURE:
            return tuple(Choice(passage.title, passage.card_id) for passage in draft.passages[:3])
        if draft.zone is Zone.OUTSIDE:
            return tuple(Choice(question) for question in self._course.info.example_questions[:3])
        return ()

    def _topic_of(self, found: Sequence[Passage | Choice]) -> str:
        return self._course.topic_of(found[0].card_id).id if found else ""

    async def _remember(self, draft: Draft, answer: Answer, milliseconds: int) -> None:
        """Store the answer and write the one log line; what was shown stands even where the store is away."""
        is_nothing = draft.zone in {Zone.OUTSIDE, Zone.SMALL_TALK} or (draft.is_stopped and not draft.is_begun)
        record = Record(course_version=self._course.version, cost_micros=draft.bill.micros, milliseconds=milliseconds)
        topic = self._topic_of(answer.sources)
        bill = draft.bill if answer.id else None
        try:
            await self._store.answered(draft.ticket, Outcome(answer=answer, record=record, gives_back=is_nothing, topic=topic, bill=bill))
        except StoreAway:
            log.warning("answer_not_stored", ticket=draft.ticket.id)
        platform, usage = _platform(draft.ticket.question), answer.completion.usage
        count("questions", platform=platform, zone=answer.zone.value, writer=answer.writer.value)
        took("answer_seconds", milliseconds / 1000, platform=platform)
        log.info(
            "question_answered",
            platform=platform,
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
            saved_micros=draft.bill.saved_micros,
            milliseconds=milliseconds,
        )


def _platform(question: Question) -> str:
    return question.person.partition(":")[0]


def _completion(draft: Draft) -> Completion:
    """Return how the model's text ended, with what it took on this question's bill: nothing where another's answer was shared."""
    if draft.writer is not Writer.MODEL:
        return Completion()
    charges = draft.bill.charges
    reason = LOOPED if draft.completion.finish_reason == LOOPED else "cut"
    torn = Completion(finish_reason=reason, model=charges[-1].model if charges else "")
    return replace(draft.completion if draft.completion.model else torn, usage=draft.bill.usage)


def _closing(raw: str) -> str:
    """Return what closes a fence that a cut text left open."""
    return "\n```" if raw.count("```") % 2 else ""
