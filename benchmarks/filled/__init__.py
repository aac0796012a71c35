"""Stores with many runs, filled by the fastest honest way of each tool; and MLflow made ready.

Every run has the same five parameters, three metrics and two tags on each side. Ours are written
as the catalog's writers write them, MLflow's as it does, but as rows of many runs at once, because
the interfaces of both wait for the disk several times a run.
"""

from filled.ours import fill_lineal
from filled.theirs import fill_mlflow, mlflow_in
from filled.wanted import METRICS, Wanted, wanted

__all__ = ["METRICS", "Wanted", "fill_lineal", "fill_mlflow", "mlflow_in", "wanted"]
