"""What a student does in Slack, and what they get to see."""

import html
import re
from collections.abc import Callable, Mapping, Sequence

from tests.servers.slack import events, hooks, payloads, views
from tests.servers.slack.delivery import Courier
from tests.servers.slack.files import new_file
from tests.servers.slack.rules import RESERVED, check_view
from tests.servers.slack.shapes import message_json, view_json
from tests.servers.slack.sockets import Delivery
from tests.servers.slack.state import BOT_USER, GENERAL, Channel, Json, Message, Refused, User, View, Workspace, elements_of
from tests.servers.slack.waiting import T
from tests.servers.slack.web_api import WebApi

TOKENS = re.compile(r"&lt;((?:@[UW]|#C|!(?:channel|here|everyone)\b|!subteam|https?:)[^&]*?)&gt;")
Attached = Sequence[tuple[str, bytes]]


class Handle:
    """What a student did, on its way to the bot.

    Attributes:
        message: what the student said, where it was said.
        deliveries: what the app was sent for it: two for a mention.
    """

    def __init__(self, space: Workspace, user: User, channel: Channel | None, message: Message | None = None) -> None:
        self.user = user
        self.channel = channel
        self.message = message
        self.deliveries: list[Delivery] = []
        self.hook = ""
        self._space = space
        self._start = len(space.log)

    @property
    def said(self) -> Message:
        """What the student said."""
        assert self.message is not None, "it was no message"
        return self.message

    @property
    def failures(self) -> list[str]:
        """Why deliveries were given up; of a command or a press, the person is told."""
        return [delivery.failure for delivery in self.deliveries if delivery.failure]

    @property
    def errors(self) -> Json:
        """What the bot found wrong in a view that was submitted, by block."""
        answers = [delivery.answer for delivery in self.deliveries if delivery.answer.get("response_action") == "errors"]
        return dict(answers[0]["errors"]) if answers else {}

    async def acked(self, within: float = 5.0) -> float:
        """Return how long the slowest acknowledgement took; TimeoutError where one never comes."""
        await self._space.bell.until(lambda: all(delivery.is_settled for delivery in self.deliveries), within)
        if self.failures:
            raise TimeoutError(", ".join(self.failures))
        return max((delivery.seconds for delivery in self.deliveries), default=0.0)

    @property
    def messages(self) -> list[Message]:
        """The bot's messages that belong to this: in its thread, to this person alone, through its response_url or naming the person."""
        return [message for message in self._space.log[self._start :] if message.user == BOT_USER and not message.is_gone and self._is_mine(message)]

    def _is_mine(self, message: Message) -> bool:
        if self.channel is None or message.channel != self.channel.id:
            return False
        if message.recipient:
            return message.recipient == self.user.id
        if self.message:
            return message.root == self.message.root
        return self._names_me(message) or any(self._names_me(root) for root in self._space.thread(message.channel, message.root)[:1])

    def _names_me(self, message: Message) -> bool:
        names = (self.user.name.capitalize(), self.user.name, self.user.id)
        return any(name in message.everything for name in names) or (
            self.hook in self._space.hooks and message in self._space.hooks[self.hook].posted
        )

    async def answer(self, count: int = 1, within: float = 10.0) -> Message:
        """Return the newest of the bot's messages once there are so many and none is still streaming."""

        def whole() -> Message | None:
            found = self.messages
            return found[-1] if len(found) >= count and not any(message.is_streaming for message in found) else None

        found = await self._space.bell.until(whole, within)
        assert found is not None
        return found


class Students:
    """The acts of people; whoever is named by id or name must be in the workspace."""

    space: Workspace
    courier: Courier
    api: WebApi

    async def until(self, condition: Callable[[], T], within: float = 5.0) -> T:
        """Return what the condition says as soon as it is true; TimeoutError when it takes too long."""
        return await self.space.bell.until(condition, within)

    async def say(  # noqa: PLR0913, PLR0917  # what a message has
        self,
        user: str,
        channel: str,
        text: str,
        thread_ts: str | None = None,
        mention: bool = True,
        files: Attached = (),
        *,
        broadcast: bool = False,
        raw: bool = False,
    ) -> Handle:
        """Say something in a channel, to the bot unless `mention` is False; `<` and `&` travel escaped unless `raw`."""
        who, where = self.space.user(user), self._in(user, channel)
        words = text if raw else _escaped(text)
        if mention and where.kind != "im" and f"<@{BOT_USER}>" not in words:
            words = f"<@{BOT_USER}> {words}"
        message = Message(where.id, self.space.new_ts(), who.id, text=words, thread_ts=thread_ts or "")
        message.files = [new_file(self.space, name, who.id, content) for name, content in files]
        for file in message.files:
            file.channels.add(where.id)
        message.is_broadcast = broadcast
        message.subtype = "file_share" if files else "thread_broadcast" if broadcast else ""
        return self._did(Handle(self.space, who, where, message), lambda: self._post(message))

    async def dm(self, user: str, text: str, thread_ts: str | None = None, files: Attached = ()) -> Handle:
        """Say something to the bot alone; without `thread_ts` it opens a thread of its own."""
        return await self.say(user, self.space.im(self.space.user(user).id).id, text, thread_ts, False, files)

    def _post(self, message: Message) -> None:
        self.space.keep(message)
        events.posted(self.space, message)

    def _did(self, handle: Handle, act: Callable[[], None]) -> Handle:
        """Do something and note what was sent for it."""
        before = len(self.courier.deliveries)
        act()
        handle.deliveries = self.courier.deliveries[before:]
        return handle

    def _in(self, user: str, channel: str) -> Channel:
        found = self.space.channel(channel)
        if self.space.user(user).id not in found.members:
            raise Refused(f"{user} is not in {channel}")
        return found

    async def command(self, user: str, name: str, text: str = "", channel: str = GENERAL, thread_ts: str | None = None) -> Handle:
        """Type a slash command; there is none in a thread, and only those of the manifest exist."""
        who, where = self.space.user(user), self._in(user, channel)
        if thread_ts:
            raise Refused(f"{name} is not supported in threads. Sorry!")
        if name in RESERVED or name not in self.space.app.commands:
            raise Refused(f"{name} is not a valid command of the app")
        if "commands" not in self.space.app.scopes:
            raise Refused("the app lacks the scope commands")
        form: Json = dict(payloads.command(self.space, who, where, name, _escaped(text)))
        handle = Handle(self.space, who, where)
        handle.hook = form["response_url"].partition("/hooks/")[2]
        return self._did(handle, lambda: self._interact("slash_commands", form, lambda answer: self._answered(handle.hook, answer)))

    def _interact(self, kind: str, payload: Json, on_answer: Callable[[Json], None] | None = None) -> None:
        self.courier.send(Delivery(kind, payload, on_answer=on_answer))

    def _answered(self, hook: str, answer: Json) -> None:
        if any(answer.get(name) for name in ("text", "blocks", "markdown_text")):
            hooks.answer(self.space, self.api, self.space.hooks[hook], answer)

    async def press(self, user: str, on: Message | View, wanted: str, option: str = "") -> Handle:
        """Press what has this action_id, value or label, or choose an option of it."""
        self._sees(user, on)
        element = payloads.find_element(on, wanted)
        return self._pressed(user, on, payloads.action_of(self.space, element, option))

    async def feedback(self, user: str, message: Message, positive: bool) -> Handle:
        """Press a thumb of the native feedback buttons."""
        self._sees(user, message)
        element = next((element for element in elements_of(message.blocks) if element["type"] == "feedback_buttons"), None)
        if element is None:
            raise Refused("there are no feedback buttons")
        return self._pressed(user, message, payloads.rate(element, payloads.action_of(self.space, element), positive=positive))

    def _pressed(self, user: str, on: Message | View, action: Json) -> Handle:
        who = self.space.user(user)
        channel = self.space.channels[on.channel] if isinstance(on, Message) else self.space.im(who.id)
        root = on if isinstance(on, Message) and not on.recipient else None
        payload = payloads.press(self.space, who, on, action)
        return self._did(Handle(self.space, who, channel, root), lambda: self._interact("interactive", payload))

    def _sees(self, user: str, on: Message | View) -> None:
        who = self.space.user(user).id
        views_open = [*self.space.modals.get(who, []), self.space.homes.get(who)]
        is_shown = on in (self.visible_to(who, on.channel) if isinstance(on, Message) else views_open)
        if not is_shown:
            raise Refused(f"{user} does not see it")

    async def shortcut(self, user: str, callback_id: str, message: Message) -> Handle:
        """Use a message shortcut of the manifest."""
        known = self.space.app.shortcuts
        if known is not None and callback_id not in known:
            raise Refused(f"the app has no shortcut {callback_id}")
        self._sees(user, message)
        who = self.space.user(user)
        handle = Handle(self.space, who, self.space.channels[message.channel], None if message.recipient else message)
        payload = payloads.shortcut(self.space, who, callback_id, message)
        handle.hook = payload["response_url"].partition("/hooks/")[2]
        return self._did(handle, lambda: self._interact("interactive", payload))

    async def open_home(self, user: str, tab: str = "home") -> Handle:
        """Open the app's home tab, or its messages."""
        who = self.space.user(user)
        channel = self.space.im(who.id)
        event: Json = {"user": who.id, "channel": channel.id, "tab": tab, "event_ts": self.space.new_ts()}
        if tab == "home" and who.id in self.space.homes:
            event["view"] = view_json(self.space.homes[who.id])
        return self._did(Handle(self.space, who, channel), lambda: self._hear("app_home_opened", event))

    def _hear(self, name: str, event: Json) -> None:
        if events.hears(self.space, name):
            self.space.emit(name, event)

    async def submit_view(self, user: str, view: View, values: Mapping[str, object] | None = None) -> Handle:
        """Submit a modal, its inputs by label, block_id or action_id; refused where the modal is no more or an input is wrong."""
        who = self._front(user, view)
        payload = payloads.submission(self.space, who, view, values or {})
        handle = Handle(self.space, who, self.space.im(who.id))
        return self._did(handle, lambda: self._interact("interactive", payload, lambda answer: self._submitted(view, answer)))

    async def close_view(self, user: str, view: View) -> Handle:
        """Close a modal; the app hears of it if it asked to."""
        who = self._front(user, view)
        self.space.modals[who.id].pop()
        handle, payload = Handle(self.space, who, self.space.im(who.id)), payloads.closing(self.space, who, view)
        return self._did(handle, lambda: self._interact("interactive", payload) if view.body.get("notify_on_close") else None)

    def _front(self, user: str, view: View) -> User:
        who = self.space.user(user)
        if self.modal(user) is not view:
            raise Refused("the modal is not in front")
        return who

    def _submitted(self, view: View, answer: Json) -> None:
        """Do what the app answered to a submission: errors, another view, or the end of this one."""
        stack, action = self.space.modals.get(view.user, []), answer.get("response_action")
        if action == "clear":
            stack.clear()
        elif action == "update":
            views.replace(self.space, view, check_view(answer["view"], "modal"))
        elif action == "push":
            stack.append(views.new_view(self.space, view.user, check_view(answer["view"], "modal"), view))
        elif action != "errors" and view in stack:
            stack.remove(view)

    async def stop(self, user: str, thread: Message) -> Handle:
        """Press Stop, which is there while the session is processing; Slack ends the thread's streams itself."""
        session = self.space.sessions.get((thread.channel, thread.root), {})
        if session.get("status") != "processing" or not events.hears(self.space, "agent_session_stopped"):
            raise Refused("there is no Stop button")
        streaming = [message for message in self.space.thread(thread.channel, thread.root) if message.is_streaming]
        for message in streaming:
            if message.stream:
                message.stream.over = "stopped_by_user"
        who, root = self.space.user(user), self.space.find(thread.channel, thread.root)
        event: Json = {"channel": thread.channel, "thread_ts": thread.root, "user": who.id, "event_ts": self.space.new_ts()}
        event["streaming_message_ts"] = [message.ts for message in streaming]
        return self._did(Handle(self.space, who, self.space.channels[thread.channel], root), lambda: self._hear("agent_session_stopped", event))

    async def edit(self, user: str, message: Message, text: str) -> Handle:
        """Change one's own message."""
        who, before = self._own(user, message), message_json(self.space, message)
        message.text, message.edited = _escaped(text), self.space.new_ts()
        self.space.show(message)
        return self._did(Handle(self.space, who, self.space.channels[message.channel], message), lambda: events.changed(self.space, message, before))

    async def delete_message(self, user: str, message: Message) -> Handle:
        """Delete one's own message."""
        who, before = self._own(user, message), message_json(self.space, message)
        message.is_gone = True
        self.space.show(message)
        return self._did(Handle(self.space, who, self.space.channels[message.channel], message), lambda: events.deleted(self.space, message, before))

    def _own(self, user: str, message: Message) -> User:
        who = self.space.user(user)
        if message.user != who.id or message.is_gone:
            raise Refused("it is not theirs to change")
        return who

    async def reload(self, user: str) -> None:
        """Reload Slack: what was ephemeral is gone, and modals are closed."""
        who = self.space.user(user).id
        for message in self.space.log:
            message.is_gone = message.is_gone or message.recipient == who
        self.space.modals.pop(who, None)
        self.space.bell.ring()

    async def join(self, user: str, channel: str) -> Handle:
        """Join a channel."""
        who, where = self.space.user(user), self.space.channel(channel)
        where.members.add(who.id)
        joined = {"user": who.id, "channel": where.id, "channel_type": where.id[0], "team": "T0PROFOND1", "event_ts": self.space.new_ts()}
        notice = Message(where.id, self.space.new_ts(), who.id, text=f"<@{who.id}> has joined the channel", subtype="channel_join")

        def act() -> None:
            self._hear("member_joined_channel", joined)
            self._post(notice)

        return self._did(Handle(self.space, who, where, notice), act)

    async def other_bot(self, channel: str, text: str, thread_ts: str = "") -> Handle:
        """Let another bot say something."""
        where = self.space.channel(channel)
        message = Message(where.id, self.space.new_ts(), "U0OTHERBOT", text=text, thread_ts=thread_ts, bot_id="B0OTHERBOT", subtype="bot_message")
        return self._did(Handle(self.space, User("U0OTHERBOT", "autre", is_bot=True), where, message), lambda: self._post(message))

    def modal(self, user: str) -> View | None:
        """Return the modal in front of a person."""
        stack = self.space.modals.get(self.space.user(user).id)
        return stack[-1] if stack else None

    def home(self, user: str) -> View | None:
        """Return a person's home tab."""
        return self.space.homes.get(self.space.user(user).id)

    def visible_to(self, user: str, channel: str) -> list[Message]:
        """Return what a person sees in a channel now, oldest first."""
        who, where = self.space.user(user).id, self.space.channel(channel)
        if where.kind != "channel" and who not in where.members:
            return []
        found = [message for message in self.space.log if message.channel == where.id and not message.is_gone]
        for message in found:
            self.space.age(message)
        return [message for message in found if message.recipient in {"", who}]

    def public_texts(self, channel: str) -> list[str]:
        """Return every text a channel ever showed to everyone: each edit, each stage of a stream, each status."""
        where = self.space.channel(channel).id
        shown = [state.everything for message in self.space.log if message.channel == where and not message.recipient for state in message.states]
        return shown + [text for place, _, text in self.space.statuses if place == where and text]

    def messages(self, channel: str) -> list[Message]:
        """Return what can be retrieved of a channel."""
        return self.space.in_channel(self.space.channel(channel).id)

    def status(self, message: Message) -> str:
        """Return what a message's thread shows of the bot's work."""
        return self.space.status(message.channel, message.root)

    def thread(self, message: Message) -> list[Message]:
        """Return a message's thread, root first."""
        return self.space.thread(message.channel, message.root)


def _escaped(text: str) -> str:
    """Return what a person typed as Slack carries it; mentions and links that the client made are left alone."""
    return TOKENS.sub(r"<\1>", html.escape(text, quote=False))
