"""Labels are made of as few keys as distinguish the configurations."""

from bloodcells.comparison.configurations import default_labels, distinguishing, unique_labels, varying

ADAM = {
    "backbone": "vgg19",
    "backbone.weights": "imagenet",
    "optimizer": "adam",
    "optimizer.beta_1": "0.9",
    "loss": "focal",
}
LION = ADAM | {"optimizer": "lion", "optimizer.beta_1": "0.95"}
SMALL = ADAM | {"backbone": "smallcnn", "backbone.weights": "null"}


def test_equal_and_implied_keys_are_left_out() -> None:
    assert distinguishing([ADAM, LION, SMALL]) == ["backbone", "optimizer"]
    assert default_labels([ADAM, LION]) == ["optimizer=adam", "optimizer=lion"]
    assert varying([ADAM, SMALL]) == ["backbone", "backbone.weights"]


def test_long_keys_are_used_only_if_short_ones_do_not_suffice() -> None:
    assert default_labels([ADAM, ADAM | {"training.fine_tuning.epochs": "3"}, ADAM | {"training.batch_size": "8"}]) == [
        "training.batch_size=-, training.fine_tuning.epochs=-",
        "training.batch_size=-, training.fine_tuning.epochs=3",
        "training.batch_size=8, training.fine_tuning.epochs=-",
    ]
    assert distinguishing([ADAM | {"unfreeze": "0", "a.b": "1"}, ADAM | {"unfreeze": "10", "a.b": "2"}]) == ["unfreeze"]


def test_missing_key_is_left_out_of_a_label() -> None:
    sgd = {key: value for key, value in ADAM.items() if key != "optimizer.beta_1"} | {"optimizer": "sgd"}
    assert default_labels([sgd, ADAM, ADAM | {"optimizer.beta_1": "0.8"}]) == [
        "optimizer=sgd",
        "optimizer=adam, optimizer.beta_1=0.9",
        "optimizer=adam, optimizer.beta_1=0.8",
    ]


def test_single_configuration_is_named_by_its_backbone() -> None:
    assert default_labels([LION]) == ["backbone=vgg19"]


def test_given_labels_are_kept_and_shared_ones_get_a_suffix() -> None:
    assert unique_labels(["first", None, "x"], [ADAM, LION, SMALL]) == ["first", "backbone=vgg19, optimizer=lion", "x"]
    assert unique_labels(["same", "same", "x"], [ADAM, LION, SMALL]) == [
        "same, optimizer=adam",
        "same, optimizer=lion",
        "x",
    ]
    assert unique_labels([None], [LION]) == ["backbone=vgg19"]
