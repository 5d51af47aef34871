"""A local Slack that the real clients talk to: it enforces the platform's rules, records everything and lets a test act as students."""

from tests.servers.slack.server import SlackServer
from tests.servers.slack.state import BOT_ID, BOT_USER, GENERAL, TEAM, Message, Refused, SlackError, View
from tests.servers.slack.students import Handle
from tests.servers.slack.web_api import Fault, Request

__all__ = ["BOT_ID", "BOT_USER", "GENERAL", "TEAM", "Fault", "Handle", "Message", "Refused", "Request", "SlackError", "SlackServer", "View"]
