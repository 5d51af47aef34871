import io
import warnings
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.servers.discord import DiscordServer, Impossible, NothingCameError, User
from tests.servers.discord.bodies import REFUSED, buttons, text_parts
from tests.servers.discord.entities import COMPONENTS_V2 as V2
from tests.servers.discord.sample import Direct, Report, SampleBot, Spot, running

with warnings.catch_warnings():  # discord.py imports audioop, which Python 3.13 no longer has
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    """A server that is listening."""
    async with DiscordServer() as opened:
        yield opened


@pytest.fixture
async def bot(server: DiscordServer) -> AsyncIterator[SampleBot]:
    """A bot that is ready."""
    sample = SampleBot()
    async with running(server, sample):
        yield sample


@pytest.fixture
def lea(server: DiscordServer) -> User:
    """A student."""
    return server.user("Léa")


@pytest.fixture
async def direct(server: DiscordServer) -> AsyncIterator[Direct]:
    """A bare client that holds the right token."""
    async with aiohttp.ClientSession() as session:
        yield Direct(server, session)


def codes(errors: list[BaseException]) -> list[int]:
    return [error.code for error in errors if isinstance(error, discord.HTTPException)]


async def test_a_bot_becomes_ready_and_registers_its_commands_once(server: DiscordServer, bot: SampleBot) -> None:
    """The client knows its user, its guild and its channel; the list of commands was written once."""
    assert bot.user is not None
    assert str(bot.user.id) == server.bot.id
    assert [str(channel.id) for guild in bot.guilds for channel in guild.text_channels] == [server.channel.id]
    assert [each["name"] for each in server.commands.known[None]] == ["ask", "Expliquer"]
    assert (server.puts, server.gateway.identifies, server.knobs.session_starts) == (1, 1, 999)


@pytest.mark.usefixtures("bot")
async def test_a_slash_command_is_deferred_edited_and_ends_in_components(server: DiscordServer, lea: User) -> None:
    """Every state is kept in order, and the last one is made of components."""
    asked = await server.slash(lea, "ask", {"question": "pourquoi ?"})
    message = await asked.final()
    assert (await asked.ack()).kind == "deferred"
    assert [(state.text, state.is_loading, state.is_v2) for state in asked.states] == [
        ("", True, False),
        ("Je cherche…", False, False),
        ("Réponse à pourquoi ?", False, True),
    ]
    assert asked.custom_ids == ["vote:up", "vote:down"]
    assert message.kind == 20


@pytest.mark.usefixtures("bot")
async def test_a_private_answer_was_never_public(server: DiscordServer, lea: User) -> None:
    """What is ephemeral is seen by its asker alone, in every state; what is public is seen by all."""
    adam = server.user("Adam")
    secret = await (await server.slash(lea, "ask", {"question": "secrète", "private": True})).final()
    assert secret.is_ephemeral
    assert server.public_texts() == []
    assert (server.visible_to(lea), server.visible_to(adam)) == ([secret], [])
    with pytest.raises(Impossible):
        await server.press(adam, secret, "up")
    await (await server.slash(lea, "ask", {"question": "publique"})).final()
    assert [text.splitlines()[0] for text in server.public_texts(server.channel) if text] == ["Je cherche…", "Réponse à publique"]


async def test_an_acknowledgement_after_three_seconds_is_too_late(server: DiscordServer, bot: SampleBot, lea: User) -> None:
    """The interaction is unknown (10062) once its time is over."""
    server.knobs.ack_seconds = 0.0
    asked = await server.slash(lea, "ask", {"question": "?"})
    await bot.until(lambda: bot.errors)
    assert (codes(bot.errors), asked.acked) == ([10062], None)


async def test_an_interaction_is_acknowledged_once(server: DiscordServer, bot: SampleBot, lea: User) -> None:
    """A second acknowledgement is refused (40060)."""

    async def react(interaction: Spot) -> None:
        await interaction.response.send_message("une fois")
        await type(interaction.response)(interaction).send_message("deux fois")

    bot.react = react
    asked = await server.slash(lea, "ask", {"question": "?"})
    await bot.until(lambda: bot.errors)
    assert (codes(bot.errors), asked.text) == ([40060], "une fois")


async def test_a_token_that_is_over_edits_nothing(server: DiscordServer, bot: SampleBot, lea: User) -> None:
    """After its life (50027) the webhook refuses, and before the first answer it is unknown (10015)."""

    async def react(interaction: Spot) -> None:
        await interaction.response.defer(thinking=True)
        server.world.asked[interaction.token].expire()
        await interaction.edit_original_response(content="trop tard")

    bot.react = react
    asked = await server.slash(lea, "ask", {"question": "?"})
    await bot.until(lambda: bot.errors)
    assert (codes(bot.errors), asked.text) == ([50027], "")
    bot.react = lambda interaction: interaction.edit_original_response(content="trop tôt")
    await server.slash(lea, "ask", {"question": "?"})
    await bot.until(lambda: len(bot.errors) == 2)
    assert codes(bot.errors)[1] == 10015


async def test_the_first_follow_up_takes_the_place_of_the_deferral(server: DiscordServer, bot: SampleBot, lea: User) -> None:
    """It stays as private as the deferral was; the next one is a message of its own."""

    async def react(interaction: Spot) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        await interaction.followup.send("un", ephemeral=False)
        await interaction.followup.send("deux", ephemeral=True, file=discord.File(io.BytesIO(b"x"), "x.txt"))

    bot.react = react
    asked = await server.slash(lea, "ask", {"question": "?"})
    assert await asked.read("deux") == "un\ndeux"
    assert [message.is_ephemeral for message in asked.messages] == [True, True]
    assert asked.messages[1].attachments[0].content == b"x"
    assert server.public_texts() == []


@pytest.mark.parametrize("name", REFUSED)
async def test_a_message_that_breaks_a_rule_is_refused(server: DiscordServer, direct: Direct, name: str) -> None:
    """The form is refused (50035) with the field that is wrong, and nothing is shown."""
    body, where = REFUSED[name]
    status, answer = await direct("POST", f"/channels/{server.channel.id}/messages", body)
    assert (status, answer["code"], list(answer["errors"])) == (400, 50035, [where])
    assert server.public_texts() == []


async def test_at_the_limits_a_message_is_accepted(server: DiscordServer, direct: Direct) -> None:
    """40 components, 4,000 characters in components and 2,000 in a text are not too many."""
    path = f"/channels/{server.channel.id}/messages"
    parts = [{"type": 17, "components": text_parts("y" * 3962, *["y"] * 38)}]
    assert [(await direct("POST", path, body))[0] for body in ({"flags": V2, "components": parts}, {"content": "x" * 2000})] == [200, 200]


async def test_an_empty_message_and_a_lost_flag_are_refused(server: DiscordServer, direct: Direct) -> None:
    """An empty message has its own code (50006); components cannot become a text again."""
    path = f"/channels/{server.channel.id}/messages"
    assert (await direct("POST", path, {"content": " \n"}))[1]["code"] == 50006
    _, made = await direct("POST", path, {"flags": V2, "components": text_parts("y")})
    for body in ({"flags": 0}, {"content": "texte"}):
        assert (await direct("PATCH", f"{path}/{made['id']}", body))[1]["code"] == 50035
    assert (await direct("PATCH", f"{path}/{made['id']}", {"components": []}))[1]["code"] == 50006


async def test_what_is_gone_or_forbidden_has_its_code(server: DiscordServer, bot: SampleBot, direct: Direct, lea: User) -> None:
    """Permissions (50013, 50001), deleted places (10003) and deleted messages (10008) are told apart."""
    path = f"/channels/{server.channel.id}/messages"
    said = await server.say(lea, text="bonjour")
    assert (await direct("PATCH", f"{path}/{said.id}", {"content": "x"}))[1]["code"] == 50005
    server.channel.deny("send_messages")
    assert (await direct("POST", path, {"content": "x"}))[1]["code"] == 50013
    server.channel.allow("send_messages")
    server.channel.deny("view_channel")
    assert (await direct("POST", path, {"content": "x"}))[1]["code"] == 50001
    server.channel.allow("view_channel")
    await server.delete_message(said.message)
    assert (await direct("GET", f"{path}/{said.id}"))[1]["code"] == 10008
    await server.delete_channel(server.channel)
    assert (await direct("POST", path, {"content": "x"}))[1]["code"] == 10003
    assert bot.errors == []


@pytest.mark.usefixtures("bot")
async def test_what_is_typed_is_completed(server: DiscordServer, lea: User) -> None:
    """The choices that the bot offers come back; one option of the command offers nothing."""
    assert await server.autocomplete(lea, "ask", "topic", "conv") == [{"name": "convolution", "value": "con"}]
    with pytest.raises(Impossible):
        await server.autocomplete(lea, "ask", "question", "conv")


async def test_26_choices_are_refused(server: DiscordServer, bot: SampleBot, lea: User, direct: Direct) -> None:
    """A completion holds at most 25 choices with names of 1 to 100 characters."""
    await bot.close()
    asked = await server.typing_into(lea, "ask", "topic", "x")
    for offered in ([{"name": "x", "value": "x"}] * 26, [{"name": "", "value": "x"}], [{"name": "x" * 101, "value": "x"}]):
        status, answer = await direct("POST", f"/interactions/{asked.id}/{asked.token}/callback", {"type": 8, "data": {"choices": offered}})
        assert (status, answer["code"]) == (400, 50035)
    assert asked.choices is None


async def test_a_form_is_opened_filled_and_sent(server: DiscordServer, bot: SampleBot, lea: User) -> None:
    """A text, a choice and a file reach the bot; what the form does not take is not sent."""
    bot.react = lambda interaction: interaction.response.send_modal(Report())
    asked = await server.slash(lea, "ask", {"question": "?"})
    assert (await asked.form())["title"] == "Signaler"
    for values in ({"Genre": "wrong"}, {"Pourquoi": "x", "Genre": "other"}, {"Pourquoi": "x" * 201, "Genre": "wrong"}):
        with pytest.raises(Impossible):
            await server.submit_modal(lea, asked, values)
    sent = await server.submit_modal(lea, asked, {"Pourquoi": "c'est faux", "kind": "wrong", "proof": [("p.txt", b"preuve")]})
    assert await sent.read() == "c'est faux / wrong / preuve"


async def test_a_form_with_a_long_title_or_too_many_parts_is_refused(server: DiscordServer, bot: SampleBot, lea: User, direct: Direct) -> None:
    """A form's title has at most 45 characters, its parts are at most 5, and a text alone is no part."""
    await bot.close()
    asked = await server.slash(lea, "ask", {"question": "?"})
    label = {"type": 18, "label": "x", "component": {"type": 4, "custom_id": "i", "style": 1}}
    many = [{**label, "component": {**label["component"], "custom_id": str(n)}} for n in range(6)]  # type: ignore[dict-item]  # a dict, above
    for title, parts in (("x" * 46, [label]), ("x", many), ("x", [label["component"]]), ("x", [{**label, "label": "x" * 46}]), ("x", [])):
        body = {"type": 9, "data": {"custom_id": "m", "title": title, "components": parts}}
        assert (await direct("POST", f"/interactions/{asked.id}/{asked.token}/callback", body))[1]["code"] == 50035
    assert asked.modal is None


@pytest.mark.usefixtures("bot")
async def test_a_button_outlives_the_view_that_showed_it(server: DiscordServer, direct: Direct, lea: User) -> None:
    """A press on a button that only its custom id explains is answered; one that is not there cannot be pressed."""
    _, made = await direct("POST", f"/channels/{server.channel.id}/messages", {"content": "x", "components": buttons("vote:up", "other")})
    message = server.channel.messages[made["id"]]
    pressed = await server.press(lea, message, "vote:up")
    assert (await pressed.read(), (await pressed.ack()).ephemeral) == ("noté : up", True)
    with pytest.raises(Impossible):
        await server.press(lea, message, "nowhere")
    await direct("PATCH", f"/channels/{server.channel.id}/messages/{message.id}", {"components": []})
    assert await (await server.press_gone(lea, message, "vote:up")).read() == "noté : up"


@pytest.mark.usefixtures("bot")
async def test_a_menu_gives_the_content_whatever_the_intent(server: DiscordServer, lea: User) -> None:
    """A context menu hands over the message that it was used on."""
    said = await server.say(lea, text="un mot obscur")
    assert await (await server.context_menu(lea, "Expliquer", said.message)).read() == "expliqué : un mot obscur"
    await server.react(lea, said.message, "👍")
    assert server.gateway.live[0].sent[-1]["t"] == "MESSAGE_REACTION_ADD"


async def test_direct_messages_can_be_closed(server: DiscordServer, bot: SampleBot, lea: User) -> None:
    """A direct conversation is opened and answered; whoever closed it refuses (50007)."""
    bot.hear = lambda message: message.channel.send(f"oui : {message.content}")
    said = await server.say(lea, server.direct(lea), "bonjour")
    assert await said.read() == "oui : bonjour"
    lea.dms_closed = True
    user = await bot.fetch_user(int(lea.id))
    with pytest.raises(discord.Forbidden) as caught:
        await user.send("encore")
    assert (caught.value.code, len(server.visible_to(lea, server.direct(lea)))) == (50007, 2)


async def test_a_message_has_one_thread(server: DiscordServer, bot: SampleBot, lea: User) -> None:
    """What the bot writes in a message's thread belongs to the message; a second thread is refused (160004)."""

    async def hear(message: discord.Message) -> None:
        thread = await message.create_thread(name="Une question")
        await thread.send("dans le fil")
        await message.create_thread(name="x" * 101)

    bot.hear = hear
    said = await server.say(lea, text="?", mention=True)
    assert await said.read() == "dans le fil"
    await bot.until(lambda: bot.errors)
    channel = bot.get_channel(int(server.channel.id))
    assert isinstance(channel, discord.TextChannel)
    with pytest.raises(discord.HTTPException) as caught:
        await channel.get_partial_message(int(said.id)).create_thread(name="encore")
    assert (codes(bot.errors), caught.value.code, "dans le fil" in server.public_texts(server.channel)) == ([50035], 160004, True)
    thread = server.world.channels[said.id]
    await server.close_thread(thread, is_locked=True)
    with pytest.raises(discord.HTTPException) as locked:
        await bot.get_partial_messageable(int(thread.id)).send("trop tard")
    assert locked.value.code == 50083
    await server.delete_channel(thread)
    assert thread.id not in server.world.channels


async def test_files_travel_both_ways(server: DiscordServer, bot: SampleBot, lea: User) -> None:
    """A file of a command is downloaded from this server, and one that the bot sends can be read."""

    async def react(interaction: Spot) -> None:
        content = await interaction.client.asked["file"].read()
        await interaction.response.send_message("reçu", file=discord.File(io.BytesIO(content[::-1]), "envers.txt"))

    bot.react = react
    asked = await server.slash(lea, "ask", {"question": "?", "file": ("notes.txt", b"abc")})
    await asked.read("reçu")
    assert [(file.filename, file.content) for file in asked.messages[0].attachments] == [("envers.txt", b"cba")]
    assert "envers.txt" in server.public_texts()[0]


@pytest.mark.usefixtures("bot")
async def test_a_student_only_does_what_a_client_lets_happen(server: DiscordServer, lea: User) -> None:
    """Unknown commands, options and types are the test's own error."""
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("nothing", {}),
        ("ask", {}),
        ("ask", {"question": "?", "other": 1}),
        ("ask", {"question": 3}),
        ("ask", {"question": ""}),
        ("ask", {"question": "x" * 1001}),
        ("ask", {"question": "?", "private": "yes"}),
    ]
    for name, options in wrong:
        with pytest.raises(Impossible):
            await server.slash(lea, name, options)


COMMANDS: dict[str, dict[str, Any]] = {
    "capitals": {"name": "Ask", "description": "x"},
    "no description": {"name": "ask", "description": ""},
    "a long description": {"name": "ask", "description": "x" * 101},
    "an unknown locale": {"name": "ask", "description": "x", "name_localizations": {"fr-FR": "demander"}},
    "a space in a translation": {"name": "ask", "description": "x", "name_localizations": {"fr": "poser une"}},
    "26 options": {"name": "ask", "description": "x", "options": [{"type": 3, "name": f"o{n}", "description": "x"} for n in range(26)]},
    "a description on a menu": {"name": "Expliquer", "type": 3, "description": "x"},
}


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_command_that_breaks_a_rule_is_refused(server: DiscordServer, direct: Direct, name: str) -> None:
    """The whole list is refused (50035), and the old one stays."""
    status, answer = await direct("PUT", f"/applications/{server.bot.id}/commands", [COMMANDS[name]])
    assert (status, answer["code"], server.commands.known[None], server.puts) == (400, 50035, [], 1)


async def test_pings_are_those_that_were_allowed(server: DiscordServer, direct: Direct, lea: User) -> None:
    """A text pings whom it names unless `allowed_mentions` says otherwise."""
    path, content = f"/channels/{server.channel.id}/messages", f"@everyone {lea.mention}"
    wanted: list[tuple[Any, set[str]]] = [(None, {"everyone", lea.id}), ({"parse": []}, set()), ({"users": [lea.id]}, {lea.id})]
    for allowed, heard in wanted:
        _, made = await direct("POST", path, {"content": content, "allowed_mentions": allowed})
        assert server.channel.messages[made["id"]].pings == heard


async def test_what_does_not_come_is_told(server: DiscordServer, lea: User) -> None:
    """A wait that ends in vain says what was shown instead."""
    said = await server.say(lea, text="?")
    with pytest.raises(NothingCameError, match="shown"):
        await said.read("réponse", within=0.01)
