"""Where some rows of data went: what still holds them, and what came of that."""

from .journeys import Following
from .trail import Found, Trail, Verdict

__all__ = ["Following", "Found", "Trail", "Verdict"]
