"""Socket Mode: connections, envelopes and their acknowledgements."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from tests.servers.slack.state import APP, Json, Workspace

MOST_CONNECTIONS = 10


@dataclass(eq=False)
class Delivery:
    """One event, command or interaction on its way.

    Attributes:
        kind: events_api, slash_commands or interactive.
        event_id: the id of an event, the same at every try.
        tries: when each try was sent.
        answer: what came with the acknowledgement.
        failure: why it was given up: timeout, connection_failed, http_error; for a person, "the app did not respond".
        on_answer: what Slack does with the answer.
    """

    kind: str
    payload: Json
    event_id: str = ""
    tries: list[float] = field(default_factory=list)
    acked_at: float = 0.0
    answer: Json = field(default_factory=dict)
    failure: str = ""
    reason: str = ""
    attempt: int = 0
    via: object = None
    on_answer: Callable[[Json], None] | None = None
    timer: asyncio.TimerHandle | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will happen to it."""
        return bool(self.acked_at or self.failure)

    @property
    def seconds(self) -> float:
        """How long its acknowledgement took from the first try."""
        return self.acked_at - self.tries[0]


class Connection:
    """One WebSocket of the app; what is to be sent waits in its outbox."""

    def __init__(self, request: web.Request) -> None:
        self.socket = web.WebSocketResponse()
        self.outbox: asyncio.Queue[str | None] = asyncio.Queue()
        self.is_leaving = False
        self.sent = 0
        self._request = request

    def say(self, message: Json | str) -> None:
        """Put a message into the outbox."""
        self.outbox.put_nowait(message if isinstance(message, str) else json.dumps(message))

    def drop(self) -> None:
        """Cut the wire without a word."""
        self.is_leaving = True
        if self._request.transport:
            self._request.transport.abort()

    async def write(self) -> None:
        """Send what is in the outbox until the connection ends."""
        with suppress(ConnectionError):
            while (message := await self.outbox.get()) is not None:
                await self.socket.send_str(message)
            await self.socket.close()


class Sockets:
    """Every connection of the app.

    Attributes:
        connections: those that are open, oldest first.
        tickets: the one-time places that apps.connections.open gave.
        refusals: how many of the next connections are refused.
        opened: how many connections were ever opened.
        on_ack: what takes an acknowledgement.
        strays: what came that was no acknowledgement of an open envelope.
    """

    def __init__(self, space: Workspace) -> None:
        self.connections: list[Connection] = []
        self.tickets: set[str] = set()
        self.refusals = 0
        self.opened = 0
        self.strays: list[str] = []
        self.on_ack: Callable[[Delivery, Json], None] = lambda delivery, answer: None
        self._space = space
        self._open: dict[str, Delivery] = {}
        self._turn = 0

    def ticket(self) -> str:
        """Return the address of a new connection."""
        name = self._space.new_id("ticket")
        self.tickets.add(name)
        return f"{self._space.url.replace('http', 'ws', 1)}/link/?ticket={name}&app_id={APP}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Speak to one connection until it ends."""
        ticket = request.query.get("ticket", "")
        if self.refusals or ticket not in self.tickets:
            self.refusals = max(0, self.refusals - 1)
            return web.Response(status=503, text="no connection now")
        self.tickets.discard(ticket)
        connection = Connection(request)
        await connection.socket.prepare(request)
        self._greet(connection)
        writer = asyncio.create_task(connection.write())
        try:
            await self._listen(connection)
        finally:
            self.connections = [other for other in self.connections if other is not connection]
            connection.outbox.put_nowait(None)
            await writer
            self._space.bell.ring()
        return connection.socket

    def _greet(self, connection: Connection) -> None:
        debug = {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18_060}
        if len(self.connections) >= MOST_CONNECTIONS:
            connection.say({"type": "disconnect", "reason": "too_many_websockets", "debug_info": debug})
            connection.outbox.put_nowait(None)
            return
        self.connections.append(connection)
        self.opened += 1
        connection.say({"type": "hello", "num_connections": len(self.connections), "debug_info": debug, "connection_info": {"app_id": APP}})
        self._space.bell.ring()

    async def _listen(self, connection: Connection) -> None:
        async for message in connection.socket:
            if message.type is WSMsgType.TEXT:
                self._take(message.data)

    def _take(self, text: str) -> None:
        with suppress(ValueError):
            found = json.loads(text)
            delivery = self._open.pop(found.get("envelope_id", ""), None)
            if delivery:
                self.on_ack(delivery, found.get("payload") or {})
                return
        self.strays.append(text)

    def send(self, delivery: Delivery) -> bool:
        """Send an envelope to one connection, another one than last time where there is one; False where there is none."""
        ready = [connection for connection in self.connections if not connection.is_leaving]
        others = [connection for connection in ready if connection is not delivery.via] or ready
        if not others:
            return False
        self._turn += 1
        connection = others[self._turn % len(others)]
        envelope_id = f"{delivery.event_id or 'call'}-{self._turn}"
        self._open[envelope_id] = delivery
        delivery.via = connection
        connection.sent += 1
        is_event = delivery.kind == "events_api"
        envelope = {"envelope_id": envelope_id, "type": delivery.kind, "payload": delivery.payload, "accepts_response_payload": not is_event}
        if is_event:
            envelope |= {"retry_attempt": delivery.attempt, "retry_reason": delivery.reason}
        connection.say(envelope)
        return True

    def forget(self, delivery: Delivery) -> None:
        """Take no acknowledgement of a try that came too late."""
        self._open = {name: other for name, other in self._open.items() if other is not delivery}

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to go: warning, refresh_requested or link_disabled; no more is sent to it."""
        for connection in self.connections:
            connection.say({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}})
            connection.is_leaving = reason != "warning"
            if reason == "link_disabled":
                connection.outbox.put_nowait(None)

    def drop(self) -> None:
        """Cut every connection without a word."""
        for connection in self.connections:
            connection.drop()

    def garbage(self, text: str = "{not json") -> None:
        """Send something that is no envelope."""
        for connection in self.connections:
            connection.say(text)
