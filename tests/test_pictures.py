"""The pictures of conversations: what they show is what the bot sends now."""

import json

from PIL import Image

from docs.pictures.__main__ import FOLDER, FROM, HELD, fingerprint
from docs.pictures.held import all_held
from docs.pictures.page import DARK, LIGHT, page

ROOT = FOLDER.parents[1]


async def test_the_bot_still_says_what_the_pictures_show() -> None:
    """The same questions, asked anew, bring the same texts, pictures and buttons, in Discord and in Slack; else `just pictures`."""
    assert json.loads(HELD.read_text(encoding="utf-8")) == await all_held()


def test_each_picture_is_of_the_conversation_beside_it() -> None:
    """A picture carries the fingerprint of what it was drawn from, and the README shows it on its ground."""
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    for platform, conversation in json.loads(HELD.read_text(encoding="utf-8")).items():
        for ground in (DARK, LIGHT):
            file = FOLDER / f"{platform}-{ground}.png"
            with Image.open(file) as picture:
                assert fingerprint(conversation) == picture.info[FROM]
            assert file.relative_to(ROOT).as_posix() in shown


def test_a_page_holds_every_word_that_was_sent() -> None:
    """No text, label or picture of a conversation is left out of its page."""
    for platform, conversation in json.loads(HELD.read_text(encoding="utf-8")).items():
        drawn = page(platform, DARK, conversation)
        parts = [part for message in conversation["messages"] for part in message.get("parts", [])]
        labels = [label for part in parts for label, _ in part.get("buttons", [])]
        words = [word for part in parts for word in part.get("text", "").replace("*", " ").split() if word.isalpha()]

        assert labels
        assert [] == [each for each in (*labels, *words) if each not in drawn.replace("&#x27;", "'")]
        assert sum("picture" in part for part in parts) == drawn.count("<img ")
