"""Everything that lineal raises, in one tree.

    LinealError
    ├── UserError                     a mistake that its maker can mend: exit code 2
    │   ├── DeclarationError          a task or pipeline declared in a way that can't work
    │   ├── ParameterError            an unknown, missing or ill-typed parameter
    │   ├── MissingFileError          a path that names nothing
    │   ├── ReferenceNotFound         a run, step or artifact that nothing answers to
    │   ├── AmbiguousReference        a reference that several things answer to
    │   ├── FilterError               a search that can't be understood
    │   ├── RegistryRefusal           a name, version or deployment that can't be as asked
    │   │   └── GateFailed            a version that does not pass the gates of its model
    │   └── ConfigurationError        a setting that can't be used
    ├── UnhashableError               a value whose content can't be identified soundly
    ├── StepError                     a step that did not succeed: exit code 1
    │   ├── StepFailed                its function raised
    │   ├── StepTimeout               it took longer than it may
    │   ├── WrongOutputs              it returned other outputs than it declares
    │   ├── MutatedInput              it changed a value it was given
    │   ├── UndeclaredInput           it read what it does not take
    │   ├── OutputNotStorable         it returned what no codec can keep
    │   └── RunCancelled              somebody stopped the run
    ├── ReplayError                   a past run that could not be run again
    │   ├── ReplayFailed              its process broke down
    │   └── EnvironmentNotBuilt       its packages can't be had here
    ├── EndpointRefused               a server did not take what it was sent
    └── StoreError                    the store can't do what is asked of it
        ├── StoreVersionError         written by a newer lineal
        ├── StoreUnwritable           read-only, full, or not ours to write
        │   └── RunNotRecorded            while a run was going on
        ├── BlobMissing               bytes that should be there are not
        ├── BlobCorrupt               bytes that are not what their address says
        ├── UntrustedPickle           loading would run code from a store that is not trusted
        ├── FrozenRunRefused          a file that is not a frozen run as it was written
        └── CatalogBusy               another process holds the catalog for too long

Each kind's docstring is its default message. A message is one paragraph that names
the thing and the remedy.
"""

from __future__ import annotations

from typing import ClassVar


class LinealError(Exception):
    """Something went wrong inside lineal."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class UserError(LinealError):
    """What was asked can't be done as it was asked; change it and try again."""

    exit_code = 2


class DeclarationError(UserError):
    """This can't be declared as a task or pipeline; declare a plain function instead."""


class ParameterError(UserError):
    """A parameter is unknown, missing or of the wrong type; see the function's signature."""


class MissingFileError(UserError):
    """A path names nothing; check its spelling and the working directory."""


class ReferenceNotFound(UserError):
    """Nothing answers to this reference; `lineal runs` lists the runs there are."""


class AmbiguousReference(UserError):
    """Several things answer to this reference; give more of it."""


class FilterError(UserError):
    """A search can't be understood; an example is: metrics.auc > 0.9 and params.depth = '3'."""


class RegistryRefusal(UserError):
    """The registry refuses this, and has changed nothing; `lineal model show` says why."""


class GateFailed(RegistryRefusal):
    """A version does not pass the gates of its model; `--override` deploys it all the same."""


class ConfigurationError(UserError):
    """A setting can't be used; correct it in the file or variable that is named."""


class UnhashableError(LinealError):
    """A value can't be identified by its content.

    Attributes:
        where: The path to the culprit inside the value, such as ``.callbacks[2]``.
        reason: Why it has no sound digest, as a clause.
        remedy: What its owner can do, as a sentence.
    """

    def __init__(self, where: str, reason: str, remedy: str) -> None:
        super().__init__(
            f"{where or 'The value'} can't be identified by its content: {reason}. {remedy}"
        )
        self.where = where
        self.reason = reason
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[UnhashableError], tuple[str, str, str]]:
        return type(self), (self.where, self.reason, self.remedy)


class StepError(LinealError):
    """A step did not succeed; `lineal log RUN` shows what it printed."""


class StepFailed(StepError):
    """A step's function raised; the traceback above is the function's own."""


class StepTimeout(StepError):
    """A step took longer than its `timeout` allows; give it more, or make it faster."""


class WrongOutputs(StepError):
    """A step returned other outputs than its `outputs` declares; make the two agree."""


class MutatedInput(StepError):
    """A step changed a value it was given; let it work on a copy."""


class UndeclaredInput(StepError):
    """A step read what it does not take as an argument, in a run that allows none of that."""


class OutputNotStorable(StepError):
    """A step returned what can't be kept; return plain data, or declare `persist=False`."""


class RunCancelled(StepError):
    """The run was cancelled; what had finished is kept, and running again goes on from there."""

    exit_code = 130


class ReplayError(LinealError):
    """A past run could not be run again; nothing is proved of it, neither way."""


class ReplayFailed(ReplayError):
    """The process of a replay ended without an answer; what it printed says why."""


class EnvironmentNotBuilt(ReplayError):
    """The recorded environment can't be built here; replay with --env current."""


class EndpointRefused(LinealError):
    """A server did not take what it was sent; see that it runs, and try again."""


class StoreError(LinealError):
    """The store can't do what is asked of it."""


class StoreVersionError(StoreError):
    """The store was written by a newer lineal; upgrade this one to open it."""

    exit_code = 2


class StoreUnwritable(StoreError):
    """The store can't be written; check the permissions and the space left on its disk."""

    exit_code = 2


class RunNotRecorded(StoreUnwritable):
    """A run could not be recorded to its end; what it recorded before is kept."""

    exit_code = 1


class BlobMissing(StoreError):
    """Bytes that the catalog names are not in the store; running the step again remakes them."""


class BlobCorrupt(StoreError):
    """Stored bytes are not what their address says; they are never returned as data."""


class UntrustedPickle(StoreError):
    """Loading this value would run code; only a store that is trusted may do that."""

    exit_code = 2


class FrozenRunRefused(StoreError):
    """The file is not a frozen run as it was written; nothing of it was taken in."""


class CatalogBusy(StoreError):
    """Another process has held the catalog for too long; try again when it has finished."""
