"""The command line: `funnelhouse run`, `check`, `quarantine`, `sources` and `demo`.

Belongs here: arguments, exit codes, and what is said on stdout and stderr (`console.py` draws it).
Does not belong here: what the commands do. Heavy modules are imported by the command that needs them.

Exit codes: 0 done, 1 a blocking check, a rejected file or a step failed, 2 a wrong call or an absent folder.
The reason is the last line on stderr.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from orchestration.settings import Settings, SettingsError

FAILED, WRONG_CALL = 1, 2
_INTERRUPTED = 130
_OBJECTS_BEFORE_COLLECTION = 200_000
# By name: importing their modules would take longer than saying `--help`.
_WRONG_CALLS = frozenset({"ExtractsNotFound", "DemoError"})

app = typer.Typer(
    name="funnelhouse",
    help="Ad, e-mail and CRM extracts in, marketing marts that reconcile to the cent out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class CommandFailed(RuntimeError):
    """A command ended badly; carries the exit code. The message is the last line on stderr."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


Extracts = Annotated[
    str | None,
    typer.Option(help="Folder or URL (s3://, gs://, az://) with <source>/<table> files.", metavar="PATH_OR_URL"),
]
Home = Annotated[Path | None, typer.Option(help="Folder of the warehouse and all that is published.", metavar="DIR")]
Debug = Annotated[bool, typer.Option("--debug", help="Show stack traces and the log of every step.")]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"funnelhouse {version('funnelhouse')}")
        except PackageNotFoundError:
            typer.echo("funnelhouse (not installed)")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Ad, e-mail and CRM extracts in, marketing marts that reconcile to the cent out."""


@app.command()
def run(
    extracts: Extracts = None,
    home: Home = None,
    publish_pii: Annotated[
        bool, typer.Option("--publish-pii", help="Publish e-mails, phones and names in the clear.")
    ] = False,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Forget what was loaded and load every file again.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Load new extracts, build and check every layer, publish the marts."""
    settings = _settings(extracts=extracts, home=home, publish_pii=publish_pii or None)
    _require_extracts(settings.extracts)
    from orchestration.console import ProgressPrinter, print_summary

    if not debug:
        warnings.simplefilter("ignore")
    with ProgressPrinter(settings) as progress:
        from orchestration.defs.run import run_in_process

        summary = run_in_process(settings, progress, job="full_refresh" if full_refresh else "daily", debug=debug)
    print_summary(summary, settings)
    if summary.error is not None:
        raise summary.error


@app.command()
def check(extracts: Extracts = None, debug: Debug = False) -> None:
    """Tell what is inside the files, before loading anything."""
    settings = _settings(extracts=extracts)
    _require_extracts(settings.extracts)
    from orchestration.console import print_file_checks
    from orchestration.ingestion.contracts import load_contracts
    from orchestration.ingestion.ingest import check as check_files

    files = check_files(load_contracts(settings.dbt_project), settings.extracts)
    print_file_checks(files)
    rejected = [file for file in files if file.status == "rejected"]
    if rejected:
        told = "; ".join(f"{file.file}: {' '.join(file.problems)}" for file in rejected[:3])
        raise CommandFailed(f"{len(rejected)} of {len(files)} files would be rejected: {told}")


@app.command()
def quarantine(
    home: Home = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the rows to correction files below this folder, such as the extracts.", metavar="DIR"),
    ] = None,
    debug: Debug = False,
) -> None:
    """Show the rows that were held back and wait for a correction."""
    settings = _settings(home=home)
    if not settings.warehouse.exists():
        raise CommandFailed(f"no warehouse in {settings.home}; run `funnelhouse run` first", WRONG_CALL)
    from orchestration.console import print_open_flaws
    from orchestration.ingestion.corrections import open_flaws, write_templates
    from orchestration.warehouse import connect

    with connect(settings) as connection:
        flaws = open_flaws(connection)
        written = write_templates(connection, out) if out else []
    print_open_flaws(flaws)
    for path in written:
        typer.echo(f"to correct  {path}")
    if written:
        typer.echo("next        correct the values, keep the columns that start with _corrects, and run again")


@app.command()
def sources(
    source: Annotated[str | None, typer.Argument(help="Show the columns of this source's tables.")] = None,
) -> None:
    """List the sources that are read and their tables: the folders and file names of the extracts."""
    from orchestration.console import print_columns, print_sources
    from orchestration.ingestion.contracts import load_contracts

    tables = list(load_contracts(_settings().dbt_project).values())
    if source is None:
        print_sources(tables)
        return
    chosen = [table for table in tables if table.source == source]
    if not chosen:
        known = ", ".join(sorted({table.source for table in tables}))
        raise CommandFailed(f"There is no source {source!r}; the sources are {known}.", WRONG_CALL)
    print_columns(chosen)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder to write to; empty or absent.", metavar="DIR")],
    scale: Annotated[
        str, typer.Option(help="demo (3,000 leads), S (100,000), M (1,000,000), or a multiple of demo.")
    ] = "demo",
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same company.")] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="One format for every file.", metavar="csv|parquet")
    ] = None,
    dress: Annotated[
        str,
        typer.Option(
            help="What the files look like: connectors' (fivetran), French export buttons' (ui_exports_fr), canonical.",
            metavar="fivetran|ui_exports_fr|canonical",
        ),
    ] = "fivetran",
    debug: Debug = False,
) -> None:
    """Write a year of a believable company as extracts, together with the truth behind them."""
    from orchestration.demo.generate import generate

    chosen = {} if seed is None else {"seed": seed}
    written = generate(out, scale=scale, file_format=file_format, dress=dress, **chosen)  # type: ignore[arg-type]
    typer.echo(
        f"{written.files} files, {written.rows:,} rows, {written.bytes / 1e6:.1f} MB: "
        f"{written.leads:,} leads, {written.touches:,} touches\n"
        f"extracts  {written.extracts}\n"
        f"truth     {written.truth}\n"
        f"next      funnelhouse run --extracts {written.extracts}"
    )


def _settings(*, extracts: str | None = None, home: Path | None = None, publish_pii: bool | None = None) -> Settings:
    return Settings.from_environment(extracts=extracts, home=home, publish_pii=publish_pii)


def _require_extracts(location: str) -> None:
    """Refuse an absent folder before anything slow is imported; URLs are looked at when they are read."""
    if "://" not in location and not Path(location).is_dir():
        what = "is a file" if Path(location).exists() else "does not exist"
        raise CommandFailed(
            f"The extracts folder {location} {what}; expected a folder with <source>/<table> files. Name it "
            "with --extracts or FUNNELHOUSE_EXTRACTS.",
            WRONG_CALL,
        )


def exit_code(error: BaseException) -> int:
    """2 for what the caller can only mend in the call itself, else 1."""
    if isinstance(error, CommandFailed):
        return error.code
    if _is_usage_error(error) or isinstance(error, SettingsError) or type(error).__name__ in _WRONG_CALLS:
        return WRONG_CALL
    return FAILED


def _is_usage_error(error: BaseException) -> bool:
    # Typer's own copy of Click is private since 0.20; what its errors can do is not.
    return hasattr(error, "format_message") and getattr(error, "exit_code", None) == WRONG_CALL


def call(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; errors become one line on stderr."""
    # dbt, Dagster and Great Expectations make millions of objects that live as long as the command: looking through
    # them for garbage again and again costs a tenth of the time.
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION, 50, 50)
    debug = "--debug" in arguments
    try:
        outcome = app(args=list(arguments), prog_name="funnelhouse", standalone_mode=False)
        if outcome == _INTERRUPTED:  # Typer's way to tell of Ctrl-C
            raise KeyboardInterrupt
        return outcome if isinstance(outcome, int) else 0
    except typer.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        _complain("Interrupted. The last published marts are untouched; run again to go on.")
        return FAILED
    except Exception as error:
        if debug:
            traceback.print_exception(error)
        _complain(_message_of(error))
        return exit_code(error)


def _message_of(error: Exception) -> str:
    if _is_usage_error(error):
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "funnelhouse"
        return f"{error.format_message()} Try '{path} --help'."  # type: ignore[attr-defined]
    # Errors that Funnelhouse raises explain themselves; of others the kind is half of the message.
    known = type(error).__module__.split(".")[0] in {"orchestration", "expectations", "__main__"}
    text = str(error) or type(error).__name__
    return text if known else f"{type(error).__name__}: {text} (run again with --debug for details)"


def _complain(message: str) -> None:
    """One plain line, so that a scheduler's last line of stderr is the reason."""
    sys.stdout.flush()
    line = "Error: " + " ".join(message.split())
    if sys.stderr.isatty():
        line = f"\x1b[31m{line}\x1b[0m"
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point of the `funnelhouse` command; with `arguments`, a call from Python that raises SystemExit."""
    if arguments is not None:
        raise SystemExit(call(arguments))
    code = call(sys.argv[1:])
    # Ends here and now: while the interpreter is taken down DuckDB's bindings may print about leaks, after
    # the reason, which has to be the last line. What libraries have registered for the end is done first.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
