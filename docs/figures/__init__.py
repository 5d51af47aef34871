"""The pictures of the course, drawn from numbers: `python -m docs.figures [NAME...]`."""
