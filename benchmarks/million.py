"""The store's time for one question at a thousand turns and at a million, on SQLite and on PostgreSQL.

A question is `accept`, `recent` in a conversation that is as long as all others, and `answered`. The turns are written by SQL,
copies of one real turn; both databases of a kind are then asked in turn, so that whatever else the machine does meets both.
"""

import asyncio
import itertools
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Table, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.report import Report, Row, Target, median, quantile, ratio, settings_in, show
from core.messages import Question
from core.store import Store, open_store
from core.store.tables import answers, conversations, seen_events, turns
from tests.samples import an_answer, an_outcome
from tests.servers import postgres

FEW, MANY, ROUNDS, WARM_UP = 1_000, 1_000_000, 400, 40
IN_ONE = 100
"""Turns of a conversation, and of a student."""
LIMIT = 1.5
_numbers = itertools.count()
_COUNTER = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most}) ",
    "postgresql": "WITH n(i) AS (SELECT generate_series(1, {most})) ",
}
