"""Speaks with whoever installs: at a screen, where secrets stay hidden, or line by line through a pipe."""

import getpass
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console

from core.words import Words

YES, NO = frozenset({"", "o", "oui", "y", "yes"}), frozenset({"n", "non", "no"})
_MARKED = re.compile(r"(?<=«) | (?=[»:;?!])")


class Talk:
    """A conversation in one language. Every question raises EOFError at the end of what is typed."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self._console = Console(highlight=False)
        self._is_screen = _is_screen()
        self._number = 0

    def say(self, key: str, style: str = "", **details: str | float) -> None:
        """Say a sentence of the catalogue."""
        self._tell(self.words(key, **details), style)

    def show(self, text: str, style: str = "") -> None:
        """Show a text as it stands; nothing is wrapped, so that it can be copied."""
        self._console.print(text, style=style, markup=False, soft_wrap=True)

    def _tell(self, text: str, style: str = "", indent: int = 0) -> None:
        """Show a sentence; a screen's lines are broken between words, and no mark stands alone."""
        if self._console.is_terminal:
            bound = _MARKED.sub("\u00a0", text)
            width = self._console.width - 1
            text = textwrap.fill(bound, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)
        self.show(text, style)

    def title(self, key: str) -> None:
        """Begin a part; its steps are numbered from 1."""
        self._number = 0
        self.show("")
        self.say(key, "bold")

    def steps(self, *keys: str, **details: str | float) -> None:
        """Say clicks, numbered on from those before."""
        for key in keys:
            self._number += 1
            self._tell(f"{self._number:>3}. {self.words(key, **details)}", indent=5)

    def good(self, key: str, **details: str | float) -> None:
        """Say that something is right."""
        self._tell(f"✓ {self.words(key, **details)}", "green", 2)

    def bad(self, key: str, **details: str | float) -> None:
        """Say what is wrong, with its mend."""
        self._tell(f"✗ {self.words(key, **details)}", "red", 2)

    def ask(self, key: str, **details: str | float) -> str:
        """Ask for a line that may be seen."""
        return self._typed(key, details).strip()

    def secret(self, key: str, **details: str | float) -> str:
        """Ask for a line that nobody sees, as it was pasted."""
        return self._typed(key, details, is_hidden=True)

    def _typed(self, key: str, details: Mapping[str, str | float], *, is_hidden: bool = False) -> str:
        question = f"{self.words(key, **details)} "
        if self._is_screen:
            return _at_screen(question, is_hidden=is_hidden)
        if is_hidden and sys.stdin.isatty():
            return getpass.getpass(question)
        answer = input(question)
        print()
        return answer

    def choose(self, question: str, keys: Sequence[str]) -> int:
        """Ask for one of several, by its number; Enter takes the first. Return its place, from 0."""
        self.say(question)
        for number, key in enumerate(keys, 1):
            self.show(f"  {number}  {self.words(key)}")
        while True:
            answer = self.ask("install-choice").rstrip(".)") or "1"
            if answer.isdecimal() and 1 <= int(answer) <= len(keys):
                return int(answer) - 1
            self.bad("install-choice-wrong", count=len(keys))

    def is_yes(self, key: str, **details: str | float) -> bool:
        """Ask for yes or no; Enter is yes."""
        while True:
            answer = self.ask(key, **details).lower()
            if answer in YES | NO:
                return answer in YES
            self.bad("install-yes-or-no")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what is pasted between two questions from being shown, where the system can."""
    if sys.platform == "win32" or not _is_screen() or _is_dumb():
        yield
        return
    import termios  # noqa: PLC0415  # Windows has none

    before = termios.tcgetattr(sys.stdin)
    hushed = [*before]
    hushed[3] = int(before[3]) & ~termios.ECHO
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, hushed)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _at_screen(question: str, *, is_hidden: bool) -> str:
    """Read a line; hidden letters show as stars, so that a paste is seen to have come; where that cannot be, as nothing."""
    from prompt_toolkit import prompt  # noqa: PLC0415  # slow to import, and useless in a pipe

    plain = getpass.getpass if is_hidden else input
    if _is_dumb():  # there the library would show the letters
        return plain(question)
    try:
        return prompt(question, is_password=is_hidden)
    except (EOFError, KeyboardInterrupt):
        raise
    except Exception:  # noqa: BLE001  # a screen that the library cannot drive raises what each system raises
        return plain(question)


def _is_screen() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _is_dumb() -> bool:
    from prompt_toolkit.utils import is_dumb_terminal  # noqa: PLC0415  # as above

    return is_dumb_terminal()
