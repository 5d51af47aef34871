"""Messages: what Discord accepts as one, how it is written and changed, and the routes of channels that do so."""

import re
import time
from collections.abc import Sequence
from typing import Any

from tests.servers.discord.components import FILE, GALLERY, THUMBNAIL, Judge, numbered
from tests.servers.discord.entities import BITS, COMPONENTS_V2, DM, LOADING, Attachment, Channel, Json, Message, Value, walk
from tests.servers.discord.refusals import Offences, Refused
from tests.servers.discord.rest import Call, Upload
from tests.servers.discord.world import World

MOST_CONTENT, MOST_EMBEDS, MOST_EMBED_TEXT, MOST_FILES, MOST_NONCE = 2000, 10, 6000, 10, 25
SETTABLE = COMPONENTS_V2 | 1 << 2 | 1 << 12
"""The flags that a bot may set on its message: components, no embeds, no notification."""
EMBED_SIZES = {"title": 256, "description": 4096}
PINGS = re.compile(r"<@[!&]?\d+>|@everyone|@here")


class Writer:
    """Judges what the bot wants to show, and changes messages accordingly."""

    def __init__(self, world: World) -> None:
        self.world = world

    def fill(self, message: Message, form: Json, uploads: Sequence[Upload], *, where: str = "") -> None:
        """Put a form into a message, new or old, once the whole is judged.

        Raises:
            Refused: the message would break a rule; it is left as it was.
        """
        offences = Offences()
        flags = self._flags(message, form, offences)
        content = (form.get("content") or "") if "content" in form else message.content
        embeds = (form.get("embeds") or []) if "embeds" in form else message.embeds
        parts = (form.get("components") or []) if "components" in form else message.components
        kept, added = self._files(message, form, uploads, offences)
        is_v2 = bool(flags & COMPONENTS_V2)
        _judge_text(offences, content, embeds, form)
        if is_v2 and (content or embeds or form.get("poll")):
            name = "content" if content else "embeds"
            sentence = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            offences.add(name, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", sentence)
        names = [file.filename for file in kept] + [upload.name for upload, _ in added]
        Judge(offences, names).message(parts, is_v2=is_v2)
        _close(offences, where)
        if not (content.strip() or embeds or parts or names or form.get("poll") or form.get("sticker_ids")):
            raise Refused(50006)
        files = [self.world.add_file(each.name, each.content, ephemeral=message.is_ephemeral, description=text) for each, text in added]
        message.flags = flags & ~LOADING
        message.content, message.embeds, message.attachments = content, embeds, kept + files
        message.components = _with_media(numbered(parts), message.attachments)
        if not message.states or message.states[-1].is_loading:
            message.pings = self._pings(message, form)

    def _flags(self, message: Message, form: Json, offences: Offences) -> int:
        asked = form.get("flags")
        if asked is None:
            return message.flags
        if message.is_v2 and not asked & COMPONENTS_V2:
            offences.add("flags", "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG", "The IS_COMPONENTS_V2 flag cannot be removed")
        return (message.flags & ~SETTABLE) | (int(asked) & SETTABLE)

    def _files(
        self, message: Message, form: Json, uploads: Sequence[Upload], offences: Offences
    ) -> tuple[list[Attachment], list[tuple[Upload, str | None]]]:
        """Return the files that stay and those that come."""
        listed = form.get("attachments")
        if sum(len(upload.content) for upload in uploads) > self.world.knobs.size_limit:
            raise Refused(40005)
        by_number = {re.sub(r"\D", "", upload.field): upload for upload in uploads}
        old = {file.id: file for file in message.attachments}
        if listed is None:
            return list(old.values()), [(upload, None) for upload in uploads]
        numbers = [str(each.get("id")) for each in listed]
        for place, number in enumerate(numbers):
            if number not in by_number and number not in old:
                offences.add(f"attachments.{place}.id", "ATTACHMENT_NOT_FOUND", "Attachment data for the id was not found")
        if len(numbers) > MOST_FILES:
            offences.add("attachments", "BASE_TYPE_BAD_LENGTH", f"Must be between 0 and {MOST_FILES} in length.")
        texts = {str(each.get("id")): each.get("description") for each in listed}
        kept = [old[number] for number in numbers if number in old and number not in by_number]
        return kept, [(upload, texts.get(number)) for number, upload in by_number.items()]

    def _pings(self, message: Message, form: Json) -> set[str]:
        """Return who hears the message: ids of users and roles, and `everyone`."""
        allowed = form.get("allowed_mentions")
        wanted = {found.strip("<@!&>") if found[0] == "<" else "everyone" for found in PINGS.findall(message.text)}
        if allowed is not None:
            parse, named = allowed.get("parse") or [], {*map(str, allowed.get("users") or []), *map(str, allowed.get("roles") or [])}
            is_person = self.world.users.__contains__
            kinds = {each: "everyone" if each == "everyone" else "users" if is_person(each) else "roles" for each in wanted}
            wanted = {each for each in wanted if kinds[each] in parse or each in named}
        has_replied = message.replied is not None and message.reference is not None
        if has_replied and (allowed is None or allowed.get("replied_user")):
            assert message.replied is not None
            wanted.add(message.replied.author.id)
        return wanted


def _judge_text(offences: Offences, content: Value, embeds: Value, form: Json) -> None:
    offences.length("content", content, 0, MOST_CONTENT)
    if form.get("nonce") is not None and len(str(form["nonce"])) > MOST_NONCE:
        offences.add("nonce", "NONCE_TYPE_TOO_LONG", f"Must be {MOST_NONCE} or fewer in length.")
    allowed = form.get("allowed_mentions") or {}
    for name in ("users", "roles"):
        if allowed.get(name) and name in (allowed.get("parse") or []):
            sentence = f"parse:['{name}'] and {name}: [ids...] are mutually exclusive."
            offences.add("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", sentence)
    if offences.size("embeds", embeds, 0, MOST_EMBEDS):
        _judge_embeds(offences, embeds)


def _judge_embeds(offences: Offences, embeds: Sequence[Json]) -> None:
    total = 0
    for place, embed in enumerate(embeds):
        where = f"embeds.{place}"
        texts = [(name, embed.get(name), most) for name, most in EMBED_SIZES.items()]
        texts += [("footer.text", (embed.get("footer") or {}).get("text"), 2048), ("author.name", (embed.get("author") or {}).get("name"), 256)]
        offences.size(f"{where}.fields", embed.get("fields") or [], 0, 25)
        for number, each in enumerate(embed.get("fields") or []):
            texts += [(f"fields.{number}.name", each.get("name") or "", 256), (f"fields.{number}.value", each.get("value") or "", 1024)]
        for name, text, most in texts:
            if text is not None:
                offences.length(f"{where}.{name}", text, 1 if name.startswith("fields") else 0, most)
                total += len(text)
    if total > MOST_EMBED_TEXT:
        offences.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {MOST_EMBED_TEXT}")


def _close(offences: Offences, where: str) -> None:
    """Refuse, with the field's place inside a callback where there is one."""
    if offences.found and where:
        raise Refused(50035, {where: offences.found})
    offences.close()


def _with_media(parts: list[Json], files: Sequence[Attachment]) -> list[Json]:
    """Return the components with their attachments' addresses in place of their names."""
    known = {f"attachment://{file.filename}": file for file in files}
    for part in walk(parts):
        spots = [part["file"]] if part["type"] == FILE else [part["media"]] if part["type"] == THUMBNAIL else []
        for spot in spots + [item["media"] for item in part.get("items", []) if part["type"] == GALLERY]:
            file = known.get(spot["url"])
            if file:
                spot |= {"id": file.id, "url": file.url, "proxy_url": file.url, "attachment_id": file.id}
                if part["type"] == FILE:
                    part |= {"name": file.filename, "size": len(file.content)}
    return parts


def require(channel: Channel, *names: str) -> None:
    """Refuse what the bot may not do in a channel (50013).

    Raises:
        Refused: it lacks one of these permissions.
    """
    if any(not channel.bot_permissions() & BITS[name] for name in names):
        raise Refused(50013)


class MessageRoutes:
    """The routes of a channel's messages."""

    def __init__(self, world: World, writer: Writer) -> None:
        self.world = world
        self.writer = writer

    async def create(self, call: Call) -> tuple[int, Any]:
        """Carry out POST /channels/{channel_id}/messages."""
        world, form = self.world, call.form()
        channel = world.channel(call.ids["channel_id"])
        self._may_send(channel, has_files=bool(call.uploads))
        known = self._known(form)
        if known:
            return 200, known.json()
        message = Message(world.ids(), channel, world.bot, nonce=form.get("nonce"))
        self._refer(message, form)
        self.writer.fill(message, form, call.uploads)
        if form.get("nonce") is not None:
            world.nonces[str(form["nonce"])] = (time.monotonic(), message)
        world.publish(message)
        return 200, message.json()

    def _may_send(self, channel: Channel, *, has_files: bool) -> None:
        if channel.kind == DM:
            assert channel.recipient is not None
            if channel.recipient.dms_closed or channel.recipient.is_bot:
                raise Refused(50007)
            return
        require(channel, "send_messages_in_threads" if channel.is_thread else "send_messages", *(["attach_files"] if has_files else []))
        if channel.is_locked:
            raise Refused(50083)
        if channel.kind == 15:
            raise Refused(50024)

    def _known(self, form: Json) -> Message | None:
        """Return the message that was sent with the same enforced nonce a moment ago."""
        at, message = self.world.nonces.get(str(form.get("nonce")), (0.0, None))
        is_fresh = time.monotonic() - at < self.world.knobs.nonce_seconds
        return message if form.get("enforce_nonce") and form.get("nonce") is not None and is_fresh else None

    def _refer(self, message: Message, form: Json) -> None:
        reference = form.get("message_reference")
        if not reference:
            return
        channel = message.channel
        if channel.guild and not channel.bot_permissions() & BITS["read_message_history"]:
            raise Refused(160002)
        target = channel.messages.get(str(reference.get("message_id")))
        if target is None or target.is_ephemeral:
            if reference.get("fail_if_not_exists", True):
                raise Refused(50035, {"message_reference": {"_errors": [{"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}]}})
            return
        make_reply(message, target)

    async def edit(self, call: Call) -> tuple[int, Any]:
        """Carry out PATCH /channels/{channel_id}/messages/{message_id}."""
        message = self._message(call)
        if message.author is not self.world.bot:
            raise Refused(50005)
        if message.channel.is_locked:
            raise Refused(50083)
        self.writer.fill(message, call.form(), call.uploads)
        self.world.edited(message)
        return 200, message.json()

    async def read(self, call: Call) -> tuple[int, Any]:
        """Carry out GET /channels/{channel_id}/messages/{message_id}."""
        message = self._message(call)
        require(message.channel, "read_message_history")
        return 200, message.json(blind=self.world.blind())

    async def history(self, call: Call) -> tuple[int, Any]:
        """Carry out GET /channels/{channel_id}/messages."""
        channel = self.world.channel(call.ids["channel_id"])
        if not channel.bot_permissions() & BITS["read_message_history"]:
            return 200, []
        limit = int(call.query.get("limit", 50))
        if not 1 <= limit <= 100:
            offences = Offences()
            offences.add("limit", "NUMBER_TYPE_MAX", "int value should be less than or equal to 100.")
            offences.close()
        found = self.world.history(channel)
        if "before" in call.query:
            found = [message for message in found if int(message.id) < int(call.query["before"])]
        if "after" in call.query:
            found = [message for message in found if int(message.id) > int(call.query["after"])][:limit]
        return 200, [message.json(blind=self.world.blind()) for message in reversed(found[-limit:])]

    async def delete(self, call: Call) -> tuple[int, Any]:
        """Carry out DELETE /channels/{channel_id}/messages/{message_id}."""
        message = self._message(call)
        if message.author is not self.world.bot:
            require(message.channel, "manage_messages")
        self.world.remove(message)
        return 204, None

    async def react(self, call: Call) -> tuple[int, Any]:
        """Carry out PUT …/reactions/{emoji}/@me."""
        message = self._message(call)
        require(message.channel, "add_reactions", "read_message_history")
        message.reactions.setdefault(call.ids["emoji"], set()).add(self.world.bot.id)
        message.shown()
        return 204, None

    async def unreact(self, call: Call) -> tuple[int, Any]:
        """Carry out DELETE …/reactions/{emoji}/@me."""
        message = self._message(call)
        message.reactions.get(call.ids["emoji"], set()).discard(self.world.bot.id)
        message.shown()
        return 204, None

    def _message(self, call: Call) -> Message:
        return self.world.message(self.world.channel(call.ids["channel_id"]), call.ids["message_id"])


def make_reply(message: Message, target: Message) -> None:
    """Make a message a reply to another."""
    guild = target.channel.guild
    message.kind = 19
    message.replied = target
    message.reference = {"type": 0, "channel_id": target.channel.id, "message_id": target.id} | ({"guild_id": guild.id} if guild else {})
