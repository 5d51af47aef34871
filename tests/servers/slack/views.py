"""Modals and home tabs."""

from tests.servers.slack.calls import Call, method
from tests.servers.slack.rules import check_view, named
from tests.servers.slack.shapes import view_json
from tests.servers.slack.state import Json, SlackError, View, Workspace

TRIGGER_SECONDS = 3.0
MOST_MODALS = 3


def exchange(space: Workspace, trigger_id: str) -> str:
    """Use a trigger once; return whose it is."""
    trigger = space.triggers.get(trigger_id)
    if trigger is None:
        raise SlackError("invalid_trigger_id")
    if trigger.is_used:
        raise SlackError("exchanged_trigger_id")
    if space.clock.now() - trigger.born > TRIGGER_SECONDS:
        raise SlackError("expired_trigger_id")
    trigger.is_used = True
    return trigger.user


def new_view(space: Workspace, user: str, body: Json, previous: View | None = None) -> View:
    """Take a view in."""
    view = View(space.new_id("V"), user, {**body, "blocks": named(body["blocks"], space)}, hash=space.new_id("h"))
    view.root = previous.root if previous else view.id
    view.previous = previous.id if previous else None
    space.views[view.id] = view
    space.bell.ring()
    return view


def replace(space: Workspace, view: View, body: Json) -> None:
    """Show something else in a view."""
    view.body, view.hash = {**body, "blocks": named(body["blocks"], space)}, space.new_id("h")
    space.bell.ring()


@method("views.open", "trigger_id", "view")
def open_view(call: Call) -> Json:
    """Open a modal for whoever caused the trigger."""
    body = check_view(call.params["view"], "modal")
    user = exchange(call.space, str(call.params["trigger_id"]))
    view = new_view(call.space, user, body)
    call.space.modals[user] = [view]
    return {"ok": True, "view": view_json(view)}


@method("views.push", "trigger_id", "view")
def push_view(call: Call) -> Json:
    """Put a modal over the one that is open."""
    body = check_view(call.params["view"], "modal")
    user = exchange(call.space, str(call.params["trigger_id"]))
    stack = call.space.modals.get(user) or []
    if not stack:
        raise SlackError("not_found")
    if len(stack) >= MOST_MODALS:
        raise SlackError("push_limit_reached")
    stack.append(new_view(call.space, user, body, stack[-1]))
    return {"ok": True, "view": view_json(stack[-1])}


@method("views.update", "view")
def update_view(call: Call) -> Json:
    """Change a view that is open."""
    wanted, external = str(call.params.get("view_id") or ""), call.params.get("external_id")
    view = call.space.views.get(wanted) or next(
        (view for view in call.space.views.values() if external and view.body.get("external_id") == external), None
    )
    if view is None or not any(view in stack for stack in [*call.space.modals.values(), list(call.space.homes.values())]):
        raise SlackError("not_found")
    if call.params.get("hash") not in {None, "", view.hash}:
        raise SlackError("hash_conflict")
    replace(call.space, view, check_view(call.params["view"], "modal", "home"))
    return {"ok": True, "view": view_json(view)}


@method("views.publish", "user_id", "view")
def publish(call: Call) -> Json:
    """Set a person's home tab."""
    user = call.space.user(str(call.params["user_id"]))
    body = check_view(call.params["view"], "home")
    view = call.space.homes.get(user.id)
    if view is None:
        view = call.space.homes[user.id] = new_view(call.space, user.id, body)
    elif call.params.get("hash") not in {None, "", view.hash}:
        raise SlackError("hash_conflict")
    else:
        replace(call.space, view, body)
    return {"ok": True, "view": view_json(view)}
