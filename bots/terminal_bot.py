"""The terminal: a line typed becomes a Question. Needs no token, and shows what the other faces show."""

import asyncio
import json
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from core.errors import ProfondError
from core.knowledge import Card, Topic, level_named
from core.lessons import CardPage
from core.markup import escaped, plain
from core.messages import Answer, Manner, Place, Question, Zone
from core.profond import Profond
from core.words import Words, duration, error_words, words_in

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completer

PERSON = "terminal:local"


class TerminalReply:
    """A ReplySurface that appends: pretty on a screen, plain text into a pipe."""

    max_chars = 1_000_000
    edit_interval = 0.0
    appends = True

    def __init__(self, console: Console, words: Words) -> None:
        self._console = console
        self._words = words
        self._printed = ""
        self.answer: Answer | None = None

    async def wait(self, place: Place) -> None:
        """Show the place in the queue on the error stream, so that a pipe holds the answer alone."""
        print(self._words("waiting", position=place.position, seconds=round(place.seconds)), file=sys.stderr)

    async def update(self, parts: Sequence[str]) -> None:
        """Print what is new."""
        self._show("\n\n".join(parts), is_last=False)

    async def finish(self, answer: Answer) -> None:
        """Print the rest, then sources, choices and notes."""
        self._show(answer.text, is_last=True)
        self.answer = answer
        if answer.sources:
            self._line(self._words("sources", titles=" · ".join(f"{s.label} ({s.card_id})" for s in answer.sources)))
        if answer.choices:
            heading = self._words("choices" if answer.zone is Zone.UNSURE else "questions")
            self._line(self._words("labelled", label=heading, text="").rstrip())
            for choice in answer.choices:
                self._line(f"  • {choice.label}" + (f" (/topic {choice.card_id})" if choice.card_id else ""), is_first=False)
        for note in answer.notes:
            self._line(note)

    def _line(self, text: str, *, is_first: bool = True) -> None:
        if is_first:
            self._console.print()
        self._console.print(text, style="dim", markup=False, highlight=False, soft_wrap=not self._console.is_terminal)

    def _show(self, text: str, *, is_last: bool) -> None:
        if self._console.is_terminal:
            self._show_blocks(text, is_last=is_last)
            return
        shown = plain(text)
        sys.stdout.write(shown[len(self._printed) :] + ("\n" if is_last else ""))
        sys.stdout.flush()
        self._printed = shown

    def _show_blocks(self, text: str, *, is_last: bool) -> None:
        """Print every paragraph or list line that is complete: what is on a screen cannot be set anew."""
        end = len(text) if is_last else text.rfind("\n") + 1
        fresh = text[len(self._printed) : end]
        if fresh.count("```") % 2 and not is_last:
            return
        show(self._console, fresh)
        self._printed = text[:end]


def _screen_blocks(text: str) -> Iterator[str]:
    """Yield lines one by one, and a fence as one block."""
    fence: list[str] = []
    for line in text.removesuffix("\n").split("\n") if text else ():
        if line.lstrip().startswith("```") or fence:
            fence.append(line)
            if len(fence) > 1 and line.strip() == "```":
                yield "\n".join(fence)
                fence = []
        else:
            yield line
    if fence:
        yield "\n".join(fence)


async def ask_once(profond: Profond, console: Console, question: Question) -> int:
    """Answer one question and return the exit code."""
    words = words_in(question.lang)
    ticket = await profond.assistant.take(question)
    async with _stopping(lambda: profond.assistant.stop(ticket.id, question.person)):
        await profond.assistant.answer(ticket, TerminalReply(console, words))
    return 0


@asynccontextmanager
async def _stopping(stop: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Let Ctrl-C stop the answer, not the program, on every system."""
    loop, running = asyncio.get_running_loop(), set[asyncio.Future[object]]()

    def on_interrupt(*_: object) -> None:
        loop.call_soon_threadsafe(lambda: running.add(asyncio.ensure_future(stop())))

    with _interrupts(loop, on_interrupt):
        yield
    await asyncio.gather(*running)


@contextmanager
def _interrupts(loop: asyncio.AbstractEventLoop, on_interrupt: Callable[..., None]) -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    if sys.platform == "win32":  # its loop takes no handlers
        signal.signal(signal.SIGINT, on_interrupt)
    else:
        loop.add_signal_handler(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        if sys.platform != "win32":
            loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)


MANNERS = {"/simple": Manner.SIMPLER, "/plus": Manner.DEEPER, "/exemple": Manner.ANOTHER_EXAMPLE, "/refaire": Manner.PLAIN}
YES = frozenset({"oui", "yes"})


class Chat:
    """One conversation in a terminal, with the chats' own commands."""

    def __init__(self, profond: Profond, console: Console, lang: str) -> None:
        self._profond = profond
        self._console = console
        self._lang = lang
        self._words = words_in(lang)
        self._conversation = f"terminal:{secrets.token_hex(8)}"
        self._last: Answer | None = None
        self._card = ""
        self._verbs: dict[str, Callable[[str], Awaitable[None]]] = {
            "/ask": self._ask,
            "/topic": self._topic,
            "/level": self._level,
            "/quiz": self._quiz,
            "/bien": self._thumb_up,
            "/mal": self._thumb_down,
            "/signaler": self._report,
            "/usage": self._usage,
            "/mydata": self._my_data,
            "/forget": self._forget,
            "/help": self._help,
        }

    @property
    def commands(self) -> tuple[str, ...]:
        """Every command, for completion."""
        return (*self._verbs, *MANNERS, "/quit")

    async def run(self, lines: AsyncIterator[str]) -> int:
        """Hold the conversation until /quit or the end of the lines."""
        self._say(self._words("chat-welcome"))
        async for line in lines:
            if line.strip().lower() in {"/quit", "/quitter", "/exit"}:
                break
            if line.strip():
                await self._one(line.strip())
        self._say(self._words("chat-bye"))
        return 0

    async def _one(self, line: str) -> None:
        try:
            await self._obey(line)
        except ProfondError as error:
            self._say(error_words(self._words, error))

    async def _obey(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        if not name.startswith("/"):
            await self._ask(line)
        elif name.lower() in MANNERS:
            await self._again(MANNERS[name.lower()])
        elif name.lower() in self._verbs:
            await self._verbs[name.lower()](rest.strip())
        else:
            self._say(self._words("chat-unknown", name=name[:30]))

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _question(self, text: str) -> Question:
        event = f"terminal:{secrets.token_hex(8)}"
        return Question(text=text, person=PERSON, conversation=self._conversation, event=event, lang=self._lang)

    async def _ask(self, text: str) -> None:
        await self._answer(self._question(text))

    async def _again(self, manner: Manner) -> None:
        answer = self._answered()
        await self._answer(await self._profond.assistant.again(answer.id, self._question(""), manner))

    async def _answer(self, question: Question) -> None:
        surface = TerminalReply(self._console, self._words)
        ticket = await self._profond.assistant.take(question)
        async with _stopping(lambda: self._profond.assistant.stop(ticket.id, PERSON)):
            answer = await self._profond.assistant.answer(ticket, surface)
        if answer.id:
            self._last = answer
            self._card = answer.sources[0].card_id if answer.sources else self._card
            notice = await self._profond.students.notice(PERSON, self._lang)
            if notice:
                self._say(f"\n{notice}")
                await self._profond.students.noticed(PERSON)

    def _answered(self) -> Answer:
        if self._last is None:
            raise ProfondError("chat-no-answer")
        return self._last

    async def _topic(self, name: str) -> None:
        if not name:
            for topic in self._profond.lessons.topics:
                self._say(self._words("topic-list", id=topic.id, title=topic.title, count=len(topic.subtopics)))
            return
        found = self._profond.lessons.find(name)
        if isinstance(found, Topic):
            self._list(found)
        else:
            level = await self._profond.students.level(PERSON)
            self._page(self._profond.lessons.open_card(found.id, level))

    def _list(self, topic: Topic) -> None:
        self._say(topic.title)
        for card in topic.subtopics:
            self._say("  " + self._words("card-list", id=card.id, title=card.title))

    def _page(self, page: CardPage) -> None:
        self._card = page.card.id
        self._say(f"{page.topic.title} — {self._words(f'level-{page.level.value}')}")
        show(self._console, f"**{page.card.title}**\n\n{page.text}")
        if page.figure:
            self._say(page.figure.alt)
        if page.previous:
            self._say(self._words("page-previous", title=page.previous.label))
        if page.following:
            self._say(self._words("page-next", title=page.following.label))
        if page.related:
            self._say(self._words("page-related", titles=", ".join(choice.label for choice in page.related)))

    async def _level(self, name: str) -> None:
        if not name:
            level = await self._profond.students.level(PERSON)
            self._say(self._words("level-now", level=self._words(f"level-{level.value}")))
            return
        level = level_named(name)
        await self._profond.students.set_level(PERSON, level)
        self._say(self._words("level-set", level=self._words(f"level-{level.value}")))

    async def _quiz(self, answer: str) -> None:
        if not self._card:
            raise ProfondError("chat-no-card")
        check = self._profond.lessons.quiz(self._card)
        key = "chat-quiz-answer" if answer else "chat-quiz-question"
        self._say(self._words(key, question=check.question, answer=check.answer))

    async def _thumb_up(self, _: str) -> None:
        await self._feedback(is_good=True)

    async def _thumb_down(self, _: str) -> None:
        await self._feedback(is_good=False)

    async def _feedback(self, *, is_good: bool) -> None:
        await self._profond.students.feedback(self._answered().id, PERSON, is_good=is_good)
        self._say(self._words("feedback-thanks"))

    async def _report(self, text: str) -> None:
        number = await self._profond.students.report(self._answered().id, PERSON, text)
        self._say(self._words("report-thanks", id=number))

    async def _usage(self, _: str) -> None:
        usage = await self._profond.students.usage(PERSON)
        if usage.is_exempt:
            self._say(self._words("usage-exempt"))
            return
        text = self._words("usage", left=usage.left, size=usage.size, today=usage.left_today)
        if usage.next_in:
            text += " " + self._words("usage-next", wait=duration(self._words, usage.next_in))
        self._say(text)

    async def _my_data(self, _: str) -> None:
        data = await self._profond.students.my_data(PERSON)
        self._say(escaped(json.dumps(data, ensure_ascii=False, indent=2)))

    async def _forget(self, answer: str) -> None:
        if answer.lower() not in YES:
            self._say(self._words("chat-forget-sure"))
            return
        count = await self._profond.students.forget(PERSON)
        self._last, self._conversation = None, f"terminal:{secrets.token_hex(8)}"
        self._say(self._words("forget-done", count=count))

    async def _help(self, _: str) -> None:
        self._say(self._words("help", course=self._profond.course.info.title))
        for question in self._profond.lessons.questions:
            self._say(f"  • {question}")
        self._say(self._words("chat-commands"))


def show(console: Console, text: str) -> None:
    """Print Markdown, or plain text into a pipe."""
    if not console.is_terminal:
        console.print(plain(text), markup=False, highlight=False, soft_wrap=True)
        return
    for block in _screen_blocks(text):
        _show_block(console, block)


def _show_block(console: Console, block: str) -> None:
    """Print a fence, or a line as far in as it was written: only a fence is code, whatever a line four spaces in is to Markdown."""
    from rich.markdown import Markdown  # noqa: PLC0415  # slow to import, and useless in a pipe
    from rich.padding import Padding  # noqa: PLC0415  # as above
    from rich.segment import SegmentLines  # noqa: PLC0415  # as above

    bare = block.lstrip()
    indent = min(len(block.removesuffix(bare).expandtabs(4)), console.width // 2)
    lines = console.render_lines(Markdown(bare, code_theme="ansi_dark"), console.options.update_width(console.width - indent), pad=False)
    if bare[:3] != "```":  # the library puts a blank line before every list
        lines = [line for line in lines if any(segment.text.strip() for segment in line)] or [[]]
    console.print(Padding(SegmentLines(lines, new_lines=True), (0, 0, 0, indent)))


def completer(commands: Sequence[str], names: Sequence[Topic | Card]) -> "Completer":
    """Complete a command, then its topic or level; what was typed is one word, whatever slash, hyphen or accent stands in it."""
    from prompt_toolkit.completion import NestedCompleter, WordCompleter, merge_completers  # noqa: PLC0415  # as in `typed_lines`

    words = {"/topic": [name.id for name in names], "/level": ["débutant", "intermédiaire", "avancé"]}
    behind = NestedCompleter({name: WordCompleter(known, ignore_case=True, sentence=True) for name, known in words.items()})
    return merge_completers([WordCompleter(list(commands), ignore_case=True, sentence=True), behind], deduplicate=True)


async def typed_lines(chat: Chat, names: Sequence[Topic | Card]) -> AsyncIterator[str]:
    """Yield what is typed: with line editing and completion on a screen, line by line from a pipe."""
    if not sys.stdin.isatty():
        while line := await asyncio.to_thread(sys.stdin.readline):
            yield line
        return
    from prompt_toolkit import PromptSession  # noqa: PLC0415  # slow to import, and useless in a pipe

    session: PromptSession[str] = PromptSession("› ", completer=completer(chat.commands, names))
    while True:
        try:
            yield await session.prompt_async()
        except (EOFError, KeyboardInterrupt):
            return
