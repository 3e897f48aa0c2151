"""A saved model applied to new data."""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wengert.errors import DataError, ModelError
from wengert.train.data import load
from wengert.train.prediction import PredictOptions, predict, write_prediction
from wengert.train.session import train
from wengert.train.task import TrainOptions

MODEL = "model.safetensors"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def iris(softmax):
    """A trained model of iris, and a task_from that builds it again."""
    options = TrainOptions("iris", "x=data,t=onehot(target)", standardise=("x",), epochs=60, learning_rate=0.1)
    result = train(softmax(), options, io.StringIO())
    return result, lambda saved: softmax()


def test_prediction_repeats_what_training_measured(iris):
    result, task_from = iris
    found = predict(task_from, PredictOptions(MODEL, "iris"))
    n = result.training.examples + result.validation.examples
    both = result.training.value * result.training.examples + result.validation.value * result.validation.examples
    assert found.value == pytest.approx(both / n)
    assert list(found.quantities) == ["y"]
    np.testing.assert_allclose(found.quantities["y"].sum(axis=1), 1.0)
    assert np.mean(np.array(found.classes["t"]) == load("iris")["target"]) == pytest.approx(found.value)


def test_data_without_the_target_is_predicted_with_the_saved_sizes_and_statistics(iris):
    _, task_from = iris
    np.savez("new.npz", data=load("iris")["data"][[3, 77]])
    found = predict(task_from, PredictOptions(MODEL, "new.npz"))
    whole = predict(task_from, PredictOptions(MODEL, "iris"))
    np.testing.assert_allclose(found.quantities["y"], whole.quantities["y"][[3, 77]], rtol=1e-12)
    assert found.classes["t"] == [whole.classes["t"][3], whole.classes["t"][77]]
    assert found.missing == {"t": "target"}
    assert found.value is None


def test_stated_quantities_and_binding(iris):
    _, task_from = iris
    np.savez("new.npz", features=load("iris")["data"][:5])
    found = predict(task_from, PredictOptions(MODEL, "new.npz", bind="x=features", quantities=("z", "y")))
    assert {name: values.shape for name, values in found.quantities.items()} == {"z": (5, 3), "y": (5, 3)}


def test_what_cannot_be_computed_says_which_column_is_missing(iris):
    _, task_from = iris
    np.savez("new.npz", data=load("iris")["data"][:5])
    with pytest.raises(DataError) as caught:
        predict(task_from, PredictOptions(MODEL, "new.npz", quantities=("J",)))
    assert caught.value.what == "'J' cannot be computed for each example of the data."
    assert caught.value.where == "  computed: z, y; the data lacks target (for t)"
    np.savez("other.npz", q=np.ones(3))
    with pytest.raises(DataError, match="No column of the data is bound") as caught:
        predict(task_from, PredictOptions(MODEL, "other.npz"))
    assert "lacks data (for x), target (for t)" in caught.value.where


def test_data_with_other_features_is_refused(iris):
    _, task_from = iris
    np.savez("new.npz", data=np.ones((5, 7)))
    with pytest.raises(DataError, match="'x' has 7 features, and had 4 features in the training"):
        predict(task_from, PredictOptions(MODEL, "new.npz"))


def test_model_of_other_equations_is_refused(iris, logistic):
    with pytest.raises(ModelError, match="The model file was made from other equations"):
        predict(lambda saved: logistic(), PredictOptions(MODEL, "iris"))


def test_csv_reads_back_as_the_same_floats(iris):
    _, task_from = iris
    found = predict(task_from, PredictOptions(MODEL, "iris"))
    write_prediction(found, "p.csv")
    with open("p.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["y_1", "y_2", "y_3", "predicted_t"]
    np.testing.assert_array_equal(np.array([row[:3] for row in rows[1:]], dtype=float), found.quantities["y"])
    stream = io.StringIO()
    write_prediction(found, stream)
    assert stream.getvalue() == Path("p.csv").read_text(encoding="utf-8")
    table = load("p.csv")
    np.testing.assert_array_equal(table["predicted_t"], found.classes["t"])


def test_npz_holds_the_arrays_whatever_their_names(iris):
    _, task_from = iris
    found = predict(task_from, PredictOptions(MODEL, "iris"))
    write_prediction(replace(found, quantities={"file": found.quantities["y"]}), "p.npz")
    with np.load("p.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["file"], found.quantities["y"])
        assert arrays["predicted_t"].tolist() == found.classes["t"]


def test_unwritable_predictions_leave_nothing(iris):
    _, task_from = iris
    found = predict(task_from, PredictOptions(MODEL, "iris"))
    before = sorted(os.listdir())
    with pytest.raises(ModelError, match=r"The predictions cannot be written as '\.txt'"):
        write_prediction(found, "p.txt")
    with pytest.raises(ModelError, match="The file of predictions cannot be written"):
        write_prediction(found, "none/p.csv")
    assert sorted(os.listdir()) == before


def test_labels_of_text_classes_and_of_two_classes(softmax, logistic):
    with open("iris.csv", "w", encoding="utf-8") as file:
        print("a,b,kind,wide", file=file)
        for row, target in zip(load("iris")["data"], load("iris")["target"], strict=True):
            print(f"{row[2]},{row[3]},{'uvw'[target]},{int(target > 0)}", file=file)
    train(softmax(), TrainOptions("iris.csv", "x=[a,b],t=onehot(kind)", epochs=50, learning_rate=0.1), io.StringIO())
    found = predict(lambda saved: softmax(), PredictOptions(MODEL, "iris.csv"))
    assert found.classes["t"][:2] + found.classes["t"][-2:] == ["u", "u", "w", "w"]
    train(
        logistic(), TrainOptions("iris.csv", "x=[a,b],t=wide", epochs=50, learning_rate=0.1, json=True), io.StringIO()
    )
    found = predict(lambda saved: logistic(), PredictOptions(MODEL, "iris.csv"))
    assert found.classes["t"][:2] + found.classes["t"][-2:] == [0, 0, 1, 1]
    assert json.dumps(found.classes)
