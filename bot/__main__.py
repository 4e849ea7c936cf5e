"""The command line: `python -m bot run|check|invite|migrate|preview|import|export`. Maps errors to exit codes.

0 done · 1 some of the work failed · 2 wrong usage · 69 cannot start as things are · 78 settings need attention
(the last two as in sysexits.h).
"""

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from bot.errors import OperatorError, SettingsError
from bot.texts import text

if TYPE_CHECKING:
    from bot.settings import Settings

EXIT_USAGE = 2
EXIT_CANNOT_START = 69
EXIT_SETTINGS = 78


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_SETTINGS
    except OperatorError as error:
        print(error, file=sys.stderr)
        return EXIT_CANNOT_START
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _write_no_more()  # whoever read our output (head, less) has seen enough
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description=text("cli-about"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help=text("cli-run"))
    run.set_defaults(command=_run)

    check = commands.add_parser("check", help=text("cli-check"))
    check.set_defaults(command=_check)

    invite = commands.add_parser("invite", help=text("cli-invite"))
    invite.set_defaults(command=_invite)

    migrate = commands.add_parser("migrate", help=text("cli-migrate"))
    migrate.set_defaults(command=_migrate)

    preview = commands.add_parser("preview", help=text("cli-preview"))
    preview.add_argument("sources", nargs="+", metavar="PATH_OR_URL", help=text("cli-sources"))
    preview.add_argument("--json", action="store_true", help=text("cli-preview-json"))
    preview.set_defaults(command=_preview)

    importing = commands.add_parser("import", help=text("cli-import"))
    importing.add_argument("sources", nargs="+", metavar="PATH_OR_URL", help=text("cli-sources"))
    importing.add_argument("--source", metavar="URL", help=text("cli-import-source"))
    importing.add_argument("--site", metavar="URL", help=text("cli-import-site"))
    importing.set_defaults(command=_import)

    export = commands.add_parser("export", help=text("cli-export"))
    export.add_argument("what", choices=["queue", "links"], help=text("cli-export-what"))
    export.add_argument("--server", type=int, metavar="ID", help=text("cli-export-server"))
    export.add_argument("--format", choices=["md", "csv", "json", "sqlite"], help=text("cli-export-format"))
    export.set_defaults(command=_export)
    return parser


def _run(_options: argparse.Namespace) -> int:
    # Imports make many objects and no garbage: collecting meanwhile costs a sixth of the start, and looking at them
    # again at every later collection costs for ever.
    gc.disable()
    settings = _settings(need_token=True)
    from bot.app import end_within, run

    gc.freeze()
    gc.enable()
    # The last resort stays armed: Python still waits for threads, one of which may look a name up for half a minute.
    _run_loop(run(settings, last_resort=end_within))
    return 0


def _invite(_options: argparse.Namespace) -> int:
    settings = _settings(need_token=True)
    from bot.invite import invite_address

    print(asyncio.run(invite_address(settings)))
    return 0


def _check(_options: argparse.Namespace) -> int:
    settings = _settings(need_token=True)
    from bot.check import check

    return asyncio.run(check(settings))


def _migrate(_options: argparse.Namespace) -> int:
    settings = _settings(need_token=False)
    from bot.store.upgrade import upgrade

    changed = asyncio.run(upgrade(settings.database_url.get_secret_value()))
    print(text("migrated" if changed else "migrated-before"))
    return 0


def _preview(options: argparse.Namespace) -> int:
    settings = _settings(need_token=False)
    from bot.preview import preview

    return asyncio.run(preview(options.sources, as_json=options.json, settings=settings))


def _import(options: argparse.Namespace) -> int:
    settings = _settings(need_token=False)
    from bot.importing import import_issues

    imported = asyncio.run(
        import_issues(options.sources, source_url=options.source, site=options.site, settings=settings)
    )
    print(imported)
    return 1 if imported.failed else 0


def _export(options: argparse.Namespace) -> int:
    form = options.format or {"queue": "md", "links": "csv"}[options.what]
    if (options.what, form) in {("queue", "sqlite"), ("links", "md")}:
        others = text("export-queue-formats" if options.what == "queue" else "export-links-formats")
        print(text("export-no-format", what=options.what, format=form, others=others), file=sys.stderr)
        return EXIT_USAGE
    settings = _settings(need_token=False)
    from bot.export import export_links_of, export_queue_of

    out = sys.stdout.buffer
    try:
        if options.what == "links":
            asyncio.run(export_links_of(settings, server_id=options.server, form=form, out=out))
        else:
            asyncio.run(export_queue_of(settings, server_id=options.server, form=form, out=out))
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _write_no_more()
        print(text("export-broken", what=options.what, problem=error.strerror or str(error)), file=sys.stderr)
        return EXIT_CANNOT_START
    return 0


def _write_no_more() -> None:
    """Python must not complain at exit about what is still to be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _settings(*, need_token: bool) -> "Settings":
    from bot.log import set_up_logging
    from bot.settings import Settings

    settings = Settings.load(need_token=need_token)
    set_up_logging(level=settings.log_level, log_format=settings.log_format, secrets=settings.secrets)
    return settings


def _run_loop(work: Coroutine[Any, Any, None]) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


if __name__ == "__main__":
    sys.exit(main())
