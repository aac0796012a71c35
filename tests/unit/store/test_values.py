import io
import pickle
import sys
import threading
import types
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from lineal.digests.canonical import identify, value_digest
from lineal.digests.digest import unique_digest
from lineal.digests.identity import ValueIdentity
from lineal.errors import (
    BlobMissing,
    MissingFileError,
    OutputNotStorable,
    StoreError,
    StoreUnwritable,
    UntrustedPickle,
)
from lineal.records import Artifact
from lineal.store import Picture, ValueStore, codecs
from lineal.store.codecs import Check
from lineal.store.codecs.plain import PlainCodec
from lineal.store.statistics import with_statistics


class Blurring:
    """A codec of another package."""

    name = "blurring/1"
    suffix = ".x"
    pickled = False
    check = Check.DECODED
    gives = staticmethod(lambda data: eval(data))

    def accepts(self, value):
        return type(value) is slice

    def encode(self, value, blobs):
        return repr(value).encode()

    def decode(self, data, blobs, where):
        return self.gives(data)


@pytest.fixture
def offered(monkeypatch):
    """Offers codecs as installed packages do."""
    codecs.of_others.cache_clear()
    module = types.ModuleType("elsewhere")
    monkeypatch.setitem(sys.modules, "elsewhere", module)

    def offer(*kinds):
        points = []
        for place, kind in enumerate(kinds):
            setattr(module, f"c{place}", kind)
            points.append(EntryPoint(f"c{place}", f"elsewhere:c{place}", codecs.ENTRY_POINTS))
        monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)

    yield offer
    codecs.of_others.cache_clear()


def saved(values, value):
    return values.save(value, identify(value))


def unidentified(kind="builtins.object"):
    return ValueIdentity(digest=unique_digest(), kind="value", type=kind, profile={})


def test_the_record_tells_all_that_was_found(values):
    value = np.arange(3)
    identity = identify(value)
    artifact = values.save(value, identity)
    assert (artifact.digest, artifact.kind, artifact.type, artifact.profile) == (
        identity.digest, identity.kind, identity.type, with_statistics(value, identity.profile),
    )  # fmt: skip
    assert artifact.profile == {**identity.profile, "nulls": 0, "min": 0, "max": 2, "distinct": 3}


def test_small_values_lie_in_the_record_and_large_ones_in_blobs(values, blobs):
    small = saved(values, "x" * 4096).stored
    assert (small.size, small.address, small.inline) == (4096, None, b"x" * 4096)
    large = saved(values, "x" * 4097).stored
    assert (large.size, large.inline) == (4097, None)
    assert blobs.get(large.address) == b"x" * 4097


def test_a_value_that_changed_since_it_was_identified_is_not_kept(values):
    value = [1]
    identity = identify(value)
    value.append(2)
    with pytest.raises(OutputNotStorable, match=r"builtins\.list.*changed in place.*run again"):
        values.save(value, identity)
    value.append(threading.Lock())
    with pytest.raises(OutputNotStorable, match=r"builtins\.list.*changed in place"):
        values.save(value, identity)


def test_a_value_that_nothing_can_keep_names_its_type_the_reason_and_the_remedy(values):
    with pytest.raises(OutputNotStorable, match=r"_thread\.lock.*cannot pickle.*persist=False"):
        values.save(threading.Lock(), unidentified("_thread.lock"))


def test_a_value_without_content_to_go_by_is_kept_unchecked(values):
    class Odd:
        pass

    artifact = values.save(Odd(), unidentified())
    assert artifact.stored.pickled
    assert type(values.load(artifact)).__name__ == "Odd"


def test_what_was_not_kept_says_so(values):
    artifact = Artifact(digest=unique_digest(), kind="value", type="builtins.int")
    for use in (values.load, lambda a: values.export(a, None)):
        with pytest.raises(BlobMissing, match=r"not kept.*--force"):
            use(artifact)


def test_a_pickle_is_loaded_only_from_a_trusted_store(values, blobs, tmp_path):
    artifact = saved(values, complex)
    assert values.load(artifact) is complex
    wary = ValueStore(blobs, tmp_path / "files", trust_pickle=False)
    with pytest.raises(UntrustedPickle, match="trust_pickle"):
        wary.load(artifact)
    assert wary.load(saved(values, [1])) == [1]


def test_a_record_that_hides_its_pickle_is_not_loaded_either(values, blobs, tmp_path):
    from msgspec.structs import replace

    artifact = saved(values, complex)
    forged = replace(artifact, stored=replace(artifact.stored, pickled=False))
    with pytest.raises(UntrustedPickle):
        ValueStore(blobs, tmp_path / "files", trust_pickle=False).load(forged)


def test_what_can_not_be_loaded_here_says_what_it_takes(values, monkeypatch):
    module = types.ModuleType("gone")
    exec("class Kind: pass", module.__dict__)
    monkeypatch.setitem(sys.modules, "gone", module)
    artifact = values.save(module.Kind(), unidentified("gone.Kind"))
    monkeypatch.delitem(sys.modules, "gone")
    with pytest.raises(StoreError, match=r"gone\.Kind.*No module named 'gone'"):
        values.load(artifact)


def test_a_store_that_can_not_be_written_is_not_the_values_fault(values, monkeypatch):
    def full(data):
        raise StoreUnwritable("full")

    monkeypatch.setattr(values.blobs, "put", full)
    with pytest.raises(StoreUnwritable):
        saved(values, "x" * 5000)


def test_codecs_of_other_packages_are_asked_before_pickle(values, offered):
    offered(Blurring)
    artifact = saved(values, slice(1, 2))
    assert artifact.stored.codec == "blurring/1"
    assert values.load(artifact) == slice(1, 2)


def test_a_codec_that_changes_the_value_is_not_trusted_with_it(values, offered):
    class Wrong(Blurring):
        gives = staticmethod(lambda data: slice(0))

    class Raising(Blurring):
        name = "raising/1"
        gives = staticmethod(lambda data: 1 / 0)

    offered(Wrong, Raising)
    artifact = saved(values, slice(1, 2))
    assert artifact.stored.codec == "pickle/1"
    assert values.load(artifact) == slice(1, 2)


@pytest.mark.parametrize(("value", "given"), [(1, True), (0.0, -0.0), (2, 3)])
def test_what_only_looks_alike_is_not_taken_for_the_value(values, value, given, monkeypatch):
    monkeypatch.setattr(PlainCodec, "decode", lambda *_: given)
    assert saved(values, value).stored.codec == "pickle/1"


def test_a_broken_codec_of_another_package_is_left_out_with_a_warning(values, offered):
    class Taken(Blurring):
        name = "pickle/1"

    class Half:
        name = "half/1"

    offered(Taken, Half, Blurring)
    with pytest.warns(RuntimeWarning) as caught:
        assert saved(values, slice(1)).stored.codec == "blurring/1"
    assert [str(w.message).partition("(")[2].partition(")")[0] for w in caught] == [
        "ValueError: the name 'pickle/1' is taken",
        "TypeError: it has no suffix, pickled, check, accepts, encode, decode",
    ]


def test_a_value_of_a_codec_that_is_not_installed_says_so(values):
    with pytest.raises(StoreError, match="'other/3' is installed"):
        codecs.codec_named("other/3")


def test_a_figure_comes_back_as_the_picture_its_digest_was_made_from(values):
    plt = pytest.importorskip("matplotlib.pyplot")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure, axes = plt.subplots()
    axes.plot([1, 2])
    artifact = saved(values, figure)
    plt.close(figure)
    picture = values.load(artifact)
    assert isinstance(picture, Picture)
    assert picture._repr_png_().startswith(b"\x89PNG")
    drawn = FigureCanvasAgg(figure)
    drawn.draw()
    pixels = (plt.imread(io.BytesIO(picture.png)) * 255).round().astype("u1")
    assert np.array_equal(pixels, np.asarray(drawn.buffer_rgba()))
    assert values.load(saved(values, picture)) == picture


def test_a_model_is_kept_as_scikit_learn_says_and_marked(values):
    tree = pytest.importorskip("sklearn.tree")
    model = tree.DecisionTreeClassifier(random_state=0).fit([[0.0], [1.0]], [0, 1])
    artifact = saved(values, model)
    assert artifact.stored.codec == "sklearn-pickle/1"
    assert artifact.stored.pickled
    assert value_digest(values.load(artifact)) == artifact.digest


def test_a_file_inside_a_pickled_value_is_kept_by_content(values, tmp_path):
    file = tmp_path / "weights.bin"
    file.write_text("kept")
    for value in ({"weights": file}, [file], slice(file)):
        artifact = saved(values, value)
        file.write_text("changed")
        back = values.load(artifact)
        assert value_digest(back) == artifact.digest
        file.write_text("kept")
    with pytest.raises(pickle.UnpicklingError, match="lineal get"):
        pickle.loads(artifact.stored.inline)


def test_a_path_to_nothing_is_not_kept(values, tmp_path):
    with pytest.raises(MissingFileError, match="absent"):
        values.save(tmp_path / "absent", unidentified())


def test_a_path_is_held_when_the_content_of_each_of_its_files_is(values, blobs, tmp_path):
    tree = tmp_path / "tree"
    (tree / "below").mkdir(parents=True)
    (tree / "one").write_text("1")
    (tree / "below" / "two").write_text("2")
    artifact = values.save(tree, identify(tree))
    assert values.holds(artifact)
    blobs.delete(blobs.put(b"2"))
    assert not values.holds(artifact)
