"""``trunkline doctor``: look at an installation, and say what is wrong and how to mend it."""

from __future__ import annotations

import typer

from trunkline.cli.invocation import invocation
from trunkline.cli.output import Json, show_json, show_table

app = typer.Typer(add_completion=False)


@app.command()
def doctor(
    context: typer.Context,
    as_json: Json = False,
) -> None:
    """Look at settings, database, listeners, addresses and the media engine."""
    import asyncio  # noqa: PLC0415 - what a server needs is slow to import

    from trunkline.app.diagnosis import Verdict, examine  # noqa: PLC0415
    from trunkline.app.log_lines import set_up_logging  # noqa: PLC0415
    from trunkline.settings import read_settings  # noqa: PLC0415

    set_up_logging("people", "error")
    findings = asyncio.run(examine(read_settings(invocation(context).data_dir)))
    if as_json:
        show_json(
            [
                {
                    "about": each.about,
                    "verdict": each.verdict.value,
                    "sentence": each.sentence,
                    "cure": each.cure,
                }
                for each in findings
            ]
        )
    else:
        rows = [(each.about, each.verdict.value, each.sentence, each.cure) for each in findings]
        show_table(("LOOKED AT", "VERDICT", "FOUND", "TO MEND IT"), rows, empty="")
    if any(each.verdict is Verdict.BAD for each in findings):
        raise typer.Exit(1)
