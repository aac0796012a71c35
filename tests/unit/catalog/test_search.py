"""The language of searches, as a table of what it finds and what it refuses."""

from __future__ import annotations

import pytest

from lineal.catalog import search as search_module
from lineal.errors import FilterError

RUNS = {
    "a": {"params": {"depth": "3", "model": "forest"}, "tags": {"my key": "xy", "dot.ted": "1"}},
    "b": {"params": {"depth": "5", "model": "Tree"}, "tags": {"my key": "É"}, "user": "ann"},
    "c": {"params": {"depth": "10"}, "tags": {"quo'te": "100%", "x": "a*b"}},
}


@pytest.fixture
def search(catalog, write):
    runs = {name: write.begin(name=name, **fields) for name, fields in RUNS.items()}
    body = {name: write.step(run, 0, key=None, outputs=()) for name, run in runs.items()}
    write.metric(body["a"].id, "auc", 0.95)
    write.metric(body["a"].id, "auc", 0.5, site="hungarian")
    write.metric(body["b"].id, "auc", 0.85)
    write.metric(body["b"].id, "train.loss", -1e-3)
    write.metric(body["c"].id, "auc", float("nan"))
    inner = write.step(runs["a"], 1, params={"inner": "1"}, tags={"t": "2"})
    write.reuse(runs["b"], inner, 1)
    write.finish(runs["a"])
    return lambda *given, **named: "".join(sorted(r.name for r in catalog.runs(*given, **named)))


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("", "abc"),
        ("metrics.auc > 0.9", "a"),
        ("metric.auc >= .85", "ab"),
        ("metrics.auc != 0.95", "b"),
        ("metrics.auc<1e0 and metrics.auc>-1", "ab"),
        ("metrics.auc[site=hungarian] < 0.6", "a"),
        ("metrics.auc[site='hungarian'] > 0.6", ""),
        ("metrics.train.loss = -0.001", "b"),
        ("metrics.`train.loss` < 0", "b"),
        ("params.depth = '3'", "a"),
        ('params."depth" != "3"', "bc"),
        ("params.model LIKE 'T%'", "b"),
        ("params.model LIKE 't%'", ""),
        ("params.model ilike 't_EE'", "b"),
        ("params.depth IN ('3', '10')", "ac"),
        ("params.depth NOT IN ('3')", "bc"),
        ("params.model IS NULL", "c"),
        ("params.model IS NOT NULL", "ab"),
        ("params.inner = '1'", "ab"),
        ("tags.t = '2'", "ab"),
        ("tags.`my key` LIKE 'x%'", "a"),
        ("tags.`my key` ILIKE 'é'", "b"),
        ("tags.dot.ted = '1'", "a"),
        ("tags.`quo'te` = '100%'", "c"),
        ("tags.x LIKE 'a*b'", "c"),
        ("tags.`my key` LIKE '*'", ""),
        ("attributes.status = 'FINISHED'", "a"),
        ("status = 'running' and (params.depth = '5' or params.depth = '10')", "bc"),
        ("params.depth = '3' or params.depth = '5' and status = 'finished'", "a"),
        ("run_name = 'b'", "b"),
        ("attributes.number >= 2", "bc"),
        ("attributes.start_time > '2026-01-31T12:02:30'", "c"),
        ("start_time < 1769860950000", "ab"),
        ("end_time IS NULL", "bc"),
        ("duration > 29.5", "a"),
        ("user = 'ann'", "b"),
        ("name = 'x'' or ''1''=''1'", ""),
    ],
)
def test_a_filter_finds_the_runs_it_describes(search, where, found):
    assert search(where) == found


@pytest.mark.parametrize(
    ("where", "place", "why"),
    [
        ("metrics.auc >> 0.9", 14, "a number, or a text"),
        ("metrics.auc 0.9", 13, "a comparison was expected"),
        ("metrics.auc > 0.9 params.a = '1'", 19, "nothing more"),
        ("metrics.auc > 'x'", 15, "is a number"),
        ("metrics.auc LIKE 1", 18, "works on texts"),
        ("params.depth = 3", 16, "quote it: '3'"),
        ("params.depth > '3'", 16, "no order"),
        ("colour = 'red'", 1, "params.colour"),
        ("things.a = '1'", 1, "is not one of"),
        ("params.a[x=1] = '1'", 9, "only a metric has slices"),
        ("params.a = 'x", 12, "not closed"),
        ("params.a = '1'; DROP TABLE runs", 15, "not known"),
        ("params.a IN ()", 14, "was expected"),
        ("start_time > 'soon'", 14, "is no time"),
        ("(" * 100 + "params.a = '1'", 32, "nested"),
        (" and ".join(["number = 1"] * 300), 3001, "more than 200"),
        ("params.a = '" + "x" * 30_000 + "'", 1, "longer"),
    ],
)
def test_a_bad_filter_is_refused_at_its_place_with_an_example(search, where, place, why):
    with pytest.raises(FilterError) as caught:
        search(where)
    assert f"at character {place}," in str(caught.value)
    assert why in str(caught.value)
    assert "metrics.auc > 0.9 and params.depth = '3'" in str(caught.value)


def test_a_filter_that_stops_short_is_refused_at_its_end(search):
    with pytest.raises(FilterError, match="at its end"):
        search("metrics.auc >")


@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", "'; DROP TABLE runs; --", "%", "\\", '"', "`", "\x00", "é\ud800", "?:a"]
)
@pytest.mark.parametrize("form", ["params.depth = '{}'", "tags.`{}` = 'x'", "name LIKE '{}x'"])
def test_no_text_is_taken_for_sql(search, catalog, text, form):
    quoted = text.replace("'", "''").replace("`", "``")
    assert search(form.format(quoted)) in ("", "abc")
    assert len(catalog.runs()) == 3


def test_the_largest_filter_that_is_allowed_can_be_run(search):
    assert search(" or ".join(["params.depth = '3'"] * 200)) == "a"
    assert search("(" * 30 + "number = 1e300" + ")" * 30) == ""


@pytest.mark.parametrize(
    ("order_by", "names"),
    [
        (None, "cba"),
        (["metrics.auc DESC"], "abc"),
        (["metrics.auc"], "bac"),
        (["attributes.start_time ASC"], "abc"),
        (["status, number"], "abc"),
        (["params.inner", "name DESC"], "bac"),
        (["metrics.absent", "metrics.auc"], "bac"),
        (["tags.t", "status", "metrics.auc DESC"], "abc"),
        (["metrics.auc DESC", "metrics.auc DESC"], "abc"),
    ],
)
def test_runs_are_sorted_as_asked_and_newest_first_otherwise(search, catalog, order_by, names):
    assert "".join(r.name for r in catalog.runs(None, order_by)) == names
    assert "".join(r.name for r in catalog.runs(None, order_by, 2)) == names[:2]


def test_a_filter_and_an_order_by_metrics_go_together(search, catalog):
    found = catalog.runs("params.depth != '10'", ["metrics.auc", "params.model"], 5, "default")
    assert [r.name for r in found] == ["b", "a"]
    assert catalog.runs("params.depth = '7'", ["metrics.auc"]) == []


def test_sorting_by_a_metric_takes_the_database_work_in_proportion_to_the_runs(catalog, write):
    def work() -> int:
        """Instructions of SQLite's machine, in hundreds."""
        calls = []
        with catalog._database.read() as connection:
            if connection.dialect.name != "sqlite":
                pytest.skip("only SQLite counts its instructions")
            driver = connection.connection.driver_connection
            driver.set_progress_handler(lambda: calls.append(1), 100)
            order = ["metrics.auc DESC"]
            statement = search_module.select_runs(connection, None, order, 10, None)
            connection.execute(statement).all()
            driver.set_progress_handler(None, 0)
        return len(calls)

    def add(count: int) -> None:
        for _ in range(count):
            write.metric(write.step(write.begin(), 0, key=None, outputs=()).id, "auc", 0.5)

    add(50)
    few = work()
    add(150)
    assert 0 < work() < 8 * few


def test_a_bad_order_is_refused_at_its_place(search, catalog):
    with pytest.raises(FilterError, match=r'at character 13, before "UP".*start_time'):
        catalog.runs(None, ["metrics.auc UP"])


def test_runs_are_listed_by_experiment(catalog, write):
    write.begin(experiment="one")
    second = write.begin(experiment="two")
    assert [r.id for r in catalog.runs(experiment="two")] == [second.id]
    assert [(e.name, e.runs) for e in catalog.experiments()] == [("one", 1), ("two", 1)]
