"""Rows from a tiny filled store: which runs count, what they average to, what tells them apart."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bloodcells.comparison.answers import CLEAN, MACRO_F1, SHIFTED, Answers, read
from bloodcells.comparison.configurations import Configuration, gather
from bloodcells.comparison.rows import compare
from bloodcells.comparison.tables import complete, differences
from bloodcells.config.errors import InputError
from bloodcells.config.schema import LocalTracking
from bloodcells.tracking.stored import search
from tests.comparison.fill_store import MadeUp, Size, fill

TINY = Size(images=200, test=40, validation=10, severities=2)
ADAM, LION = {"optimizer": "adam"}, {"optimizer": "lion"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def add(store, request):
    """A function that adds runs to a study of this test's own and gives their ids."""

    def make(*runs: MadeUp, size: Size = TINY) -> list[str]:
        return fill(store, [replace(run, study=request.node.name) for run in runs], size)

    return make


@pytest.fixture
def gathered(store, add, request):
    """A function that adds runs and gathers all of this test's study; it gives their ids too."""

    def make(*runs: MadeUp):
        ids = add(*runs)
        found = search(LocalTracking("local", str(store), "bloodcells"), f"tags.study = '{request.node.name}'")
        return ids, *gather(found, read(found))

    return make


def test_rows_keep_the_order_of_their_first_run_and_average_their_seeds(gathered) -> None:
    runs = [MadeUp(choices, seed, skill) for seed in (3, 1) for choices, skill in ((LION, 1.0), (ADAM, 2.5))]
    ids, configurations, remarks = gathered(*runs)
    assert remarks == []
    assert [found.label for found in configurations] == ["optimizer=lion", "optimizer=adam"]
    lion = configurations[0]
    assert [(seed, run.id) for seed, run in lion.runs.items()] == [(1, ids[2]), (3, ids[0])]
    comparison = compare(configurations)
    assert (comparison.best, comparison.ranked_by) == (1, SHIFTED)
    for metric in (CLEAN, SHIFTED):
        logged = [run.run.data.metrics[metric] for run in lion.runs.values()]
        found = comparison.rows[0].estimates[metric]
        assert found.values == pytest.approx(logged)
        assert found.mean == pytest.approx(np.mean(logged))
        half = stats.t.ppf(0.975, 1) * np.std(logged, ddof=1) / np.sqrt(2)
        assert found.low <= max(0, found.mean - half) + 1e-9
        assert found.high >= min(1, found.mean + half) - 1e-9
    assert comparison.rows[0].estimates[MACRO_F1].low < comparison.rows[0].estimates[MACRO_F1].mean


def test_rows_with_a_step_come_first_in_its_order_and_are_called_by_their_label(gathered) -> None:
    _, configurations, remarks = gathered(
        MadeUp({"loss": "x"}, 0),
        *(MadeUp(LION, seed, tags={"step": "10", "label": "10 Lion"}) for seed in (0, 1)),
        *(MadeUp(ADAM, seed, tags={"step": "9", "label": f"9 seed {seed}"}) for seed in (0, 1)),
    )
    assert [found.label for found in configurations] == ["optimizer=adam", "10 Lion", "optimizer=adamw"]
    assert remarks == ["optimizer=adamw: seed 1 missing"]


def test_a_step_is_told_from_the_one_it_follows_if_that_is_there(gathered) -> None:
    def step(number: int, **tags: str) -> MadeUp:
        return MadeUp({"unfreeze": str(number)}, 0, number, tags={"step": str(number), "label": f"s{number}", **tags})

    _, configurations, _ = gathered(
        step(1), step(2, follows="1"), step(3, follows="1"), step(4), step(5, follows="9"), MadeUp(LION, 0)
    )
    comparison = compare(configurations)
    assert comparison.earlier == [None, 0, 0, 2, 3, 4]
    first, third = (configurations[k].answers[0].right for k in (0, 2))
    assert comparison.to_before[CLEAN][2].points == pytest.approx(100 * (third.mean() - first.mean()))
    cells = differences(comparison)[1]["clean accuracy, to the row before"].tolist()
    assert [cell.partition("; to ")[2] for cell in cells] == ["", "", "s1", "", "", ""]
    assert complete(comparison)["row before"].tolist()[1:] == ["s1", "s1", "s3", "s4", "s5"]


def test_a_step_is_not_told_from_one_of_other_data(gathered) -> None:
    _, configurations, _ = gathered(
        MadeUp(ADAM, 0, tags={"step": "1"}), MadeUp(ADAM, 0, tags={"step": "1"}, data="e" * 64),
        MadeUp(LION, 0, tags={"step": "2", "follows": "1"}),
    )  # fmt: skip
    assert compare(configurations).earlier == [None, 0, 0]


def test_a_label_that_was_changed_is_the_newer_runs(gathered) -> None:
    _, configurations, _ = gathered(MadeUp(ADAM, 0, tags={"label": "old"}), MadeUp(ADAM, 0, tags={"label": "new"}))
    assert [found.label for found in configurations] == ["new"]


def test_differences_are_to_the_best_and_to_the_row_before_on_the_same_images(gathered) -> None:
    runs = [MadeUp({"unfreeze": str(k)}, 0, skill) for k, skill in enumerate((0.0, 3.0, 0.5))]
    _, configurations, _ = gathered(*runs)
    comparison = compare(configurations)
    right = [found.answers[0].right for found in configurations]
    wins, losses = ((right[0] > right[1]).sum(), (right[0] < right[1]).sum())
    found = comparison.to_best[CLEAN]
    assert found[1] is None
    assert found[0].p == pytest.approx(stats.binomtest(int(wins), int(wins + losses)).pvalue)
    assert found[0].points == pytest.approx(100 * (right[0].mean() - right[1].mean()))
    assert comparison.to_before[CLEAN][0] is None
    assert comparison.to_before[CLEAN][1].points == pytest.approx(-found[0].points)
    assert comparison.to_before[SHIFTED][2].method == "clustered McNemar"


def test_what_is_missing_unfinished_or_twice_is_named(gathered) -> None:
    ids, configurations, remarks = gathered(
        MadeUp(ADAM, 0), MadeUp(ADAM, 1), MadeUp(LION, 0), MadeUp(LION, 1, status="FAILED"),
        MadeUp(LION, 2, status="RUNNING"), MadeUp(LION, 1), MadeUp(ADAM, 0, skill=1.0),
        MadeUp({"loss": "x"}, 0, status="KILLED"),
    )  # fmt: skip
    assert [list(found.runs) for found in configurations] == [[0, 1], [0, 1]]
    assert configurations[0].runs[0].id == ids[6]
    assert len(remarks) == 6
    for place, status in ((3, "FAILED"), (4, "RUNNING"), (7, "KILLED")):
        assert any(f"({ids[place]}) is {status}" in remark for remark in remarks)
    twice = f"optimizer=adam: seed 0 was trained twice; the newer run {ids[6]} counts, {ids[0]} does not"
    assert twice in remarks
    assert {"optimizer=adam: seed 2 missing", "optimizer=lion: seed 2 missing"} < set(remarks)


def test_a_run_whose_files_are_gone_or_of_other_images_is_named_and_not_counted(gathered, add, store) -> None:
    ids = add(MadeUp(ADAM, 5), MadeUp(LION, 5), MadeUp(LION, 6, skill=-1.0))
    files = [store / "artifacts" / run / "artifacts" for run in ids]
    (files[0] / "shift" / "by_image.csv").unlink()
    (files[1] / "shift" / "by_image.csv").write_bytes((files[2] / "shift" / "by_image.csv").read_bytes())
    (files[2] / "shift" / "by_image.csv").write_text("split\n")
    _, configurations, remarks = gathered(MadeUp(ADAM, 0))
    assert [list(found.runs) for found in configurations] == [[0]]
    for run, part in zip(ids, ("keeps no shift/by_image.csv", "but it logged", "cannot be read"), strict=True):
        assert any(run in remark and part in remark for remark in remarks)
    assert all("\n" not in remark for remark in remarks)


def test_without_any_finished_run_there_is_nothing_to_compare(gathered) -> None:
    with pytest.raises(InputError, match=r"none of 1 runs can be compared: .* is FAILED"):
        gathered(MadeUp(ADAM, 0, status="FAILED"))


def test_clean_accuracy_ranks_where_a_row_was_not_shifted(gathered, add) -> None:
    add(MadeUp(ADAM, 0), size=replace(TINY, severities=0))
    _, configurations, _ = gathered(MadeUp(LION, 0))
    comparison = compare(configurations)
    assert comparison.ranked_by == CLEAN
    assert list(comparison.to_best) == [CLEAN]
    assert {row.label: SHIFTED in row.estimates for row in comparison.rows} == {
        "optimizer=adam": False,
        "optimizer=lion": True,
    }


def test_rows_of_other_data_are_kept_apart_and_not_tested(gathered) -> None:
    _, configurations, remarks = gathered(MadeUp(ADAM, 0), MadeUp(ADAM, 0, data="e" * 64))
    assert [found.label for found in configurations] == ["sha256.data=dddddddddddd", "sha256.data=eeeeeeeeeeee"]
    assert "not compared by a paired test" in remarks[-1]
    assert compare(configurations).to_before[CLEAN] == [None, None]


def test_the_same_image_with_two_labels_is_refused(gathered) -> None:
    _, configurations, _ = gathered(MadeUp(ADAM, 0), MadeUp(LION, 0))
    answers: Answers = configurations[1].answers[0]
    wrong = replace(answers, labels=(answers.labels + 1) % 8)
    other: Configuration = replace(configurations[1], answers={0: wrong})
    with pytest.raises(InputError, match=r"image \d+ is of class \d in run .* expected one label"):
        compare([configurations[0], other])


def test_runs_shifted_at_other_severities_are_compared_by_clean_accuracy_alone(gathered, add) -> None:
    add(MadeUp(ADAM, 0), size=replace(TINY, severities=1))
    _, configurations, remarks = gathered(MadeUp(LION, 0))
    assert "not all runs were shifted in the same ways" in remarks[0]
    assert compare(configurations).measures == [CLEAN]
