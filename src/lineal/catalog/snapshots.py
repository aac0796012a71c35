"""The snapshot of a run's code as the text of a column, and back."""

from __future__ import annotations

import json
from typing import Any

from lineal.digests.digest import Digest
from lineal.records import Artifact, CodeSnapshot, Stored


def snapshot_text(code: CodeSnapshot | None) -> str | None:
    """The snapshot as compact JSON with sorted keys; the order of arguments is kept apart."""
    if code is None:
        return None
    facts: dict[str, Any] = {
        "files": dict(code.files),
        "git_commit": code.git_commit,
        "git_branch": code.git_branch,
        "git_dirty": code.git_dirty,
        "git_patch": code.git_patch,
        "entry": code.entry,
        "import_paths": list(code.import_paths),
        "arguments": [[name, _facts(value)] for name, value in code.arguments.items()],
    }
    return json.dumps(facts, sort_keys=True, separators=(",", ":"))


def snapshot_of(text: str | None) -> CodeSnapshot | None:
    """The snapshot of a text, also of one that an older lineal wrote."""
    if text is None:
        return None
    facts = json.loads(text)
    patch = facts.get("git_patch")
    return CodeSnapshot(
        files={path: Digest(address) for path, address in facts["files"].items()},
        git_commit=facts.get("git_commit"),
        git_branch=facts.get("git_branch"),
        git_dirty=facts.get("git_dirty"),
        git_patch=Digest(patch) if patch else None,
        entry=facts.get("entry"),
        import_paths=tuple(facts.get("import_paths", ())),
        arguments={name: _artifact(value) for name, value in facts.get("arguments", ())},
    )


def _facts(artifact: Artifact) -> dict[str, Any]:
    stored = artifact.stored
    return {
        "digest": artifact.digest,
        "kind": artifact.kind,
        "type": artifact.type,
        "stored": None
        if stored is None
        else {
            "codec": stored.codec,
            "size": stored.size,
            "address": stored.address,
            "inline": None if stored.inline is None else stored.inline.hex(),
            "pickled": stored.pickled,
        },
    }


def _artifact(facts: dict[str, Any]) -> Artifact:
    stored = facts["stored"]
    return Artifact(
        digest=Digest(facts["digest"]),
        kind=facts["kind"],
        type=facts["type"],
        stored=None
        if stored is None
        else Stored(
            codec=stored["codec"],
            size=stored["size"],
            address=Digest(stored["address"]) if stored["address"] else None,
            inline=None if stored["inline"] is None else bytes.fromhex(stored["inline"]),
            pickled=stored["pickled"],
        ),
    )
