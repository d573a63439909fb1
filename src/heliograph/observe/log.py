"""Sets up the log: text on a terminal, JSON elsewhere, every line through the redactor."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import msgspec
import structlog

from heliograph.config.settings import LogSettings
from heliograph.observe.redact import redact

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def set_up(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Log to the stream (standard error unless told otherwise).

    What libraries write through `logging` takes the same way, from warnings upwards.
    """
    level = LEVELS[settings.level]
    stream = stream or sys.stderr
    as_text = settings.format == "text" or (settings.format == "auto" and stream.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            text_line if as_text else json_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Libraries()]
    root.setLevel(max(level, logging.WARNING))


def json_line(logger: Any, name: str, line: MutableMapping[str, Any]) -> str:
    """One JSON object on one line."""
    return msgspec.json.encode(line, enc_hook=str).decode()


def text_line(logger: Any, name: str, line: MutableMapping[str, Any]) -> str:
    """Time, level, sentence, fields; a traceback below, each of its lines behind a bar so that none can pass for another."""
    line = dict(line)
    time, level, sentence = line.pop("timestamp", ""), line.pop("level", ""), line.pop("event", "")
    exception = line.pop("exception", "")
    fields = " ".join(f"{key}={value}" for key, value in line.items())
    below = [f"    | {part}" for part in exception.splitlines()]
    return "\n".join([f"{time} {level:<7} {sentence} {fields}".rstrip(), *below])


class _Libraries(logging.Handler):
    """Takes what libraries log to the same sink."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            structlog.get_logger(record.name).log(
                record.levelno,
                record.getMessage(),
                action="library",
                logger=record.name,
                exc_info=record.exc_info or None,
            )
        except Exception:
            self.handleError(record)
