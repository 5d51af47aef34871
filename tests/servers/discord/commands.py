"""The commands that the bot registered: what Discord accepts as one, and which of them a student is offered."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.servers.discord.entities import Json, Value
from tests.servers.discord.refusals import Offences, Refused
from tests.servers.discord.rest import Call
from tests.servers.discord.world import World

LOCALES = frozenset(
    "ar bg cs da de el en-GB en-US es-419 es-ES fi fr he hi hr hu id it ja ko lt nl no pl pt-BR ro ru sv-SE th tr uk vi zh-CN zh-TW".split()
)
NAME = re.compile(r"^[-_'\w]{1,32}$")
CHAT, USER_MENU, MESSAGE_MENU = 1, 2, 3
MOST = {CHAT: 100, USER_MENU: 15, MESSAGE_MENU: 15}
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, FILE = range(1, 12)
MOST_LENGTH = 8000


class CommandRoutes:
    """The routes of the application's commands.

    Attributes:
        known: the commands of all places (None) and of each guild.
        puts: how often the whole list was written.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.known: dict[str | None, list[Json]] = {None: []}
        self.puts = 0

    def offered(self, guild_id: str | None, kind: int) -> list[Json]:
        """Return the commands of a kind that exist in a place."""
        return [each for each in [*self.known.get(guild_id, []), *self.known[None]] if each["type"] == kind]

    def _place(self, call: Call) -> str | None:
        if call.ids["app_id"] != self.world.app_id:
            raise Refused(20012)
        return call.ids.get("guild_id")

    async def read(self, call: Call) -> tuple[int, Any]:
        """Carry out GET …/commands."""
        return 200, self.known.get(self._place(call), [])

    async def overwrite(self, call: Call) -> tuple[int, Any]:
        """Carry out PUT …/commands: the list is replaced by another."""
        place = self._place(call)
        self.puts += 1
        if not isinstance(call.body, list):
            raise Refused(50109)
        judge_all(call.body)
        old = {(each["type"], each["name"]): each["id"] for each in self.known.get(place, [])}
        self.known[place] = [self._stored(each, place, old.get((each.get("type") or CHAT, each["name"]))) for each in call.body]
        self.world.signal.notify()
        return 200, self.known[place]

    async def add(self, call: Call) -> tuple[int, Any]:
        """Carry out POST …/commands: one command is added, or replaced by its name."""
        place, form = self._place(call), call.form()
        judge_all([form])
        same = next((each for each in self.known.get(place, []) if (each["type"], each["name"]) == (form.get("type") or CHAT, form["name"])), None)
        kept = [each for each in self.known.get(place, []) if each is not same]
        self.known[place] = [*kept, self._stored(form, place, same["id"] if same else None)]
        self.world.signal.notify()
        return 200 if same else 201, self.known[place][-1]

    async def delete(self, call: Call) -> tuple[int, Any]:
        """Carry out DELETE …/commands/{command_id}."""
        place = self._place(call)
        kept = [each for each in self.known.get(place, []) if each["id"] != call.ids["command_id"]]
        if len(kept) == len(self.known.get(place, [])):
            raise Refused(10063)
        self.known[place] = kept
        return 204, None

    def _stored(self, form: Json, place: str | None, number: str | None) -> Json:
        fresh = self.world.ids()
        allowed = form.get("default_member_permissions")
        shown = {
            **form,
            "type": form.get("type") or CHAT,
            "description": form.get("description") or "",
            "default_member_permissions": None if allowed is None else str(allowed),
            "contexts": form.get("contexts"),
            "integration_types": form.get("integration_types") or [0],
            "options": form.get("options") or [],
            "id": number or fresh,
            "application_id": self.world.app_id,
            "version": fresh,
        }
        shown |= {f"{name}_localizations": form.get(f"{name}_localizations") for name in ("name", "description")}
        return shown | ({"guild_id": place} if place else {})


def judge_all(commands: Sequence[Json]) -> None:
    """Refuse a list of commands in which one breaks a rule."""
    offences = Offences()
    for place, command in enumerate(commands):
        _judge(offences, str(place), command)
    names = Counter((command.get("type") or CHAT, command.get("name")) for command in commands)
    for place, command in enumerate(commands):
        if names[command.get("type") or CHAT, command.get("name")] > 1:
            offences.add(f"{place}.name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
    for kind, most in MOST.items():
        if sum((command.get("type") or CHAT) == kind for command in commands) > most:
            offences.add("_", "APPLICATION_COMMANDS_MAX_EXCEEDED", f"Maximum number of application commands reached ({most})")
    offences.close()


def _judge(offences: Offences, where: str, command: Json) -> None:
    kind = command.get("type") or CHAT
    if kind not in MOST:
        offences.add(f"{where}.type", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3}.")
        return
    _judge_name(offences, where, command, is_menu=kind != CHAT)
    if kind == CHAT:
        _judge_texts(offences, where, command, "description", 100)
        _judge_options(offences, where, command.get("options") or [], depth=0)
    elif command.get("description") or command.get("options"):
        offences.add(f"{where}.description", "APPLICATION_COMMAND_DESCRIPTION_MAX_LENGTH", "Context menu commands cannot have description")
    if sum(_lengths(command)) > MOST_LENGTH:
        offences.add(where, "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({MOST_LENGTH})")


def _lengths(part: Json) -> Sequence[int]:
    """Return the lengths that Discord adds up: of each text its longest translation."""
    texts = [[part.get(name) or "", *(part.get(f"{name}_localizations") or {}).values()] for name in ("name", "description")]
    found = [max(map(len, each)) for each in texts]
    found += [len(str(part["value"]))] if isinstance(part.get("value"), str) else []
    for child in [*(part.get("options") or []), *(part.get("choices") or [])]:
        found += _lengths(child)
    return found


def _judge_name(offences: Offences, where: str, part: Json, *, is_menu: bool = False) -> None:
    _judge_texts(offences, where, part, "name", 32)
    translated = {f"name_localizations.{key}": each for key, each in (part.get("name_localizations") or {}).items()}
    for spot, name in {"name": part.get("name"), **translated}.items():
        is_wrong = isinstance(name, str) and (not NAME.match(name) or name != name.lower())
        if is_wrong and not is_menu:
            offences.add(f"{where}.{spot}", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _judge_texts(offences: Offences, where: str, part: Json, name: str, most: int) -> None:
    offences.length(f"{where}.{name}", part.get(name), 1, most)
    for locale, text in (part.get(f"{name}_localizations") or {}).items():
        offences.length(f"{where}.{name}_localizations.{locale}", text, 1, most)
        if locale not in LOCALES:
            offences.add(f"{where}.{name}_localizations", "MODEL_TYPE_CONVERT", f"Locale '{locale}' is not supported")


def _judge_options(offences: Offences, where: str, options: Value, *, depth: int) -> None:
    if not offences.size(f"{where}.options", options, 0, 25):
        return
    is_optional = False
    for place, option in enumerate(options):
        spot = f"{where}.options.{place}"
        _judge_name(offences, spot, option)
        _judge_texts(offences, spot, option, "description", 100)
        if is_optional and option.get("required"):
            offences.add(spot, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Required options must be placed before non-required options")
        is_optional = is_optional or not option.get("required")
        _judge_option(offences, spot, option, depth=depth)
    if len({option.get("name") for option in options}) < len(options):
        offences.add(f"{where}.options", "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATED", "Option names must be unique")


def _judge_option(offences: Offences, where: str, option: Json, *, depth: int) -> None:
    kind = option.get("type")
    if kind not in range(1, 12) or (kind == GROUP and depth > 0) or (kind == SUBCOMMAND and depth > 1):
        offences.add(f"{where}.type", "APPLICATION_COMMAND_INVALID_OPTION_TYPE", "Sub-command and sub-command group options are not valid here")
    elif kind in {SUBCOMMAND, GROUP}:
        _judge_options(offences, where, option.get("options") or [], depth=depth + 1)
    choices = option.get("choices") or []
    if choices and option.get("autocomplete"):
        offences.add(where, "APPLICATION_COMMAND_OPTIONS_CHOICES_AND_AUTOCOMPLETE", "Choices and autocomplete exclude each other")
    if offences.size(f"{where}.choices", choices, 0, 25):
        for place, choice in enumerate(choices):
            _judge_texts(offences, f"{where}.choices.{place}", choice, "name", 100)
    for least, most in (("min_length", "max_length"), ("min_value", "max_value")):
        if option.get(least) is not None and option.get(most) is not None and option[least] > option[most]:
            offences.add(f"{where}.{least}", "NUMBER_TYPE_MAX", f"{least} is above {most}")
