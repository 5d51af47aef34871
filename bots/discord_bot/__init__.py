"""Discord: the class server's assistant."""

from bots.discord_bot.checking import check_token
from bots.discord_bot.running import DiscordFace, invite_link

__all__ = ["DiscordFace", "check_token", "invite_link"]
