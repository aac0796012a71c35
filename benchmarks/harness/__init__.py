"""Measures lineal beside other tools, in turns, and keeps every sample.

A benchmark is a file of this folder's parent with a ``main(bench)`` that ends in ``run(main)``.
The clock, the statistics and the format of what is kept are pyperf's; the turns, the check that
the machine is quiet and the rows of a result are here.
"""

from harness.bench import Bench, installed
from harness.process import Command, Ended
from harness.running import run
from harness.sides import Side

__all__ = ["Bench", "Command", "Ended", "Side", "installed", "run"]
