"""Runs a service's method for a request by nameko's rules for workers, without the cost of a thread each.

nameko's ``spawn_worker`` starts a green thread, waits for it and formats five log lines: most of what a
small request costs. Here the connection's own green thread is the worker: a new service instance, every
dependency asked for its injection, and told of set-up, result and teardown if it listens to them.
"""

import sys
from typing import Any

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider, Entrypoint


class Worker:
    """For one container, made when it starts."""

    def __init__(self, container: Any) -> None:
        self._container = container
        self._service_cls = container.service_cls
        self._dependencies = list(container.dependencies)
        self._set_up = self._listening("worker_setup")
        self._result = self._listening("worker_result")
        self._teardown = self._listening("worker_teardown")

    def _listening(self, hook: str) -> list[Any]:
        return [
            provider
            for provider in self._dependencies
            if getattr(type(provider), hook) is not getattr(DependencyProvider, hook)
        ]

    def run(self, entrypoint: Entrypoint, call: Any, context_data: dict[str, Any]) -> Any:
        """What the method returns or raises."""
        service = self._service_cls()
        context = WorkerContext(self._container, service, entrypoint, (call,), data=context_data)
        for provider in self._dependencies:
            setattr(service, provider.attr_name, provider.get_dependency(context))
        for provider in self._set_up:
            provider.worker_setup(context)
        result, failure = None, None
        try:
            result = getattr(service, entrypoint.method_name)(call)
        except BaseException:  # a time-out or a kill is no success either
            failure = sys.exc_info()
            raise
        finally:
            for provider in self._result:
                provider.worker_result(context, result, failure)
            failure = None
            for provider in self._teardown:
                provider.worker_teardown(context)
        return result
