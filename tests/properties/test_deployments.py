"""Whatever is deployed and rolled back: one in force, a chain of succession, nothing lost."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineal.errors import ReferenceNotFound, RegistryRefusal

TARGETS = ("production", "staging")
ACTIONS = st.one_of(
    st.tuples(st.just("deploy"), st.sampled_from(TARGETS), st.integers(1, 3)),
    st.tuples(st.just("rollback"), st.sampled_from(TARGETS), st.none() | st.integers(1, 3)),
)


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    from lineal import Workspace, register

    @contextmanager
    def fresh():
        with Workspace.open(tmp_path_factory.mktemp("store")) as workspace:
            for number in range(3):
                with workspace.start_run("model"):
                    register("m", {"model": number})
            assert [v.version for v in workspace.registry.model("m").versions] == [1, 2, 3]
            yield workspace.registry

    return fresh


@settings(max_examples=40)
@given(actions=st.lists(ACTIONS, max_size=12))
def test_history_is_a_chain_with_one_deployment_in_force(registry, actions):
    with registry() as opened:
        check(opened, actions)


def check(registry, actions):
    model: dict[str, list[int]] = {target: [] for target in TARGETS}
    for action, target, version in actions:
        was = model[target]
        if action == "deploy":
            if was[-1:] == [version]:
                with pytest.raises(RegistryRefusal, match="already"):
                    registry.deploy("m", version, target, reason="r")
                continue
            made = registry.deploy("m", version, target, reason="r")
            assert made.version == version
        else:
            try:
                made = registry.rollback(target, reason="r", to=version)
            except (RegistryRefusal, ReferenceNotFound):
                # Refused only where there is nothing, or nothing such, to go back to.
                assert not was or version not in {*was} - {was[-1]}
                continue
            assert made.version in was
        was.append(made.version)
    for target in TARGETS:
        past = registry._names.deployments(target)[::-1]
        assert [d.version for d in past] == model[target]
        assert all(a != b for a, b in zip(model[target], model[target][1:], strict=False))
        assert [d.replaces for d in past] == [None, *(d.id for d in past)][: len(past)]
        assert [d.id for d in past if d.succeeded_by is None] == [d.id for d in past][-1:]
