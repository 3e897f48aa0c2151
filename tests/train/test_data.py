"""Data files: what is read, and the sentence for each way a file is not what training needs."""

from __future__ import annotations

import io
import sys
import zipfile
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from tests.counting import LINEAR, QUADRATIC, growth, slowdown
from wengert.errors import DataError
from wengert.train import csvfile, data, npzfile, table
from wengert.train.data import NAMED_SETS, load
from wengert.train.table import identifier


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def refusal(source, column=None):
    """The three lines with which a source, or one of its columns, is refused."""
    with pytest.raises(DataError) as caught:
        load(source) if column is None else load(source)[column]
    assert caught.value.what.endswith(".")
    assert caught.value.where
    assert caught.value.repair.endswith(".") or ":  " in caught.value.repair
    return caught.value


def test_csv_gives_a_float64_array_for_each_column(tmp_path):
    table = load(write(tmp_path / "a.csv", "x,mean radius,t\n1,2.5,0\n\n-3e2, 4 ,1\n"))
    assert list(table) == ["x", "mean radius", "t"]
    np.testing.assert_array_equal(table["x"], [1.0, -300.0])
    np.testing.assert_array_equal(table["mean_radius"], [2.5, 4.0])
    assert table["t"].dtype == np.float64


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_separator_is_what_the_header_has(tmp_path, separator):
    table = load(write(tmp_path / "a.csv", separator.join("ab") + "\n" + separator.join("12") + "\n"))
    assert {name: table[name].tolist() for name in table} == {"a": [1.0], "b": [2.0]}


def test_csv_with_byte_order_mark_quotes_and_dos_line_ends(tmp_path):
    table = load(write(tmp_path / "a.csv", b'\xef\xbb\xbf"a, b",c\r\n"1",2\r\n'))
    assert table["a, b"].tolist() == [1.0]


def test_a_column_of_labels_is_text(tmp_path):
    table = load(write(tmp_path / "a.csv", "x,kind\n1,setosa\n2,virginica\n"))
    assert table["kind"].tolist() == ["setosa", "virginica"]


@pytest.mark.parametrize(
    ("content", "what", "where"),
    [
        ("", "The data file is empty.", "a.csv"),
        (" \n\n", "The data file is empty.", "a.csv"),
        ("x,t\n", "The data file has a header but no rows.", "line 1: x,t"),
        ("1,2\n3,4\n", "The data file has no header: its first line holds numbers.", "line 1: 1, 2"),
        ("x,\n1,2\n", "A column has no name.", "line 1, column 2"),
        ("x,x\n1,2\n", "Two columns have the name 'x'.", "line 1, column 2"),
        ("x,t\n1,2\n3\n", "A row has 1 cell where the header has 2.", "line 3: 3"),
        ("x,t\n1,2,3\n", "A row has 3 cells where the header has 2.", "line 2: 1, 2, 3"),
        ('x,t\n"1,2\n', "A line of the data file cannot be read as CSV.", "line 2: unexpected end of data"),
        (b"x,t\n1,\xe9\n", "The data file is not UTF-8 text.", "0xe9"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "The data file is binary, not CSV text.", "byte 8 is zero"),
        ("x,t\n1,2\n".encode("utf-16"), "The data file is binary, not CSV text.", "byte 3 is zero"),
    ],
)
def test_csv_that_cannot_be_read(tmp_path, content, what, where):
    error = refusal(write(tmp_path / "a.csv", content))
    assert error.what == what
    assert where in error.where


@pytest.mark.parametrize(
    ("content", "what", "where"),
    [
        (
            "x,age\n1,2\n3,abc\n",
            "The column 'age' holds text where numbers are needed: 'abc'.",
            "line 3, column 2 (age)",
        ),
        (
            "x,age\n1,n/a\n3,4\n",
            "The column 'age' holds text where numbers are needed: 'n/a'.",
            "line 2, column 2 (age)",
        ),
        ("x,age\n1,2\n3,1_000\n", "The column 'age' holds text where numbers are needed: '1_000'.", "line 3"),
        ("x,age\n1,2\n3,\n", "The column 'age' has a missing value.", "line 3, column 2 (age)"),
        ("x,age\n1,\n3,4\n", "The column 'age' has a missing value.", "line 2, column 2 (age)"),
        (
            "x,age\n1,2\n\n3,NaN\n",
            "The column 'age' holds nan, which is not a finite number.",
            "line 4, column 2 (age)",
        ),
        (
            "x,age\n1,-inf\n3,2\n",
            "The column 'age' holds -inf, which is not a finite number.",
            "line 2, column 2 (age)",
        ),
        (
            "x,age\n1,1e999\n3,2\n",
            "The column 'age' holds inf, which is not a finite number.",
            "line 2, column 2 (age)",
        ),
    ],
)
def test_fault_of_a_column_names_row_and_column_and_leaves_the_others(tmp_path, content, what, where):
    path = write(tmp_path / "a.csv", content)
    error = refusal(path, "age")
    assert error.what == what
    assert where in error.where
    assert load(path)["x"].tolist() == [1.0, 3.0]


def test_missing_column_lists_the_columns_and_the_nearest(tmp_path):
    error = refusal(write(tmp_path / "a.csv", "age,target\n1,2\n"), "Targt")
    assert str(error).split("\n") == [
        "The data has no column 'Targt'.",
        f"  {tmp_path / 'a.csv'} has age, target",
        "Write one of these names, for example 'target'.",
    ]


def test_csv_larger_than_the_limit_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(csvfile, "LIMIT_BYTES", 2**20)
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(2**21)
    assert refusal(str(path)).what == "The data file is larger than 1 MiB."


def test_csv_with_more_numbers_than_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(csvfile, "_LIMIT_CELLS", 10)
    assert refusal(write(tmp_path / "a.csv", "x,t\n" + "1,2\n" * 6)).where.endswith("line 7")


class Compared(str):
    """A cell that counts how often cells are compared."""

    count = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Compared.count += 1
        return str.__eq__(self, other)

    def strip(self):
        return self


def test_names_of_a_header_are_compared_with_few_others(tmp_path):
    for n in (1000, 2000):
        Compared.count = 0
        assert len(csvfile._header([Compared(f"c{k}") for k in range(n)], tmp_path)) == n
        assert Compared.count <= 2 * n


def test_twice_the_columns_of_a_csv_take_twice_the_calls(tmp_path):
    def reading(n):
        path = write(tmp_path / f"{n}.csv", "\n".join(map(",".join, ((f"c{k}" for k in range(n)), ["1.5"] * n))))
        return lambda: load(path)

    assert growth(reading, 2000) <= LINEAR
    assert slowdown(reading(40_000), reading(20_000)) < QUADRATIC / 1.5  # the comparison of texts makes no calls


def test_column_by_its_identifier_is_looked_up_in_an_index(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(table, "identifier", lambda name: calls.append(name) or identifier(name))
    read = load(write(tmp_path / "a.csv", "a b,c d,a  c,a-c\n1,2,3,4\n"))
    assert [read[name].tolist() for name in ("a_b", "c_d")] == [[1.0], [2.0]]
    assert "a_c" not in read  # two columns become it
    assert len(calls) == 4


def test_npz_gives_its_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.ones((3, 2), np.float32), t=np.arange(3), kind=np.array(["a", "b", "a"]))
    table = load(str(tmp_path / "a.npz"))
    assert {name: (table[name].shape, table[name].dtype.kind) for name in table} == {
        "X": ((3, 2), "f"),
        "t": ((3,), "i"),
        "kind": ((3,), "U"),
    }


def test_npz_of_objects_is_refused_without_unpickling(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([print, None], dtype=object))
    assert refusal(str(tmp_path / "a.npz")).what == "The array 'x' holds Python objects, not numbers."


@pytest.mark.parametrize("values", [np.ones(2, complex), np.zeros(2, "M8[s]"), np.zeros(2, [("a", "f8")])])
def test_npz_of_other_entries_is_refused(tmp_path, values):
    np.savez(tmp_path / "a.npz", x=values)
    assert "holds entries of type" in refusal(str(tmp_path / "a.npz")).what


def test_npz_whose_header_promises_more_than_the_limit_is_refused_before_allocation(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**40,)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
    assert refusal(str(tmp_path / "a.npz")).what == "The arrays of the data file take more than 256 MiB."


def test_npz_limit_counts_all_arrays(tmp_path, monkeypatch):
    monkeypatch.setattr(npzfile, "LIMIT_BYTES", 100)
    np.savez(tmp_path / "a.npz", x=np.zeros(8), t=np.zeros(8))
    assert refusal(str(tmp_path / "a.npz")).where.endswith("at t.npy")


def test_npz_truncated_at_any_place_or_with_a_flipped_byte_is_refused_or_whole(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=np.arange(50.0))
    content = (tmp_path / "a.npz").read_bytes()
    for cut in range(4, len(content), 7):
        refusal(write(tmp_path / "b.npz", content[:cut]))
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 16
        try:
            load(write(tmp_path / "b.npz", bytes(flipped)))
        except DataError:
            continue


def test_nan_in_an_npz_names_the_entry(tmp_path):
    x = np.ones((4, 3))
    x[2, 1] = np.nan
    np.savez(tmp_path / "a.npz", x=x, t=np.ones(4))
    error = refusal(str(tmp_path / "a.npz"), "x")
    assert error.what == "The array 'x' holds nan, which is not a finite number."
    assert error.where.endswith("x, row 3, entry 2")


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("digits", (1797, 64)),
        ("breast_cancer", (569, 30)),
        ("diabetes", (442, 10)),
        ("iris", (150, 4)),
        ("wine", (178, 13)),
    ],
)
def test_named_sets_have_data_target_and_each_feature(name, shape):
    table = load(name)
    assert table["data"].shape == shape
    assert table["target"].shape == shape[:1]
    features = [column for column in table if column not in ("data", "target")]
    assert len(features) == shape[1]
    assert all(feature.isidentifier() for feature in features)
    np.testing.assert_array_equal(table[features[1]], table["data"][:, 1])


def test_diabetes_is_raw():
    assert load("diabetes")["age"].max() == 79


def test_unknown_name_lists_the_sets_and_the_nearest():
    error = refusal("digit")
    assert error.what == "'digit' is neither a file here nor a data set that is known."
    assert all(name in error.where for name in NAMED_SETS)
    assert error.repair.endswith("for example 'digits'.")


def test_missing_file_and_folder_and_unreadable_file(tmp_path):
    write(tmp_path / "train.csv", "x\n1\n")
    error = refusal(str(tmp_path / "trian.csv"))
    assert error.what == f"There is no data file '{tmp_path / 'trian.csv'}'."
    assert error.repair.endswith("for example 'train.csv'.")
    assert "is a folder" in refusal(str(tmp_path)).what


def test_missing_scikit_learn_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert refusal("iris").repair == 'Install it with:  pip install "wengert[data]"'


def read_pairs(source):
    return {"x": [1.0, 2.0], "bad": [1.0, float("nan")]}


def test_installed_reader_serves_its_suffix(monkeypatch, tmp_path):
    module = type(sys)("pairs_reader")
    module.read = read_pairs
    monkeypatch.setitem(sys.modules, "pairs_reader", module)
    point = EntryPoint(".pairs", "pairs_reader:read", data.READERS)
    monkeypatch.setattr(data, "entry_points", lambda group: [point] if group == data.READERS else [])
    path = write(tmp_path / "a.pairs", "anything")
    assert load(path)["x"].tolist() == [1.0, 2.0]
    assert "read by pairs_reader:read" in refusal(path, "bad").where
