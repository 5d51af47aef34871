"""A bot's life beside its platform: it ends when it is told to, finishes what it does, and gives back what it took from the process."""

import asyncio
import os
import signal
import sys

import pytest

from bots.life import gauges, live
from core.errors import SetupError, StoreAway
from core.store import Store
from core.store.breakers import LONGEST
from core.store.gates import Seat
from core.store.leases import Left
from core.traffic import gate_address
from tests.conftest import MakeSettings
from tests.samples import Clock
from tests.slack_class import core_of


class Patient:
    """A face that has something to finish when it is told to stop, or that cannot begin."""

    name = "patient"

    def __init__(self, fault: SetupError | None = None) -> None:
        self.runs = asyncio.Event()
        self.has_finished = False
        self._fault = fault

    async def run(self) -> None:
        self.runs.set()
        if self._fault:
            raise self._fault
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            self.has_finished = True

    async def finish(self, left: Left) -> None:
        raise AssertionError(left)

    async def apologise(self, left: Left) -> None:
        raise AssertionError(left)

    def is_ready(self) -> bool:
        return self.runs.is_set()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends itself no signals that a test could catch")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_bot_that_finishes_first(settings: MakeSettings, number: signal.Signals) -> None:
    """On SIGTERM and on Ctrl-C the face finishes, everything else ends, and the signal means again what it meant before."""
    before, face = signal.getsignal(number), Patient()
    async with core_of(settings()) as profond:
        living = asyncio.create_task(live(profond, face))
        await asyncio.wait_for(face.runs.wait(), 10)
        os.kill(os.getpid(), number)
        await asyncio.wait_for(living, 10)

    assert face.has_finished
    assert before is signal.getsignal(number)


async def test_an_open_breaker_is_told_no_longer_than_it_is_known(settings: MakeSettings, clock: Clock) -> None:
    """A model that fails each time it is tried counts without a break; once nobody tries it, it counts no more: an alarm ends by itself."""
    seat = Seat(id="0" * 32, person="1" * 32, model="gone", tokens=9)
    async with core_of(settings()) as profond:
        gates = profond.store.gates
        gates.clock = clock
        gate, told = gates.key("gate", gate_address(profond.settings)), []
        for seconds in (10, LONGEST, 2 * LONGEST):
            await gates.failed(gate, seat, clock.now, is_final=True)
            clock.move(seconds)
            told.append((await gauges(profond))["breakers_open"])

    assert [1, 1, 0] == told


class Late(Patient):
    """A face that still writes when it is told to stop."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.told: list[BaseException | None] = []
        self._store = store

    async def run(self) -> None:
        try:
            await super().run()
        finally:
            writes = (self._store.set_fact(str(number), "") for number in range(3))
            self.told = await asyncio.gather(*writes, return_exceptions=True)


@pytest.mark.skipif(sys.platform == "win32", reason="as above")
async def test_a_stop_that_takes_too_long_writes_no_more(settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some time after a signal no write begins any more: behind another program each would wait for seconds, one after the other."""
    monkeypatch.setattr("bots.life.WRITE_SECONDS", 0.0)
    async with core_of(settings()) as profond:
        face = Late(profond.store)
        living = asyncio.create_task(live(profond, face))
        await asyncio.wait_for(face.runs.wait(), 10)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(living, 10)
        assert [StoreAway] * 3 == [type(error) for error in face.told]


async def test_what_only_a_person_can_mend_ends_a_bot(settings: MakeSettings) -> None:
    """A face that cannot begin ends the whole, with its own error."""
    async with core_of(settings()) as profond:
        with pytest.raises(SetupError, match="no-token"):
            await asyncio.wait_for(live(profond, Patient(SetupError("no-token"))), 10)
