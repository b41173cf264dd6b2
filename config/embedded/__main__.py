"""`python -m config.embedded [--keep] [--durable] -- COMMAND...`"""

from __future__ import annotations

import argparse
import sys

from config.embedded.command import TerminatedError, ignore_signals, stop_on_signals
from config.embedded.errors import EmbeddedError, say
from config.embedded.run import run_kept, run_temporary

TERMINATED_CODE = 143
INTERRUPTED_CODE = 130


def main() -> int:
    """Return the exit code of the command, or 1 where the services cannot run."""
    arguments = _arguments()
    stop_on_signals()
    try:
        if arguments.keep:
            return run_kept(arguments.command)
        return run_temporary(arguments.command, durable=arguments.durable)
    except EmbeddedError as error:
        say(str(error))
        return 1
    except TerminatedError:
        return TERMINATED_CODE
    except KeyboardInterrupt:
        return INTERRUPTED_CODE
    finally:
        ignore_signals()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m config.embedded",
        description="Run a command on PostgreSQL and Valkey from pip packages. Services named by "
        "DATABASE_URL or REDIS_URL are used instead of own ones.",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="use the data under .data/ (MAILWRIGHT_DATA_DIR) and keep it; "
        "without this the services are new, and thrown away afterwards",
    )
    parser.add_argument(
        "--durable",
        action="store_true",
        help="let temporary services write to disk as carefully as lasting ones (to measure)",
    )
    parser.add_argument("command", nargs="+", metavar="COMMAND")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
