"""What may go wrong, each with the words for the person who meets it.

ProfondError                 every error of ours; `.key` names its sentence in the catalogue, `.details` fills it
├── Refusal                  a student meets it; nothing is broken, nothing is lost
│   ├── EmptyQuestion        there is no text to answer
│   ├── AllowanceSpent       carries `wait`, the seconds until the next question
│   ├── AlreadyTaken         this event was seen before: say nothing
│   ├── NotYours             only the asker may do that
│   ├── Unknown              no such answer, card or topic
│   └── FileRefused          an attached file that cannot be read; names the file and the mend
├── SetupError               whoever installs or runs the bot meets it; one sentence with the mend, exit code 1
│   └── CourseError          carries every fault of the course at once
│       └── MarkdownError    carries every fault of a teacher's Markdown file, each with its line
├── StoreAway                the database did not answer in time
└── ModelAway                the model did not answer; `.cause` is for the log alone, never for a person
    ├── QueueTooLong         too many wait for the model
    ├── PictureRefused       the model cannot read the picture that came with the question
    └── BudgetSpent          the model has cost what it may
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class ProfondError(Exception):
    """The base: a key of the catalogue and what fills its sentence."""

    key = "error-unexpected"

    def __init__(self, key: str | None = None, **details: str | float) -> None:
        self.key = key or type(self).key
        self.details = details
        super().__init__(self.key)


class Refusal(ProfondError):
    """A student asked for something that cannot be had now."""


class EmptyQuestion(Refusal):
    """There is nothing to answer."""

    key = "refusal-empty"


class AllowanceSpent(Refusal):
    """The student's allowance is used up.

    Args:
        wait: seconds until one more question is allowed.
        is_daily: the day's limit is reached, not the bucket's.
    """

    key = "refusal-allowance"

    def __init__(self, wait: float, *, is_daily: bool = False) -> None:
        super().__init__("refusal-allowance-day" if is_daily else None)
        self.wait = wait


class AlreadyTaken(Refusal):
    """The platform delivered the same event again."""

    key = "refusal-already-taken"


class NotYours(Refusal):
    """Only the person who asked may do that."""

    key = "refusal-not-yours"


class Unknown(Refusal):
    """No such answer, card or topic."""

    key = "refusal-unknown"


class FileRefused(Refusal):
    """An attached file cannot be read. `name` and the limit stand in the details."""

    key = "refusal-file-type"


class SetupError(ProfondError):
    """Whoever runs the bot must mend something first."""


class Fault(NamedTuple):
    """One thing wrong with the course: the file, the JSON path, a key of the catalogue and what fills its sentence."""

    file: str
    path: str
    key: str
    details: Mapping[str, str] = {}


class CourseError(SetupError):
    """The course has faults; all of them are listed, and nothing is half-loaded."""

    key = "setup-course"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(count=len(faults))
        self.faults = tuple(faults)


class MarkdownError(CourseError):
    """A Markdown file has faults; each one's path is its line, and nothing is taken from the file."""

    key = "setup-markdown"


class StoreAway(ProfondError):
    """The database did not answer in time."""

    key = "error-store-away"


class ModelAway(ProfondError):
    """The model did not answer.

    Args:
        cause: a short technical reason for the log (never shown, never the model's own text).
        retry_after: seconds the provider asked to wait, where it said so.
        is_passing: trying again may help.
        status: the HTTP status of a refusal.
    """

    key = "error-model-away"
    note = "note-cards-away"
    """The sentence beside the cards that answer instead."""

    def __init__(self, cause: str, *, retry_after: float | None = None, is_passing: bool = False, status: int = 0) -> None:
        super().__init__()
        self.cause = cause
        self.status = status
        self.retry_after = retry_after
        self.is_passing = is_passing


class QueueTooLong(ModelAway):
    """Waiting for the model would take longer than a student's patience."""

    note = "note-cards-queue"


class PictureRefused(ModelAway):
    """The model refuses a question with a picture: the picture's fault or the model's that sees none, and no breakdown."""

    note = "note-cards-picture"


class BudgetSpent(ModelAway):
    """The model has cost what it may; the cards answer until the day or the month turns."""

    note = "note-cards-month"

    def __init__(self, *, is_daily: bool) -> None:
        super().__init__("budget spent")
        self.note = "note-cards-day" if is_daily else self.note
