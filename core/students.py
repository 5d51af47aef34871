"""A student's own verbs: level, usage, feedback, report, the first-contact notice, my data, forget."""

from core.assistant import DEFAULT_LEVEL
from core.errors import EmptyQuestion, NotYours
from core.knowledge import Course
from core.messages import Level, MyData, Usage
from core.privacy import scrub
from core.settings import Settings
from core.store import Store
from core.words import words_in

MAX_REPORT = 1_000


class Students:
    """What a student may choose, say, see and erase. Every `person` is `platform:id`."""

    def __init__(self, store: Store, course: Course, settings: Settings) -> None:
        self._store = store
        self._course = course
        self._settings = settings

    async def level(self, person: str) -> Level:
        """Return a student's level, beginner until they choose."""
        return await self._store.people.level(person) or DEFAULT_LEVEL

    async def set_level(self, person: str, level: Level) -> None:
        """Remember the level that a student chose."""
        await self._store.people.set_level(person, level)

    async def is_always_private(self, person: str) -> bool:
        """Whether a student wants every answer in private; the setting decides until they choose."""
        chosen = await self._store.people.is_always_private(person)
        return self._settings.ask_private_default if chosen is None else chosen

    async def set_always_private(self, person: str, *, is_private: bool) -> None:
        """Remember whether a student wants every answer in private."""
        await self._store.people.set_always_private(person, is_private=is_private)

    async def usage(self, person: str) -> Usage:
        """Return what is left and when the next question comes."""
        return await self._store.usage(person)

    async def feedback(self, answer_id: str, person: str, *, is_good: bool) -> None:
        """Remember a thumb up or down; the last one counts. Raises Unknown."""
        await self._store.people.give_feedback(answer_id, person, 1 if is_good else -1)

    async def report(self, answer_id: str, person: str, text: str) -> str:
        """Remember what is wrong with an answer; return the report's id. Raises EmptyQuestion, Unknown."""
        if not text.strip():
            raise EmptyQuestion
        return await self._store.people.report(answer_id, person, text.strip()[:MAX_REPORT])

    async def notice(self, person: str, lang: str = "fr") -> str | None:
        """Return what a student must know at first contact; None as soon as they were told."""
        if await self._store.people.is_noticed(person):
            return None
        key = "notice-model" if self._settings.mistral_api_key else "notice-cards"
        return words_in(lang)(key, course=self._course.info.title)

    async def noticed(self, person: str) -> None:
        """Remember that a student was shown what they must know."""
        await self._store.people.set_noticed(person)

    async def has_asked(self, conversation: str, person: str) -> bool:
        """Whether a student has asked something in a conversation."""
        return await self._store.has_asked(conversation, person)

    async def conversation_of(self, answer_id: str) -> str:
        """Return the conversation in which an answer was given. Raises Unknown."""
        return (await self._store.past(answer_id)).conversation_place

    async def shared(self, answer_id: str, person: str) -> tuple[str, str]:
        """Return a question of one's own, without anything personal in it, and its answer, as a class may see them. Raises Unknown, NotYours."""
        past = await self._store.past(answer_id, person)
        if not past.is_own:
            raise NotYours
        return scrub(past.question), past.answer

    async def my_data(self, person: str) -> MyData:
        """Return everything that is kept about a student."""
        return await self._store.people.my_data(person)

    async def forget(self, person: str) -> int:
        """Erase it all at once, but today's allowance; return how many turns were erased."""
        return await self._store.people.forget(person)
