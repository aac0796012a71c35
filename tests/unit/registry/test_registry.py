"""What the registry does, what it refuses, and that a refusal changes nothing."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from lineal.errors import GateFailed, ParameterError, ReferenceNotFound, RegistryRefusal
from lineal.records import VersionStatus

NAMES = ["fraud", "Betrug – é ✓", "quote\"'<b>&amp;", "100%_*?", "a" * 300]
TEXT = 'über <script>alert("x")</script> \'; DROP TABLE models; -- \u202e ✓'


@contextmanager
def refused(registry, kind=RegistryRefusal, match=""):
    def state():
        return (
            registry.models(),
            registry._names.deployments(),
            [registry.history(model.name) for model in registry.models()],
        )

    before = state()
    with pytest.raises(kind, match=match):
        yield
    assert state() == before


@pytest.mark.parametrize("name", NAMES)
def test_any_text_can_be_a_name_a_tag_a_reason(registry, candidate, name):
    version = registry.register(candidate(name), alias="chämpion")
    assert version.reference == f"{name}@v1"
    registry.tag(name, 1, TEXT, TEXT)
    registry.describe(name, None, TEXT)
    registry.deploy(name, 1, "pröd", reason=TEXT)
    found = registry.model(name)
    assert found.description == TEXT
    assert found.aliases == {"chämpion": 1}
    assert found.versions[0].tags == {TEXT: TEXT}
    assert registry.deployments("pröd")[0].reason == TEXT
    assert registry.history(name)[-1].reason == TEXT


@pytest.mark.parametrize(
    "name", ["", "a@b", "a/b", "a:b", " a", "a\n", "a\x00", "a\ud800", "x" * 501]
)
def test_a_name_that_references_can_not_hold_is_refused(registry, candidate, name):
    with refused(registry, ParameterError, match="can't be the name"):
        registry.register(candidate(name))


@pytest.mark.parametrize("text", ["a\x00", "a\ud800"])
def test_what_is_no_text_is_refused_wherever_it_would_be_kept(registry, candidate, text):
    registry.register(candidate())
    for change in (
        lambda: registry.tag("fraud", 1, "why", text),
        lambda: registry.tag("fraud", 1, text, "why"),
        lambda: registry.tag("fraud", None, "", "why"),
        lambda: registry.describe("fraud", 1, text),
        lambda: registry.archive("fraud", 1, text),
        lambda: registry.approve("fraud", 1, by=text),
        lambda: registry.deploy("fraud", 1, "production", reason=text),
    ):
        with refused(registry, ParameterError, match="no text|between 1 and 500"):
            change()


def test_versions_count_up_and_pin_what_they_were_judged_by(registry, candidate):
    first, second = (registry.register(candidate(auc=auc)) for auc in (0.8, 0.9))
    assert [first.version, second.version] == [1, 2]
    assert [v.metrics[0].value for v in registry.model("fraud").versions] == [0.8, 0.9]
    assert first.created_by == "ann"
    assert [event.action for event in registry.history("fraud")] == ["register", "register"]


def test_the_same_content_is_not_registered_twice(registry, candidate):
    version = candidate()
    registry.register(version)
    with refused(registry, match=r"fraud@v1 already"):
        registry.register(version)


def test_an_unknown_model_or_version_names_near_ones(registry, candidate):
    registry.register(candidate())
    with refused(registry, ReferenceNotFound, match="fraud"):
        registry.model("frad")
    with refused(registry, ReferenceNotFound, match="it has v1"):
        registry.deploy("fraud", 7, "production", reason="x")


def test_a_failed_gate_refuses_a_deployment_and_the_attempt_is_kept(registry, candidate):
    registry.register(candidate(auc=0.8), rules=("min auc 0.9",))
    with refused(registry, GateFailed, match=r"auc is 0\.8, and must be at least 0\.9"):
        registry.deploy("fraud", 1, "production", reason="try")
    stages = [(j.stage, j.passed, j.overridden) for j in registry.judgements("fraud", 1)]
    assert stages == [("register", False, False), ("deploy", False, False)]


def test_an_override_deploys_and_stands_out_in_every_history(registry, candidate):
    registry.register(candidate(auc=0.8), rules=("min auc 0.9",))
    made = registry.deploy("fraud", 1, "production", reason="urgent", override=True)
    assert made.overridden
    assert registry.deployments()[0].overridden
    assert registry.judgements("fraud", 1)[-1].overridden
    assert registry.history("fraud")[-1].details["overridden"] is True


def test_an_override_of_nothing_is_none(registry, candidate):
    registry.register(candidate(auc=0.95), rules=("min auc 0.9",))
    assert not registry.deploy("fraud", 1, "p", reason="x", override=True).overridden


def test_a_deployment_needs_a_reason(registry, candidate):
    registry.register(candidate())
    with refused(registry, match="needs a reason"):
        registry.deploy("fraud", 1, "production", reason="  ")


def test_a_challenger_must_beat_the_champion(registry, candidate):
    registry.register(candidate(f1=0.8), rules=("must beat champion on f1",), alias="champion")
    registry.register(candidate(f1=0.7))
    registry.register(candidate(f1=0.9))
    registry.deploy("fraud", 1, "production", reason="it is the champion itself")
    with refused(registry, GateFailed, match=r"champion's 0\.8"):
        registry.deploy("fraud", 2, "production", reason="worse")
    registry.deploy("fraud", 3, "production", reason="better")
    assert registry.in_force()[0].version == 3


def test_approvals_open_a_gate_one_a_person(registry, candidate):
    registry.register(candidate(), rules=("2 approvals",))
    registry.approve("fraud", 1, by="bob")
    registry.approve("fraud", 1, by="bob")
    with refused(registry, GateFailed, match="1 have approved"):
        registry.deploy("fraud", 1, "production", reason="x")
    registry.approve("fraud", 1, by="eve")
    registry.deploy("fraud", 1, "production", reason="x")
    assert [a.by for a in registry.approvals("fraud", 1)] == ["bob", "eve"]


def test_what_is_deployed_can_not_be_archived_nor_what_is_archived_deployed(registry, candidate):
    registry.register(candidate())
    registry.register(candidate())
    registry.deploy("fraud", 1, "production", reason="x")
    with refused(registry, match="deploy another version first"):
        registry.archive("fraud", 1)
    registry.archive("fraud", 2)
    assert registry.version("fraud", 2).status is VersionStatus.ARCHIVED
    with refused(registry, match="is archived"):
        registry.deploy("fraud", 2, "production", reason="x")
    registry.restore("fraud", 2)
    registry.deploy("fraud", 2, "production", reason="x")


def test_what_is_there_already_is_not_deployed_again(registry, candidate):
    registry.register(candidate())
    registry.deploy("fraud", 1, "production", reason="x")
    with refused(registry, match="already"):
        registry.deploy("fraud", 1, "production", reason="x")


def test_rolling_back_goes_back_step_by_step_and_adds_to_history(registry, candidate):
    for _ in range(3):
        registry.register(candidate())
    for number in (1, 2, 3):
        registry.deploy("fraud", number, "production", reason="x")
    assert registry.rollback("production", reason="bad").version == 2
    assert registry.rollback("production", reason="bad too").version == 1
    with refused(registry, match="can't be rolled back"):
        registry.rollback("production", reason="?")
    registry.deploy("fraud", 3, "production", reason="mended")
    assert registry.rollback("production", reason="no").version == 1
    assert registry.rollback("production", reason="no", to=2).version == 2
    assert [d.version for d in reversed(registry.deployments("production"))] == [
        1, 2, 3, 2, 1, 3, 1, 2,
    ]  # fmt: skip


def test_a_rollback_to_what_never_was_there_is_refused(registry, candidate):
    registry.register(candidate())
    registry.register(candidate())
    registry.deploy("fraud", 1, "production", reason="x")
    with refused(registry, match="version 2 was not on it before"):
        registry.rollback("production", reason="x", to=2)
    with refused(registry, ReferenceNotFound, match="production"):
        registry.rollback("prodction", reason="x")


def test_whoever_deploys_on_stale_knowledge_is_told(registry, candidate, monkeypatch):
    registry.register(candidate())
    registry.register(candidate())
    registry.deploy("fraud", 1, "production", reason="first")
    past = registry._names.deployments("production")
    registry.deploy("fraud", 2, "production", reason="meanwhile")
    with monkeypatch.context() as frozen:
        frozen.setattr(registry._names, "deployments", lambda target=None: past[1:])
        with pytest.raises(RegistryRefusal, match="at the same moment"):
            registry.deploy("fraud", 1, "production", reason="late")
    assert [d.version for d in registry.deployments("production")] == [2, 1]


def test_a_dataset_gets_a_version_when_its_content_is_new(catalog, registry, candidate):
    first, second = candidate(), candidate()
    names = catalog.names
    made = [names.name_dataset("d", v.artifact, v.execution_id) for v in (first, second, first)]
    assert [version.version for version in made] == [1, 2, 1]
    assert [v.artifact for v in registry.dataset("d").versions] == [
        first.artifact, second.artifact,
    ]  # fmt: skip
    with pytest.raises(ReferenceNotFound, match="there are d"):
        registry.dataset("e")


@pytest.mark.parametrize("alias", ["", "a@b", "v7", "7"])
def test_a_bad_alias_or_gate_registers_nothing(registry, candidate, alias):
    with refused(registry, ParameterError, match="of an alias"):
        registry.register(candidate(), alias=alias)
    with refused(registry, ParameterError, match="can't be understood"):
        registry.register(candidate(), rules=("min auc high",))


def test_a_target_that_reads_as_a_version_is_refused(registry, candidate):
    registry.register(candidate())
    with refused(registry, ParameterError, match="means a version"):
        registry.deploy("fraud", 1, "v2", reason="x")


def test_a_registration_that_breaks_off_leaves_no_version_without_its_gates(
    registry, candidate, monkeypatch
):
    from lineal.catalog import models

    version = candidate(auc=0.1)

    def broken(*_):
        raise OSError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(models, "add_event", broken)
        with refused(registry, OSError, match="disk"):
            registry.register(version, rules=("min auc 0.9",), alias="champion")
    assert registry.register(version, rules=("min auc 0.9",)).reference == "fraud@v1"
    assert registry.model("fraud").gates == ("min auc 0.9",)


def test_what_is_found_again_gets_the_gates_and_the_alias_it_lacks(registry, candidate):
    version = candidate(auc=0.8)
    assert registry.ensure(version).version == 1
    assert registry.ensure(version, rules=("min auc 0.9",), alias="champion").version == 1
    found = registry.model("fraud")
    assert (found.gates, found.aliases) == (("min auc 0.9",), {"champion": 1})
    events = len(registry.history("fraud"))
    registry.ensure(version, rules=("min auc 0.9",), alias="champion")
    assert len(registry.history("fraud")) == events
    with refused(registry, GateFailed, match="may not be deployed"):
        registry.deploy("fraud", 1, "production", reason="x")


def test_content_that_another_process_registers_meanwhile_is_found_again(
    registry, candidate, monkeypatch
):
    version = candidate()
    registry.register(version)
    real, asked = registry._names.model, []

    def late(name):
        asked.append(name)
        return None if len(asked) == 1 else real(name)

    with monkeypatch.context() as patched:
        patched.setattr(registry._names, "model", late)
        assert registry.ensure(version).version == 1
    assert len(registry.model("fraud").versions) == 1


def test_gates_are_added_and_removed_one_by_one(registry, candidate):
    registry.register(candidate())
    registry.add_gates("fraud", ["min auc 0.9", "2 approvals"])
    registry.add_gates("fraud", ["min auc 0.9"])
    registry.remove_gate("fraud", "2 approvals")
    assert registry.model("fraud").gates == ("min auc 0.9",)
    assert [e.action for e in registry.history("fraud")] == ["register", "gate", "ungate"]
    with refused(registry, match=r"no gate '2 approvals'; it has min auc 0\.9"):
        registry.remove_gate("fraud", "2 approvals")


@pytest.mark.parametrize("change", ["archive", "gate", "deploy"])
def test_a_deployment_that_was_judged_on_what_has_changed_is_refused(
    registry, candidate, monkeypatch, change
):
    registry.register(candidate(auc=0.8))
    registry.register(candidate(auc=0.8))
    registry.deploy("fraud", 2, "production", reason="first")
    write = registry._names.deploy

    def meanwhile(*args):
        monkeypatch.setattr(registry._names, "deploy", write)
        if change == "archive":
            registry.archive("fraud", 1)
        elif change == "gate":
            registry.add_gates("fraud", ["min auc 0.9"])
        else:
            registry.register(candidate())
            registry.deploy("fraud", 3, "production", reason="meanwhile")
        return write(*args)

    monkeypatch.setattr(registry._names, "deploy", meanwhile)
    with pytest.raises(RegistryRefusal, match="at the same moment"):
        registry.deploy("fraud", 1, "production", reason="late")
    assert registry.in_force()[0].version == (3 if change == "deploy" else 2)


def test_a_rollback_does_not_undo_what_was_deployed_after_it_was_decided(
    registry, candidate, monkeypatch
):
    for number in (1, 2, 3):
        registry.register(candidate())
        if number < 3:
            registry.deploy("fraud", number, "production", reason="x")
    write = registry._names.deploy

    def meanwhile(*args):
        monkeypatch.setattr(registry._names, "deploy", write)
        registry.deploy("fraud", 3, "production", reason="the mended one")
        return write(*args)

    monkeypatch.setattr(registry._names, "deploy", meanwhile)
    with pytest.raises(RegistryRefusal, match="at the same moment"):
        registry.rollback("production", reason="2 is bad")
    assert registry.in_force()[0].version == 3


def test_going_back_to_an_archived_version_takes_an_override_and_stands_out(registry, candidate):
    for number in (1, 2):
        registry.register(candidate())
        registry.deploy("fraud", number, "production", reason="x")
    registry.archive("fraud", 1)
    with refused(registry, match="is archived"):
        registry.rollback("production", reason="2 is bad")
    made = registry.rollback("production", reason="2 is worse", override=True)
    assert (made.version, made.overridden) == (1, True)
    assert registry.history("fraud")[-1].details["overridden"] is True


def test_a_user_without_a_name_can_act(catalog, monkeypatch):
    import getpass

    from lineal.registry import Registry

    def nameless():
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert Registry(catalog)._user
