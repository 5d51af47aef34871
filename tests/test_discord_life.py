"""The bot's life in a class server: commands, invitation, doctor, places and people served, shards, memory, and what the spec says."""

import asyncio
import gc
import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import pytest

from bots.doctor import Finding, examine
from bots.life import live
from core.errors import SetupError
from core.knowledge import load_course
from core.profond import open_profond
from core.settings import Settings
from core.store.leases import Left
from core.words import Words, words_in
from tests.conftest import MakeSettings
from tests.courses import NETWORKS, index_of
from tests.discord_class import QUESTION, Class, a_class, running, tuned
from tests.servers.discord import DiscordServer, Impossible, Message, User
from tests.servers.discord.entities import BITS, Guild, Json
from tests.servers.discord.rest import Call, Route

ROOT, WITHIN = Path(__file__).resolve().parents[1], 60.0
CONTRACT = Path(__file__).resolve().parents[2] / "shared" / "contract"
KNOWN_OFFENCES = ("message_reference", "attachments[0].id: 0 is not of type 'string'", "'proxy_url'")
"""discord.py writes these ids as numbers; the local server writes the addresses of files into the forms that it keeps."""
NEEDED = {"view_channel", "send_messages", "send_messages_in_threads", "create_public_threads", "read_message_history", "attach_files"}


async def test_commands_are_written_only_when_they_changed(discord: DiscordServer, settings: MakeSettings) -> None:
    """Two starts write them once; other words write them again."""
    for expected in (1, 1):
        async with a_class(discord, settings()) as room:
            await room.settled()
            assert discord.puts == expected

    def other_words(lang: str) -> Words:
        words = words_in(lang)
        return lambda key, **details: "Autre chose" if key == "option-level" else words(key, **details)

    with patch("bots.discord_bot.commands.words_in", other_words):
        async with a_class(discord, settings(discord_dms=False)) as room:
            await room.settled()
            assert discord.puts == 2


async def test_the_invitation_asks_for_what_is_needed_and_no_more(discord: DiscordServer, settings: MakeSettings) -> None:
    """Both scopes, six permissions; without a good token it is refused in one sentence."""
    link = await running.invite_link(tuned(settings(), discord))
    assert link == (
        f"https://discord.com/oauth2/authorize?client_id={discord.bot.id}&scope=bot+applications.commands"
        f"&permissions={sum(BITS[name] for name in NEEDED)}"
    )
    wrong = settings(discord_token="non", discord_api_url=discord.url)
    for bad, key in ((wrong, "discord-bad-token"), (settings(), "discord-no-token")):
        with pytest.raises(SetupError) as refused:
            await running.invite_link(bad)
        assert refused.value.key == key


class DiscordWithGuilds(DiscordServer):
    """A Discord that also tells a bot in which servers it is."""

    def _routes(self) -> list[Route]:
        return [Route("GET", "/users/@me/guilds", self._own_guilds), *super()._routes()]

    async def _own_guilds(self, _: Call) -> tuple[int, Sequence[Json]]:
        return 200, [{"id": guild.id, "name": guild.name, "permissions": str(guild.bot_permissions)} for guild in self.world.guilds.values()]


async def found_by_doctor(settings: Settings) -> list[Finding]:
    return [finding async for finding in examine(settings) if "discord" in finding.key]


async def test_the_doctor_checks_token_intent_and_rights(settings: MakeSettings) -> None:
    """A good token is told; a bad one, an intent that is off, a missing right and a bot without a server come with the mend."""
    async with DiscordWithGuilds() as discord:
        good = tuned(settings(), discord)
        assert [(each.state, each.key) for each in await found_by_doctor(good)] == [("ok", "doctor-discord-good")]
        bad = settings(discord_token="non", discord_api_url=discord.url)
        assert [(each.state, each.key) for each in await found_by_doctor(bad)] == [("fault", "doctor-discord-bad")]
        wants_content = tuned(settings(discord_message_content=True), discord)
        assert ("fault", "discord-intent") in [(each.state, each.key) for each in await found_by_doctor(wants_content)]
        discord.guild.bot_permissions &= ~BITS["attach_files"]
        [_, rights] = await found_by_doctor(good)
        assert (rights.key, rights.details) == ("doctor-discord-rights", {"server": discord.guild.name, "missing": "attach_files"})
        discord.world.remove_guild(discord.guild)
        assert [each.key for each in await found_by_doctor(good)] == ["doctor-discord-good", "doctor-discord-alone"]
    assert [each.key for each in await found_by_doctor(good)] == ["doctor-discord-away"]


async def test_the_doctor_finds_places_that_the_bot_does_not_see(settings: MakeSettings) -> None:
    """Each id of the settings that is no server or channel of the bot's, where it would be mute, is told; those that are one are not."""
    async with DiscordWithGuilds() as discord:
        served = {"discord_servers": f"{discord.guild.id},998", "discord_channels": f"{discord.channel.id},999"}
        found = await found_by_doctor(tuned(settings(**served), discord))
        discord.world.remove_guild(discord.guild)
        alone = await found_by_doctor(tuned(settings(**served), discord))

    assert [("fault", "DISCORD_SERVERS", "998"), ("fault", "DISCORD_CHANNELS", "999")] == [
        (each.state, *each.details.values()) for each in found if each.key == "doctor-discord-unseen"
    ]
    assert ["doctor-discord-good", "doctor-discord-alone"] == [each.key for each in alone]


async def test_a_start_tells_of_places_that_the_bot_does_not_see(tmp_path: Path) -> None:
    """Whoever starts a bot that would answer nowhere reads so in one sentence."""
    async with DiscordWithGuilds() as discord:
        ways = {"DISCORD_TOKEN": discord.knobs.token, "DISCORD_API_URL": discord.url, "DISCORD_CHANNELS": "999", "PROFOND_COURSE": str(NETWORKS)}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "ignore", "-m", "bots", "discord"),
            cwd=tmp_path, env=os.environ | ways | {"PYTHONPATH": str(ROOT)}, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stderr is not None
        try:
            told = await asyncio.wait_for(process.stderr.readline(), WITHIN)
        finally:
            process.terminate()
            await process.wait()

    assert "sous le numéro 999 de DISCORD_CHANNELS" in told.decode()


async def test_other_places_are_not_served(discord: DiscordServer, settings: MakeSettings, lea: User) -> None:
    """Questions elsewhere are sent to the teacher; threads belong to their channel; other servers and direct messages may be off."""
    other_guild = discord.add_guild("Ailleurs")
    places = {"elsewhere": discord.add_channel("ailleurs"), "abroad": discord.add_channel("questions", other_guild)}
    allowed = {"discord_channels": f"{discord.channel.id},{places['abroad'].id}", "discord_servers": discord.guild.id, "discord_dms": False}
    async with a_class(discord, settings(**allowed)):
        for channel in places.values():
            asked = await discord.slash(lea, "ask", {"question": QUESTION}, channel=channel)
            assert "Je ne réponds pas dans ce salon" in await asked.read()
            assert (await asked.ack()).ephemeral
            said = await discord.say(lea, channel, QUESTION, mention=True)
            assert "Je ne réponds pas dans ce salon" in await said.read()
        thread = await discord.make_thread(lea, "fil")
        inside = await discord.say(lea, thread, QUESTION, mention=True)
        await inside.read("Sources")
        await (await discord.slash(lea, "ask", {"question": QUESTION}, channel=thread)).read("Sources")
        await discord.say(lea, discord.direct(lea), QUESTION)
        with pytest.raises(Impossible):
            await discord.slash(lea, "ask", {"question": QUESTION}, channel=discord.direct(lea))
        await (await discord.slash(lea, "usage")).read()
        assert [message.author for message in discord.direct(lea).messages.values()] == [lea]


async def test_a_role_may_have_no_limit(discord: DiscordServer, settings: MakeSettings, lea: User) -> None:
    """Whoever has the role is never refused, by command or by message."""
    member_json, role = type(discord.guild).member_json, discord.guild.bot_role

    def with_role(guild: Guild, user: User) -> Json:
        return {**member_json(guild, user), "roles": [role]}

    plain, user_json = discord.user("Adam"), User.member_json
    with (
        patch.object(type(discord.guild), "member_json", with_role),
        patch.object(User, "member_json", lambda user, at, roles=(): user_json(user, at, [role])),
    ):
        async with a_class(discord, settings(discord_exempt_roles=role, allowance_size=1)) as room:
            for _ in range(2):
                await room.answered(lea)
            said = await discord.say(lea, text=QUESTION, mention=True)
            await said.read("Sources")
            assert "Pas de limite" in await (await discord.slash(lea, "usage")).read()
    async with a_class(discord, settings(discord_exempt_roles=role, allowance_size=1)) as room:
        await room.answered(plain)
        assert "la prochaine" in await (await discord.slash(plain, "ask", {"question": QUESTION})).read("prochaine")


@pytest.mark.parametrize(("recommended", "chosen", "expected"), [(2, None, 2), (1, 2, 2)])
async def test_shards_are_as_recommended_or_as_set(settings: MakeSettings, recommended: int, chosen: int | None, expected: int) -> None:
    """The bot connects as many shards as Discord says, or as the setting says, and answers on each."""
    async with DiscordServer(shards=recommended) as discord:
        with patch("discord.client.asyncio.sleep", _no_sleep):
            async with a_class(discord, settings(discord_shards=chosen)) as room:
                await discord.ready(shards=expected)
                assert sorted(session.shard for session in discord.gateway.live) == [(number, expected) for number in range(expected)]
                assert "Sources" in (await room.answered(discord.user("Léa"))).text


async def _no_sleep(seconds: float) -> None:
    await _sleep(min(seconds, 0.02))


_sleep = asyncio.sleep


async def test_the_library_remembers_no_message_and_no_view(room: Class, discord: DiscordServer, lea: User) -> None:
    """After answers, pages and forms nothing of them is left: neither views, nor forms, nor messages, nor tasks."""
    asked = await room.answered(lea)
    form = await discord.press(lea, (await _page(discord, lea)), "about:convolution")
    await (await discord.submit_modal(lea, form, {"text": "c'est quoi ?"})).read("Sources")
    await (await room.chosen(lea, asked.messages[0], "Plus poussé")).read("Sources")
    await room.settled()
    state = room.bot._connection
    assert state._view_store._synced_message_views == {}
    assert state._view_store._views == {}
    assert state._view_store._modals == {}
    assert state._messages is None
    assert room.bot.pace._writing.total() == 0
    gc.collect()
    assert len(room.bot.asking._orders) == 0


async def _page(discord: DiscordServer, user: User) -> Message:
    asked = await discord.slash(user, "topic", {"card": "convolution"})
    await asked.read("###")
    return asked.messages[0]


def spec_check() -> ModuleType:
    """Return the judge, where it is."""
    found = importlib.util.spec_from_file_location("spec_check", CONTRACT / "spec_check.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["spec_check"] = module
    found.loader.exec_module(module)
    return module


@pytest.mark.skipif(not CONTRACT.exists(), reason="the descriptions are not here")
async def test_what_the_bot_sends_is_as_discord_describes_it(room: Class, discord: DiscordServer, lea: User) -> None:
    """Every request of a whole tour is judged by Discord's own description; only the library's own way of writing replies offends."""
    asked = await room.answered(lea)
    await (await room.chosen(lea, asked.messages[0], "Continuer dans un fil")).read("Le fil")
    said = await discord.say(lea, text=QUESTION, mention=True)
    await said.read("Sources")
    private = await room.answered(lea, "c'est quoi le dropout ?", private=True)
    preview = await room.chosen(lea, private.messages[0], "Partager à la classe (anonyme)")
    await preview.read("sans ton nom")
    await discord.press(lea, preview.messages[0], "Publier pour la classe")
    await preview.until(lambda _: "publié" in preview.messages[0].text)
    for name in ("topic", "help", "privacy", "mydata", "forget", "usage", "level"):
        await (await discord.slash(lea, name)).read()
    await discord.autocomplete(lea, "topic", "card", "conv")
    report = await room.chosen(lea, asked.messages[0], "Signaler une erreur")
    await report.form()
    await room.settled()
    spec = spec_check().Spec.load("discord_openapi_v10.json", prefix="/api/v10")
    offences = [each for each in discord.offences(spec) if not any(known in each for known in KNOWN_OFFENCES)]
    assert offences == []
    assert sum(discord.limits.over.values()) == 0


async def test_thirty_at_once_are_acknowledged_in_time_without_a_429(room: Class, discord: DiscordServer) -> None:
    """Thirty commands in one channel at one moment: each acknowledged and answered, none slowed down."""
    course = load_course(room.profond.course.folder)
    questions = [f"c'est quoi {card.title} ?" for card in course.cards[:30]]
    asked = [await discord.slash(discord.user(f"É{number}"), "ask", {"question": each}) for number, each in enumerate(questions)]
    for each in asked:
        await each.read("-# ", within=30)
    await room.settled()
    assert {(await each.ack()).kind for each in asked} == {"deferred"}
    assert sum(discord.limits.over.values()) == 0
    assert json.dumps(dict(discord.limits.over)) == "{}"


class Passing:
    """A face that notes how much the collector of garbage passes over, and is gone."""

    name = "passing"
    passed_over = 0

    async def run(self) -> None:
        self.passed_over = gc.get_freeze_count()

    async def finish(self, left: Left) -> None:
        raise AssertionError(left)

    async def apologise(self, left: Left) -> None:
        raise AssertionError(left)

    def is_ready(self) -> bool:
        return True


async def test_what_stays_is_not_searched_for_garbage(settings: MakeSettings) -> None:
    """A search through the course's index and the libraries would stand still for a class that asks at one moment."""
    face = Passing()
    async with open_profond(settings()) as profond:
        try:
            await live(profond, face)
        finally:
            gc.unfreeze()
    assert face.passed_over > 100_000


async def test_a_whole_class_mentions_the_bot_in_one_channel_without_a_429(room: Class, discord: DiscordServer) -> None:
    """The channel takes a few messages at a time: the others wait their turn, and Discord never has to say so."""
    for bucket in ("message-create", "message-edit"):
        discord.limits.buckets[bucket] = (5, 0.25)
    questions = [f"c'est quoi {card.title} ?" for card in room.profond.course.cards[:40]]
    said = [await discord.say(discord.user(f"É{number}"), text=each, mention=True) for number, each in enumerate(questions)]
    for each in said:
        await each.read("-# ", within=30)
    await room.settled()
    assert dict(discord.limits.over) == {}
    assert [len(each.messages) for each in said] == [1] * len(said)


def test_the_index_of_the_tests_is_the_real_one() -> None:
    """What the tests share is what the program loads."""
    course = load_course(Settings(_env_file=None).course_folder)
    assert index_of(course).search("convolution").passages[0].card_id == "convolution"
