"""Names of stored results: the tags, metrics and artifacts that several modules use.

Some programs write these names and others read them. If one changes, runs stored earlier can no longer be read.
"""


class Program:
    """Names of programs; that of the program that made a run is its `Tag.PROGRAM`."""

    TRAIN = "bloodcells.train"
    SWEEP = "bloodcells.sweep"
    EVALUATE = "bloodcells.evaluate"
    PREDICT = "bloodcells.predict"
    REGISTER = "bloodcells.register"
    SERVE = "bloodcells.serve"
    SYNC = "bloodcells.sync"
    INSPECT = "bloodcells.inspect"
    REPRODUCE = "bloodcells.reproduce"


class Tag:
    """Tags of a run."""

    PROGRAM = "mlflow.source.name"  # the program that made the run, one of `Program`
    PARENT = "mlflow.parentRunId"  # the run it belongs to: a sweep, or the run that was evaluated or reproduced
    DESCRIPTION = "mlflow.note.content"  # Markdown, shown at the top of the run's page
    COMMIT = "mlflow.source.git.commit"  # of the checkout; "unknown" outside a repository
    DIRTY = "git.dirty"  # "true" where files that a result depends on had uncommitted changes
    DATA = "sha256.data"  # pixels, labels and class names, as loaded
    CONFIG = "sha256.config"  # all settings that can change a result
    CODE = "sha256.code"  # the code that training runs through
    PACKAGES = "sha256.packages"  # versions of all required distributions
    INITIAL_WEIGHTS = "sha256.initial_weights"  # the file of weights that training started from, or "none"
    WEIGHTS = "sha256.weights"  # the trained model's weights
    STUDY = "study"  # the study that the run belongs to
    LABEL = "label"  # name of the run in tables
    STEP = "step"  # its number in a study of numbered steps
    FOLLOWS = "follows"  # the step it is compared with
    STAND_IN_FOR = "stand_in_for"  # the large backbone that its small one replaces
    ERROR = "error"  # why a run FAILED or was KILLED
    PRUNED = "pruned"  # after which epoch a search ended it, for its learning curve
    CHECKPOINT = "checkpoint"  # the folder that holds its training state until it ends
    JOB = "sweep.job"  # its number in a sweep, from 1
    ATTEMPT = "sweep.attempt"  # which invocation of the sweep's command started it
    ORIGIN = "origin"  # of a copy: the id of the run in the store in which it was trained
    SEEN = "seen"  # of a copy on a server: the machine that trains the run, and when it last said so
    PHASE_1 = "phase_1"  # the run that trained its phase 1


class Metric:
    """Metrics of a run. Accuracies and F1 are in 0..1. Metrics per epoch have the number of the epoch as their step."""

    TRAIN_LOSS = "all_epochs/train_loss"
    TRAIN_ACCURACY = "all_epochs/train_accuracy"
    VALIDATION_LOSS = "all_epochs/val_loss"
    VALIDATION_ACCURACY = "all_epochs/val_accuracy"
    COMPOSED_VALIDATION_LOSS = "all_epochs/val_composed_loss"  # on the validation images, each distorted by one chain
    COMPOSED_VALIDATION_ACCURACY = "all_epochs/val_composed_accuracy"
    LEARNING_RATE = "all_epochs/learning_rate"
    TRAINABLE_PARAMETERS = "all_epochs/trainable_parameters"
    EPOCH_SECONDS = "all_epochs/seconds"
    PER_EPOCH = (
        TRAIN_LOSS, TRAIN_ACCURACY, VALIDATION_LOSS, VALIDATION_ACCURACY, COMPOSED_VALIDATION_LOSS,
        COMPOSED_VALIDATION_ACCURACY, LEARNING_RATE, TRAINABLE_PARAMETERS, EPOCH_SECONDS,
    )  # fmt: skip
    BEST_EPOCH = "best/epoch"  # by the accuracy that `training.monitor` chooses; the next four are of this epoch
    BEST_ACCURACY = "best/val_accuracy"  # on the clean validation images
    BEST_LOSS = "best/val_loss"
    BEST_COMPOSED_ACCURACY = "best/val_composed_accuracy"
    BEST_MACRO_F1 = "best/val_macro_f1"
    TRAINING_SECONDS = "training_seconds"
    TEST_ACCURACY = "test/accuracy"  # on undistorted test images
    TEST_MACRO_F1 = "test/macro_f1"
    COMPOSED_ACCURACY = "composed/accuracy"  # on test images distorted by chains at full strength
    MILD_ACCURACY = "composed/mild_accuracy"  # by the same chains at a quarter of it
    COMPOSED_UNSEEN_ACCURACY = "composed/unseen_accuracy"  # under the full chains that training does not resemble
    SHIFTED_ACCURACY = "shift/mean_accuracy"  # over all distortions and severities of the test images
    WORST_ACCURACY = "shift/worst_accuracy"  # under the distortion with the lowest mean
    UNSEEN_ACCURACY = "shift/unseen_accuracy"  # over the distortions that training does not resemble
    BALANCED_ERROR = "medmnist_c/be"  # under the corruptions of MedMNIST-C, relative to AlexNet's
    RELATIVE_BALANCED_ERROR = "medmnist_c/rbe"  # the same, beyond the errors on undistorted images
    CALIBRATION_ERROR = "calibration/error"
    TEMPERED_ERROR = "calibration/error_tempered"
    TEMPERATURE = "calibration/temperature"


class Artifact:
    """Files of a run, with their folder."""

    CONFIG = "config.yaml"  # the whole config
    ENVIRONMENT = "environment.json"  # the machine
    PACKAGES = "packages.txt"  # every installed distribution, name==version
    SPLIT = "data/split.csv"  # example, class, split and group of each image that was used
    REMOVED = "data/removed.csv"  # example, class and reason of each image that cleaning removed
    NEAR_COPIES = "data/near_copies.csv"  # pairs of examples that show the same cell
    HISTORY = "history.csv"  # one row per epoch
    PREDICTIONS = "predictions.csv"  # one row per validation and test image: label, probabilities
    HEADLINE = "headline.csv"  # one row per metric, with its interval
    PER_CLASS = "per_class.csv"  # one row per class
    BY_IMAGE = "by_image.csv"  # one row per test image: predicted class, shares of correct distorted variants
    COMPOSED_PREDICTIONS = "composed/predictions.csv"  # the class predicted for every test image distorted by a chain
    COMPOSED_CHAINS = "composed/chains.csv"  # the operations of these chains
    COMPOSED_CURVE = "composed/curve.csv"  # one row per strength of the chains: accuracy with its interval
    COMPOSED_BY_OPERATION = "composed/by_operation.csv"  # one row per operation of the chains
    FORECAST = "forecast/validation.csv"  # answers for validation images under chains, which forecasts are fitted on
    SHIFT_PREDICTIONS = "shift/predictions.csv"  # the class predicted for every distorted test image
    SHIFT_ACCURACY = "shift/accuracy.csv"  # one row per distortion
    MEDMNIST_C_PREDICTIONS = "medmnist_c/predictions.csv"  # the class predicted for every corrupted test image
    MEDMNIST_C_ERRORS = "medmnist_c/errors.csv"  # one row per corruption of MedMNIST-C
    REPRODUCTION = "reproduction.csv"  # one row per difference between a run and its repetition
    JOBS = "jobs.csv"  # one row per job of a sweep
    TRIALS = "trials.csv"  # one row per trial of a search
    SEARCH_HISTORY = "figures/history.png"  # the value of each trial of a search, and the best so far
    SEARCH_IMPORTANCE = "figures/importance.png"  # how much each searched setting matters
