"""Buttons: what was pressed is read from its code, so that buttons work after a restart and on old messages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bots.discord_bot import pages, sharing
from bots.discord_bot.forms import open_form
from bots.discord_bot.look import Page
from bots.discord_bot.spots import Spot, can_thread, hold, insist, person_of, soon, tell, turn_to, words_of
from core.actions import RETOLD, Action, button, more_about, once_stored, read_code
from core.errors import Unknown
from core.messages import Question
from core.profond import Profond
from core.words import Words

if TYPE_CHECKING:
    from bots.discord_bot.client import DiscordBot

JUST_SHOWN = timedelta(seconds=10)


@dataclass(frozen=True)
class Press:
    """A button that somebody pressed: where, what it does, and to what."""

    spot: Spot
    action: Action
    target: str

    @property
    def bot(self) -> "DiscordBot":
        """Who was pressed."""
        return self.spot.client

    @property
    def profond(self) -> Profond:
        """The core."""
        return self.bot.profond

    @property
    def words(self) -> Words:
        """The words in the student's language."""
        return words_of(self.spot)

    @property
    def person(self) -> str:
        """Who pressed."""
        return person_of(self.spot.user)


async def pressed(spot: Spot) -> None:
    """Do what a button says."""
    data: Any = spot.data
    try:
        press = Press(spot, *read_code(data["custom_id"]))
        await _carry(press)
    except (ValueError, Unknown):  # of another version, another course, or about what was erased
        await tell(spot, words_of(spot)("stale-button"))


async def _carry(press: Press) -> None:
    """Do what a press asks for; one that comes faster than its answer is stored waits a moment. Raises Unknown."""
    work, message = PRESSES[press.action], press.spot.message
    if message is None or press.spot.created_at - (message.edited_at or message.created_at) > JUST_SHOWN:
        await work(press)
    else:
        await once_stored(lambda: work(press))


async def _tell_again(press: Press) -> None:
    """Tell an answer again, as openly as it was told; somebody else's too, but for a redo."""
    await press.bot.asking.by_interaction(press.spot, await soon(_again(press)))


async def _again(press: Press) -> Question:
    is_direct = press.spot.guild_id is None
    is_private = is_direct or await press.profond.students.is_always_private(press.person)
    asked = await press.bot.asking.question(press.spot, "", is_private=is_private)
    return await press.profond.assistant.again(press.target, asked, RETOLD[press.action])


async def _judge(press: Press) -> None:
    await hold(press.spot)
    await press.profond.students.feedback(press.target, press.person, is_good=press.action is Action.GOOD)
    await tell(press.spot, press.words("feedback-thanks"))
    await press.bot.asking.greet(press.spot)


async def _stop(press: Press) -> None:
    stopped = await press.profond.assistant.stop(press.target, press.person)
    await tell(press.spot, press.words("stopping" if stopped else "nothing-to-stop"))


async def _more(press: Press) -> None:
    """Show the other buttons. That of the thread also names the message: what is shown here is another one."""
    message = press.spot.message
    is_public = message is not None and not message.flags.ephemeral and press.spot.guild_id is not None
    is_private = press.spot.guild_id is not None and not is_public
    buttons = more_about(press.words, press.target, is_private=is_private, can_thread=is_public and can_thread(press.spot.channel))
    under = f"{press.target}:{message.id if message else 0}"
    row = [replace(each, target=under) if each.action is Action.THREAD else each for each in buttons]
    await tell(press.spot, press.words("more-title"), rows=[row])


async def _quiz(press: Press) -> None:
    check = press.profond.lessons.quiz(press.target)
    await tell(press.spot, press.words("quiz-title", question=check.question), rows=[(button(press.words, Action.REVEAL, press.target),)])


async def _reveal(press: Press) -> None:
    check, card = press.profond.lessons.quiz(press.target), press.profond.course.card(press.target)
    texts = (press.words("quiz-title", question=check.question), press.words("quiz-answer", answer=check.answer))
    await turn_to(press.spot, Page(texts, ((button(press.words, Action.OPEN, card.id, card.title),),)))


async def _open(press: Press) -> None:
    await turn_to(press.spot, await pages.card_page(press.spot, press.target))


async def _topic(press: Press) -> None:
    await turn_to(press.spot, await pages.found_page(press.spot, press.target))


async def _ready(press: Press) -> None:
    questions = press.profond.lessons.questions
    if not press.target.isdecimal() or int(press.target) >= len(questions):
        raise Unknown(name=press.target)
    asking = press.bot.asking
    await asking.by_interaction(press.spot, await asking.question(press.spot, questions[int(press.target)]))


async def _fill_in(press: Press) -> None:
    """Open a form: to report an answer, to ask, or to ask about a card."""
    words = press.words
    about = words("form-about", card=press.profond.course.card(press.target).title) if press.action is Action.ABOUT else ""
    titles = {Action.REPORT: words("form-report"), Action.ASK: words("form-ask"), Action.ABOUT: about}
    await open_form(press.spot, press.action, press.target, titles[press.action])


async def _private(press: Press) -> None:
    is_private = press.target == "yes"
    await hold(press.spot)
    await press.profond.students.set_always_private(press.person, is_private=is_private)
    await tell(press.spot, press.words("private-yes" if is_private else "private-no"))


async def _forget(press: Press) -> None:
    await insist(press.spot, press.spot.response.defer)
    count = await press.profond.students.forget(press.person)
    press.bot.asking.forget(press.spot.user.id)
    await turn_to(press.spot, Page((press.words("forget-done", count=count),)))


async def _data(press: Press) -> None:
    await turn_to(press.spot, await pages.data_page(press.spot))


async def _share(press: Press) -> None:
    await sharing.preview(press.spot, press.target)


async def _publish(press: Press) -> None:
    await sharing.publish(press.spot, press.target)


async def _thread(press: Press) -> None:
    answer, _, message = press.target.partition(":")
    await sharing.open_thread(press.spot, answer, int(message))


async def _pin(press: Press) -> None:
    await sharing.pin(press.spot)


PRESSES: dict[Action, Callable[[Press], Awaitable[None]]] = {
    **dict.fromkeys(RETOLD, _tell_again),
    **dict.fromkeys((Action.GOOD, Action.BAD), _judge),
    **dict.fromkeys((Action.REPORT, Action.ASK, Action.ABOUT), _fill_in),
    Action.STOP: _stop,
    Action.MORE: _more,
    Action.QUIZ: _quiz,
    Action.REVEAL: _reveal,
    Action.OPEN: _open,
    Action.TOPIC: _topic,
    Action.READY: _ready,
    Action.SHARE: _share,
    Action.PUBLISH: _publish,
    Action.THREAD: _thread,
    Action.PIN: _pin,
    Action.PRIVATE: _private,
    Action.FORGET: _forget,
    Action.DATA: _data,
}
