"""`profond setup`: asks for what is needed, tries it at once, writes `.env`, and starts the bot."""

from bots.setup.command import command

__all__ = ["command"]
