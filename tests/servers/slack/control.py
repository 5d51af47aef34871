"""The control door: another process acts as students over HTTP."""

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.servers.slack.state import BOT_USER, Json, Message, Refused, SlackError, View
from tests.servers.slack.students import Handle
from tests.servers.slack.web_api import Fault

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer

ACTS = frozenset(
    "say dm command press feedback shortcut open_home submit_view close_view stop edit delete_message reload join other_bot".split(),
)
BAD_REQUEST = 400


class Door:
    """Turns `POST /control/{verb}` into acts, and keeps their handles by number."""

    def __init__(self, slack: "SlackServer") -> None:
        self._slack = slack
        self._handles: list[Handle] = []

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Do what the verb says; the body holds its arguments by name."""
        verb, asked = request.match_info["verb"], await request.json()
        try:
            if verb in ACTS:
                handle = await getattr(self._slack, verb)(**{name: self._read(name, value) for name, value in asked.items()})
                return web.json_response(self._keep(handle))
            return web.json_response(await self._other(verb, asked))
        except (Refused, SlackError, TypeError, KeyError, TimeoutError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=BAD_REQUEST)

    def _read(self, name: str, value: Any) -> Any:  # noqa: ANN401  # whatever JSON holds
        """Read what JSON cannot hold: a message by channel and ts, a view by id, files by base64."""
        if name in {"message", "on", "thread"} and isinstance(value, dict) and "ts" in value:
            return {(message.channel, message.ts): message for message in self._slack.space.log}[value["channel"], value["ts"]]
        if name in {"view", "on"} and isinstance(value, dict):
            return self._slack.space.views[value["id"]]
        return [(file["name"], base64.b64decode(file["content"])) for file in value] if name == "files" else value

    def _keep(self, handle: Handle | None) -> Json:
        if handle is None:
            return {"ok": True}
        self._handles.append(handle)
        message = handle.message
        return {"id": len(self._handles) - 1, "channel": message and message.channel, "ts": message and message.ts}

    async def _other(self, verb: str, asked: Json) -> Json:
        slack = self._slack
        if verb == "acked":
            return {"seconds": await self._handles[asked["id"]].acked(asked.get("within", 5.0))}
        if verb == "answer":
            return message_state(await self._handles[asked["id"]].answer(asked.get("count", 1), asked.get("within", 10.0)))
        if verb == "messages":
            return {"messages": [message_state(message) for message in self._handles[asked["id"]].messages]}
        if verb == "add_user":
            return {"id": slack.add_user(**asked)}
        if verb == "add_channel":
            return {"id": slack.add_channel(**asked)}
        return self._set(verb, asked)

    def _set(self, verb: str, asked: Json) -> Json:
        slack = self._slack
        if verb == "endpoint":
            slack.courier.endpoint = asked["url"]
        elif verb == "install":
            slack.install(asked["manifest"])
        elif verb == "fault":
            slack.fault(asked.pop("method"), times=asked.pop("times", 1), fault=Fault(**asked))
        elif verb == "drop":
            slack.sockets.drop()
        else:
            raise Refused(f"no verb {verb}")
        return {"ok": True}

    async def state(self, request: web.Request) -> web.StreamResponse:
        """Return what the workspace holds; `since` passes over the first messages."""
        space, since = self._slack.space, int(request.query.get("since", 0))
        found = {
            "connections": len(self._slack.sockets.connections),
            "users": {user.name: user.id for user in space.users.values()},
            "channels": {channel.name: channel.id for channel in space.channels.values() if channel.kind != "im"},
            "messages": [message_state(message) for message in space.log[since:]],
            "modals": {user: [view_state(view) for view in stack] for user, stack in space.modals.items()},
            "homes": {user: view_state(view) for user, view in space.homes.items()},
            "statuses": space.statuses,
            "counts": {method: asdict(count) for method, count in self._slack.counts.items()},
            "errors": self._slack.errors,
            "live_pings": [asdict(live) for live in self._slack.live_pings],
            "failures": [delivery.failure for delivery in self._slack.courier.deliveries if delivery.failure],
        }
        return web.json_response(found)


def message_state(message: Message) -> Json:
    """Return a message for another process."""
    return {
        "channel": message.channel,
        "ts": message.ts,
        "thread_ts": message.thread_ts,
        "user": message.user,
        "is_bot": message.user == BOT_USER,
        "recipient": message.recipient,
        "shown": message.shown,
        "labels": message.labels,
        "is_streaming": message.is_streaming,
        "is_gone": message.is_gone,
        "files": [file.name for file in message.files],
        "first_shown": message.states[0].at,
        "last_shown": message.states[-1].at,
        "states": len(message.states),
    }


def view_state(view: View) -> Mapping[str, object]:
    """Return a view for another process."""
    return {"id": view.id, "user": view.user, "shown": view.shown, "labels": view.labels, "blocks": view.blocks}


def routes(slack: "SlackServer") -> list[web.RouteDef]:
    """Return the routes of the door."""
    door = Door(slack)
    return [web.post("/control/{verb}", door.act), web.get("/control/state", door.state)]
