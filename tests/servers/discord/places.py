"""The routes of channels, threads, people and the application itself."""

import time
from typing import Any

from tests.servers.discord.entities import FORUM, HAS_THREAD, PRIVATE_THREAD, PUBLIC_THREAD, Channel, Message
from tests.servers.discord.gateway import Gateway
from tests.servers.discord.messages import Writer, require
from tests.servers.discord.refusals import Offences, Refused
from tests.servers.discord.rest import Call
from tests.servers.discord.world import World

ARCHIVES = {60, 1440, 4320, 10080}


class PlaceRoutes:
    """The routes that are not about messages, interactions or commands."""

    def __init__(self, world: World, gateway: Gateway, writer: Writer) -> None:
        self.world = world
        self.gateway = gateway
        self.writer = writer

    async def me(self, _: Call) -> tuple[int, Any]:
        """Carry out GET /users/@me."""
        return 200, {**self.world.bot.json(), "mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}

    async def application(self, _: Call) -> tuple[int, Any]:
        """Carry out GET /applications/@me and /oauth2/applications/@me."""
        world, flags = self.world, self.gateway.flags()
        nothing = dict.fromkeys("icon type interactions_endpoint_url role_connections_verification_url team".split())
        zeros = dict.fromkeys("approximate_user_install_count approximate_user_authorization_count explicit_content_filter".split(), 0)
        return 200, {
            **nothing,
            **zeros,
            "id": world.app_id,
            "name": world.bot.name,
            "description": "",
            "bot": world.bot.json(),
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": flags,
            "flags_new": str(flags),
            "redirect_uris": [],
            "owner": next(iter(world.users.values())).json(),
            "approximate_guild_count": len(world.guilds),
            "eligible_oauth2_scopes": [],
            "integration_types_config": {"0": {}, "1": {}},
        }

    async def gateway_url(self, _: Call) -> tuple[int, Any]:
        """Carry out GET /gateway."""
        return 200, {"url": self._socket_url()}

    async def gateway_bot(self, _: Call) -> tuple[int, Any]:
        """Carry out GET /gateway/bot."""
        knobs = self.world.knobs
        left = {"total": 1000, "remaining": knobs.session_starts, "reset_after": 14_400_000, "max_concurrency": 1}
        return 200, {"url": self._socket_url(), "shards": knobs.shards, "session_start_limit": left}

    def _socket_url(self) -> str:
        return self.world.base.replace("http", "ws", 1) + "/gateway"

    async def user(self, call: Call) -> tuple[int, Any]:
        """Carry out GET /users/{user_id}."""
        user = self.world.users.get(call.ids["user_id"])
        if user is None:
            raise Refused(10013)
        return 200, user.json()

    async def guild(self, call: Call) -> tuple[int, Any]:
        """Carry out GET /guilds/{guild_id}."""
        guild = self.world.guilds.get(call.ids["guild_id"])
        if guild is None:
            raise Refused(10004)
        return 200, self.world.guild_json(guild)

    async def member(self, call: Call) -> tuple[int, Any]:
        """Carry out GET /guilds/{guild_id}/members/{user_id}."""
        guild = self.world.guilds.get(call.ids["guild_id"])
        user = guild.members.get(call.ids["user_id"]) if guild else None
        if guild is None or user is None:
            raise Refused(10007 if guild else 10004)
        return 200, guild.member_json(user)

    async def open_direct(self, call: Call) -> tuple[int, Any]:
        """Carry out POST /users/@me/channels."""
        user = self.world.users.get(str(call.form().get("recipient_id")))
        if user is None or user is self.world.bot:
            raise Refused(10013 if user is None else 50007)
        return 200, self.world.direct(user).json()

    async def channel(self, call: Call) -> tuple[int, Any]:
        """Carry out GET /channels/{channel_id}."""
        return 200, self.world.channel(call.ids["channel_id"]).json()

    async def delete_channel(self, call: Call) -> tuple[int, Any]:
        """Carry out DELETE /channels/{channel_id}."""
        channel = self.world.channel(call.ids["channel_id"])
        if channel.guild:
            require(channel, "manage_threads" if channel.is_thread else "manage_channels")
            self.world.remove_channel(channel)
        return 200, channel.json()

    async def change_channel(self, call: Call) -> tuple[int, Any]:
        """Carry out PATCH /channels/{channel_id}: of a thread its name and whether it is archived."""
        channel, form = self.world.channel(call.ids["channel_id"]), call.form()
        if channel.owner is not self.world.bot:
            require(channel, "manage_threads" if channel.is_thread else "manage_channels")
        offences = Offences()
        if "name" in form:
            offences.length("name", form["name"], 1, 100)
        offences.close()
        channel.name = form.get("name", channel.name)
        channel.is_archived = form.get("archived", channel.is_archived)
        self.world.tell("THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", channel.json(), guild=channel.guild, intents=1)
        return 200, channel.json()

    async def type(self, call: Call) -> tuple[int, Any]:
        """Carry out POST /channels/{channel_id}/typing."""
        channel = self.world.channel(call.ids["channel_id"])
        if channel.guild:
            require(channel, "send_messages_in_threads" if channel.is_thread else "send_messages")
        channel.typing.append(time.monotonic())
        self.world.signal.notify()
        return 204, None

    async def thread_on(self, call: Call) -> tuple[int, Any]:
        """Carry out POST /channels/{channel_id}/messages/{message_id}/threads."""
        channel = self.world.channel(call.ids["channel_id"])
        message = self.world.message(channel, call.ids["message_id"])
        if channel.guild is None or channel.is_thread:
            raise Refused(50024)
        require(channel, "create_public_threads")
        name, minutes = _judged_thread(call)
        if message.thread or message.flags & HAS_THREAD:
            raise Refused(160004)
        return 201, self._made(self.world.add_thread(channel, name, self.world.bot, on=message), minutes)

    async def thread(self, call: Call) -> tuple[int, Any]:
        """Carry out POST /channels/{channel_id}/threads."""
        channel, form = self.world.channel(call.ids["channel_id"]), call.form()
        if channel.guild is None or channel.is_thread:
            raise Refused(50024)
        kind = PUBLIC_THREAD if channel.kind == FORUM else form.get("type") or PRIVATE_THREAD
        needed = "create_private_threads" if kind == PRIVATE_THREAD else "create_public_threads"
        require(channel, "send_messages" if channel.kind == FORUM else needed)
        name, minutes = _judged_thread(call)
        if channel.kind != FORUM:
            return 201, self._made(self.world.add_thread(channel, name, self.world.bot, kind=kind), minutes)
        draft = Message("0", channel, self.world.bot)
        self.writer.fill(draft, form.get("message") or {}, call.uploads, where="message")
        thread = self.world.add_thread(channel, name, self.world.bot)
        draft.id, draft.channel = thread.id, thread
        self.world.publish(draft)
        return 201, {**self._made(thread, minutes), "message": draft.json()}

    def _made(self, thread: Channel, minutes: int) -> dict[str, Any]:
        thread.auto_archive = minutes
        joined = thread.json()["thread_metadata"]["create_timestamp"]
        return {**thread.json(), "member": {"id": thread.id, "user_id": self.world.bot.id, "join_timestamp": joined, "flags": 0}}

    async def join(self, call: Call) -> tuple[int, Any]:
        """Carry out PUT /channels/{channel_id}/thread-members/@me."""
        self.world.channel(call.ids["channel_id"])
        return 204, None


def _judged_thread(call: Call) -> tuple[str, int]:
    """Return a new thread's name and how many minutes it stays open."""
    form, offences = call.form(), Offences()
    offences.length("name", form.get("name"), 1, 100)
    minutes = form.get("auto_archive_duration") or 1440
    if minutes not in ARCHIVES:
        offences.add("auto_archive_duration", "BASE_TYPE_CHOICES", "Value must be one of {4320, 1440, 10080, 60}.")
    offences.close()
    return str(form["name"]), int(minutes)
