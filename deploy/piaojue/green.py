"""Making this process a green one: its waiting shared by many threads that cost little."""

import os
import warnings
from typing import Any


def go_green() -> None:
    """To be called before anything else of a service is imported.

    Names are looked up by the system's resolver in a native thread, which keeps nobody waiting either.
    eventlet's own resolver would cost every start 0.4 s and 20 MB, and knows less of the system's settings.
    """
    os.environ["EVENTLET_NO_GREENDNS"] = "yes"
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")  # said at every start otherwise
    import eventlet

    eventlet.monkey_patch()
    import socket

    socket.getaddrinfo = _in_a_thread(socket.getaddrinfo)


def _in_a_thread(look_up: Any) -> Any:
    def getaddrinfo(*args: Any, **kwargs: Any) -> Any:
        from eventlet import tpool

        return tpool.execute(look_up, *args, **kwargs)

    return getaddrinfo
