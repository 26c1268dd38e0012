#!/usr/bin/env python
"""Django's command line, with the embedded PostgreSQL up for the commands that need a database."""

import os
import signal
import sys

# These never ask the database; everything else, a command we don't know included, does.
WITHOUT_DATABASE = {
    "check",
    "compilemessages",
    "help",
    "makemessages",
    "shell_completion",
    "spectacular",
    "startapp",
    "version",
}


def needs_embedded_cluster(arguments: list[str]) -> bool:
    """Whether to start the embedded PostgreSQL for this command line."""
    if os.environ.get("DATABASE_URL") or not arguments or arguments[0].startswith("-"):
        return False
    return arguments[0] not in WITHOUT_DATABASE and not {"-h", "--help"} & set(arguments)


def remember_port(arguments: list[str]) -> None:
    """Let --port count where the settings read PORT: for the issuer's address in development."""
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, _, value = argument.partition("=")
        if name == "--port":
            os.environ["PORT"] = value or following


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authsec.settings")
    remember_port(sys.argv[1:])
    from django.core.management import execute_from_command_line

    def execute() -> None:
        """Run the command; what only the installation can repair is said in a sentence, unless --traceback asks."""
        from authsec.database.faults import in_words

        try:
            execute_from_command_line(sys.argv)
        except Exception as error:
            if "--traceback" in sys.argv or not (sentence := in_words(error)):
                raise
            sys.exit(sentence)

    if not needs_embedded_cluster(sys.argv[1:]):
        execute()
        return

    from authsec.database import embedded
    from authsec.database.binaries import EmbeddedPostgresError

    # Without this a SIGTERM ends Python on the spot, and the cluster would stay up.
    for request in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(request) is not signal.SIG_IGN:  # nohup
            signal.signal(request, lambda number, _: sys.exit(128 + number))
    try:
        with embedded.cluster():
            execute()
    except EmbeddedPostgresError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
