"""The gateway's mark, a lamp that shines, for pages of any style."""

from __future__ import annotations

from heliograph.edge.markup import Html, Value, tag


def mark(**attributes: Value) -> Html:
    """The drawing, with the attributes that its page gives it."""
    lamp = tag("circle", cx=24, cy=24, r=8)
    rays = tag("path", d="M24 4v6M24 38v6M4 24h6M38 24h6M10 10l4 4M34 34l4 4M38 10l-4 4M14 34l-4 4")
    return tag("svg", lamp, rays, viewBox="0 0 48 48", aria_hidden="true", **attributes)
