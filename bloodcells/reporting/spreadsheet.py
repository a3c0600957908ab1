"""CSV files that people open in a spreadsheet: no text is taken for a formula."""

import pandas as pd

# A spreadsheet evaluates a cell that begins with one of these (https://owasp.org/www-community/attacks/CSV_Injection);
# an apostrophe before it makes it text. An apostrophe gets another one, so that `unescaped` is exact.
SPECIAL = tuple("=+-@\t\r'")


def to_csv(table: pd.DataFrame) -> str:
    r"""The table as CSV, without its index. Numbers are as they are; an apostrophe is put before text like "=1+1".

    Example:
        >>> to_csv(pd.DataFrame({"class": ["+ve", "blast"], "change": [-0.5, 1.0]}))
        "class,change\n'+ve,-0.5\nblast,1.0\n"
    """
    texts = table.select_dtypes(exclude="number")
    safe = table.assign(**{str(name): texts[name].map(_escaped) for name in texts})
    return safe.rename(columns=_escaped).to_csv(index=False)


def unescaped(texts: pd.Series) -> pd.Series:
    """The texts of a column that `to_csv` wrote."""
    return texts.str.removeprefix("'")


def _escaped(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(SPECIAL) else cell
