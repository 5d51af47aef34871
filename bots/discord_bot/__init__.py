"""Discord: the class server's assistant."""

from bots.discord_bot.checking import UNSEEN, check_token
from bots.discord_bot.running import DiscordFace, invite_link

__all__ = ["UNSEEN", "DiscordFace", "check_token", "invite_link"]
