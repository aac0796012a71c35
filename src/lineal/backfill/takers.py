"""Who takes events: a file of JSON lines, or an OpenLineage endpoint over HTTP.

Both remember which runs they have taken whole, so that what was interrupted goes on where it
stopped and nothing is handed over twice: a file by what stands in it, an endpoint, which
can't be asked, by a note in the store.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2s
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from lineal.errors import EndpointRefused, StoreUnwritable, UserError

Event = Mapping[str, Any]
ENDPOINT = "api/v1/lineage"
"""Where OpenLineage's API is, when a URL names only the server."""
_ENDS = ("COMPLETE", "FAIL", "ABORT")
_SECONDS = 30.0
_BEGINNING = b'{"event'
"""How every line begins that is written here."""


class Taker(Protocol):
    """Takes the events of runs."""

    @property
    def name(self) -> str:
        """What it is called in messages; holds no secret."""

    def has(self, run: str) -> bool:
        """Whether it has taken all there is of a run, by the run's UUID."""

    def take(self, run: str, events: Sequence[Event], *, whole: bool) -> int:
        """Take the events of a run; what it returns of is durable there.

        Args:
            run: The run's UUID.
            events: In order.
            whole: Whether the run has ended, so that nothing more will come of it.

        Returns:
            How many were new to it.

        Raises:
            EndpointRefused: it does not take them.
            StoreUnwritable: they, or a note of them, can't be written.
        """

    def close(self) -> None:
        """Let go of it."""


def taker_at(place: str, notes: Path, key: str | None) -> Taker:
    """What takes events at a place.

    Args:
        place: ``http://`` or ``https://`` and a server, with the path of its API where that is
            another than OpenLineage's; or a file.
        notes: A folder for notes of what endpoints have taken.
        key: An API key for the endpoint.

    Raises:
        UserError: there can be none at this place.
    """
    if place.startswith(("http://", "https://")):
        return Endpoint(place, notes, key)
    if "://" in place:
        raise UserError(
            f"Events can't be sent to {place!r}; give the http:// or https:// URL of an"
            " OpenLineage endpoint, or a file."
        )
    return Lines(Path(place))


class Lines:
    """A file with an event in each line; one that is there is added to.

    Raises:
        UserError: it can't be written, or holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._there: set[tuple[str, str]] = set()
        try:
            self._file: IO[bytes] = path.open("a+b")
        except OSError as problem:
            raise UserError(f"{path} can't be written: {problem.strerror}.") from None
        try:
            self._read()
        except BaseException:
            self._file.close()
            raise

    def has(self, run: str) -> bool:
        """A run's own last event is written after all others of the run."""
        return any((run, state) in self._there for state in _ENDS)

    def take(self, run: str, events: Sequence[Event], *, whole: bool) -> int:  # noqa: ARG002
        """Add the lines that are not there yet."""
        new = [event for event in events if _mark(event) not in self._there]
        lines = [json.dumps(event, ensure_ascii=False, allow_nan=False) for event in new]
        try:
            self._file.write("".join(f"{line}\n" for line in lines).encode())
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as problem:
            raise StoreUnwritable(f"{self.name} can't be written: {problem.strerror}.") from None
        self._there.update(map(_mark, new))
        return len(new)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self) -> None:
        """Note what is there; a last line that was not written to its end is taken away."""
        self._file.seek(0)
        place = 0
        for number, line in enumerate(self._file, 1):
            try:
                mark = _mark(json.loads(line))
            except (ValueError, KeyError, TypeError):
                mark = None
            torn = not line.endswith(b"\n")
            if mark is None and not (torn and line.startswith(_BEGINNING)):
                raise UserError(
                    f"{self.name} holds something else than OpenLineage events in line {number};"
                    " name a file that is not there yet."
                )
            if torn:
                self._file.truncate(place)
                return
            if mark is not None:
                self._there.add(mark)
            place += len(line)


class Endpoint:
    """An OpenLineage endpoint, with a note in the store of what it has taken."""

    def __init__(self, url: str, notes: Path, key: str | None) -> None:
        from openlineage.client.transport.http import (
            ApiKeyTokenProvider,
            HttpConfig,
            HttpTransport,
            TokenProvider,
        )

        parts = urlsplit(url)
        if not parts.hostname:
            raise UserError(f"The URL {url!r} names no server.")
        path = parts.path if parts.path.strip("/") else f"/{ENDPOINT}"
        at = parts.netloc.rpartition("@")[2]
        self.name = urlunsplit((parts.scheme, at, path, "", ""))
        auth = ApiKeyTokenProvider({"apiKey": key}) if key else TokenProvider({})
        retry = {
            "total": 4, "backoff_factor": 0.3, "status_forcelist": [500, 502, 503, 504],
            "allowed_methods": ["POST"],
        }  # fmt: skip
        self._transport = HttpTransport(
            HttpConfig(
                url=urlunsplit((parts.scheme, parts.netloc, "", "", "")),
                endpoint=urlunsplit(("", "", path, parts.query, "")),
                timeout=_SECONDS,
                auth=auth,
                retry=retry,
            )
        )
        self._note = notes / f"{blake2s(self.name.encode()).hexdigest()[:16]}.txt"
        self._taken = set(_lines(self._note))

    def has(self, run: str) -> bool:
        """Whether it was noted."""
        return run in self._taken

    def take(self, run: str, events: Sequence[Event], *, whole: bool) -> int:
        """Send the events, and note the run once all of them are acknowledged."""
        from requests import RequestException

        for event in events:
            try:
                self._transport.emit(dict(event))  # type: ignore[arg-type]
            except RequestException as problem:
                raise EndpointRefused(self._complaint(problem)) from None
        if whole:
            self._write(run)
        return len(events)

    def close(self) -> None:
        """Close its connections."""
        self._transport.close()

    def _complaint(self, problem: Any) -> str:
        if problem.response is None:
            return f"{self.name} can't be reached ({type(problem).__name__})."
        status = problem.response.status_code
        said = " ".join(problem.response.text.split())[:200]
        told = f"{self.name} answered {status} {problem.response.reason}" + (
            f": {said}." if said else "."
        )
        if status in (401, 403):
            told += " LINEAL_OPENLINEAGE_API_KEY holds the key that is sent."
        return told

    def _write(self, run: str) -> None:
        try:
            self._note.parent.mkdir(exist_ok=True)
            new = not self._note.exists()
            with self._note.open("a", encoding="utf-8") as note:
                note.write(f"# {self.name}\n{run}\n" if new else f"{run}\n")
                note.flush()
                os.fsync(note.fileno())
        except OSError as problem:
            raise StoreUnwritable(
                f"What {self.name} has taken can't be noted in {self._note}: {problem.strerror}."
            ) from None
        self._taken.add(run)


def _mark(event: Event) -> tuple[str, str]:
    return str(event["run"]["runId"]), str(event["eventType"])


def _lines(path: Path) -> Iterable[str]:
    """The lines of a note; the last, if it was not written to its end, is no run's id."""
    return path.read_text("utf-8").split("\n")[:-1] if path.exists() else ()
