"""The gateway: sessions that are identified, resumed, replayed, and broken on purpose."""

import asyncio
import json
import secrets
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from tests.servers.discord.entities import Guild, Json, Value
from tests.servers.discord.world import GUILDS, World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = 0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11
MEMBERS_INTENT, PRESENCES_INTENT, CONTENT_INTENT = 1 << 1, 1 << 8, 1 << 15
KNOWN_INTENTS = (1 << 26) - 1
COMMANDS_A_MINUTE = 120
KEPT_EVENTS = 5_000
"""How many events a session keeps for a replay."""
LIMITED_CONTENT, LIMITED_MEMBERS = 1 << 19, 1 << 15


@dataclass(eq=False)
class Session:
    """What one identification began: it outlives its connection, and keeps what was sent for a replay."""

    id: str
    intents: int
    shard: tuple[int, int]
    seq: int = 0
    sent: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    socket: web.WebSocketResponse | None = None
    resumes: int = 0
    is_over: bool = False

    def covers(self, guild: Guild | None) -> bool:
        """Whether this shard hears of a guild; direct conversations belong to the first."""
        place, count = self.shard
        return (int(guild.id) >> 22) % count == place if guild else place == 0

    def keep(self, event: str, data: Json) -> Json:
        """Number an event and keep it."""
        self.seq += 1
        self.sent.append({"op": DISPATCH, "t": event, "s": self.seq, "d": data})
        return self.sent[-1]


class Gateway:
    """Every connection of the bot.

    Attributes:
        sessions: by id, the newest last; those that are over stay for the record.
        identifies: how often the bot identified; `resumes` how often it resumed.
        deaf: while true, no sign of life is answered.
        closed: the codes with which this side closed.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: dict[str, Session] = {}
        self.identifies = self.resumes = self.connections = 0
        self.deaf = False
        self.closed: list[int] = []
        self._refusals: deque[str] = deque()
        self._sockets: set[web.WebSocketResponse] = set()
        self._ended: set[web.WebSocketResponse] = set()
        self._identified_at: dict[int, float] = {}
        self._sending: set[asyncio.Task[None]] = set()

    @property
    def live(self) -> list[Session]:
        """Return the sessions with an open connection."""
        return [session for session in self.sessions.values() if session.socket is not None and not session.socket.closed]

    def refuse(self, *how: str) -> None:
        """Refuse the next connections: `status` answers 503, `kill` closes before a word, `silent` never says HELLO."""
        self._refusals.extend(how)

    def tell(self, event: str, data: Json | Callable[[bool], Json], *, guild: Guild | None = None, intents: int = 0) -> None:
        """Send an event to every session that hears it; those without a connection get it when they resume."""
        for session in [each for each in self.sessions.values() if not each.is_over and each.covers(guild)]:
            if not intents or session.intents & intents:
                has_content = bool(session.intents & CONTENT_INTENT)
                self._send(session.socket, session.keep(event, data if isinstance(data, dict) else data(has_content)))

    async def drop(self, code: int = 4000) -> None:
        """Close every connection with this code; the sessions can be resumed."""
        for session in self.live:
            await self._close(session.socket, code)

    def cut(self) -> None:
        """Cut every connection without a word."""
        for session in self.live:
            assert session.socket is not None
            writer = session.socket._writer
            if writer is not None and writer.transport is not None:
                writer.transport.abort()

    async def reconnect(self) -> None:
        """Ask the bot to connect anew (op 7)."""
        await self._to_all({"op": RECONNECT, "d": None})

    async def invalidate(self, *, resumable: bool = False) -> None:
        """Call the sessions invalid (op 9)."""
        for session in self.live:
            session.is_over = not resumable
        await self._to_all({"op": INVALID, "d": resumable})

    async def raw(self, data: Value) -> None:
        """Send anything at all to the bot, as it stands."""
        await self._to_all(data)

    async def malformed(self, event: str = "MESSAGE_CREATE", data: Value = None) -> None:
        """Send an event whose body lacks what it must have."""
        for session in self.live:
            self._send(session.socket, session.keep(event, data if data is not None else {"id": "1"}))
        await self.settle()

    async def again(self, *, last: int = 1, times: int = 1) -> None:
        """Deliver the last events once more, each as a new event."""
        for session in self.live:
            for event in list(session.sent)[-last:] * times:
                self._send(session.socket, session.keep(event["t"], event["d"]))
        await self.settle()

    async def settle(self) -> None:
        """Return when everything is handed to the sockets."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def close(self) -> None:
        """Close every connection: the server stops."""
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)
        await self.settle()

    def _send(self, socket: web.WebSocketResponse | None, data: Value) -> None:
        if socket is not None and not socket.closed:
            task = asyncio.create_task(self._send_now(socket, json.dumps(data, ensure_ascii=False)))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send_now(self, socket: web.WebSocketResponse, text: str) -> None:
        with suppress(ConnectionError):
            await socket.send_str(text)

    async def _to_all(self, data: Value) -> None:
        for session in self.live:
            self._send(session.socket, data)
        await self.settle()

    async def _close(self, socket: web.WebSocketResponse | None, code: int) -> None:
        self.closed.append(code)
        if socket is not None:
            self._ended.add(socket)
            await socket.close(code=code)

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection from HELLO to its end."""
        how = self._refusals.popleft() if self._refusals else ""
        if how == "status":
            return web.Response(status=503)
        socket = web.WebSocketResponse(timeout=1.0, max_msg_size=4096 * 4)
        await socket.prepare(request)
        self.connections += 1
        self._sockets.add(socket)
        try:
            if how != "kill":
                await self._serve(socket, request.query, is_silent=how == "silent")
            elif request.transport:
                request.transport.close()
        finally:
            self._sockets.discard(socket)
            self._ended.discard(socket)
        return socket

    async def _serve(self, socket: web.WebSocketResponse, query: Value, *, is_silent: bool) -> None:
        if query.get("v") not in {"9", "10"} or query.get("encoding") != "json":
            await self._close(socket, 4012)
            return
        if not is_silent:
            self._send(socket, {"op": HELLO, "d": {"heartbeat_interval": int(self.world.knobs.heartbeat_seconds * 1000)}})
        session: Session | None = None
        heard: deque[float] = deque(maxlen=COMMANDS_A_MINUTE)
        async for message in socket:
            if self._is_too_much(heard):
                await self._close(socket, 4008)
                break
            session = await self._heard(socket, session, message)
        if session is not None and session.socket is socket:
            session.socket = None
            session.is_over = session.is_over or (socket not in self._ended and socket.close_code in {1000, 1001})

    def _is_too_much(self, heard: deque[float]) -> bool:
        now = time.monotonic()
        is_full = len(heard) == COMMANDS_A_MINUTE and now - heard[0] < 60
        heard.append(now)
        return is_full

    async def _heard(self, socket: web.WebSocketResponse, session: Session | None, message: WSMessage) -> Session | None:
        try:
            payload: Json = json.loads(message.data) if message.type is WSMsgType.TEXT else {}
            op, data = payload["op"], payload.get("d") or {}
        except (ValueError, TypeError, KeyError):
            await self._close(socket, 4002)
            return session
        if op == HEARTBEAT:
            if not self.deaf:
                self._send(socket, {"op": ACK})
            return session
        if op in {IDENTIFY, RESUME}:
            return await self._begin(socket, session, op, data)
        if session is None:
            await self._close(socket, 4003)
        elif op == MEMBERS:
            self._members(session, data)
        elif op not in {PRESENCE, VOICE}:
            await self._close(socket, 4001)
        return session

    async def _begin(self, socket: web.WebSocketResponse, session: Session | None, op: int, data: Json) -> Session | None:
        if session is not None:
            await self._close(socket, 4005)
        elif data.get("token", "").removeprefix("Bot ") != self.world.knobs.token:
            await self._close(socket, 4004)
        elif op == IDENTIFY:
            return await self._identify(socket, data)
        else:
            return await self._resume(socket, data)
        return session

    async def _identify(self, socket: web.WebSocketResponse, data: Json) -> Session | None:
        self.identifies += 1
        place, count = data.get("shard") or (0, 1)
        code = self._refusal(data.get("intents"), place, count)
        if code:
            await self._close(socket, code)
            return None
        if self._is_too_soon(place):
            self._send(socket, {"op": INVALID, "d": False})
            return None
        self.world.knobs.session_starts = max(0, self.world.knobs.session_starts - 1)
        for old in self.sessions.values():
            old.is_over = old.is_over or (old.shard == (place, count) and old.socket is None)
        session = Session(secrets.token_hex(16), data["intents"], (place, count), socket=socket)
        self.sessions[session.id] = session
        self._welcome(session)
        self.world.signal.notify()
        return session

    def _refusal(self, intents: Value, place: int, count: int) -> int:
        """Return the code with which an identification is refused, or 0."""
        knobs = self.world.knobs
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS:
            return 4013
        if not 0 <= place < count:
            return 4010
        if self.world.knobs.session_starts <= 0:
            return 4004
        closed = PRESENCES_INTENT | (0 if knobs.message_content else CONTENT_INTENT) | (0 if knobs.members else MEMBERS_INTENT)
        return 4014 if intents & closed else 0

    def _is_too_soon(self, place: int) -> bool:
        now = time.monotonic()
        is_soon = now - self._identified_at.get(place, -1e9) < self.world.knobs.identify_seconds
        self._identified_at[place] = now
        return is_soon

    def _welcome(self, session: Session) -> None:
        world = self.world
        guilds = [guild for guild in world.guilds.values() if session.covers(guild)]
        ready = {
            "v": 10,
            "user": {**world.bot.json(), "mfa_enabled": False, "verified": True, "email": None},
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": world.base.replace("http", "ws", 1) + "/gateway",
            "shard": list(session.shard),
            "application": {"id": world.app_id, "flags": self.flags()},
            "private_channels": [],
            "presences": [],
            "relationships": [],
        }
        self._send(session.socket, session.keep("READY", ready))
        for guild in guilds if session.intents & GUILDS else []:
            self._send(session.socket, session.keep("GUILD_CREATE", world.guild_json(guild)))

    def flags(self) -> int:
        """Return the application's flags: which privileged intents the portal allows."""
        knobs = self.world.knobs
        return (LIMITED_CONTENT if knobs.message_content else 0) | (LIMITED_MEMBERS if knobs.members else 0)

    async def _resume(self, socket: web.WebSocketResponse, data: Json) -> Session | None:
        session = self.sessions.get(data.get("session_id", ""))
        if session is None or session.is_over or (session.sent and session.sent[0]["s"] > data["seq"] + 1):
            self._send(socket, {"op": INVALID, "d": False})
            return None
        if not isinstance(data.get("seq"), int) or data["seq"] > session.seq:
            await self._close(socket, 4007)
            return None
        self.resumes += 1
        session.resumes += 1
        session.socket = socket
        for event in [event for event in session.sent if event["s"] > data["seq"]]:
            self._send(socket, event)
        self._send(socket, session.keep("RESUMED", {"_trace": []}))
        self.world.signal.notify()
        return session

    def _members(self, session: Session, data: Json) -> None:
        guild = self.world.guilds[str(data["guild_id"])]
        wanted = {str(number) for number in data.get("user_ids") or guild.members}
        members = [guild.member_json(user) for number, user in guild.members.items() if number in wanted]
        chunk = {"guild_id": guild.id, "members": members, "chunk_index": 0, "chunk_count": 1, "not_found": [], "nonce": data.get("nonce")}
        self._send(session.socket, session.keep("GUILD_MEMBERS_CHUNK", chunk))
