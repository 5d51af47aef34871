"""Interactions after they were sent: the one acknowledgement, and the webhook that lives for fifteen minutes."""

import time
from typing import Any

from tests.servers.discord.components import Judge
from tests.servers.discord.entities import EPHEMERAL, LOADING, Json, Message
from tests.servers.discord.handles import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Ack, Asked
from tests.servers.discord.messages import Writer, make_reply
from tests.servers.discord.refusals import Offences, Refused
from tests.servers.discord.rest import Call
from tests.servers.discord.world import World

KINDS = {1: "pong", 4: "message", 5: "deferred", 6: "deferred_update", 7: "update", 8: "choices", 9: "modal"}
MOST_CHOICES, MOST_NAME, MOST_VALUE = 25, 100, 6000


class InteractionRoutes:
    """The routes that an interaction's own token opens."""

    def __init__(self, world: World, writer: Writer) -> None:
        self.world = world
        self.writer = writer

    async def callback(self, call: Call) -> tuple[int, Any]:
        """Carry out POST /interactions/{id}/{token}/callback."""
        asked = self.world.asked.get(call.ids["token"])
        form = call.form()
        if asked is None or asked.id != call.ids["interaction_id"]:
            raise Refused(10062)
        if asked.acked:
            raise Refused(40060)
        if time.monotonic() - asked.sent_at > self.world.knobs.ack_seconds:
            raise Refused(10062)
        kind = self._kind(asked, form)
        data = form.get("data") or {}
        ephemeral = bool((data.get("flags") or 0) & EPHEMERAL)
        self._carry(asked, kind, data, call)
        now = time.monotonic()
        asked.acked = Ack(kind, now, now - asked.sent_at, ephemeral)
        asked.signal.notify()
        self.world.signal.notify()
        return (200, self._told(asked, form["type"])) if call.query.get("with_response") in {"1", "true"} else (204, None)

    def _kind(self, asked: Asked, form: Json) -> str:
        kind = KINDS.get(form.get("type", 0), "")
        allowed = {
            COMMAND: {"message", "deferred", "modal"},
            AUTOCOMPLETE: {"choices"},
            COMPONENT: {"message", "deferred", "deferred_update", "update", "modal"},
            MODAL: {"message", "deferred"} | ({"deferred_update", "update"} if asked.source else set()),
        }[asked.kind]
        if kind not in allowed:
            offences = Offences()
            offences.add("type", "INTERACTION_APPLICATION_COMMAND_INVALID_RESPONSE_TYPE", f"Not an answer to an interaction of type {asked.kind}")
            offences.close()
        return kind

    def _carry(self, asked: Asked, kind: str, data: Json, call: Call) -> None:
        if kind == "message":
            asked.original = self._answer(asked, data, call)
        elif kind == "deferred":
            asked.original = self._publish(asked, self._message(asked, data, is_loading=True))
        elif kind == "deferred_update":
            asked.original = asked.source
        elif kind == "update":
            asked.original = asked.source
            assert asked.source is not None
            self._edit(asked, asked.source, call, data, where="data")
        elif kind == "choices":
            asked.choices = _judged_choices(data)
        else:
            offences = Offences()
            Judge(offences).modal(data)
            offences.close()
            asked.modal = data

    def _message(self, asked: Asked, data: Json, *, is_loading: bool = False) -> Message:
        """Return a new message that answers an interaction."""
        message = Message(self.world.ids(), asked.channel, self.world.bot, flags=LOADING if is_loading else 0)
        message.only_for = asked.user if (data.get("flags") or 0) & EPHEMERAL else None
        message.origin = {"application_id": self.world.app_id, "webhook_id": self.world.app_id, "interaction_metadata": _metadata(asked)}
        if asked.kind == COMMAND:
            message.kind = 20 if asked.data.get("type") == 1 else 23
            message.origin["interaction"] = {"id": asked.id, "type": COMMAND, "name": asked.name, "user": asked.user.json()}
        elif asked.source:
            make_reply(message, asked.source)
        return message

    def _publish(self, asked: Asked, message: Message) -> Message:
        self.world.publish(message)
        asked.adopt(message)
        return message

    def _answer(self, asked: Asked, data: Json, call: Call, *, where: str = "data") -> Message:
        message = self._message(asked, data)
        self.writer.fill(message, data, call.uploads, where=where)
        return self._publish(asked, message)

    def _edit(self, asked: Asked, message: Message, call: Call, form: Json, *, where: str = "") -> None:
        self.writer.fill(message, form, call.uploads, where=where)
        self.world.edited(message)
        asked.adopt(message)

    def _told(self, asked: Asked, kind: int) -> Json:
        """Return the body of a callback that asked for one."""
        place = {"guild_id": asked.channel.guild.id} if asked.channel.guild else {}
        shown: Json = {"id": asked.id, "type": asked.kind, "channel_id": asked.channel.id, **place}
        if asked.original is None:
            return {"interaction": shown}
        original = asked.original
        shown |= {"response_message_id": original.id, "response_message_loading": original.is_loading}
        shown |= {"response_message_ephemeral": original.is_ephemeral}
        return {"interaction": shown, "resource": {"type": kind, "message": original.json()}} if kind in {4, 7} else {"interaction": shown}

    def _asked(self, call: Call) -> Asked:
        """Return the interaction of a webhook's token.

        Raises:
            Refused: there is none, or nothing was answered yet (10015), or its life is over (50027).
        """
        asked = self.world.asked.get(call.ids["token"])
        if asked is None or call.ids["app_id"] != self.world.app_id:
            raise Refused(10015)
        if asked.is_expired or time.monotonic() - asked.sent_at > self.world.knobs.token_seconds:
            raise Refused(50027)
        if asked.acked is None or asked.kind == AUTOCOMPLETE:
            raise Refused(10015)
        return asked

    def _found(self, call: Call) -> tuple[Asked, Message]:
        asked, number = self._asked(call), call.ids["message_id"]
        message = asked.original if number == "@original" else next((each for each in asked.messages if each.id == number), None)
        if message is None or message.is_deleted:
            raise Refused(10008)
        return asked, message

    async def follow(self, call: Call) -> tuple[int, Any]:
        """Carry out POST /webhooks/{app_id}/{token}; the first one after a deferral takes its place."""
        asked, form = self._asked(call), call.form()
        original = asked.original
        if original and original.is_loading and not original.is_deleted:
            self._edit(asked, original, call, form)
            return 200, original.json()
        message = self._message(asked, form)
        if original and not asked.source:
            make_reply(message, original)
        self.writer.fill(message, form, call.uploads)
        self._publish(asked, message)
        return 200, message.json()

    async def read(self, call: Call) -> tuple[int, Any]:
        """Carry out GET …/messages/{message_id}."""
        return 200, self._found(call)[1].json()

    async def edit(self, call: Call) -> tuple[int, Any]:
        """Carry out PATCH …/messages/{message_id}."""
        asked, message = self._found(call)
        self._edit(asked, message, call, call.form())
        return 200, message.json()

    async def delete(self, call: Call) -> tuple[int, Any]:
        """Carry out DELETE …/messages/{message_id}."""
        asked, message = self._found(call)
        self.world.remove(message)
        asked.signal.notify()
        return 204, None


def _metadata(asked: Asked) -> Json:
    owner = {"0": asked.channel.guild.id if asked.channel.guild else "0"}
    shown: Json = {"id": asked.id, "type": asked.kind, "user": asked.user.json(), "authorizing_integration_owners": owner}
    if asked.kind == COMPONENT and asked.source:
        shown["interacted_message_id"] = asked.source.id
    if asked.kind == MODAL and asked.opener:
        shown["triggering_interaction_metadata"] = _metadata(asked.opener)
    return shown


def _judged_choices(data: Json) -> list[Json]:
    offences = Offences()
    choices = data.get("choices")
    if offences.size("data.choices", choices, 0, MOST_CHOICES):
        assert isinstance(choices, list)
        for place, choice in enumerate(choices):
            offences.length(f"data.choices.{place}.name", choice.get("name"), 1, MOST_NAME)
            value = choice.get("value")
            if isinstance(value, str):
                offences.length(f"data.choices.{place}.value", value, 0, MOST_NAME)
            elif not isinstance(value, int | float):
                offences.add(f"data.choices.{place}.value", "BASE_TYPE_REQUIRED", "This field is required")
    offences.close()
    return list(choices or [])
