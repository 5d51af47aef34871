"""Forms: a modal with one field, which remembers where it was opened from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bots.slack_bot.asking import Work, question_at
from bots.slack_bot.look import Json, modal, plain_text
from bots.slack_bot.people import person_of
from bots.slack_bot.places import Address
from bots.slack_bot.speech import sentence, words_for
from core.actions import Action, read_code
from core.errors import ProfondError
from core.words import Words

if TYPE_CHECKING:
    from bots.slack_bot.client import SlackBot

FIELD = "text"


@dataclass(frozen=True)
class Form:
    """A form: its code, and the keys of its words."""

    code: str
    title: str
    label: str
    hint: str
    longest: int = 3000


def view(words: Words, form: Form, address: Address) -> Json:
    """Return a form as a modal."""
    element = {"type": "plain_text_input", "action_id": FIELD, "multiline": True, "max_length": form.longest}
    block = {"type": "input", "block_id": FIELD, "label": plain_text(words(form.label), 200), "hint": plain_text(words(form.hint), 200)}
    made = {"callback_id": form.code, "private_metadata": address.dump(), "submit": plain_text(words("send"), 24)}
    return modal(words(form.title), [{**block, "element": element}], words("cancel"), **made)


async def submitted(bot: "SlackBot", body: dict[str, Any]) -> Work:
    """Return what a form asks for; what is wrong with it is said in the form itself."""
    shown = body["view"]
    action, target = read_code(str(shown["callback_id"]))
    address = Address.load(shown["private_metadata"])
    text = str(shown["state"]["values"][FIELD][FIELD].get("value") or "")
    words = words_for(bot.people.known(address.user).lang)
    try:
        if action is Action.REPORT:
            return await _reported(bot, words, address, target, text)
        about = f"{bot.profond.course.card(target).title} : " if action is Action.ABOUT else ""
        question = question_at(address, f"{about}{text}", f"{shown['id']}:{shown.get('hash', '')}")
        return await bot.asking.receive(question, address)
    except ProfondError as error:
        return Work(reply={"response_action": "errors", "errors": {FIELD: sentence(words, error)}})


async def _reported(bot: "SlackBot", words: Words, address: Address, answer: str, text: str) -> Work:
    number = await bot.profond.students.report(answer, person_of(address.team, address.user), text)
    return Work(lambda: bot.asking.tell(address, words("report-thanks", id=number)))
