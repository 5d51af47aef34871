# One word per task: `just` lists them. Needs https://just.systems; each line can also be typed by hand.
bin := if os_family() == "windows" { ".venv/Scripts" } else { ".venv/bin" }
base := if os_family() == "windows" { "py" } else { "python3" }

[private]
default:
    @just --list --unsorted

# Make the environment with everything for development.
install:
    {{base}} -m venv .venv
    {{bin}}/python -m pip install -q -e ".[dev]"

# Run the tests, all or those named: just test tests/test_search.py
test *names:
    {{bin}}/python -m pytest {{names}}

# Check style, import rules and format.
lint:
    {{bin}}/ruff check .
    {{bin}}/ruff format --check .

# Check types.
types:
    {{bin}}/mypy

# Check the course.
course:
    {{bin}}/profond kb check --strict

# Everything that must be green before a merge, from a clean checkout.
ci:
    bash .ci/run

# Draw the course's figures, all or those named.
figures *names:
    {{bin}}/python -m docs.figures {{names}}

# Hold the README's conversations with the local Discord and Slack, and draw them. Needs Chromium and the fonts Inter and Noto Color Emoji.
pictures:
    {{bin}}/python -m docs.pictures

# Run the benchmarks, all or one: just bench search
bench name="":
    {{bin}}/python -m benchmarks{{ if name == "" { "" } else { "." + name } }}

# Fill the privacy papers shown in docs/rgpd anew.
papers $MISTRAL_API_KEY="shown" $DISCORD_TOKEN="shown" $SLACK_BOT_TOKEN="shown" $SLACK_APP_TOKEN="shown":
    {{bin}}/profond privacy --output docs/rgpd --force
