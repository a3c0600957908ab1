"""Rows are called by as little as tells them apart."""

from bloodcells.comparison.labels import labels, named, telling, varying

ADAM = {
    "backbone": "vgg19",
    "backbone.weights": "imagenet",
    "optimizer": "adam",
    "optimizer.beta_1": "0.9",
    "loss": "focal",
}
LION = ADAM | {"optimizer": "lion", "optimizer.beta_1": "0.95"}
SMALL = ADAM | {"backbone": "smallcnn", "backbone.weights": "null"}


def test_what_is_the_same_or_implied_is_left_out() -> None:
    assert telling([ADAM, LION, SMALL]) == ["backbone", "optimizer"]
    assert labels([ADAM, LION]) == ["optimizer=adam", "optimizer=lion"]
    assert varying([ADAM, SMALL]) == ["backbone", "backbone.weights"]


def test_short_keys_come_first_and_long_ones_where_they_must() -> None:
    assert labels([ADAM, ADAM | {"training.fine_tuning.epochs": "3"}, ADAM | {"training.batch_size": "8"}]) == [
        "training.batch_size=-, training.fine_tuning.epochs=-",
        "training.batch_size=-, training.fine_tuning.epochs=3",
        "training.batch_size=8, training.fine_tuning.epochs=-",
    ]
    assert telling([ADAM | {"unfreeze": "0", "a.b": "1"}, ADAM | {"unfreeze": "10", "a.b": "2"}]) == ["unfreeze"]


def test_a_key_that_a_row_does_not_have_is_not_in_its_name() -> None:
    sgd = {key: value for key, value in ADAM.items() if key != "optimizer.beta_1"} | {"optimizer": "sgd"}
    assert labels([sgd, ADAM, ADAM | {"optimizer.beta_1": "0.8"}]) == [
        "optimizer=sgd",
        "optimizer=adam, optimizer.beta_1=0.9",
        "optimizer=adam, optimizer.beta_1=0.8",
    ]


def test_a_single_row_has_a_name_too() -> None:
    assert labels([LION]) == ["backbone=vgg19"]


def test_a_label_that_was_given_is_the_name_and_what_shares_it_is_told_apart() -> None:
    assert named(["first", None, "x"], [ADAM, LION, SMALL]) == ["first", "backbone=vgg19, optimizer=lion", "x"]
    assert named(["same", "same", "x"], [ADAM, LION, SMALL]) == ["same, optimizer=adam", "same, optimizer=lion", "x"]
    assert named([None], [LION]) == ["backbone=vgg19"]
