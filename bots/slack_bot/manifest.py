"""The app's manifest: what Slack is to give the bot, and no more than the features that are on need."""

import json
from typing import Any

from bots.slack_bot.commands import EXPLAIN
from bots.slack_bot.home import LONGEST_PROMPT, MOST_PROMPTS
from bots.slack_bot.look import cut
from core.knowledge import CourseInfo
from core.settings import Settings
from core.words import words_in

NAME = "Profond"
SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "im:history",
    "users:read",
)
THREAD_SCOPES = ("channels:history", "groups:history")
EVENTS = ("agent_session_stopped", "app_home_opened", "app_mention", "message.im")
THREAD_EVENTS = ("message.channels", "message.groups")
LONGEST_DESCRIPTION = 140
PLACE = "https://HOST/slack/events"
"""Where HTTP mode listens; whoever installs the bot puts their own host there."""


def scopes(settings: Settings) -> tuple[str, ...]:
    """Return the scopes that the bot token needs."""
    return (*SCOPES, *(THREAD_SCOPES if settings.slack_thread_replies else ()))


def manifest(settings: Settings, info: CourseInfo, *, is_http: bool = False) -> str:
    """Return the manifest as JSON."""
    events = sorted((*EVENTS, *(THREAD_EVENTS if settings.slack_thread_replies else ())))
    url = {"request_url": PLACE} if is_http else {}
    made: dict[str, Any] = {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {"name": NAME, "description": cut(info.title, LONGEST_DESCRIPTION)},
        "features": _features(settings, info, is_http=is_http),
        "oauth_config": {"scopes": {"bot": sorted(scopes(settings))}},
        "settings": {
            "event_subscriptions": {**url, "bot_events": events},
            "interactivity": {"is_enabled": True, **url},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not is_http,
            "token_rotation_enabled": False,
        },
    }
    return json.dumps(made, ensure_ascii=False, indent=2)


def _features(settings: Settings, info: CourseInfo, *, is_http: bool) -> dict[str, Any]:
    words = words_in(settings.profond_lang)
    url = {"url": PLACE} if is_http else {}
    commands = [
        {"command": "/ask", "description": words("command-ask"), "usage_hint": words("slack-hint-ask")},
        {"command": "/level", "description": words("command-level"), "usage_hint": words("slack-hint-level")},
        {"command": "/cours", "description": words("command-topic"), "usage_hint": words("slack-hint-topic")},
        {"command": "/profond", "description": words("command-help"), "usage_hint": "ask | topic | level | usage | mydata | forget | privacy | help"},
    ]
    explain = words("slack-explain")
    prompts = [{"title": cut(question, LONGEST_PROMPT), "message": question} for question in info.example_questions[:MOST_PROMPTS]]
    return {
        "agent_view": {"agent_description": cut(info.title, LONGEST_DESCRIPTION), "suggested_prompts": prompts},
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "bot_user": {"display_name": NAME, "always_online": True},
        "shortcuts": [{"name": explain, "type": "message", "callback_id": EXPLAIN, "description": words("command-explain")}],
        "slash_commands": [{**command, "should_escape": False, **url} for command in commands],
    }
