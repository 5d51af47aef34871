"""The way to the model, which a whole class shares on one small key.

    kept for others? ── shared with who asks the same now? ── within the budget? ── breaker closed? ── through the gate
        ── the model ── else the next model ── else ModelAway: the cards answer

Each room has one reason to change: `calls` shares, `budget` counts euros, `gate` waits, `trip` tries.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass

from core.errors import ModelAway, StoreAway
from core.markup.watch import watched
from core.messages import ChatMessage, Completion, Pieces, Question
from core.model import Call, ChatModel
from core.privacy import is_personal
from core.settings import Settings
from core.store import Store
from core.store.gates import Seat
from core.store.pace import Limits
from core.store.shelf import Kept
from core.store.spending import Bill, Charge
from core.traffic.budget import Budget, Means, Prices, read_prices
from core.traffic.calls import Calls
from core.traffic.gate import Gate
from core.traffic.trip import Deadlines, Trip, prompt_tokens

Choose = Callable[[Call], ChatModel]


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What is to be fetched from a model.

    Attributes:
        messages: the prompt.
        asked: the question that the answer is for.
        question: what makes the answer good for others too (question, level, language, versions); empty: for nobody else.
        edition: the course and the prompt that it rests on.
        cache_key: under which the provider may keep the beginning of the prompt; tells nothing of anybody.
    """

    messages: Sequence[ChatMessage]
    asked: Question
    question: str = ""
    edition: str = ""
    cache_key: str = ""


class Traffic:
    """The way to the model. One per process; what must be shared by all processes is in the store."""

    def __init__(self, settings: Settings, store: Store, choose: Choose, gate: Gate, prices: Prices) -> None:
        self._settings = settings
        self._store = store
        self._choose = choose
        self._gate = gate
        self._prices = prices
        self._calls = Calls()
        self._budget = Budget(store.spending, settings.budget_month_eur, settings.budget_day_eur)
        self._deadlines = Deadlines(settings.mistral_first_text_seconds, settings.mistral_answer_seconds)

    async def fetch(self, errand: Errand, bill: Bill) -> Pieces:
        """Yield an answer: one that was kept, one that is being written for somebody, or a new one. Raises ModelAway."""
        if errand.question:
            bill.shelf = self._store.shelf.key(f"{self._settings.mistral_model}\n{errand.question}")  # who names another model wants its answers
            kept = await self._kept(bill.shelf)
            if kept:
                bill.is_shared, bill.saved_micros = True, kept.micros
                yield kept.text
                yield Completion(model=kept.model)
                return
        key = bill.shelf or secrets.token_hex(16)
        if running := self._calls.running(key):
            await self._gate.move_up(running, self._queued(errand))
        async with aclosing(self._calls.join(key, lambda seat, charges: self._call(errand, bill.shelf, seat, charges), bill)) as pieces:
            async for piece in pieces:
                yield piece

    async def _kept(self, key: str) -> Kept | None:
        with suppress(StoreAway):
            return await self._store.shelf.get(key)
        return None

    async def _call(self, errand: Errand, shelf: str, seat: str, charges: list[Charge]) -> Pieces:
        """Yield what the first model that answers writes, while it is worth reading; keep it for others if it is good for them."""
        text, end = "", None
        async with aclosing(watched(self._from_models(errand, seat, charges), errand.asked)) as pieces:
            async for piece in pieces:
                text += piece if isinstance(piece, str) else ""
                end = piece if isinstance(piece, Completion) else end
                yield piece
        if shelf and end and end.finish_reason == "stop" and not is_personal(text):
            with suppress(StoreAway):
                micros = sum(charge.micros for charge in charges)
                await self._store.shelf.put(shelf, Kept(text, end.model, micros), errand.edition)

    async def _from_models(self, errand: Errand, seat: str, charges: list[Charge]) -> Pieces:
        """Try the models in their order, within the budget."""
        calls = await self._affordable(errand.cache_key)
        trip = self._trip(errand, seat, calls[0].max_tokens, charges)
        for nth, call in enumerate(calls, 1):
            models_left = len(calls) - nth
            try:
                async with aclosing(trip.ask(self._choose(call), models_left)) as pieces:
                    async for piece in pieces:
                        yield piece
            except ModelAway:
                if trip.wrote or not models_left:
                    raise
            else:
                return

    async def _affordable(self, cache_key: str) -> list[Call]:
        """Return the calls to try; from 80 % of the budget on the smaller one first, none dearer than the usual one, shorter. Raises BudgetSpent."""
        try:
            means = await self._budget.means()
        except StoreAway:
            raise ModelAway("store away") from None
        settings, longest = self._settings, self._settings.mistral_max_tokens
        names = dict.fromkeys((settings.mistral_model, *settings.mistral_fallback_models))
        if means is Means.SCARCE:
            longest //= 2
            cheap = (name for name in names if not self._prices.is_dearer(name, settings.mistral_model))
            names = dict.fromkeys((settings.mistral_small_model, *cheap))
        return [Call(name, longest, cache_key) for name in names]

    def _trip(self, errand: Errand, seat: str, longest: int, charges: list[Charge]) -> Trip:
        place = Seat(id=seat, person=self._queued(errand), model="", tokens=prompt_tokens(errand.messages) + longest)
        return Trip(self._gate, place, errand.messages, self._deadlines, self._settings.patience_seconds, self._prices, charges)

    def _queued(self, errand: Errand) -> str:
        """Return who asks, as the queue knows them."""
        return self._store.gates.key("queue", errand.asked.person)

    async def close(self) -> None:
        """End what runs."""
        await self._calls.close()
        await self._gate.close()


def gate_address(settings: Settings) -> str:
    """Return what makes two processes share a gate: the model's address and its key."""
    key = settings.mistral_api_key.get_secret_value() if settings.mistral_api_key else ""
    return f"{settings.mistral_server_url} {key}"


@asynccontextmanager
async def open_traffic(settings: Settings, store: Store, choose: Choose) -> AsyncIterator[Traffic]:
    """Open the way to the model. Raises SetupError."""
    limits = Limits(settings.mistral_requests_per_second, settings.mistral_tokens_per_minute)
    gate = Gate(store.gates, gate_address(settings), limits)
    traffic = Traffic(settings, store, choose, gate, read_prices(settings.budget_prices))
    try:
        yield traffic
    finally:
        await traffic.close()
