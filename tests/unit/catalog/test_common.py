"""Which values are so small that equal ones may have nothing to do with each other."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import select, text

from lineal.catalog import Batch, Catalog
from lineal.catalog.common import is_common
from lineal.catalog.database import Database
from lineal.catalog.migrate import _config
from lineal.catalog.tables import common_values, used
from lineal.digests.canonical import identify
from lineal.records import Artifact, Stored
from lineal.store import StoreFolder

from .conftest import digest


def kept(tmp_path, value):
    store = StoreFolder.open(tmp_path / "store")
    return store.values().save(value, identify(value))


@pytest.mark.parametrize(
    ("value", "common"),
    [
        (True, True),
        (2, True),
        (None, True),
        ("a", True),
        (2.5, True),
        ([], True),
        ({"depth": 3, "rate": 0.1}, True),
        ([0] * 1000, True),
        ([n * n % 97 for n in range(100)], False),
        ("The quick brown fox jumps over the lazy dog, and does so again and again.", False),
    ],
)
def test_what_anybody_comes_by_is_common(tmp_path, value, common):
    assert is_common(kept(tmp_path, value)) is common


def test_small_arrays_and_empty_files_are_common_and_frames_never(tmp_path):
    np = pytest.importorskip("numpy")
    pd = pytest.importorskip("pandas")
    (tmp_path / "empty").touch()
    (tmp_path / "full").write_text("1")
    assert is_common(kept(tmp_path, np.array([1.0, 2.0])))
    assert is_common(kept(tmp_path, np.float64(2)))
    assert not is_common(kept(tmp_path, np.arange(100)))
    assert is_common(kept(tmp_path, tmp_path / "empty"))
    assert not is_common(kept(tmp_path, tmp_path / "full"))
    assert not is_common(kept(tmp_path, pd.DataFrame({"a": [1]})))


def marked(catalog: Catalog) -> set[str]:
    with catalog._database.read() as connection:
        return set(connection.scalars(select(common_values.c.digest)))


def test_a_value_is_judged_when_its_bytes_are_known(catalog):
    large = Stored(codec="plain/1", size=99999, address=digest("bytes"))
    bare = Artifact(digest=digest("v"), kind="value", type="t")
    catalog.commit(Batch(artifacts=(bare,)))
    assert marked(catalog) == {digest("v")}
    catalog.commit(
        Batch(artifacts=(Artifact(digest=digest("v"), kind="value", type="t", stored=large),))
    )
    assert marked(catalog) == set()
    catalog.commit(Batch(artifacts=(bare,)))
    assert marked(catalog) == set()


BEFORE = """
INSERT INTO experiments VALUES (1, 'default', 0);
INSERT INTO runs VALUES (1, 'r1', 'r', 1, 'm:p', 'finished', 0, 0, 0, 'ann', 'h', 1, '', '0', '',
  NULL, NULL, NULL);
INSERT INTO artifacts VALUES ('two', 'value', 'int', '{}', 0, 'plain/1', 1, NULL, :two, :no);
INSERT INTO artifacts VALUES ('named', 'value', 'int', '{}', 0, 'plain/1', 1, NULL, :two, :no);
INSERT INTO artifacts VALUES ('frame', 'frame', 'f', '{}', 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO artifacts VALUES ('pair', 'array', 'a', '{"shape": [2]}', 0, NULL, NULL, NULL, NULL,
  NULL);
INSERT INTO executions VALUES (1, 1, 1, 'load', 't', 'executed', 'k1', 'first', '', NULL, NULL,
  NULL, NULL, NULL, 0, 0, 0, 0, 1, 1, NULL, :no, '', NULL);
INSERT INTO executions VALUES (2, 1, 2, 'again', 't', 'reused', 'k1', 'unchanged', '', NULL, NULL,
  NULL, 1, NULL, 0, 0, 0, 0, 1, 1, NULL, :no, '', NULL);
INSERT INTO executions VALUES (3, 1, 3, 'fit', 't', 'executed', 'k3', 'first', '', NULL, NULL, NULL,
  NULL, NULL, 0, 0, 0, 0, 1, 1, NULL, :no, '', NULL);
INSERT INTO used VALUES (3, 0, 'n', 'two', NULL, 'again', 'result', :no);
INSERT INTO used VALUES (3, 1, 'm', 'three', '3', NULL, NULL, :no);
INSERT INTO datasets VALUES (1, 'd', '', 0);
INSERT INTO dataset_versions VALUES (1, 1, 'named', 1, 0)
"""


def test_an_older_catalog_is_told_what_flowed(url):
    database = Database(url)
    with database.write() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for statement in BEFORE.split(";"):
            names = {"two": b"2", "no": False}
            asked = {name: value for name, value in names.items() if f":{name}" in statement}
            connection.execute(text(statement), asked)
    database.close()
    with Catalog.open(url) as catalog:
        assert marked(catalog) == {"two", "pair"}
        with catalog._database.read() as connection:
            rows = connection.execute(select(used.c.name, used.c.source_execution)).all()
        # The step that was named was reused, so the one that made it is the maker.
        assert dict(rows) == {"n": 1, "m": None}
