"""Who makes the model and who judges it: the earliest enrolment is development, every later one is external."""

import re

from mvi_core.names import ENROLMENT

DEVELOPMENT, EXTERNAL = "development", "external"  # words that a table may hold in place of years
ENROLMENT_PATTERN = re.compile(rf"(19|20)\d\d|{DEVELOPMENT}|{EXTERNAL}")


def enrolment_parts(people):
    """Patients by enrolment, development first: a mapping of at most two labels to rows of the table.

    The earliest year is development, all later ones together are external; the words ``development`` and ``external``
    say it themselves. Whoever has no enrolment is in neither.

    Examples
    --------
    >>> import pandas as pd
    >>> people = pd.DataFrame({"enrolment": ["2018", "2015", None, "2017"]})
    >>> {label: len(rows) for label, rows in enrolment_parts(people).items()}
    {'2015': 1, '2017–2018': 2}
    >>> list(enrolment_parts(people.assign(enrolment="external")))
    ['external']
    """
    labels = sorted(people[ENROLMENT].dropna().unique())
    first = [label for label in labels[:1] if label != EXTERNAL]
    later = labels[len(first) :]
    named = dict(zip(first, [first], strict=False))
    if later:
        named["–".join(dict.fromkeys((later[0], later[-1])))] = later
    return {name: people[people[ENROLMENT].isin(part)] for name, part in named.items()}


def development_and_external(people):
    """Split a table into its development and its external rows; either may be empty."""
    parts = enrolment_parts(people)
    told = list(parts.values())
    development = told[0] if told and not next(iter(parts)).startswith(EXTERNAL) else people.iloc[:0]
    external = [part for part in told if part is not development]
    return development, external[0] if external else people.iloc[:0]
