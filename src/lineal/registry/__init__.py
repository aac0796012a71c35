"""The registry: register, judge, deploy and roll back model versions."""

from .declared import Declared, carry_out, register_output
from .registry import Registry

__all__ = ["Declared", "Registry", "carry_out", "register_output"]
