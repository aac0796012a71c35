"""References: what a user writes to name a thing; one grammar for commands and Python.

Runs and what they made:

    latest                the newest run
    12, #12               a run by its number
    3f9a…                 a run by its id or a unique beginning of it
    run:…                 the same, where it might be taken for something else
    NAME                  the newest run of this name
    RUN:STEP              the output of a step
    RUN:STEP.NAME         one of several outputs
    xxh3:ab12…, ab12…     an artifact by its digest or a unique beginning of it

Names that were given:

    fraud@v3              a version of a model
    transactions@v7       a version of a dataset
    fraud@production      what is deployed on a target, or has an alias

Places:

    data/x.csv, data/     the content that the file or folder has now; where that was never
                          read, the content that was read under this path
    train.py              the executions that ran code of this file
    scikit-learn==1.8.0   the executions that ran code with this package

As MLflow writes them:

    models:/fraud/3       a version
    models:/fraud@champion  an alias
    runs:/ID/model        an output of a run

What is written like a path (``/…``, ``./…``, ``../…``, ``~…``) is one. Anything else is a name, a
package or a run before it is a path, so a file called like a run is written ``./12``.
"""

from .behind import run_behind
from .grammar import locate, starting_point
from .outputs import Located

__all__ = ["Located", "locate", "run_behind", "starting_point"]
