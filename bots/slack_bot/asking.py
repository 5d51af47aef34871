"""From a Slack event to an answer: taken before the acknowledgement, answered behind it, where it was asked."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import structlog

from bots.slack_bot import attachments
from bots.slack_bot.door import Away, Refused
from bots.slack_bot.look import Sheet
from bots.slack_bot.people import person_of
from bots.slack_bot.places import Address, Messages, Moved, PlaceGone, drawn
from bots.slack_bot.reply import SlackReply
from bots.slack_bot.speech import here, sentence, words_for
from core.actions import Button, under_answer
from core.errors import AlreadyTaken, ProfondError, StoreAway
from core.messages import Answer, Question, Ticket
from core.reply import quoted
from core.store.leases import Left
from core.words import Words

if TYPE_CHECKING:
    from bots.slack_bot.client import SlackBot

log = structlog.get_logger()
NOT_THERE = {"not_in_channel", "channel_not_found", "is_archived"}
WORTH_TELLING = 0.5
"""Seconds to wait from which a student is told their place."""
SEEN = 2_000
PREFIX = "slack:"
Then = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Work:
    """What an event brings: what the acknowledgement carries, and what is done behind it.

    Attributes:
        event: what is the same for every delivery of an event that brings no question; the store knows those that do.
    """

    then: Then | None = None
    reply: dict[str, Any] = field(default_factory=dict)
    event: str = ""


NOTHING = Work()


class Asking:
    """Questions of one bot, by whatever way they come."""

    def __init__(self, bot: "SlackBot") -> None:
        self._bot = bot
        self._profond = bot.profond
        self._tasks: set[asyncio.Task[Any]] = set()
        self._events: OrderedDict[str, asyncio.Event] = OrderedDict()
        self._meeting: set[str] = set()

    async def receive(self, question: Question, address: Address, files: Sequence[dict[str, Any]] = (), *, alone: bool = False) -> Work:
        """Take a question before it is acknowledged; what comes again while it is being taken waits for that, and is nothing.

        `alone` asks for an answer to the student alone, this once.
        """
        if (before := self._events.get(question.event)) is not None:
            await before.wait()
            return NOTHING
        done = self._events[question.event] = asyncio.Event()
        try:
            return await self._received(*await self._as_wanted(question, address, alone=alone), files)
        except BaseException:
            del self._events[question.event]
            raise
        finally:
            done.set()
            self._trim()

    def _trim(self) -> None:
        while len(self._events) > SEEN:
            self._events.popitem(last=False)

    async def is_first(self, event: str) -> bool:
        """Whether what an event orders is still to be done; without the store the verb itself says that it is away."""
        try:
            return not event or await self._profond.store.leases.is_first(event)
        except StoreAway:
            return True

    async def _as_wanted(self, question: Question, address: Address, *, alone: bool) -> tuple[Question, Address]:
        """Return a question and where it is answered: in a channel to its student alone where they want that, this once or always."""
        if address.is_direct or address.kind == "alone":
            return question, address
        if not (alone or await self._profond.students.is_always_private(question.person)):
            return question, address
        address = replace(address, kind="alone", is_private=True)
        own = conversation_of(address, question.event.removeprefix(PREFIX))
        return replace(question, conversation=own, is_private=True), address

    async def _received(self, question: Question, address: Address, files: Sequence[dict[str, Any]]) -> Work:
        """Take a question; one with files is taken behind the acknowledgement: three seconds may be too short for them."""
        asked = replace(question, reply_to=address.dump(), lang=self._bot.people.known(address.user).lang)
        if files:
            return Work(lambda: self._with_files(asked, address, files))
        ticket = await self._taken(asked, address)
        if not isinstance(ticket, Ticket):
            return ticket
        return Work(lambda: self.answer(ticket), self._told(address, ticket))

    async def _taken(self, question: Question, address: Address) -> Ticket | Work:
        try:
            ticket = await self._profond.assistant.take(question)
        except AlreadyTaken:
            return NOTHING
        except ProfondError as error:
            return self._refused(question, address, error)
        return ticket

    def _refused(self, question: Question, address: Address, error: ProfondError) -> Work:
        """Return what says, once, why a question is not taken; not every refusal leaves a trace in the store."""
        return Work(lambda: self.refuse(address, error), event=f"{question.event}:refused")

    async def _with_files(self, question: Question, address: Address, files: Sequence[dict[str, Any]]) -> None:
        try:
            whole = replace(question, files=await attachments.read(self._bot.door, files))
        except ProfondError as error:
            ticket: Ticket | Work = self._refused(question, address, error)
        else:
            ticket = await self._taken(whole, address)
        if isinstance(ticket, Ticket):
            self._told(address, ticket)
            await self.answer(ticket)
        elif ticket.then and await self.is_first(ticket.event):
            await ticket.then()

    def _told(self, address: Address, ticket: Ticket) -> dict[str, Any]:
        """Return the acknowledgement that tells a student how long their question waits for its place in the channel."""
        if not _needs_root(address):
            return {}
        place, seconds = self._bot.door.limits.come(address.channel)
        if seconds < WORTH_TELLING or not address.response_url:
            return {}
        words = words_for(ticket.question.lang)
        return {"response_type": "ephemeral", "text": words("slack-waiting", position=place, seconds=round(seconds))}

    async def answer(self, ticket: Ticket, placeholder: str = "") -> None:
        """Answer a question that was taken, in the messages that were begun for it; whatever happens, the student is told."""
        address, begun = Address.load(ticket.question.reply_to), Begun.load(placeholder)
        try:
            async with self._profond.assistant.held(ticket):
                ticket, address = await self._placed(ticket, address, begun)
            await self._answer(ticket, address, begun.message)
        except NoRoom:
            return
        except Exception as error:  # noqa: BLE001  # the adapter's boundary: nobody waits for an answer that never comes
            log.error("answer_failed", cause=type(error).__name__)  # noqa: TRY400  # a traceback may hold a student's words
            known = error if isinstance(error, ProfondError) else ProfondError()
            say = self.tell if _needs_root(address) else self.say
            await say(address, sentence(words_for(ticket.question.lang), known))

    async def _placed(self, ticket: Ticket, address: Address, begun: "Begun") -> tuple[Ticket, Address]:
        """Return a question in its student's language and at the address where it is answered. Raises NoRoom."""
        human = await self._bot.people.meet(address.user)
        ticket = replace(ticket, question=replace(ticket.question, lang=human.lang))
        if begun.thread:
            return _at(ticket, replace(address, channel=begun.channel, thread_ts=begun.thread))
        return await self._rooted(ticket, address, human.name) if _needs_root(address) else (ticket, address)

    async def _rooted(self, ticket: Ticket, address: Address, name: str) -> tuple[Ticket, Address]:
        """Post the question as the first message of its thread; between two people it is answered to who asks. Raises NoRoom."""
        words, question = words_for(ticket.question.lang), ticket.question
        root = Sheet(above="" if address.is_direct else words("slack-asks", name=name or words("slack-somebody")), texts=(quoted(question.text),))
        try:
            channel, ts = await drawn(root, lambda blocks: self._bot.door.post(address.channel, blocks, root.notification))
        except (Refused, Away) as error:
            is_outside = getattr(error, "error", "") in NOT_THERE
            if is_outside and address.is_direct and address.response_url:
                return ticket, replace(address, kind="alone")
            await self.tell(address, words("slack-invite", bot=self._bot.me.name) if is_outside else words("error-unexpected"))
            raise NoRoom from None
        finally:
            self._bot.door.limits.came(address.channel)
        await self._record(ticket, Begun(channel, ts))
        return _at(ticket, replace(address, channel=channel, thread_ts=ts))

    async def _record(self, ticket: Ticket, begun: "Begun") -> None:
        """Remember what was begun, for whoever takes over."""
        with suppress(StoreAway):
            await self._profond.store.leases.place(ticket, begun.dump())

    async def _answer(self, ticket: Ticket, address: Address, message: str) -> None:
        question, words = ticket.question, words_for(ticket.question.lang)
        reply = SlackReply(self._bot.door, address, words, self._bot.figures, self._bot.sessions, message)
        reply.on_message = lambda ts: self._record(ticket, Begun(address.channel, address.thread_ts, ts))
        reply.buttons = self._buttons(words, question)
        reply.begin()
        by_command = bool(address.response_url) and address.kind == "thread"
        try:
            async with self._first_contact(question) as notice:
                reply.notice = "\n".join(filter(None, ("" if by_command else notice, words("slack-vanishes") if address.kind == "alone" else "")))
                await self._profond.assistant.answer(ticket, reply)
                if notice and by_command:
                    await self.tell(address, notice)
        finally:
            await reply.end()

    @asynccontextmanager
    async def _first_contact(self, question: Question) -> AsyncIterator[str]:
        """Yield what a student must know at first contact, and remember it as told when the answer is shown; one answer at a time tells it."""
        if question.person in self._meeting:
            yield ""
            return
        self._meeting.add(question.person)
        try:
            notice = await self._notice(question)
            yield notice
            if notice:
                with suppress(StoreAway):
                    await self._profond.students.noticed(question.person)
        finally:
            self._meeting.discard(question.person)

    async def _notice(self, question: Question) -> str:
        try:
            return here(await self._profond.students.notice(question.person, question.lang) or "")
        except ProfondError:
            return ""

    def _buttons(self, words: Words, question: Question) -> Callable[[Answer], tuple[Button, ...]]:
        course = self._profond.course
        return lambda answer: under_answer(words, answer, course, is_private=question.is_private)

    async def waiting(self, conversation: str, person: str) -> list[str]:
        """Return the questions of a person in a conversation that are being answered, by whichever process. Raises StoreAway."""
        return [left.ticket.id for left in await self._profond.store.leases.waiting(person) if _held_in(left) == conversation]

    async def stop(self, conversation: str, person: str) -> bool:
        """Stop what is being written for a person in a conversation; tell whether there was something. Raises StoreAway."""
        tickets = await self.waiting(conversation, person)
        return any([await self._profond.assistant.stop(ticket, person) for ticket in tickets])

    async def refuse(self, address: Address, error: ProfondError) -> None:
        """Say why a question is not taken, to the student alone where that can be."""
        human = await self._bot.people.meet(address.user)
        await self.tell(address, sentence(words_for(human.lang), error))

    async def tell(self, address: Address, text: str, **more: Any) -> None:  # noqa: ANN401  # the fields of a sheet
        """Tell the student alone; in direct messages nobody else reads anyway."""
        await self.show_alone(address, Sheet(texts=(text,), **more))

    async def show_alone(self, address: Address, sheet: Sheet) -> None:
        """Show a page to the student alone."""
        is_open = address.is_direct and not address.response_url
        await self._show(address if is_open else replace(address, kind="alone"), sheet)

    async def replace(self, address: Address, sheet: Sheet) -> None:
        """Let a page take the place of the one it was opened from."""
        try:
            await Messages(self._bot.door, replace(address, kind="alone")).replace(sheet)
        except PlaceGone:
            log.warning("page_not_shown")

    async def say(self, address: Address, text: str, **more: Any) -> None:  # noqa: ANN401  # as above
        """Say something where a question was asked; what finds no place is logged and lost."""
        await self._show(address, Sheet(texts=(text,), **more))

    async def _show(self, address: Address, sheet: Sheet) -> None:
        try:
            await Messages(self._bot.door, address).show(0, sheet)
        except (PlaceGone, Moved):
            log.warning("sentence_not_shown")

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something run that nobody waits for; `finish` does."""
        self._tasks.add(task := asyncio.create_task(work))
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("answer_failed", cause=type(error).__name__)

    async def finish(self, seconds: float) -> None:
        """Wait for what is being answered; the rest is left to recovery."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


class NoRoom(Exception):
    """A question finds no place in its channel; its student knows."""


@dataclass(frozen=True)
class Begun:
    """What stands already of an answer: the channel and thread, and the message that is growing."""

    channel: str = ""
    thread: str = ""
    message: str = ""

    def dump(self) -> str:
        """Return it as text."""
        return json.dumps([self.channel, self.thread, self.message])

    @classmethod
    def load(cls, text: str) -> "Begun":
        """Return what was dumped; nothing where there is no text."""
        return cls(*json.loads(text)) if text else cls()


def _held_in(left: Left) -> str:
    """Return the conversation in which a question is being answered: that of its command's thread, once it is begun."""
    question, begun = left.ticket.question, Begun.load(left.placeholder)
    if not begun.thread:
        return question.conversation
    return conversation_of(replace(Address.load(question.reply_to), channel=begun.channel, thread_ts=begun.thread))


def _at(ticket: Ticket, address: Address) -> tuple[Ticket, Address]:
    """Return a question that is held in the thread of an address, and the address."""
    question = replace(ticket.question, conversation=conversation_of(address), reply_to=address.dump())
    return replace(ticket, question=question), address


def _needs_root(address: Address) -> bool:
    return address.kind == "thread" and not address.thread_ts


def conversation_of(address: Address, event: str = "") -> str:
    """Return the conversation that is held at an address, as core names it; one of its own without a thread, or for one student alone."""
    thread = "" if address.kind == "alone" else address.thread_ts
    return f"slack:{address.team}:{address.channel}:{thread or event}"


def question_at(address: Address, text: str, event: str) -> Question:
    """Return the question that is asked at an address."""
    return Question(
        text=text,
        person=person_of(address.team, address.user),
        conversation=conversation_of(address, event),
        event=f"{PREFIX}{event}",
        is_private=address.is_private,
    )
