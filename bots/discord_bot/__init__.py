"""Discord: the class server's assistant."""

from bots.discord_bot.checking import check_token
from bots.discord_bot.running import invite_link, run_discord

__all__ = ["check_token", "invite_link", "run_discord"]
