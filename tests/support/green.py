"""A plugin of pytest that makes its process what a service's is: ``python -m pytest -p
tests.support.green``."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet

eventlet.monkey_patch()
