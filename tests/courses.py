"""The courses that tests open: each is read and indexed once for all of them, since neither a course nor its index ever changes."""

from functools import cache
from pathlib import Path

from core.knowledge import Course, load_course
from core.search import SearchIndex

NETWORKS = Path(__file__).parent / "data" / "reseaux"
"""Six cards, which are read and indexed in no time."""
course_of = cache(load_course)
_made: list[tuple[tuple[object, ...], SearchIndex]] = []


def index_of(course: Course) -> SearchIndex:
    """Return the index of a course; courses that a search cannot tell apart share it."""
    read = (course.cards, course.outside, course.thresholds)
    for known, index in _made:
        if known == read:
            return index
    _made.append((read, SearchIndex(course)))
    return _made[-1][1]
