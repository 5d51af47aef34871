"""The edges: one file per place where people talk. An adapter translates, the core decides."""
