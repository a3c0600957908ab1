"""Serves a finished run's model over HTTP: `python -m bloodcells.serve run_id=best`. Needs no TensorFlow itself."""

import logging
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from bloodcells.config.command import command
from bloodcells.config.errors import InputError
from bloodcells.config.names import Program
from bloodcells.config.schema import ServeConfig
from bloodcells.reporting.terminal import aligned

log = logging.getLogger(Program.SERVE)
HOST = "127.0.0.1"


def serve(config: ServeConfig) -> None:
    """Serves the model by `mlflow models serve` until the process is interrupted.

    POST /invocations takes {"inputs": …}, images as `bloodcells.tracking.served_model.Classifier.predict` does, and
    returns {"predictions": […]}, for each image the probability of each class by its name.
    Raises InputError for unknown or unfinished runs, and if the port is in use.
    """
    # Imported here, so that --help and completion do not wait for MLflow.
    from bloodcells.tracking.find import find_run

    run = find_run(config.tracking, config.run_id)
    model = run.model_uri
    try:
        socket.create_server((HOST, config.port)).close()
    except OSError as error:
        raise InputError(
            f"port={config.port}: {os.strerror(error.errno or 0)}; expected a free port, such as port=5002"
        ) from error
    height, width = run.image_size()
    post = f"curl -sS http://{HOST}:{config.port}/invocations -H 'Content-Type: application/json' -d @-"
    rows = {
        "serving": f"run {run.id} ({run.name}), until Ctrl-C",
        "images": f"{width} x {height} pixels",
        "ready": "when “Uvicorn running” appears; then, in another terminal, for an image file cell.png:",
        "ask": f"""echo '{{"inputs": ["'$(base64 -w0 cell.png)'"]}}' | {post}""",
    }
    log.info(aligned(rows))
    server = ["mlflow", "models", "serve", "--model-uri", model, "--env-manager", "local", "--host", HOST]
    # MLflow starts uvicorn, which may be on the PATH only if the virtual environment is activated.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ | {"PATH": path}
    environment["MLFLOW_TRACKING_URI"] = run.uri
    # In a session of its own, since MLflow would print a traceback for Ctrl-C.
    process = subprocess.Popen(
        [sys.executable, "-m", *server, "--port", str(config.port)], env=environment, start_new_session=True
    )
    try:
        code = process.wait()
    except KeyboardInterrupt:
        # MLflow's process would end before that of uvicorn, which holds the port.
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            family = psutil.Process(process.pid).children(recursive=True)
            os.killpg(process.pid, signal.SIGTERM)
            psutil.wait_procs(family)
        process.wait()
        raise
    raise InputError(f"run {run.id}: the server ended with exit status {code}; its output above names why")


main = command("serve", ServeConfig)(serve)

if __name__ == "__main__":
    main()
