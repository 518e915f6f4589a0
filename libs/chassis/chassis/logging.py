"""Logging: structlog and the standard library's loggers through one handler, as lines for people or JSON.

Every line has a UTC timestamp, the service, and the correlation id and trace of the request or event at work.
Whatever a caller hands over, values under suspicious keys and passwords in texts are masked before a line
is written; of an exception only its kind and where it arose are.
"""

import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from typing import Any, Final, TextIO

import structlog
from structlog.contextvars import merge_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from chassis.correlation import current_trace
from chassis.sensitive import MASK, is_sensitive, masked

_DEPTH: Final = 6
_KEPT: Final = frozenset({"event", "level", "timestamp", "logger", "service", "correlation_id"})
_NOISY: Final = ("alembic", "amqp", "kombu", "nameko", "urllib3")

_services: set[str] = set()


def _service(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Names the service where there is one in this process; where there are several, their loggers say it."""
    if len(_services) == 1:
        event.setdefault("service", next(iter(_services)))
    return event


def _trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Asked for when a line is written: most requests write none."""
    trace = current_trace()
    if trace is not None:
        event.setdefault("trace_id", trace.trace_id)
        event.setdefault("span_id", trace.span_id)
    return event


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The last line of defence: masks what must not be seen, however deep; changes no caller's object."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: str, value: Any, depth: int = _DEPTH) -> Any:
    if key not in _KEPT and is_sensitive(key):
        return MASK
    if isinstance(value, str):
        return masked(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {str(k): _redacted(str(k), v, depth - 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", item, depth - 1) for item in value]
    return masked(repr(value))


def without_texts(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Writes of an exception what it is and where it arose, and none of the texts: those hold whatever was at
    hand when it was raised, which here may be marks or a deputy's name."""
    info = event.pop("exc_info", None)
    if info and not isinstance(info, BaseException):
        info = (info if isinstance(info, tuple) else sys.exc_info())[1]
    if info:
        event["exception"] = "\n".join(_described(info))
    return event


def _described(error: BaseException) -> Iterator[str]:
    cause: BaseException | None = error
    for place in range(_DEPTH):
        if cause is None:
            return
        kind = type(cause)
        yield f"{'caused by ' if place else ''}{kind.__module__}.{kind.__qualname__}".replace("builtins.", "")
        frames = traceback.extract_tb(cause.__traceback__)
        yield from (f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
        cause = cause.__cause__ or cause.__context__


_SHARED: Final[list[Processor]] = [
    merge_contextvars,
    _trace,
    _service,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]
_CHAIN: Final[list[Processor]] = [
    structlog.stdlib.filter_by_level,
    *_SHARED,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


class _Handler(logging.StreamHandler[TextIO]):
    """The handler of this module, known by its class when logging is configured again."""


def configure_logging(format: str, level: str, service: str, *, stream: TextIO | None = None) -> None:
    """Send all logging of the process to ``stream`` (standard error), as ``console`` or ``json`` lines.

    Each of several services in a process may call it: its lines are written once, in the format and from the
    level that was asked for last. Handlers that others put on the root logger are left alone.
    """
    _services.add(service)
    target = stream or sys.stderr
    handler = _Handler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                without_texts,
                redact,
                _renderer(format, colors=target.isatty()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [kept for kept in root.handlers if not isinstance(kept, _Handler)] + [handler]
    root.setLevel(level)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=_CHAIN,
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _renderer(format: str, *, colors: bool) -> Processor:
    if format == "json":
        return structlog.processors.JSONRenderer(
            ensure_ascii=False, default=lambda value: masked(repr(value))
        )
    return structlog.dev.ConsoleRenderer(colors=colors)


def get_logger(name: str, service: str | None = None) -> structlog.stdlib.BoundLogger:
    """A logger; ``service`` marks its lines where several services share the process."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound.bind(service=service) if service else bound
