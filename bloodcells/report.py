"""Compares finished runs: `python -m bloodcells.report study=NAME`. Needs no TensorFlow."""

import gc
import logging
from pathlib import Path

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.command import command
from bloodcells.config.schema import ReportConfig
from bloodcells.reporting.files import write_all

log = logging.getLogger("bloodcells.report")


def report(config: ReportConfig) -> None:
    """Compares finished runs and writes tables, figures and an HTML page: all of the files or none.

    Raises InputError if no run matches, reference.csv is malformed or the folder cannot be written to.
    """
    gc.disable()  # garbage collection slows down imports and reading thousands of runs from the store
    # Imported here, so that --help and completion do not wait for MLflow and Matplotlib.
    from bloodcells.comparison import tables
    from bloodcells.comparison.configurations import gather
    from bloodcells.comparison.depth import depth_curves
    from bloodcells.comparison.reference import read_references
    from bloodcells.comparison.rows import compare
    from bloodcells.comparison.runs import read_predictions, select
    from bloodcells.comparison.sections import INTERVALS, ReportFigures, sections, summary
    from bloodcells.comparison.verdict import caption, compared, lead
    from bloodcells.reporting.page import latex, markdown, page
    from bloodcells.reporting.spreadsheet import to_csv
    from bloodcells.tracking.store import source_of

    folder = output_folder(config)
    references = read_references(folder / "reference.csv")
    runs = select(config)
    configurations, remarks = gather(runs, read_predictions(runs))
    comparison = compare(configurations, config.tracking.rank_by.metric)
    curves = depth_curves(comparison)
    figures = ReportFigures.draw(comparison, references, curves)
    content = sections(
        comparison, remarks, references, curves=curves, figures=figures, server=source_of(config.tracking).server
    )
    title, first = f"Comparison: {config.study or folder.name}", f"{compared(comparison)}.\n{lead(comparison)}"
    captioned = {INTERVALS: tables.results(comparison)}
    if len(configurations) > 1:
        vs_best, vs_previous = tables.differences(comparison)
        captioned |= {
            caption(comparison): vs_best,
            "Differences from the previous row, or from the row that is named.": vs_previous,
        }
    files: dict[str, str | bytes] = {
        "results.csv": to_csv(tables.complete(comparison)),
        "table.md": markdown(title, first, content, figures=figures.files()),
        "table.tex": latex(captioned, "The runs behind each number are listed in results.csv."),
        "report.html": page(title, first, content),
    }
    if references:
        files["agreement.csv"] = to_csv(tables.agreement(references, comparison))
    write_all(folder, files | {name: figure.png for name, figure in figures.files().items()})
    log.info(summary(comparison, remarks, {"page": str(folder / "report.html"), "tables": str(folder / "table.md")}))


def output_folder(config: ReportConfig) -> Path:
    """Where the report is written: `output` if given, else experiments/STUDY, else experiments/EXPERIMENT."""
    if config.output is not None:
        return Path(config.output).resolve()
    from bloodcells.tracking.store import store_of

    return CHECKOUT / "experiments" / (config.study or store_of(config.tracking).experiment)


main = command("report", ReportConfig)(report)

if __name__ == "__main__":
    main()
