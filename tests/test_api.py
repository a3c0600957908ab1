"""The functions for use from Python: compose, train, evaluate, load_run."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from bloodcells import Result, compose, evaluate, load_run, train
from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError
from bloodcells.config.names import Program, Tag
from bloodcells.evaluation.predictions import Predictions
from bloodcells.model.build import weights_hash
from tests.conftest import TINY, composed


def in_fresh_process(code: str, *arguments: str) -> list[str]:
    """The lines that some code prints in a Python of its own."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, env={**os.environ}, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = ("tensorflow", "keras", "mlflow", "hydra", "omegaconf", "numpy", "pandas", "matplotlib")
    code = f"import sys, bloodcells; print([name for name in {heavy} if name in sys.modules])"
    assert in_fresh_process(code) == ["[]"]


def test_composing_imports_neither_tensorflow_nor_mlflow() -> None:
    code = "import sys; from bloodcells import compose; compose('seed=1')\n"
    code += "print([name for name in ('tensorflow', 'keras', 'mlflow', 'pandas') if name in sys.modules])"
    assert in_fresh_process(code) == ["[]"]


FUNCTIONS = "from bloodcells import evaluate, train\n"
PROGRAMS = "import bloodcells.train, bloodcells.evaluate\nfrom bloodcells.train import main\n"


@pytest.mark.parametrize(
    "imports",
    [FUNCTIONS, PROGRAMS + FUNCTIONS, FUNCTIONS + PROGRAMS + FUNCTIONS],
    ids=["functions", "programs first", "programs between"],
)
def test_functions_are_not_hidden_by_the_programs_of_the_same_name(imports) -> None:
    code = f"{imports}import bloodcells, sys\n"
    code += "assert (train, evaluate) == (bloodcells.train, bloodcells.evaluate)\n"
    code += "print(train.__module__, evaluate.__module__, 'bloodcells.train' in sys.modules)"
    assert in_fresh_process(code) == [f"bloodcells.api bloodcells.api {PROGRAMS in imports}"]


def test_the_package_lists_its_functions_and_has_no_others() -> None:
    import bloodcells

    assert {"compose", "evaluate", "load_run", "train", "Result"} <= set(dir(bloodcells))
    with pytest.raises(AttributeError, match="module 'bloodcells' has no attribute 'trian'"):
        _ = bloodcells.trian


def test_compose_returns_the_typed_config() -> None:
    config = compose("backbone=mobilenetv2", "seed=1", "training.batch_size=64")
    assert config == composed("backbone=mobilenetv2", "seed=1", "training.batch_size=64")
    assert (config.backbone.name, config.seed, config.training.batch_size) == ("mobilenetv2", 1, 64)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("backbone=mobilnetv2", "backbone=mobilnetv2: expected one of .*did you mean mobilenetv2"),
        ("sede=1", "sede: no such key; .*did you mean seed"),
        ("seed=-1", r"seed=-1: expected a number in \[0, 4294967295\]"),
        ("seed=x", "seed=x: expected an integer"),
        ("seed=[1", r"seed=\[1: .*expected key=value"),
        ("data=npz", "data.path has no value"),
        ("seed=0,1", "seed=0,1: expected one value"),
    ],
)
def test_errors_in_overrides_are_one_line(override, message) -> None:
    with pytest.raises(InputError, match=message) as error:
        compose(override)
    assert "\n" not in str(error.value)


@pytest.fixture
def trained(trained_run) -> Result:
    """A run as `train` returned it."""
    return trained_run.result


@pytest.fixture
def store(trained_run) -> str:
    """The override for the store of the run."""
    return f"tracking.directory={trained_run.folder}/mlruns"


def test_a_result_has_metrics_history_predictions_and_model(trained, capsys) -> None:
    assert trained.history["epoch"].tolist() == [1, 2, 3]
    assert trained.history["phase"].nunique() == 2
    test = trained.predictions.of("test")
    assert isinstance(test, Predictions)
    assert trained.metrics["test/accuracy"] == pytest.approx((test.predicted == test.labels).mean(), abs=1e-6)
    best = trained.history.set_index("epoch").loc[trained.metrics["best/epoch"]]
    for key in ("val_accuracy", "val_composed_accuracy"):
        assert trained.metrics[f"best/{key}"] == pytest.approx(best[key], abs=1e-6)
    assert repr(trained).startswith(f"Result(run_id='{trained.run_id}', test accuracy 0.")
    assert capsys.readouterr().out == ""  # pytest has configured logging


def test_a_stored_run_loads_as_training_returned_it(trained, store) -> None:
    loaded = load_run(trained.run_id[:8], store)
    assert loaded.run_id == trained.run_id
    assert loaded.metrics == trained.metrics
    assert loaded.config == trained.config
    assert_frame_equal(loaded.history, trained.history, check_exact=True)
    assert loaded.predictions.examples.tolist() == trained.predictions.examples.tolist()
    assert np.array_equal(loaded.predictions.probabilities, trained.predictions.probabilities)
    assert weights_hash(loaded.model) == weights_hash(trained.model)
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    assert np.array_equal(loaded.model.predict(images, verbose=0), trained.model.predict(images, verbose=0))
    assert load_run(trained.run_id, store).predictions.class_names == trained.predictions.class_names


@pytest.mark.slow
def test_runs_trained_in_one_process_equal_runs_trained_in_their_own(tmp_path) -> None:
    code = "import sys; from bloodcells import compose, train; from bloodcells.model.build import weights_hash\n"
    code += "result = train(compose(*sys.argv[1:]))\n"
    code += "print(weights_hash(result.model), result.predictions.probabilities.tobytes().hex())"
    store = f"tracking.directory={tmp_path}"
    results = [train(compose(*TINY, store, f"seed={seed}")) for seed in (0, 1)]
    *log, last = in_fresh_process(code, *TINY, "seed=1", f"{store}/own")
    expected = [weights_hash(results[1].model), results[1].predictions.probabilities.tobytes().hex()]
    assert last.split() == expected
    assert weights_hash(results[0].model) != expected[0]
    assert any(line.startswith("test ") for line in log), "the package's messages are shown"


def test_an_evaluation_scores_the_run_as_training_did(trained) -> None:
    from mlflow import MlflowClient

    scored = evaluate(trained, "metric=cohen_kappa")
    assert scored.run_id != trained.run_id
    assert np.array_equal(scored.predictions.probabilities, trained.predictions.probabilities)
    added = scored.metrics.keys() - trained.metrics.keys()
    assert added == {f"test/cohen_kappa{end}" for end in ("", "_low", "_high")}
    assert {name: trained.metrics[name] for name in scored.metrics.keys() - added} == {
        name: value for name, value in scored.metrics.items() if name not in added
    }
    assert_frame_equal(scored.history, trained.history, check_exact=True)
    tags = MlflowClient().get_run(scored.run_id).data.tags
    assert (tags[Tag.PROGRAM], tags[Tag.PARENT]) == (Program.EVALUATE, trained.run_id)
    with pytest.raises(InputError, match=f"it is a run of bloodcells.evaluate, made from run_id={trained.run_id}"):
        evaluate(scored)


def test_runs_that_are_not_stored_are_refused(trained, store, tmp_path) -> None:
    with pytest.raises(InputError, match="run_id=nosuch: "):
        load_run("nosuch", store)
    with pytest.raises(InputError, match=f"tracking.directory={tmp_path}"):
        load_run(trained.run_id, f"tracking.directory={tmp_path}")
    with pytest.raises(InputError, match="seed: no such key"):
        load_run(trained.run_id, "seed=1")
    with pytest.raises(InputError, match="tracking=off"):
        evaluate(replace(trained, run_id=""))
    with pytest.raises(InputError, match="run_id=nosuch: "):
        evaluate("nosuch", store)


def test_the_run_to_evaluate_is_the_first_argument(trained) -> None:
    with pytest.raises(InputError, match="run_id=abc: expected the run as the first argument only"):
        evaluate(trained, "run_id=abc")


def test_overrides_choose_another_store_than_that_of_the_result(trained, tmp_path) -> None:
    with pytest.raises(InputError, match=f"tracking.directory={tmp_path}"):
        evaluate(trained, f"tracking.directory={tmp_path}")


def test_a_config_of_another_version_leaves_the_other_results_readable(trained_run, store) -> None:
    result, file = trained_run.result, trained_run.run.file("config.yaml")
    text = file.read_text()
    file.write_text(text.replace("batch_size:", "images_per_step:"))
    try:
        loaded = load_run(result.run_id, store)
        assert loaded.metrics == result.metrics
        with pytest.raises(InputError, match=r"does not match this version of bloodcells .*images_per_step"):
            _ = loaded.config
    finally:
        file.write_text(text)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("seed", -1, r"seed=-1: expected a number in \[0, 4294967295\]"),
        ("seed", "x", "seed=x: expected an integer"),
        ("study", "../other", "study=../other: expected a name of letters"),
        ("evaluation", None, "evaluation=null: expected keys under it"),
    ],
)
def test_a_config_with_a_replaced_field_is_checked(field, value, message) -> None:
    with pytest.raises(InputError, match=f"^{message}"):
        train(replace(composed(*TINY), **{field: value}))


@pytest.mark.parametrize(
    "call", [lambda: compose(["seed=1"]), lambda: train("seed=1"), lambda: load_run(123), lambda: evaluate(123)]
)
def test_arguments_of_the_wrong_type_are_one_line(call) -> None:
    with pytest.raises(
        InputError, match=r"^(overrides|config|run): expected .*; received (\['seed=1'\]|'seed=1'|123)$"
    ):
        call()
