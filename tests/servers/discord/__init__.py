"""A local Discord that the real discord.py speaks to over real sockets, and that keeps Discord's own rules.

    async with DiscordServer(message_content=False) as discord:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = discord.url, yarl.URL(discord.gateway_url)
        …                                              # the bot starts with discord.knobs.token
        lea = discord.user("Léa")
        asked = await discord.slash(lea, "ask", {"question": "C'est quoi une convolution ?"})
        assert (await asked.ack()).kind == "deferred"
        await asked.read("convolution")

By hand: `python -m tests.servers.discord --port 8011` prints its addresses as JSON and serves until it is killed.
"""

from tests.servers.discord.entities import Channel, Guild, Message, User
from tests.servers.discord.forms import Impossible
from tests.servers.discord.handles import Asked, NothingCameError, Said
from tests.servers.discord.limits import Fault
from tests.servers.discord.server import DiscordServer
from tests.servers.discord.world import Knobs

__all__ = ["Asked", "Channel", "DiscordServer", "Fault", "Guild", "Impossible", "Knobs", "Message", "NothingCameError", "Said", "User"]
