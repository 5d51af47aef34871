"""What students do, as their own clients would let them: no option that the command lacks, no button that is not there."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from tests.servers.discord.commands import CHAT, FILE, GROUP, MESSAGE_MENU, SUBCOMMAND, USER_MENU, CommandRoutes
from tests.servers.discord.components import BUTTON, SELECT
from tests.servers.discord.entities import BITS, EVERYONE, Attachment, Channel, Json, Message, User, walk
from tests.servers.discord.forms import Impossible, chosen, filled, option_value
from tests.servers.discord.handles import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Asked, Said
from tests.servers.discord.messages import make_reply
from tests.servers.discord.world import DIRECT_REACTIONS, GUILD_REACTIONS, GUILDS, World

File = tuple[str, bytes]


class Students:
    """The student's side of the local Discord; the places it speaks of are created by `World`."""

    world: World
    commands: CommandRoutes
    guild_channel: Channel

    async def slash(
        self, user: User, name: str, options: Mapping[str, Any] | None = None, *, channel: Channel | None = None, locale: str | None = None
    ) -> Asked:
        """Use a command: `name` may be `group subcommand`; a file is `(name, bytes)`."""
        channel = channel or self.guild_channel
        first, *rest = name.split()
        command = self._offered(user, channel, first, CHAT)
        asked = self._new(user, channel, COMMAND, name)
        asked.data = self._command_data(asked, command, rest, dict(options or {}))
        return self._send(asked, locale)

    async def autocomplete(self, user: User, name: str, option: str, typed: str, *, channel: Channel | None = None) -> list[Json]:
        """Type into an option, and return what is offered."""
        asked = await self.typing_into(user, name, option, typed, channel=channel)
        await asked.until(lambda _: asked.choices is not None)
        return asked.choices or []

    async def typing_into(self, user: User, name: str, option: str, typed: str, *, channel: Channel | None = None) -> Asked:
        """Type into an option without waiting for what is offered."""
        channel = channel or self.guild_channel
        first, *rest = name.split()
        command = self._offered(user, channel, first, CHAT)
        asked = self._new(user, channel, AUTOCOMPLETE, name)
        asked.data = self._command_data(asked, command, rest, {option: typed}, focused=option)
        return self._send(asked, None)

    async def context_menu(self, user: User, name: str, target: Message | User, *, channel: Channel | None = None) -> Asked:
        """Use a context menu on a message or on a person."""
        is_message = isinstance(target, Message)
        channel = channel or (target.channel if isinstance(target, Message) else self.guild_channel)
        command = self._offered(user, channel, name, MESSAGE_MENU if is_message else USER_MENU)
        if isinstance(target, Message):
            self._sees(user, target)
        asked = self._new(user, channel, COMMAND, name)
        resolved = {"messages" if is_message else "users": {target.id: target.json()}}
        asked.data = {"id": command["id"], "name": name, "type": command["type"], "target_id": target.id, "resolved": resolved}
        return self._send(asked, None)

    async def press(self, user: User, message: Message, button: str = "") -> Asked:
        """Press the button with this custom id or label; the only one where none is named."""
        self._sees(user, message)
        buttons = [part for part in message.walk() if part["type"] == BUTTON and part.get("custom_id")]
        found = [part for part in buttons if not button or button in {part["custom_id"], part.get("label")}]
        if len(found) != 1 or found[0].get("disabled"):
            raise Impossible(f"no button {button!r} to press among {buttons}")
        return self._component(user, message, found[0], None)

    async def press_gone(self, user: User, message: Message, custom_id: str) -> Asked:
        """Press what was just taken away: the bot is told of the message as it was when it still had the button."""
        for state in reversed(message.states):
            found = next((part for part in walk(state.components) if part.get("custom_id") == custom_id), None)
            if found:
                return self._component(user, message, found, None, seen=state.components)
        raise Impossible(f"the message never had {custom_id!r}")

    async def select(self, user: User, message: Message, custom_id: str, values: Sequence[str]) -> Asked:
        """Choose in a select of a message."""
        self._sees(user, message)
        found = next((part for part in message.walk() if part.get("custom_id") == custom_id and part["type"] != BUTTON), None)
        if found is None or found.get("disabled"):
            raise Impossible(f"no select {custom_id!r} in {message.components}")
        picked = chosen(found, values) if found["type"] == SELECT else list(values)
        return self._component(user, message, found, picked)

    async def submit_modal(self, user: User, opener: Asked, values: Mapping[str, Any], *, locale: str | None = None) -> Asked:
        """Send the form that an interaction opened; a value is named by custom id or label."""
        form = await opener.form()
        if opener.user is not user:
            raise Impossible("the form was opened for somebody else")
        asked = self._new(user, opener.channel, MODAL, form["custom_id"])
        asked.source, asked.opener = opener.source, opener
        parts, files = filled(form["components"], dict(values), self._kept)
        asked.data = {"custom_id": form["custom_id"], "components": parts}
        if files:
            asked.data["resolved"] = {"attachments": {file.id: file.json() for file in files}}
        return self._send(asked, locale)

    async def say(  # noqa: PLR0913  # all that a message may carry, each by name
        self,
        user: User,
        channel: Channel | None = None,
        text: str = "",
        *,
        mention: bool = False,
        reply_to: Message | None = None,
        files: Sequence[File] = (),
        ping: bool = True,
    ) -> Said:
        """Write a message; a reply pings whom it answers unless `ping` is false."""
        channel = channel or self.guild_channel
        world = self.world
        message = Message(world.ids(), channel, user, f"{world.bot.mention} {text}" if mention else text)
        if len(message.content) > 4000 or not (message.content.strip() or files):
            raise Impossible("an empty message, or one that is too long even with Nitro")
        if reply_to:
            self._sees(user, reply_to)
            make_reply(message, reply_to)
            message.pings = {reply_to.author.id} if ping else set()
        message.attachments = [self._kept(name, content) for name, content in files]
        said = Said(user, channel, message=message)
        world.said[message.id] = said
        world.publish(message)
        return said

    async def edit(self, user: User, message: Message, text: str) -> None:
        """Change one's own message."""
        if message.author is not user or message.is_deleted:
            raise Impossible("only one's own message can be changed")
        message.content = text
        self.world.edited(message)

    async def delete_message(self, message: Message) -> None:
        """Delete a message, as its author or a moderator does."""
        self.world.remove(message)

    async def delete_channel(self, channel: Channel) -> None:
        """Delete a channel or a thread."""
        self.world.remove_channel(channel)

    async def make_thread(self, user: User, name: str, *, channel: Channel | None = None, on: Message | None = None) -> Channel:
        """Begin a thread, on a message or alone."""
        parent = on.channel if on else channel or self.guild_channel
        return self.world.add_thread(parent, name, user, on=on)

    async def close_thread(self, thread: Channel, *, is_locked: bool = False) -> None:
        """Archive a thread; a locked one takes no more messages."""
        thread.is_archived, thread.is_locked = True, is_locked
        self.world.tell("THREAD_UPDATE", thread.json(), guild=thread.guild, intents=GUILDS)

    async def react(self, user: User, message: Message, emoji: str) -> None:
        """Put a reaction below a message."""
        self._sees(user, message)
        message.reactions.setdefault(emoji, set()).add(user.id)
        guild = message.channel.guild
        shown: Json = {"user_id": user.id, "channel_id": message.channel.id, "message_id": message.id, "emoji": {"id": None, "name": emoji}}
        shown |= {"burst": False, "type": 0, "message_author_id": message.author.id}
        if guild:
            shown |= {"guild_id": guild.id, "member": guild.member_json(user)}
        self.world.tell("MESSAGE_REACTION_ADD", shown, guild=guild, intents=GUILD_REACTIONS if guild else DIRECT_REACTIONS)

    def visible_to(self, user: User, channel: Channel | None = None) -> list[Message]:
        """Return the messages that a person sees in a channel now."""
        channel = channel or self.guild_channel
        if channel.recipient not in {None, user}:
            return []
        return [message for message in channel.messages.values() if message.only_for in {None, user}]

    def public_texts(self, channel: Channel | None = None) -> list[str]:
        """Return every text ever shown to all in a channel and its threads, or in all channels: overwritten and deleted ones too."""
        every = [each for each in self.world.channels.values() if each.guild]
        return list(self.world.ever_public(each for each in every if channel is None or channel in {each, each.parent}))

    def _sees(self, user: User, message: Message) -> None:
        if message.is_deleted or message.only_for not in {None, user} or message.channel.recipient not in {None, user}:
            raise Impossible(f"{user.name} does not see this message: {message.text!r}")

    def _kept(self, name: str, content: bytes) -> Attachment:
        if len(content) > self.world.knobs.size_limit:
            raise Impossible("the file is too large to be sent")
        return self.world.add_file(name, content, ephemeral=True)

    def _offered(self, user: User, channel: Channel, name: str, kind: int) -> Json:
        """Return the command that a student finds by this name in this place."""
        known = self.commands.offered(channel.guild.id if channel.guild else None, kind)
        found = next((each for each in known if each["name"] == name), None)
        if found is None:
            raise Impossible(f"no command {name!r} among {[each['name'] for each in known]}")
        if found.get("contexts") is not None and (0 if channel.guild else 1) not in found["contexts"]:
            raise Impossible(f"the command {name!r} is not offered here")
        if channel.guild is None and found.get("contexts") is None and found.get("dm_permission") is False:
            raise Impossible(f"the command {name!r} is not offered in direct messages")
        needed = int(found.get("default_member_permissions") or 0)
        if channel.guild and found.get("default_member_permissions") is not None and not user.permissions & BITS["administrator"]:
            may = EVERYONE | user.permissions
            if needed == 0 or needed & ~may:
                raise Impossible(f"the command {name!r} is not offered to {user.name}")
        return found

    def _command_data(self, asked: Asked, command: Json, path: Sequence[str], values: dict[str, Any], *, focused: str = "") -> Json:
        """Return what Discord says of a command with its options."""
        known, wrapped = command["options"], []
        for step in path:
            part = next((each for each in known if each["name"] == step and each["type"] in {SUBCOMMAND, GROUP}), None)
            if part is None:
                raise Impossible(f"no subcommand {step!r} in {command['name']!r}")
            wrapped.append(part)
            known = part.get("options") or []
        files: list[Attachment] = []
        options = [self._option(option, values, files, focused) for option in known if option["name"] in values]
        missing = [each["name"] for each in known if each.get("required") and each["name"] not in values and not focused]
        unknown = [each for each in values if each not in {option["name"] for option in known}]
        if missing or unknown or any(each["type"] in {SUBCOMMAND, GROUP} for each in known):
            raise Impossible(f"{asked.name}: missing {missing}, unknown {unknown}")
        for part in reversed(wrapped):
            options = [{"name": part["name"], "type": part["type"], "options": options}]
        data: Json = {"id": command["id"], "name": command["name"], "type": command["type"], "options": options}
        data |= {"guild_id": command["guild_id"]} if command.get("guild_id") else {}
        return data | ({"resolved": {"attachments": {file.id: file.json() for file in files}}} if files else {})

    def _option(self, option: Json, values: dict[str, Any], files: list[Attachment], focused: str) -> Json:
        value, is_focused = values[option["name"]], option["name"] == focused
        if option["type"] == FILE:
            files.append(self._kept(*value))
            value = files[-1].id
        elif is_focused and not option.get("autocomplete"):
            raise Impossible(f"the option {focused!r} offers nothing")
        elif not is_focused:
            value = option_value(option, value)
        return {"name": option["name"], "type": option["type"], "value": value} | ({"focused": True} if is_focused else {})

    def _component(self, user: User, message: Message, part: Json, values: Sequence[str] | None, *, seen: Sequence[Json] = ()) -> Asked:
        asked = self._new(user, message.channel, COMPONENT, part["custom_id"])
        asked.source = message
        more = {} if values is None else {"values": list(values)}
        asked.data = {"custom_id": part["custom_id"], "component_type": part["type"], "id": part.get("id", 1), **more}
        return self._send(asked, None, seen=seen)

    def _new(self, user: User, channel: Channel, kind: int, name: str) -> Asked:
        number = self.world.ids()
        asked = Asked(user, channel, id=number, token=f"aW50ZXJhY3Rpb246{number}", kind=kind, name=name)
        self.world.asked[asked.token] = asked
        return asked

    def _send(self, asked: Asked, locale: str | None, *, seen: Sequence[Json] = ()) -> Asked:
        """Send an interaction to the bot."""
        asked.sent_at = time.monotonic()
        guild = asked.channel.guild
        everyone = str(EVERYONE | asked.user.permissions)
        payload: Json = {
            "id": asked.id,
            "application_id": self.world.app_id,
            "type": asked.kind,
            "token": asked.token,
            "version": 1,
            "data": asked.data,
            "channel_id": asked.channel.id,
            "channel": {**asked.channel.json(), "permissions": everyone},
            "locale": locale or asked.user.locale,
            "app_permissions": str(asked.channel.bot_permissions()),
            "entitlements": [],
            "authorizing_integration_owners": {"0": guild.id if guild else "0"},
            "context": 0 if guild else 1,
            "attachment_size_limit": self.world.knobs.size_limit,
        }
        if guild:
            payload |= {"guild_id": guild.id, "guild_locale": guild.locale, "guild": {"id": guild.id, "locale": guild.locale, "features": []}}
            payload["member"] = {**guild.member_json(asked.user), "permissions": everyone}
        else:
            payload["user"] = asked.user.json()
        if asked.source:
            payload["message"] = asked.source.json() | ({"components": list(seen)} if seen else {})
        self.world.tell("INTERACTION_CREATE", payload, guild=guild)
        return asked
