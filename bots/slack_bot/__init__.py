"""Slack: the class workspace's assistant."""

from bots.slack_bot.manifest import manifest
from bots.slack_bot.running import SlackFace, check_token, run_slack

__all__ = ["SlackFace", "check_token", "manifest", "run_slack"]
