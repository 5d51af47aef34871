"""What the model costs, in euros, and how much of it is left.

Prices stand in a dated file that can be edited (`core/prices.json`, or one's own by BUDGET_PRICES). A model that is not in
it is as dear as the dearest that is.
"""

import math
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import structlog
from pydantic import BaseModel, Field, ValidationError

from core.errors import BudgetSpent, SetupError
from core.messages import TokenUsage
from core.store.spending import Spending

log = structlog.get_logger()
SCARCE_SHARE = 0.8
USUAL = TokenUsage(input=1_200, output=300)
"""What a question takes."""


class Price(BaseModel):
    """Dollars per million tokens."""

    input: float = Field(ge=0, allow_inf_nan=False)
    cached: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)


class Rate(BaseModel):
    """Euros for a dollar, on a day."""

    dated: str
    rate: float = Field(gt=0, allow_inf_nan=False)


class Prices(BaseModel):
    """The file of prices."""

    dated: str
    source: str = ""
    euros_per_dollar: Rate
    dollars_per_million_tokens: dict[str, Price] = Field(min_length=1)

    def micros(self, model: str, usage: TokenUsage) -> int:
        """Return what a model's tokens cost, in millionths of a euro, rounded up."""
        price = self.dollars_per_million_tokens.get(model) or self._dearest(model)
        fresh = max(0, usage.input - usage.cached)
        dollars = fresh * price.input + usage.cached * price.cached + usage.output * price.output
        return math.ceil(dollars * self.euros_per_dollar.rate)

    def is_dearer(self, model: str, other: str) -> bool:
        """Whether a usual question costs more with a model than with another."""
        return model != other and self.micros(model, USUAL) > self.micros(other, USUAL)

    def _dearest(self, model: str) -> Price:
        _warn_of_unknown(model)
        known = self.dollars_per_million_tokens.values()
        return Price(input=max(p.input for p in known), cached=max(p.cached for p in known), output=max(p.output for p in known))


@lru_cache
def _warn_of_unknown(model: str) -> None:
    """Say once that a model has no price."""
    log.warning("model_without_price", model=model)


def read_prices(path: Path | None = None) -> Prices:
    """Read the file of prices. Raises SetupError."""
    source = path or files("core").joinpath("prices.json")
    try:
        return Prices.model_validate_json(source.read_text(encoding="utf-8-sig"))  # Windows' editor puts a mark before
    except (OSError, UnicodeDecodeError, ValidationError):
        raise SetupError("setup-prices", file=str(path or "core/prices.json")) from None


class Means(Enum):
    """What may still be spent."""

    PLENTY = "plenty"
    SCARCE = "scarce"


@dataclass(frozen=True)
class Budget:
    """How much the model may cost a month and, perhaps, a day. Shared by every process: what was spent is in the store."""

    spending: Spending
    month_eur: float
    day_eur: float | None

    async def means(self) -> Means:
        """Return what may still be spent. Raises BudgetSpent."""
        spent = await self.spending.spent()
        today, month = _share(spent.today, self.day_eur), _share(spent.month, self.month_eur)
        if max(today, month) >= 1:
            raise BudgetSpent(is_daily=month < 1)
        return Means.SCARCE if max(today, month) >= SCARCE_SHARE else Means.PLENTY


def _share(micros: int, euros: float | None) -> float:
    """Return the share of a budget that is used."""
    if euros is None:
        return 0.0
    return micros / (euros * 1_000_000) if euros else 1.0
