"""Agents: what is shown while the bot works, suggested prompts, sessions."""

from tests.servers.slack.calls import Call, method
from tests.servers.slack.state import Json, SlackError
from tests.servers.slack.streams import STATUSES

MOST_PROMPTS = 4


@method("assistant.threads.setStatus", "channel_id", "thread_ts")
def set_status(call: Call) -> Json:
    """Show what the bot does, until it posts in the thread or sends an empty status."""
    channel = call.postable("channel_id")
    status = str(call.params.get("status") or "")
    for text in [status, *(call.params.get("loading_messages") or [])]:
        call.space.statuses.append((channel.id, str(call.params["thread_ts"]), text))
    call.space.bell.ring()
    return {"ok": True}


@method("assistant.threads.setSuggestedPrompts", "channel_id", "prompts")
def set_suggested_prompts(call: Call) -> Json:
    """Suggest up to four prompts; for an agent a call with a thread says ok and does nothing."""
    channel, prompts = call.postable("channel_id"), call.params["prompts"]
    if not isinstance(prompts, list) or not all(isinstance(prompt, dict) and prompt.get("title") and prompt.get("message") for prompt in prompts):
        raise SlackError("invalid_arguments")
    if len(prompts) > MOST_PROMPTS:
        raise SlackError("too_many_prompts")
    if channel.kind != "im":
        raise SlackError("channel_type_not_supported")
    if not call.params.get("thread_ts"):
        call.space.prompts[channel.id] = prompts
        call.space.bell.ring()
    return {"ok": True}


@method("assistant.threads.setTitle", "channel_id", "thread_ts", "title")
def set_title(call: Call) -> Json:
    """Name a thread of a direct conversation."""
    channel = call.postable("channel_id")
    if channel.kind != "im":
        raise SlackError("channel_type_not_supported")
    call.space.sessions.setdefault((channel.id, str(call.params["thread_ts"])), {})["title"] = call.params["title"]
    return {"ok": True}


@method("agents.sessions.setStatus", "channel_id", "status", "thread_ts")
def set_session_status(call: Call) -> Json:
    """Set a session's status, which creates the session; without the event there is no Stop button, only a warning."""
    channel, status = call.postable("channel_id"), call.params["status"]
    title = str(call.params.get("title") or "")
    if status not in STATUSES or len(title) > 200:
        raise SlackError("invalid_arguments")
    session = call.space.sessions.setdefault((channel.id, str(call.params["thread_ts"])), {"title": title})
    session["status"] = status
    call.space.bell.ring()
    is_heard = "agent_session_stopped" in call.space.app.events
    warning = {} if is_heard else {"warning": "missing_agent_session_stopped_event_subscription"}
    return {"ok": True, "status": status, "agent_status": status, "title": session.get("title", ""), **warning}


@method("agents.sessions.rename", "channel_id", "title", "thread_ts")
def rename_session(call: Call) -> Json:
    """Rename a session."""
    channel = call.postable("channel_id")
    session = call.space.sessions.get((channel.id, str(call.params["thread_ts"])))
    if session is None:
        raise SlackError("session_not_found")
    session["title"] = call.params["title"]
    return {"ok": True, "title": session["title"]}
