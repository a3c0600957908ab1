"""Predictions of images without labels as one HTML page, the least certain first."""

import numpy as np
import pandas as pd

from bloodcells.reporting.page import Block, Section, page
from bloodcells.reporting.sheet import Tile, class_title, sheet

SHOWN = 96  # images
COLUMNS = 8


def predicted_page(title: str, lead: str, table: pd.DataFrame, pixels: np.ndarray) -> str:
    """Returns the page as HTML.

    lead: plain text, one paragraph per line; table: as `bloodcells.predict` returns it; pixels: uint8 (n, h, w, 3)
    """
    flagged = table.get("flagged", pd.Series(False, table.index))
    order = np.argsort(table["confidence"].to_numpy(), kind="stable")[:SHOWN]
    tiles = [
        Tile(
            pixels[row],
            f"{class_title(table['class'][row])} {table['confidence'][row]:.2f}\n{table['file'][row]}",
            marked=bool(flagged[row]),
        )
        for row in order
    ]
    columns = {"images": ("file", "size"), "mean confidence": ("confidence", "mean")}
    columns |= {"flagged": ("flagged", "sum")} if "flagged" in table else {}
    counts = table.groupby("class").agg(**columns)
    counts = counts.sort_values("images", ascending=False).reset_index()
    caption = "All images" if len(table) <= SHOWN else f"The {SHOWN} least certain of {len(table):,} images"
    note = " A frame marks flagged answers." if flagged.any() else ""
    blocks: list[Block] = [
        f"{caption}, with the predicted class, its probability and the name of the file.{note}",
        sheet(tiles, COLUMNS, side=1.1),
    ]
    return page(
        title,
        lead,
        [
            Section("Classes", ["Predictions by class:", counts]),
            Section("Least certain first", blocks),
        ],
    )
