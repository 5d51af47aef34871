"""The questions, one after another, from where the class talks to the bot that runs."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr

from bots.setup import env_file, start
from bots.setup.checks import State, Verdict, check_discord, check_mistral, check_slack_app, check_slack_bot, invite, slack_manifest
from bots.setup.pasted import clean, discord_mix_up, mistral_mix_up, slack_app_mix_up, slack_bot_mix_up
from bots.setup.talk import Talk
from core.errors import SetupError
from core.knowledge import CourseInfo
from core.settings import Settings, read_settings

PLACES: tuple[tuple[str, ...], ...] = (("discord",), ("slack",), ("discord", "slack"), ())


class Wanted(NamedTuple):
    """A secret to ask for: its setting, its name in the catalogue, what it is mixed up with, and who knows whether it is good."""

    field: str
    name: str
    mix_up: Callable[[str], str | None]
    check: Callable[[Settings], Coroutine[Any, Any, Verdict]]


class Guide:
    """One installation. Nothing is written before every question is answered."""

    def __init__(self, talk: Talk, settings: Settings, info: CourseInfo, path: Path) -> None:
        self._talk = talk
        self._words = talk.words
        self._settings = settings
        self._info = info
        self._path = path
        self.values: dict[str, str] = {}
        self._ready: list[str] = []

    def ask(self) -> None:
        """Ask for everything. Raises EOFError, KeyboardInterrupt."""
        self._talk.say("install-welcome", "bold")
        names = ("install-place-discord", "install-place-slack", "install-place-both", "install-place-terminal")
        self._talk.show("")
        places = PLACES[self._talk.choose("install-where", names)]
        if "discord" in places and self._discord():
            self._ready.append("discord")
        if "slack" in places and self._slack():
            self._ready.append("slack")
        self._mistral()
        if places:
            self._school()

    def _discord(self) -> bool:
        self._talk.title("install-discord")
        wanted = Wanted("discord_token", "install-discord-token", discord_mix_up, check_discord)
        if not self._held(wanted.field):
            self._talk.steps("install-discord-open", "install-discord-new", "install-discord-bot", "install-discord-reset")
        return self._obtain(wanted)

    def _slack(self) -> bool:
        self._talk.title("install-slack")
        bot = Wanted("slack_bot_token", "install-bot-token", slack_bot_mix_up, check_slack_bot)
        app = Wanted("slack_app_token", "install-app-token", slack_app_mix_up, check_slack_app)
        if not self._held(bot.field):
            self._talk.steps("install-slack-open", "install-slack-manifest", "install-slack-paste")
            self._talk.show(f"\n{slack_manifest(self._settings, self._info)}\n", "cyan")
            self._talk.steps("install-slack-create", "install-slack-install")
        if not self._obtain(bot):
            return False
        if not self._held(app.field):
            self._talk.steps("install-slack-basic", "install-slack-scope")
        return self._obtain(app)

    def _mistral(self) -> None:
        self._talk.title("install-mistral")
        self._talk.say("install-mistral-why")
        server = self._settings.mistral_server_url
        wanted = Wanted("mistral_api_key", "install-mistral-key", lambda text: mistral_mix_up(text, server), check_mistral)
        if not self._held(wanted.field):
            self._talk.steps("install-mistral-open", "install-mistral-new")
        if not self._obtain(wanted):
            self._talk.say("install-mistral-none")

    def _school(self) -> None:
        self._talk.title("install-school")
        for name, question in (("school_name", "install-school-name"), ("school_contact", "install-school-contact")):
            held = str(getattr(self._settings, name))
            answer = " ".join(self._talk.ask(question, held=held or "none").split())
            if answer and answer != held:
                self.values[name.upper()] = answer

    def _held(self, field: str) -> str:
        """Return a secret that is set already, or an empty text."""
        held = getattr(self._settings, field)
        return held.get_secret_value() if isinstance(held, SecretStr) else ""

    def _obtain(self, wanted: Wanted) -> bool:
        """Ask for a secret until it is good, kept all the same, or passed over; tell whether there is one."""
        what, held = self._words(wanted.name), self._held(wanted.field)
        text = clean(self._talk.secret("install-held" if held else "install-paste", what=what)) or held
        while text:
            if self._is_good(wanted, text):
                if text != held:
                    self.values[wanted.field.upper()] = text
                self._settings = self._with(wanted.field, text)
                return True
            text = clean(self._talk.secret("install-paste", what=what))
        return False

    def _with(self, field: str, text: str) -> Settings:
        return self._settings.model_copy(update={field: SecretStr(text)})

    def _is_good(self, wanted: Wanted, text: str) -> bool:
        """Tell whether a secret is to be kept; what is wrong with it is said."""
        if mistake := wanted.mix_up(text):
            self._talk.bad(mistake)
            return False
        while True:
            self._talk.say("install-checking", "dim")
            verdict = asyncio.run(wanted.check(self._with(wanted.field, text)))
            if verdict.state is State.GOOD:
                self._talk.good(verdict.key, **verdict.details)
                return True
            self._talk.bad(verdict.key, **verdict.details)
            if verdict.state is State.REFUSED:
                return False
            choice = self._talk.choose("install-open", ("install-retry", "install-keep", "install-other"))
            if choice:
                return choice == 1

    def write(self) -> None:
        """Write what was given, and look whether it will be read. Raises SetupError."""
        self._talk.title("install-done")
        file = str(self._path.resolve())
        if not self.values:
            self._talk.say("install-same" if self._path.exists() else "install-nothing", file=file)
            return
        env_file.write(self._path, self.values, self._words("install-heading"))
        self._talk.good("install-written", file=file)
        read = read_settings()
        for name, value in self.values.items():
            found = getattr(read, name.lower())
            if value != (found.get_secret_value() if isinstance(found, SecretStr) else found):
                self._talk.bad("install-environment", name=name)

    def finish(self) -> int:
        """Invite the bot and offer to start it; without a platform, offer a first question. Return the exit code."""
        if not self._ready:
            return self._try()
        if "discord" in self._ready:
            self._invite()
        if "slack" in self._ready:
            self._talk.title("install-slack-room")
            self._talk.steps("install-slack-invite")
        self._talk.show("")
        if self._agrees("install-start"):
            self._talk.say("install-started", "bold")
            return start.run(*((name,) for name in self._ready))
        for name in self._ready:
            self._talk.say("install-later", command=f"{start.typed()} {name}")
        self._talk.say("install-then-ask", "bold")
        return 0

    def _invite(self) -> None:
        self._talk.title("install-discord-server")
        try:
            link = asyncio.run(invite(self._settings))
        except SetupError:
            self._talk.say("install-discord-later", command=f"{start.typed()} discord --invite")
            return
        self._talk.steps("install-discord-link")
        self._talk.show(f"     {link}", "cyan")
        self._talk.steps("install-discord-allow")

    def _try(self) -> int:
        """Ask a first question in the terminal."""
        question = self._info.example_questions[0]
        code = 0
        self._talk.show("")
        if self._agrees("install-try", question=question):
            self._talk.show("")
            code = start.run(("ask", question))
        self._talk.show("")
        self._talk.say("install-terminal", command=start.typed())
        return code

    def _agrees(self, key: str, **details: str) -> bool:
        """Ask for yes or no once all is written: whoever leaves here says no."""
        try:
            return self._talk.is_yes(key, **details)
        except (EOFError, KeyboardInterrupt):
            self._talk.show("")
            return False
