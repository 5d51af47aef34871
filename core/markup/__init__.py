"""What a model or a card wrote, made fit for a chat. Model text is never trusted.

`clean` is the one rendering; `Growing` shows of a text that is still being written what will never be rendered otherwise,
so that a stream never has to take anything back. Both read line by line. In a line, what is code, a formula, a link or a
source number is rendered and put aside; tags are taken out until none is left; and what has been put together again is
guarded once more, so that nothing dangerous can form where pieces meet. `watch.watched` notices a model that loops,
answers in another language or writes nothing.
"""

from core.markup.blocks import Block, blocks
from core.markup.growing import Growing, settled
from core.markup.mentions import defuse
from core.markup.page import clean
from core.markup.plain import plain
from core.markup.rules import Dialect, Rules, cited, is_allowed, links_in
from core.unseen import escaped, visible

__all__ = [
    "Block",
    "Dialect",
    "Growing",
    "Rules",
    "blocks",
    "cited",
    "clean",
    "defuse",
    "escaped",
    "is_allowed",
    "links_in",
    "plain",
    "settled",
    "visible",
]
