"""The rule language of segments: JSON in, a checked tree of rules out.

It is described for people in docs/campaigns.md, "Segments"; `campaigns.queries.segments` turns the
tree into a database query.
"""

from campaigns.segments.reading import parse_rules, validate_rules
from campaigns.segments.rules import SegmentError

__all__ = ["SegmentError", "parse_rules", "validate_rules"]
