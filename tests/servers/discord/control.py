"""The control door: another process acts as students over HTTP, and reads what came back.

    POST /control/user     {"name": "Léa", "permissions": ["manage_guild"], "locale": "fr"}
    POST /control/slash    {"user": "Léa", "command": "ask", "options": {"question": "…"}, "wait": "final", "within": 30}
    POST /control/say      {"user": "Léa", "text": "…", "mention": true, "direct": false, "wait": "text"}
    POST /control/press    {"user": "Léa", "id": HANDLE, "button": "custom id or label", "wait": "acked"}
    POST /control/select   {"user": "Léa", "id": HANDLE, "custom_id": "…", "values": ["…"]}
    POST /control/submit   {"user": "Léa", "id": HANDLE, "values": {"…": "…"}}
    POST /control/autocomplete {"user": "Léa", "command": "topic", "option": "name", "typed": "conv"}
    POST /control/show     {"id": HANDLE}
    POST /control/states   {"id": HANDLE}              every text that was ever shown, with its second
    POST /control/gateway  {"verb": "drop"}            drop, cut, reconnect, invalidate, again, malformed
    POST /control/fault    {"method": "POST", "path": "/messages", "status": 503, "count": 2}
    POST /control/knobs    {"ack_seconds": 1.0}
    GET  /control/state

A user is created at first sight. A file in the options is {"name": …, "base64": …}. `wait` is "" (answer at once), "acked", "text"
(something is shown), "final" (a message made of components is shown), or a piece of text; `within` is its limit in seconds.
"""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from tests.servers.discord.entities import Channel, Json, Message, User, Value
from tests.servers.discord.forms import Impossible
from tests.servers.discord.handles import WITHIN, Asked, Handle, NothingCameError, Said
from tests.servers.discord.rest import JSON_TYPE
from tests.servers.discord.server import DiscordServer

DONE: Mapping[str, Callable[[Handle], Any]] = {
    "acked": lambda handle: isinstance(handle, Asked) and handle.acked,
    "text": lambda handle: handle.text,
    "final": lambda handle: any(message.is_v2 and not message.is_loading for message in handle.messages),
}


class ControlledServer(DiscordServer):
    """A local Discord with its control door open."""

    def __init__(self, port: int = 0, **knobs: Value) -> None:
        super().__init__(port, **knobs)
        self._people: dict[str, User] = {}
        self._held: dict[str, Handle] = {}

    def _open_doors(self, app: web.Application) -> None:
        app.add_routes([web.get("/control/state", self._state), web.post("/control/{verb}", self._control)])

    async def _control(self, request: web.Request) -> web.Response:
        verb = request.match_info["verb"]
        carry: Callable[[Json], Awaitable[Json]] | None = getattr(self, f"_do_{verb}", None)
        if carry is None:
            return _answer(404, {"error": f"no verb {verb!r}"})
        try:
            return _answer(200, await carry(await request.json()))
        except (Impossible, NothingCameError) as error:
            return _answer(409, {"error": str(error)})
        except (KeyError, TypeError, ValueError) as error:
            return _answer(400, {"error": repr(error)})

    async def _state(self, _: web.Request) -> web.Response:
        statuses: dict[str, int] = {}
        for each in self.requests:
            statuses[str(each.status)] = statuses.get(str(each.status), 0) + 1
        gateway = self.gateway
        return _answer(
            200,
            {
                "live": len(gateway.live),
                "identifies": gateway.identifies,
                "resumes": gateway.resumes,
                "session_starts": self.knobs.session_starts,
                "commands": [each["name"] for each in self.commands.known[None]],
                "puts": self.puts,
                "requests": len(self.requests),
                "statuses": statuses,
                "rate_limited": dict(self.limits.over),
                "users": len(self._people),
                "handles": len(self._held),
            },
        )

    def _who(self, order: Json) -> User:
        name = order["user"]
        if name not in self._people:
            self._people[name] = self.user(name, locale=order.get("locale") or "fr")
        return self._people[name]

    def _where(self, order: Json, user: User) -> Channel:
        return self.direct(user) if order.get("direct") else self.world.channels[order["channel"]] if order.get("channel") else self.channel

    async def _told(self, handle: Handle, order: Json) -> Json:
        """Wait as the order says, and tell what came back."""
        self._held[handle.id if isinstance(handle, Asked | Said) else ""] = handle
        wait = order.get("wait") or ""
        if wait:
            await handle.until(DONE.get(wait, lambda found: wait in found.text), order.get("within") or WITHIN)
        return told(handle)

    async def _do_user(self, order: Json) -> Json:
        user = self.user(order["name"], *order.get("permissions", []), locale=order.get("locale") or "fr")
        self._people[order["name"]] = user
        return {"id": user.id}

    async def _do_slash(self, order: Json) -> Json:
        user = self._who(order)
        options = {name: _file(value) if isinstance(value, dict) else value for name, value in (order.get("options") or {}).items()}
        asked = await self.slash(user, order["command"], options, channel=self._where(order, user), locale=order.get("locale"))
        return await self._told(asked, order)

    async def _do_say(self, order: Json) -> Json:
        user = self._who(order)
        files = [_file(each) for each in order.get("files") or []]
        said = await self.say(user, self._where(order, user), order.get("text", ""), mention=bool(order.get("mention")), files=files)
        return await self._told(said, order)

    async def _do_press(self, order: Json) -> Json:
        return await self._told(await self.press(self._who(order), self._shown(order, order.get("button", "")), order.get("button", "")), order)

    async def _do_select(self, order: Json) -> Json:
        message = self._shown(order, order["custom_id"])
        return await self._told(await self.select(self._who(order), message, order["custom_id"], order["values"]), order)

    def _shown(self, order: Json, wanted: str) -> Message:
        """Return the message of a handle that has this button or select, or any."""
        messages = [message for message in reversed(self._held[order["id"]].messages) if not message.is_deleted]
        for message in messages:
            if any(part.get("custom_id") and wanted in {"", part["custom_id"], part.get("label")} for part in message.walk()):
                return message
        raise Impossible(f"no {wanted!r} below {[message.text for message in messages]}")

    async def _do_submit(self, order: Json) -> Json:
        opener = self._held[order["id"]]
        assert isinstance(opener, Asked)
        return await self._told(await self.submit_modal(self._who(order), opener, order["values"]), order)

    async def _do_autocomplete(self, order: Json) -> Json:
        return {"choices": await self.autocomplete(self._who(order), order["command"], order["option"], order["typed"])}

    async def _do_show(self, order: Json) -> Json:
        return await self._told(self._held[order["id"]], order)

    async def _do_states(self, order: Json) -> Json:
        handle = self._held[order["id"]]
        return {"states": [{"after": state.at - handle.sent_on, "text": state.text} for state in handle.states]}

    async def _do_gateway(self, order: Json) -> Json:
        verb = order["verb"]
        if verb == "cut":
            self.gateway.cut()
        elif verb in {"drop", "reconnect", "invalidate", "again", "malformed"}:
            await getattr(self.gateway, verb)(**order.get("with", {}))
        else:
            raise ValueError(verb)
        return {}

    async def _do_fault(self, order: Json) -> Json:
        return asdict(self.fault(**order))

    async def _do_knobs(self, order: Json) -> Json:
        for name, value in order.items():
            if not hasattr(self.knobs, name):
                raise KeyError(name)
            setattr(self.knobs, name, value)
        return asdict(self.knobs)


def told(handle: Handle) -> Json:
    """Return what came back on a handle, with the seconds at which it did."""
    first = next((state for state in handle.states if state.text), None)
    last = handle.states[-1] if handle.states else None
    shown: Json = {
        "id": handle.id if isinstance(handle, Asked | Said) else "",
        "text": handle.text,
        "messages": len(handle.messages),
        "states": len(handle.states),
        "first_after": first.at - handle.sent_on if first else None,
        "last_after": last.at - handle.sent_on if last else None,
        "is_final": bool(DONE["final"](handle)),
        "custom_ids": handle.custom_ids,
    }
    if isinstance(handle, Asked):
        shown |= {"acked": handle.acked.kind if handle.acked else None, "acked_after": handle.acked.after if handle.acked else None}
        shown |= {"ephemeral": any(message.is_ephemeral for message in handle.messages), "modal": handle.modal}
    return shown


def _file(value: Json) -> tuple[str, bytes]:
    return value["name"], base64.b64decode(value["base64"])


def _answer(status: int, body: Json) -> web.Response:
    return web.Response(status=status, body=json.dumps(body, ensure_ascii=False).encode(), headers=JSON_TYPE)


async def serve(port: int, **knobs: Value) -> None:
    """Serve until it is killed."""
    async with ControlledServer(port, **knobs) as server:
        shown = {"api": server.url, "gateway": server.gateway_url, "control": f"{server.world.base}/control", "token": server.knobs.token}
        print(json.dumps(shown), flush=True)
        await asyncio.Event().wait()
