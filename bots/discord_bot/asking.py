"""From a Discord event to an answer: take, acknowledge, answer where it was asked."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakSet, WeakValueDictionary

import discord
import structlog

from bots.discord_bot.look import Page, small
from bots.discord_bot.places import FAILURES, Address, Messages, PlaceGone
from bots.discord_bot.reply import DiscordReply, End
from bots.discord_bot.spots import Spot, can_thread, insist, is_alone, is_answered, lang_of, person_of, soon, tell
from core.actions import Action, button, under_answer
from core.errors import AlreadyTaken, EmptyQuestion, FileRefused, ProfondError, StoreAway
from core.files import must_fit, name_of
from core.knowledge import Course
from core.measures import arrived
from core.messages import Answer, Level, Question, Ticket
from core.reply import quoted
from core.store.leases import Left
from core.words import error_words, words_in

if TYPE_CHECKING:
    from bots.discord_bot.client import DiscordBot

log = structlog.get_logger()
DOWNLOAD_SECONDS = 15.0
LAST_WORDS_SECONDS = 2.0
LONGEST_COURTESY = 1.5


async def read_attachments(attachments: Sequence[discord.Attachment]) -> tuple[tuple[str, bytes], ...]:
    """Download what is attached; core decides what it is. Raises FileRefused."""
    for attachment in attachments:
        must_fit(attachment.filename, attachment.size)
    try:
        async with asyncio.timeout(DOWNLOAD_SECONDS):
            return tuple([(attachment.filename, await attachment.read()) for attachment in attachments])
    except FAILURES:
        raise FileRefused("refusal-file-away", name=name_of(attachments[0].filename)) from None


class Asking:
    """Questions of one bot, by whatever way they come."""

    def __init__(self, bot: "DiscordBot") -> None:
        self._bot = bot
        self._profond = bot.profond
        self._tasks: set[asyncio.Task[Any]] = set()
        self._courtesies: WeakSet[asyncio.Task[Any]] = WeakSet()
        self._orders: WeakValueDictionary[tuple[int, int], asyncio.Lock] = WeakValueDictionary()
        self._waiting = 0
        self._all_taken = asyncio.Event()
        self._all_taken.set()
        self._greeted: set[int] = set()

    async def question(self, spot: Spot, text: str, *, is_private: bool | None = None, level: Level | None = None) -> Question:
        """Return the question that a command, a button or a form asks.

        Where the student did not say whether it is private, what is asked from a message that they alone see is. Raises StoreAway.
        """
        return await soon(self._question(spot, text, is_private=is_private, level=level))

    async def _question(self, spot: Spot, text: str, *, is_private: bool | None, level: Level | None) -> Question:
        if is_private is None:
            is_private = is_alone(spot) or await self._profond.students.is_always_private(person_of(spot.user))
        return Question(
            text=text,
            person=person_of(spot.user),
            conversation=await self._bot.threads.of_interaction(spot, is_private=is_private),
            event=f"discord:i:{spot.id}",
            level=level,
            lang=lang_of(spot),
            is_private=is_private,
        )

    async def by_interaction(self, spot: Spot, question: Question, *, file: discord.Attachment | None = None) -> None:
        """Answer what a command, a button or a form asks. A file is fetched after the acknowledgement: three seconds may be too short for it."""
        arrived("discord", spot.created_at.timestamp())
        address = Address.of_interaction(spot, is_private=question.is_private)
        asked = replace(question, reply_to=address.dump(), is_exempt=self._bot.is_exempt(spot.user))
        try:
            if file:
                must_fit(file.filename, file.size)
                await self._acknowledge(spot, is_private=question.is_private)
                asked = replace(asked, files=await read_attachments([file]))
            ticket = await self._take(asked)
        except AlreadyTaken:
            return
        except ProfondError as error:
            await self._refuse(spot, address, error_words(words_in(question.lang), error))
            return
        if not file:
            async with self._profond.assistant.held(ticket):
                await self._acknowledge(spot, is_private=question.is_private)
        self.start(self._answer(ticket, address, may_thread=can_thread(spot.channel)))

    async def _take(self, question: Question) -> Ticket:
        """Take a question, and let those who are answered know that somebody waits."""
        self._waiting += 1
        self._all_taken.clear()
        try:
            return await self._profond.assistant.take(question)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._all_taken.set()

    async def _after_the_others(self) -> None:
        """Let those who wait for an acknowledgement go first: an answer has more time than they have."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_COURTESY):
                await self._all_taken.wait()

    async def _acknowledge(self, spot: Spot, *, is_private: bool) -> None:
        """Acknowledge; where that comes too late, the answer finds another place by itself."""
        try:
            await insist(spot, lambda: spot.response.defer(thinking=True, ephemeral=is_private))
        except (*FAILURES, AlreadyTaken, TypeError) as error:  # a TypeError is what the library makes of an answer without a body
            log.warning("not_acknowledged", cause=type(error).__name__, status=getattr(error, "code", 0))

    async def _refuse(self, spot: Spot, address: Address, sentence: str) -> None:
        """Say to the student alone why a question is not taken, also where the answer was to be for all."""
        try:
            if is_answered(spot) and not address.is_private:
                await spot.delete_original_response()
            await tell(spot, sentence)
        except AlreadyTaken:
            return
        except FAILURES:
            await self.say(replace(address, token="", is_private=True), sentence)

    async def by_message(self, message: discord.Message) -> None:
        """Answer a message, if it is for the bot, or say that nobody can tell. What a student writes in a channel is taken in its order."""
        order = self._orders.setdefault((message.channel.id, message.author.id), asyncio.Lock())
        async with order:
            try:
                is_for_me = await self._bot.threads.is_for_me(message)
            except StoreAway as away:
                if self._bot.is_served(message.channel, message.guild):
                    await self.say(Address.of_message(message), error_words(words_in(self._bot.lang), away))
                return
            if is_for_me:
                await self._take_message(message)

    async def _take_message(self, message: discord.Message) -> None:
        arrived("discord", message.created_at.timestamp())
        address, words = Address.of_message(message), words_in(self._bot.lang)
        if not self._bot.is_served(message.channel, message.guild):
            if message.guild:
                await self.say(address, words("not-here"))
            return
        try:
            is_private = address.is_direct or await self._profond.students.is_always_private(person_of(message.author))
            reply_to = replace(address, is_private=is_private)
            ticket = await self._take(await self._question_in(message, reply_to))
        except AlreadyTaken:
            return
        except EmptyQuestion as error:
            is_blind = message.guild and self._bot.user not in message.mentions and not self._bot.intents.message_content
            await self.say(address, words("mention-me") if is_blind else error_words(words, error))
        except ProfondError as error:
            await self.say(address, error_words(words, error))
        else:
            if not self._bot.brake.left and self._bot.pace.may_type(message.channel.id):
                self.start(_type(message.channel), is_owed=False)
            self.start(self._answer(ticket, reply_to, may_thread=can_thread(message.channel)))

    async def _question_in(self, message: discord.Message, address: Address) -> Question:
        return Question(
            text=self._bot.said(message),
            person=person_of(message.author),
            conversation=await self._bot.threads.of_message(message, is_private=address.is_private),
            event=f"discord:m:{message.id}",
            lang=self._bot.lang,
            files=await read_attachments(message.attachments),
            is_private=address.is_private,
            reply_to=address.dump(),
            is_exempt=self._bot.is_exempt(message.author),
        )

    async def recover(self, left: Left) -> None:
        """Answer a question that another process left, in the messages that it had begun."""
        address = Address.load(left.ticket.question.reply_to)
        may_thread = can_thread(self._bot.get_channel(address.channel))
        await self._answer(left.ticket, address, may_thread=may_thread, left=left)

    async def apologise(self, left: Left) -> None:
        """Say that a question was left for too long, in the message that was begun where there is one."""
        address = Address.load(left.ticket.question.reply_to)
        messages = Messages(self._bot, address, "", name=left.ticket.id)
        messages.restore(left.placeholder)
        with suppress(PlaceGone):
            await messages.show([Page((_quote(left.ticket, address), words_in(left.ticket.question.lang)("error-too-late")))])

    async def _record(self, ticket: Ticket, placeholder: str) -> None:
        with suppress(StoreAway):
            await self._profond.store.leases.place(ticket, placeholder)

    async def _answer(self, ticket: Ticket, address: Address, *, may_thread: bool, left: Left | None = None) -> None:
        """Answer a taken question; whatever happens, the student is told, and in private where the question was."""
        words = words_in(ticket.question.lang)
        notify = partial(self._notice, address.user, ticket.question)
        ending = _Ending(self._profond.course, notify, ticket, address, may_thread=may_thread)
        reply = self._reply(ticket, address, left, ending)
        try:
            async with self._profond.assistant.held(ticket):
                await self._after_the_others()
            await self._profond.assistant.answer(ticket, reply)
        except asyncio.CancelledError:
            await self._last_words(reply, Page((_quote(ticket, address), words("error-restart"))))
            raise
        except Exception as error:  # noqa: BLE001  # the adapter's boundary: nobody waits for an answer that never comes
            log.error("answer_failed", cause=type(error).__name__)  # noqa: TRY400  # a traceback may hold a student's words
            known = error if isinstance(error, ProfondError) else ProfondError()
            await reply.show_last([Page((_quote(ticket, address), error_words(words, known)))])
        finally:
            await reply.close()
        if ending.notice and address.token:
            await self._whisper(address, ending.notice)
        if address.is_moved:
            await self.say(replace(address, is_private=False), words("direct-refused" if reply.is_lost else "answered-directly"))
        if ending.notice:
            await self._noticed(ticket.question.person)

    def _reply(self, ticket: Ticket, address: Address, left: Left | None, ending: "_Ending") -> DiscordReply:
        words, quote = words_in(ticket.question.lang), _quote(ticket, address)
        why = "" if address.is_moved else small(words("shown-elsewhere"))
        elsewhere = "\n".join(filter(None, (why, "" if quote else quoted(ticket.question.text))))
        conversation, on_post = ticket.question.conversation, partial(self._record, ticket)
        messages = Messages(self._bot, address, elsewhere, name=ticket.id, conversation=conversation, on_post=on_post)
        if left:
            messages.restore(left.placeholder)
        channel = 0 if address.token or address.is_moved else address.channel
        stop = button(words, Action.STOP, ticket.id)
        return DiscordReply(messages, self._bot.pace, words, channel=channel, quote=quote, stop=stop, end=ending.of)

    async def _last_words(self, reply: DiscordReply, page: Page) -> None:
        """Say something at the very end, if it goes fast."""
        try:
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await reply.show_last([page])
        except TimeoutError:
            log.warning("answer_cut_off")

    async def _notice(self, user: int, question: Question) -> str:
        """Return what a student must know at first contact, once; nothing afterwards."""
        if user in self._greeted:
            return ""
        self._greeted.add(user)
        try:
            return await self._profond.students.notice(question.person, question.lang) or ""
        except StoreAway:
            self.forget(user)
            return ""

    async def _noticed(self, person: str) -> None:
        with suppress(StoreAway):
            await self._profond.students.noticed(person)

    def forget(self, user: int) -> None:
        """Take a student for a new one."""
        self._greeted.discard(user)

    async def greet(self, spot: Spot) -> None:
        """Tell a student at first contact, after a command, what they must know."""
        notice = await self._notice(spot.user.id, Question(text="", person=person_of(spot.user), conversation="", event="", lang=lang_of(spot)))
        if notice and is_answered(spot):
            await self._whisper(Address.of_interaction(spot, is_private=True), notice)
            await self._noticed(person_of(spot.user))

    async def _whisper(self, address: Address, text: str) -> None:
        """Say something after an interaction, to the student alone."""
        try:
            await self._bot.webhook(address).send(view=Page((small(text),)).view, ephemeral=True)
        except FAILURES:
            await self.say(replace(address, token="", is_private=True), small(text))

    async def say(self, address: Address, text: str) -> None:
        """Say one sentence where a question was asked, or in private, once for a message; one that finds no place is logged and lost."""
        try:
            await Messages(self._bot, address, "", name=f"{address.message:x}" if address.message else "").show([Page((text,))])
        except PlaceGone:
            log.warning("sentence_not_shown")

    def start(self, work: Coroutine[Any, Any, None], *, is_owed: bool = True) -> None:
        """Let something run that nobody waits for; `finish` does, where a student is owed it."""
        task = asyncio.create_task(work)
        self.watch(task)
        if not is_owed:
            self._courtesies.add(task)

    def watch(self, task: "asyncio.Task[Any]") -> None:
        """Count a task among those that `finish` waits for."""
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("task_failed", cause=type(error).__name__)

    async def finish(self, seconds: float) -> None:
        """Wait for what is being taken and answered; whoever still waits then is told."""
        end = time.monotonic() + seconds
        for task in self._courtesies:
            task.cancel()
        while self._tasks and time.monotonic() < end:
            await asyncio.wait(self._tasks, timeout=end - time.monotonic())
        late = list(self._tasks)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


class _Ending:
    """What stands under an answer: the buttons, and the first-contact notice, but under an interaction's: there it is whispered."""

    def __init__(self, course: Course, notify: Callable[[], Awaitable[str]], ticket: Ticket, address: Address, *, may_thread: bool) -> None:
        self._course = course
        self._notify = notify
        self._ticket = ticket
        self._address = address
        self._may_thread = may_thread
        self.notice = ""

    async def of(self, answer: Answer) -> End:
        """Return what stands under an answer."""
        question = self._ticket.question
        self.notice = await self._notify()
        is_shared = question.is_private and not self._address.is_direct
        may_thread = self._may_thread and not is_shared
        buttons = under_answer(words_in(question.lang), answer, self._course, is_private=is_shared, can_thread=may_thread)
        return End("" if self._address.token else self.notice, buttons)


def _quote(ticket: Ticket, address: Address) -> str:
    """Return what stands above an answer: the question, but where the answer replies to it."""
    return quoted(ticket.question.text) if address.token or address.is_moved else ""


async def _type(channel: discord.abc.Messageable) -> None:
    """Show that something is under way; nothing waits for it, and nothing depends on it."""
    try:
        await channel.typing()
    except FAILURES:
        return
