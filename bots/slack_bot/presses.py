"""Buttons: what was pressed is read from its code, so that buttons work after a restart and on old messages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bots.slack_bot import forms, home, pages
from bots.slack_bot.asking import NOT_THERE, Work, question_at
from bots.slack_bot.door import Away, Refused
from bots.slack_bot.look import MAX_PART, Sheet, in_view
from bots.slack_bot.people import person_of
from bots.slack_bot.places import Address, drawn, spot
from bots.slack_bot.speech import sentence, words_for
from core.actions import RETOLD, Action, button, more_about, once_stored, read_code
from core.errors import ProfondError
from core.messages import Level
from core.reply import quoted, split_text
from core.words import Words

if TYPE_CHECKING:
    from bots.slack_bot.client import SlackBot

Body = dict[str, Any]
Do = Callable[["SlackBot", "Press", str], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Press:
    """Who pressed what, and where.

    Attributes:
        where: `message` (everyone there sees it), `alone` (shown to the student only), `modal` or `home`.
        address: where an answer to it goes.
        event: what is the same for every delivery of one press.
        trigger: opens a modal, within three seconds.
    """

    where: str
    address: Address
    event: str
    trigger: str
    view: str
    code: str
    words: Words

    @property
    def person(self) -> str:
        """Who pressed, as core names people."""
        return person_of(self.address.team, self.address.user)

    @property
    def is_alone(self) -> bool:
        """Whether nobody but the student sees what was pressed."""
        return self.where != "message" or self.address.is_direct


def read(bot: "SlackBot", body: Body) -> Press:
    """Return the press that an interaction is."""
    action, box, user = body["actions"][0], body.get("container") or {}, body["user"]["id"]
    view = body.get("view") or {}
    where = str(view.get("type") or ("alone" if box.get("is_ephemeral") else "message"))
    option = action.get("selected_option") or {}
    code = f"level:{option.get('value', '')}" if action["action_id"] == "level" else str(action.get("value") or "")
    return Press(
        where=where,
        address=_address(body, where, user),
        event=f"{box.get('message_ts') or view.get('id', '')}:{action['action_id']}:{action['action_ts']}",
        trigger=str(body.get("trigger_id", "")),
        view=str(view.get("id", "")),
        code=code,
        words=words_for(bot.people.known(user).lang),
    )


def _address(body: Body, where: str, user: str) -> Address:
    """Return where an answer goes: the thread of a message, to the student alone, or into their direct messages."""
    team = body["team"]["id"]
    if where in {"modal", "home"}:
        return spot(kind="thread", team=team, channel=user, user=user, is_private=True)
    box = body["container"]
    channel, thread = box["channel_id"], str(box.get("thread_ts") or "")
    is_direct, url = channel.startswith("D"), str(body.get("response_url") or "")
    if where == "alone" and not is_direct:
        return spot(kind="alone", team=team, channel=channel, user=user, thread_ts=thread, response_url=url, is_private=True)
    place = {"thread_ts": thread or ("" if where == "alone" else box["message_ts"]), "opens": not thread}
    return spot(kind="thread", team=team, channel=channel, user=user, response_url=url, is_private=is_direct, **place)


async def pressed(bot: "SlackBot", body: Body) -> Work:
    """Return what a button asks for; a question is taken before the acknowledgement."""
    press = read(bot, body)
    event = f"slack:{press.event}"
    if press.code.startswith("level:"):
        return Work(lambda: _level(bot, press), event=event)
    try:
        action, target = read_code(press.code)
    except ValueError:
        return Work(lambda: show(bot, press, Sheet(texts=(press.words("stale-button"),))), event=event)
    if action in RETOLD:
        return await _tell_again(bot, press, action, target)
    if action is Action.READY:
        return await _ready(bot, press, target)
    return Work(lambda: _done(bot, press, action, target), event=event)


async def _done(bot: "SlackBot", press: Press, action: Action, target: str) -> None:
    """Do what a press asks for; an error becomes one sentence for the student."""
    human = await bot.people.meet(press.address.user)
    press = replace(press, words=words_for(human.lang))
    try:
        await once_stored(lambda: PRESSES.get(action, _stale)(bot, press, target))
    except ProfondError as error:
        await show(bot, press, Sheet(texts=(sentence(press.words, error),)))


async def show(bot: "SlackBot", press: Press, sheet: Sheet) -> None:
    """Show a page to the student alone; a page opened from a page takes its place."""
    if press.where == "home":
        await bot.door.perhaps("views.open", trigger_id=press.trigger, view=in_view(sheet, bot.me.name, press.words("slack-close")))
    elif press.where == "modal":
        await bot.door.perhaps("views.update", view_id=press.view, view=in_view(sheet, bot.me.name, press.words("slack-close")))
    elif press.where == "alone" and press.address.response_url:
        await bot.asking.replace(press.address, sheet)
    else:
        await bot.asking.show_alone(press.address, sheet)


async def _stale(bot: "SlackBot", press: Press, _: str) -> None:
    await show(bot, press, Sheet(texts=(press.words("stale-button"),)))


async def _tell_again(bot: "SlackBot", press: Press, action: Action, answer: str) -> Work:
    asked = question_at(press.address, "", press.event)
    try:
        question = await once_stored(lambda: bot.profond.assistant.again(answer, asked, RETOLD[action]))
    except ProfondError as error:
        refusal = error
        return Work(lambda: bot.asking.refuse(press.address, refusal), event=f"slack:{press.event}")
    return await bot.asking.receive(question, press.address)


async def _ready(bot: "SlackBot", press: Press, number: str) -> Work:
    questions = bot.profond.lessons.questions
    if not number.isdecimal() or int(number) >= len(questions):
        return Work(lambda: _stale(bot, press, number))
    return await bot.asking.receive(question_at(press.address, questions[int(number)], press.event), press.address)


async def _good(bot: "SlackBot", press: Press, answer: str) -> None:
    await _judge(bot, press, answer, is_good=True)


async def _bad(bot: "SlackBot", press: Press, answer: str) -> None:
    await _judge(bot, press, answer, is_good=False)


async def _judge(bot: "SlackBot", press: Press, answer: str, *, is_good: bool) -> None:
    """Remember a thumb; thanks must not take the answer's place."""
    await bot.profond.students.feedback(answer, press.person, is_good=is_good)
    await bot.asking.show_alone(press.address, Sheet(texts=(press.words("feedback-thanks"),)))


async def _stop(bot: "SlackBot", press: Press, ticket: str) -> None:
    stopped = await bot.profond.assistant.stop(ticket, press.person)
    await show(bot, press, Sheet(texts=(press.words("stopping" if stopped else "nothing-to-stop"),)))


async def _more(bot: "SlackBot", press: Press, answer: str) -> None:
    """Offer the rest; sharing with the class where there is a class to share with."""
    can_share = press.is_alone and not press.address.is_direct
    row = more_about(press.words, answer, is_private=can_share)
    await bot.asking.show_alone(press.address, Sheet(texts=(press.words("more-title"),), rows=(row,)))


async def _quiz(bot: "SlackBot", press: Press, card: str) -> None:
    """Ask the card's question; where an answer holds the button, below it."""
    check = bot.profond.lessons.quiz(card)
    sheet = Sheet(texts=(press.words("quiz-title", question=check.question),), rows=((button(press.words, Action.REVEAL, card),),))
    await (show(bot, press, sheet) if press.where in {"modal", "home"} else bot.asking.show_alone(press.address, sheet))


async def _reveal(bot: "SlackBot", press: Press, card: str) -> None:
    check = bot.profond.lessons.quiz(card)
    texts = (press.words("quiz-title", question=check.question), press.words("quiz-answer", answer=check.answer))
    opened = button(press.words, Action.OPEN, card, bot.profond.course.card(card).title)
    await show(bot, press, Sheet(texts=texts, rows=((opened,),)))


async def _open(bot: "SlackBot", press: Press, card: str) -> None:
    await show(bot, press, await pages.card_page(bot, press.words, card, press.person))


async def _topic(bot: "SlackBot", press: Press, topic: str) -> None:
    await show(bot, press, await pages.found_page(bot, press.words, topic, press.person))


async def _form(bot: "SlackBot", press: Press, form: forms.Form) -> None:
    """Open a form, over a modal where there is one; where none opens in time it is told."""
    method = "views.push" if press.where == "modal" else "views.open"
    if not await bot.door.perhaps(method, trigger_id=press.trigger, view=forms.view(press.words, form, press.address)):
        await bot.asking.tell(press.address, press.words("error-unexpected"))


async def _report(bot: "SlackBot", press: Press, answer: str) -> None:
    await _form(bot, press, forms.Form(f"{Action.REPORT}:{answer}", "form-report", "form-report-label", "form-report-hint", longest=1000))


async def _about(bot: "SlackBot", press: Press, card: str) -> None:
    bot.profond.course.card(card)
    await _form(bot, press, forms.Form(f"{Action.ABOUT}:{card}", "form-ask", "form-ask", "form-ask-hint"))


async def _ask(bot: "SlackBot", press: Press, _: str) -> None:
    await _form(bot, press, forms.Form(f"{Action.ASK}:", "form-ask", "form-ask", "form-ask-hint"))


async def _share(bot: "SlackBot", press: Press, answer: str) -> None:
    row = (button(press.words, Action.PUBLISH, answer),)
    shared = await _shared(bot, press, answer)
    await show(bot, press, replace(shared, above=press.words("share-preview"), rows=(row,)))


async def _shared(bot: "SlackBot", press: Press, answer: str) -> Sheet:
    """Return what the class would see."""
    question, text = await bot.profond.students.shared(answer, press.person)
    return Sheet(above=press.words("share-title"), texts=(quoted(question), split_text(text, MAX_PART)[0]))


async def _publish(bot: "SlackBot", press: Press, answer: str) -> None:
    shared, where = await _shared(bot, press, answer), press.address
    if where.is_direct:
        await _stale(bot, press, answer)
        return
    try:
        await drawn(shared, lambda blocks: bot.door.post(where.channel, blocks, shared.notification, thread=where.thread_ts))
    except (Refused, Away) as error:
        is_outside = getattr(error, "error", "") in NOT_THERE
        said = press.words("slack-invite", bot=bot.me.name) if is_outside else press.words("error-unexpected")
    else:
        said = press.words("share-done")
    await show(bot, press, Sheet(texts=(said,)))


async def _private(bot: "SlackBot", press: Press, choice: str) -> None:
    await bot.profond.students.set_always_private(press.person, is_private=choice == "yes")
    await show(bot, press, Sheet(texts=(press.words("private-yes" if choice == "yes" else "private-no"),)))


async def _forget(bot: "SlackBot", press: Press, _: str) -> None:
    count = await bot.profond.students.forget(press.person)
    await show(bot, press, Sheet(texts=(press.words("forget-done", count=count),)))
    if press.where == "home":
        await home.publish(bot, press.address)


async def _data(bot: "SlackBot", press: Press, _: str) -> None:
    await show(bot, press, Sheet(texts=(await pages.send_data(bot, press.words, press.address.user, press.person),)))


async def _level(bot: "SlackBot", press: Press) -> None:
    """Take the level chosen in the home tab, and show it there."""
    name = press.code.partition(":")[2]
    if name in set(Level):
        await bot.profond.students.set_level(press.person, Level(name))
    await home.publish(bot, press.address)


PRESSES: dict[Action, Do] = {
    Action.GOOD: _good,
    Action.BAD: _bad,
    Action.STOP: _stop,
    Action.MORE: _more,
    Action.QUIZ: _quiz,
    Action.REVEAL: _reveal,
    Action.OPEN: _open,
    Action.TOPIC: _topic,
    Action.REPORT: _report,
    Action.ASK: _ask,
    Action.ABOUT: _about,
    Action.SHARE: _share,
    Action.PUBLISH: _publish,
    Action.PRIVATE: _private,
    Action.FORGET: _forget,
    Action.DATA: _data,
}
