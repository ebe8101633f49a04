"""Which values in a cohort's inputs could tell who somebody is: read again from the files, kept in memory only."""

import io
import re
import unicodedata
from datetime import date

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from mvi_core.cohort.folder import find_cohort, read_files_table
from mvi_core.cohort.spec import table_path
from mvi_core.cohort.table import read_table
from mvi_core.dataset.archive import read_member, split_member
from mvi_core.manifest import project_root
from mvi_core.names import PATIENT_ID

# Every text, date and UID counts as identifying but for these, which say how the image was made. So the list is wider
# than PS3.15 Table E.1-1 (basic profile), and an attribute that nobody thought of is on it.
HARMLESS = frozenset({
    "SpecificCharacterSet", "ImageType", "SOPClassUID", "Modality", "Manufacturer", "ManufacturerModelName",
    "ScanningSequence", "SequenceVariant", "ScanOptions", "MRAcquisitionType", "AngioFlag", "PatientPosition",
    "PhotometricInterpretation", "RescaleType", "SoftwareVersions", "InPlanePhaseEncodingDirection", "PatientSex",
    "PatientAge", "TransferSyntaxUID", "MediaStorageSOPClassUID", "ImplementationClassUID", "ImplementationVersionName",
    "BodyPartExamined", "CodeValue", "CodingSchemeDesignator", "CodeMeaning", "LossyImageCompression", "Laterality",
    "BurnedInAnnotation", "PixelPresentation", "ComplexImageComponent", "AcquisitionContrast", "ImagedNucleus",
    "TransmitCoilName", "ReceiveCoilName", "TransmitCoilType", "ReceiveCoilType", "ContrastBolusAgent",
})  # fmt: skip
TEXTS = ("PN", "LO", "SH", "ST", "LT", "UT", "UC", "AE", "UI", "DA", "DT", "TM")
SHORTEST = 4  # characters; a shorter value, or a number of fewer than six digits, cannot be told from other text
DATE_FORMS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y%m%d")
WORD = re.compile(r"[^\W_]+")


def words(text):
    """Words of a text in small letters, without accents in composed form; what stands between them does not count.

    >>> words("Doe^Ann_Mary, 2015-03-31")
    ['doe', 'ann', 'mary', '2015', '03', '31']
    """
    return WORD.findall((text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold())


def identifying_values(spec):
    """Values of a cohort folder's inputs that may stand in nothing that leaves it.

    Parameters
    ----------
    spec : CohortSpec
        Of an own cohort: the identifiers of its table, and every header that `mvi scan` listed, are read again.

    Returns
    -------
    values : dict of tuple of str to str
        What identifies, as `words`, with the name of its attribute. Never print a key.
    n_unsearched : int
        Values that are too short, or that the project's own text holds, such as a name that is a word of statistics.
    """
    found = {}
    for name in read_table(table_path(spec)).get(PATIENT_ID, []):
        _add(found, str(name), "patient_id of the table")
    if spec.analyses["images"]:
        folder = find_cohort(spec.folder)
        root = (folder.path / spec.images["root"]).resolve()
        for place in read_files_table(folder)[0]["path"].unique():
            for text, keyword, form in _texts(_header(root, place)):
                for each in _forms(text, form):
                    _add(found, each, keyword)
    searched = {key: label for key, label in found.items() if _long_enough(key)}
    kept = {key: searched[key] for key in searched.keys() - holds(_own_words(), searched)}
    return kept, len(found) - len(kept)


def holds(text, values, index=None):
    """Which values stand in a text given as `words`: set of their keys; ``index`` is that of `word_index`."""
    index = word_index(values) if index is None else index
    anchors = index.keys() & set(text)
    return {
        key
        for place, word in enumerate(text if anchors else ())
        if word in anchors
        for key, offset in index[word]
        if place >= offset and tuple(text[place - offset : place - offset + len(key)]) == key
    }


def word_index(values):
    """Values by their longest word: lists of (key, place of that word in it), so that a text is searched once."""
    index = {}
    for key in values:
        offset = max(range(len(key)), key=lambda place: len(key[place]))
        index.setdefault(key[offset], []).append((key, offset))
    return index


def _add(found, text, label):
    if key := tuple(words(text)):
        found.setdefault(key, label)


def _long_enough(key):
    joined = "".join(key)
    return len(joined) >= SHORTEST and not (joined.isdigit() and len(joined) < 6)


def _header(root, place):
    archive, member = split_member(place)
    try:
        source = io.BytesIO(read_member(root / archive, member)) if member else root / archive
        return dcmread(source, stop_before_pixels=True)
    except (InvalidDicomError, OSError, ValueError, EOFError):
        return ()  # what cannot be read has given nothing away


def _texts(header):
    """Text values of a dataset and of what is nested in it: value, keyword, value representation."""
    for element in header:
        if element.VR == "SQ":
            for item in element.value:
                yield from _texts(item)
        elif element.VR in TEXTS and element.keyword not in HARMLESS:
            values = element.value if isinstance(element.value, (list, tuple)) or element.VM > 1 else [element.value]
            for value in values:
                if (text := str(value).strip()) and not text.startswith("1.2.840.10008."):
                    yield text, element.keyword or "private attribute", element.VR


def _forms(text, form):
    """Ways in which people and programs write a value: a name by its parts, a date in the usual orders."""
    if form == "TM" and "." not in text:
        return  # six digits, as of any number
    yield text
    if form == "PN":
        parts = [part for group in text.split("=") for part in group.split("^") if part]
        yield from parts
        yield " ".join(reversed(parts[:2]))
    elif form in ("DA", "DT") and re.match(r"\d{8}", text):
        try:
            day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
        except ValueError:
            return
        yield from (day.strftime(each) for each in DATE_FORMS)


def _own_words():
    """Words of the project's own files, which no patient brought in."""
    root = project_root()
    folders = ("mvi_core", "notebooks", "book/*.md", "book/*.bib", "config", "data_manifest", "workflow")
    files = [
        path
        for part in folders
        for found in root.glob(part)
        for path in ([found] if found.is_file() else found.rglob("*.*"))
    ]
    own = [path for path in files if path.suffix in (".py", ".md", ".yaml", ".csv", ".bib", ".smk")]
    return [word for path in own for word in words(path.read_text(encoding="utf-8", errors="ignore"))]
