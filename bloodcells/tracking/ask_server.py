"""Asks the server of a config whether it responds, before any work is done."""

from bloodcells.config.schema import ServerTracking, Tracking


def ask_server(tracking: Tracking) -> None:
    """Raises InputError if the config has a server, and it does not respond or refuses.

    Also closes runs there whose machines are gone.
    """
    if isinstance(tracking, ServerTracking):
        # These import MLflow, which takes seconds.
        from bloodcells.tracking.seen import close_lost
        from bloodcells.tracking.store import ServerStore

        server = ServerStore(tracking)
        server.open()
        close_lost(server)
