"""Compares finished runs: `python -m bloodcells.report study=NAME`, read from top to bottom. Needs no TensorFlow."""

import gc
import logging

from bloodcells.comparison import tables
from bloodcells.comparison.answers import read
from bloodcells.comparison.configurations import gather
from bloodcells.comparison.depth import depth_curves
from bloodcells.comparison.folder import folder_of, write
from bloodcells.comparison.reference import read_references
from bloodcells.comparison.rows import compare
from bloodcells.comparison.sections import INTERVALS, Pictures, caption, lead, sections, summary
from bloodcells.comparison.selection import select
from bloodcells.config.command import command
from bloodcells.config.schema import ReportConfig
from bloodcells.reporting.page import latex, markdown, page

log = logging.getLogger("bloodcells.report")


def report(config: ReportConfig) -> None:
    """Reads the runs, compares them and writes tables, figures and a page, all of them or none.

    Raises InputError for what the user can mend: no such runs, a reference.csv that cannot be read, a folder that
    cannot be written to.
    """
    gc.disable()  # else all there is is looked through again and again while thousands of rows come from the store
    folder = folder_of(config)
    references = read_references(folder / "reference.csv")
    runs = select(config)
    configurations, remarks = gather(runs, read(runs))
    comparison = compare(configurations)
    curves = depth_curves(comparison)
    pictures = Pictures.draw(comparison, references, curves)
    told = sections(comparison, remarks, references, curves, pictures)
    title, first = f"Comparison: {config.study or folder.name}", lead(comparison)
    shown = {INTERVALS: tables.results(comparison)}
    if len(configurations) > 1:
        to_best, to_before = tables.differences(comparison)
        shown |= {
            caption(comparison): to_best,
            "The same, to the row before, or where one is named to that.": to_before,
        }
    files = {
        "results.csv": tables.complete(comparison).to_csv(index=False),
        "table.md": markdown(title, first, told, pictures.files()),
        "table.tex": latex(shown, "The runs behind each number are in results.csv."),
        "report.html": page(title, first, told),
    }
    if references:
        files["agreement.csv"] = tables.agreement(references, comparison).to_csv(index=False)
    write(folder, files, pictures.files())
    log.info(summary(comparison, remarks, {"page": str(folder / "report.html"), "tables": str(folder / "table.md")}))


main = command("report", ReportConfig)(report)

if __name__ == "__main__":
    main()
