"""A catalog is made, upgraded or refused; and a database's complaints name the remedy."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

from lineal.catalog import Batch, Catalog, priors
from lineal.catalog.database import Database, _of_parents
from lineal.catalog.migrate import MIGRATIONS, REVISIONS, upgrade
from lineal.catalog.tables import metadata, runs
from lineal.errors import (
    CatalogBusy,
    ConfigurationError,
    StoreError,
    StoreUnwritable,
    StoreVersionError,
)

from .conftest import artifact, digest


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A file: these tests are of SQLite's own ways."""
    return f"sqlite:///{tmp_path / 'catalog.db'}"


def schema(path: Path) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        versions = connection.execute("SELECT * FROM alembic_version").fetchall()
    finally:
        connection.close()
    return sorted((t, n, o, re.sub(r"\s", "", sql or "")) for t, n, o, sql in rows) + versions


def test_a_created_catalog_equals_one_that_ran_every_migration(tmp_path):
    Catalog.open(f"sqlite:///{tmp_path / 'created.db'}").close()
    database = Database(f"sqlite:///{tmp_path / 'upgraded.db'}")
    with database.write() as connection:
        upgrade(connection)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()
    assert schema(tmp_path / "upgraded.db") == schema(tmp_path / "created.db")


def test_the_revisions_known_are_those_of_the_migrations():
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert tuple(reversed([s.revision for s in scripts.walk_revisions()])) == REVISIONS


def test_a_catalog_that_is_behind_is_upgraded_when_opened(tmp_path):
    path = tmp_path / "catalog.db"
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.close()
    with Catalog.open(f"sqlite:///{path}") as catalog:
        assert catalog.runs() == []
    Catalog.open(f"sqlite:///{tmp_path / 'created.db'}").close()
    assert schema(path) == schema(tmp_path / "created.db")


def test_a_catalog_of_a_newer_version_is_refused_untouched(url, tmp_path):
    Catalog.open(url).close()
    path = tmp_path / "catalog.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = schema(path)
    with pytest.raises(StoreVersionError, match="revision 9999"):
        Catalog.open(url)
    assert schema(path) == before


def test_what_was_written_is_there_when_opened_again(url, write, catalog):
    run = write.begin()
    with Catalog.open(url) as again:
        assert again.runs() == [run]


def test_a_database_of_something_else_is_refused(tmp_path):
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE songs (name TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="something else"):
        Catalog.open(f"sqlite:///{tmp_path / 'other.db'}")


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database, at all " * 100)
    with pytest.raises(StoreError, match=r"notes\.txt is not a catalog"):
        Catalog.open(f"sqlite:///{tmp_path / 'notes.txt'}")


@pytest.mark.parametrize("url", ["nonsense", "sqlite://", "sqlite:///:memory:", "what://x/y"])
def test_a_url_that_can_not_be_used_is_refused_with_an_example(url):
    with pytest.raises(ConfigurationError, match="an example"):
        Catalog.open(url)


def test_a_catalog_held_by_another_for_too_long_is_busy_and_still_read(url, tmp_path):
    with Catalog.open(url, busy_timeout=0.05) as catalog:
        holder = sqlite3.connect(tmp_path / "catalog.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(CatalogBusy, match="try again"):
            catalog.commit(Batch(artifacts=(artifact(1),)))
        assert catalog.runs() == []
        holder.execute("ROLLBACK")
        holder.close()
        catalog.commit(Batch(artifacts=(artifact(1),)))
        assert len(catalog.artifacts([digest(1)])) == 1


def test_many_threads_write_and_read_at_once(catalog, write):
    barrier = threading.Barrier(8)

    def work(worker: int) -> None:
        barrier.wait(10)
        for i in range(5):
            run = write.begin(id=digest(worker, i).hex)
            write.step(run, 1)
            assert catalog.run(run.id).executions
        catalog.lookup([digest("key", 1)])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert sorted(run.number for run in catalog.runs()) == list(range(1, 41))


def test_a_glance_sees_one_state_and_the_next_one_what_came_in_between(catalog, write):
    write.step(write.begin(), 1, key=digest("k"))
    with catalog._database.glance() as glance:
        before = priors.lookup(glance, [digest("k")])
        write.step(write.begin(), 1, key=digest("k"))
        assert priors.lookup(glance, [digest("k")]) == before
    assert len(catalog.lookup([digest("k")])[digest("k")]) == 2


def test_without_one_state_each_question_sees_its_own_moment(catalog, write):
    write.step(write.begin(), 1, key=digest("k"))
    with catalog._database.glance(one_state=False) as glance:
        assert len(priors.lookup(glance, [digest("k")])[digest("k")]) == 1
        write.step(write.begin(), 1, key=digest("k"))
        assert len(priors.lookup(glance, [digest("k")])[digest("k")]) == 2


def test_a_glance_that_fails_is_explained_and_leaves_no_transaction_open(catalog, write):
    made = write.step(write.begin(), 1, key=digest("k"))
    with pytest.raises(StoreError, match="refused"), catalog._database.glance() as glance:
        glance.ask(select(text("no_such_column")).select_from(runs), {})
    catalog.commit(Batch(artifacts=(artifact(1),)))
    assert catalog.lookup([digest("k")])[digest("k")][0].execution_id == made.id


def test_a_forked_child_glances_over_a_connection_of_its_own(catalog, write):
    write.step(write.begin(), 1, key=digest("k"))
    assert catalog.lookup([digest("k")])
    child = os.fork()
    if not child:
        code = 1
        try:
            code = 0 if catalog.lookup([digest("k")]) and len(_of_parents) == 1 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert catalog.lookup([digest("k")])


def test_what_is_asked_of_a_closed_catalog_is_answered_and_leaves_nothing_open(url, tmp_path):
    catalog = Catalog.open(url)
    with catalog._database.glance() as glance:
        catalog.close()
        assert catalog.runs() == []
        assert priors.lookup(glance, [digest("k")]) == {}
    assert catalog.lookup([digest("k")]) == {}
    assert catalog.runs() == []
    catalog.commit(Batch(artifacts=(artifact(1),)))
    assert len(catalog.artifacts([digest(1)])) == 1
    assert [f.path for f in psutil.Process().open_files() if f.path.startswith(str(tmp_path))] == []
    catalog.close()
    catalog.close()


def test_a_closed_catalog_that_is_gone_is_not_made_again(tmp_path):
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'store' / 'catalog.db'}")
    catalog.close()
    shutil.rmtree(tmp_path / "store")
    with pytest.raises(StoreUnwritable, match=r"catalog\.db can't be written"):
        catalog.runs()
    assert not (tmp_path / "store").exists()


def test_writes_are_durable_and_checked(catalog):
    with catalog._database.read() as connection:
        facts = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert facts == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_keys_and_lineage_are_found_by_index(catalog, write):
    write.step(write.begin(), 1)
    plans = {
        "SELECT * FROM executions WHERE key = 'k' AND status = 'executed'": "ix_executions_key",
        "SELECT * FROM executions WHERE reused_from = 5": "ix_executions_reused_from",
        "SELECT * FROM used WHERE artifact = 'd'": "ix_used_artifact",
        "SELECT * FROM generated WHERE artifact = 'd'": "ix_generated_artifact",
        "SELECT * FROM runs WHERE host = 'h' AND status = 'running'": "ix_runs_running",
    }
    with catalog._database.read() as connection:
        for statement, index in plans.items():
            plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement).fetchall()
            assert index in str(plan), statement


def test_neither_importing_nor_opening_loads_what_it_does_not_need(url):
    Catalog.open(url).close()
    script = (
        "import sys; import lineal.catalog; assert 'sqlalchemy' not in sys.modules;"
        f"lineal.catalog.Catalog.open({url!r}).close(); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_no_statement_of_a_reader_depends_on_how_many_runs_there_are(catalog, write):
    from sqlalchemy import event

    for _ in range(5):
        write.step(write.begin(params={"a": "1"}), 1)
    seen: list[str] = []
    event.listen(
        catalog._database.engine,
        "before_cursor_execute",
        lambda c, cursor, statement, *rest: seen.append(statement),
    )
    catalog.runs(limit=1)
    one = len(seen)
    catalog.runs()
    assert len(seen) == 2 * one


def test_a_catalog_where_nothing_can_be_written_is_read_and_refuses_to_be_written(
    url, write, catalog, tmp_path, monkeypatch
):
    run = write.begin()
    catalog.close()
    monkeypatch.setattr("os.access", lambda *_: False)
    with Catalog.open(url) as frozen:
        assert frozen.runs() == [run]
        with pytest.raises(StoreUnwritable, match="can't be written"):
            frozen.set_note(run.number, "no")
    assert not (tmp_path / "catalog.db-wal").exists()
