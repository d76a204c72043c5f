"""The long-table reader: formats, missing codes, and each fault of a file that must not pass."""

import gzip
import hashlib
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

import leefraster as lr
from leefraster.crs import require_crs, same_horizontal
from leefraster.errors import InputError, LeefrasterError, LeefrasterWarning, PrecisionWarning, UsageError
from leefraster.sources.longtable import table_columns
from leefraster.sources.missing import MissingCodes
from leefraster.sources.tables import quality_table, read_table

GRID = lr.Grid.netherlands()
CODES = ["E0973N4514", "E0974N4514", "E0975N4514", "E0976N4514"]


def write(folder: Path, text: str | bytes, name: str = "squares.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def lines(*values: str, header: str = "code,n") -> str:
    rows = (f"{code},{value}\n" for code, value in zip(CODES, values, strict=False))
    return header + "\n" + "".join(rows)


def read(path, **options):
    return read_table(path, **({"grid": GRID, "code": "code", "values": ["n"]} | options))


def test_csv(tmp_path):
    data = read(write(tmp_path, lines("1", "2.5", "")))
    np.testing.assert_array_equal(data["n"].values, np.array([1, 2.5, np.nan], dtype="float32"))
    assert data["n"].dtype == np.float32
    assert data["cell"].values.tolist() == GRID.cell_from_code(CODES[:3]).tolist()
    assert data.attrs["rows"] == 3
    assert data.attrs["dropped_outside"] == 0


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfcode,n\nE0973N4514,5\nE0974N4514,-0.5\n",
        b"code,n\r\nE0973N4514,5\r\nE0974N4514,-0.5\r\n",
        b'"code","n"\n"E0973N4514","5"\n"E0974N4514","-0.5"\n',
        b"code,n\nE0973N4514  ,5 \n E0974N4514,-0.5  \n",
        b"code,n\ne0973n4514,5\nCRS28992RES100mE0974N4514,-0.5\n",
        b"Code ; N\nE0973N4514;5\nE0974N4514;-0.5\n",
        b"code\tn\nE0973N4514\t5\nE0974N4514\t-0.5\n",
        b"x1,code,n\n,E0974N4514,-.5\n,E0973N4514,5e0\n",
        b"code,n\n\nE0973N4514,5\n\nE0974N4514,-0.5\n\n",
        b'\xef\xbb\xbfCODE;N\r\n" e0973n4514 ";" 5 "\r\n"e0974n4514";"-0.5"\r\n',
    ],
    ids=["BOM", "CRLF", "quoted", "blanks", "lower case", "semicolon", "tab", "order", "blank lines", "all"],
)
def test_harmless_differences_are_normalised(tmp_path, text):
    data = read(write(tmp_path, text))
    assert data["n"].values.tolist() == [5.0, -0.5]
    assert data["cell"].values.tolist() == GRID.cell_from_code(CODES[:2]).tolist()


def test_decimal_comma_is_read_when_said(tmp_path):
    path = write(tmp_path, "code;n\nE0973N4514;0,25\nE0974N4514;-1,5\n")
    assert read(path, decimal=",")["n"].values.tolist() == [0.25, -1.5]


def test_other_encoding_is_read_when_said(tmp_path):
    path = write(tmp_path, "code,plaats,n\nE0973N4514,Sneek \xeb,5\n".encode("cp1252"))
    assert read(path, encoding="cp1252")["n"].values.tolist() == [5.0]
    path = write(tmp_path, "code,n\nE0973N4514,5\n".encode("utf-16"))
    assert read(path, encoding="utf-16")["n"].values.tolist() == [5.0]


def test_zip(tmp_path):
    path = tmp_path / "squares with space ë.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("squares.csv", lines("1", "2"))
        archive.writestr("readme.pdf", b"%PDF")
    assert read(path)["n"].values.tolist() == [1.0, 2.0]
    assert table_columns(path) == ["code", "n"]


def refused(path, message, kind=InputError, **options):
    with pytest.raises(kind, match=message) as caught:
        read(path, **options)
    assert isinstance(caught.value, LeefrasterError)
    return str(caught.value)


def test_truncated_csv_is_caught_wherever_it_is_cut(tmp_path):
    """Cut anywhere but behind a newline; polars reads every one of these without an error."""
    whole = lines("12.25", "13.25", "14.25").encode()
    for end in range(len("code,n\n") + 1, len(whole)):
        path = write(tmp_path, whole[:end])
        if whole[end - 1 : end] != b"\n":
            said = refused(
                path, r"squares.csv: the last line does not end in a newline.*final_newline = false"
            )
            assert repr(whole[:end].decode()[-10:])[1:-1] in said


def test_truncated_between_lines_is_caught_by_rows_or_checksum(tmp_path):
    whole = lines("1", "2", "3")
    path = write(tmp_path, lines("1", "2"))
    digest = hashlib.sha256(whole.encode()).hexdigest()
    refused(path, r"has 2 rows, expected 3; it may be cut off", rows=3)
    refused(path, rf"SHA-256 is \w+, expected {digest}", sha256=digest)
    path = write(tmp_path, whole)
    assert read(path, rows=3, sha256=digest.upper()).sizes == {"cell": 3}


def test_complete_file_without_newline_is_read_when_said(tmp_path):
    path = write(tmp_path, lines("1", "2").rstrip("\n"))
    assert read(path, final_newline=False)["n"].values.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"squares.csv: is empty \(0 bytes\)"),
        ("code,n\n", "has a header and no rows"),
        ("\nE0973N4514,5\n", "the first line is empty"),
        (
            "code,n\nE0973N4514,5\nE0974N4514\n",
            r"is not an even table: CSV parse error.*Expected 2 columns, got 1",
        ),
        ("code,n\nE0973N4514,5\n,6\n", r"1 of 2 rows lack a value in key column 'code', first in row 2"),
        ("code,n\nE0973N4514,5\nE97,6\n", r"1 of 2 cell codes are not of the form E0974N4514.*'E97'"),
        ("code,n\nE0973N4514,5\nE9973N4514,6\n", r"1 of 2 cell codes lie outside the grid.*'E9973N4514'"),
        (
            "code,n\nE0973N4514,5\nCRS28992RES500mE0970N4510,6\n",
            r"is of 500 m cells, the grid has 100 m cells",
        ),
        ("code,n\nE0973N4514,5\nE0973N4514,5\n", r"1 values of key occur more than once.*E0973N4514"),
        (
            "code;n\nE0973N4514;0,12\nE0974N4514;3\n",
            r"'n' reads as text in 1 of 2 rows.* row 1: '0,12'. These are decimal commas: say decimal = ','",
        ),
        (
            "code;n\nE0973N4514;5\nE0974N4514;1.234,5\n",
            r"first in row 2: '1.234,5'. These have thousands separators",
        ),
        (
            "code;n\nE0973N4514;5\nE0974N4514;1.234.567\n",
            r"first in row 2: '1.234.567'. These have thousands",
        ),
        (
            "code;n\nE0973N4514;5\nE0974N4514;geheim\n",
            r"row 2: 'geheim'. Give numbers; if it is a missing code, name it",
        ),
        ("code,n\nE0973N4514,5\nE0974N4514,inf\n", r"'n' holds 1 infinite values, first in row 2"),
        ("code,n\nE0973N4514,5\nE0974N4514,-inf\n", r"infinite"),
        ("code,n,n\nE0973N4514,5,6\n", r"column 'n' occurs 2 times"),
        ("code,inwoners\nE0973N4514,5\n", r"there is no column 'n'.*Columns: code, inwoners"),
    ],
)
def test_faults_of_csv(tmp_path, text, message):
    refused(write(tmp_path, text), message)


def test_decimal_comma_with_thousands_points(tmp_path):
    path = write(tmp_path, "code;n\nE0973N4514;0,5\nE0974N4514;1.234,5\n")
    refused(path, r"row 2: '1.234,5'. These have thousands separators", decimal=",")


def test_missing_column_suggests_the_nearest(tmp_path):
    path = write(tmp_path, "code,aantal_woningen\nE0973N4514,5\n")
    refused(path, r"no column 'aantal_wonigen'. Did you mean 'aantal_woningen'\?", values=["aantal_wonigen"])


def test_wrong_encoding_names_the_byte(tmp_path):
    text = "code,plaats,n\nE0973N4514,Sneek,5\nE0974N4514,Ameland \xeb,5\n".encode("cp1252")
    position = text.index(b"\xeb")
    refused(
        write(tmp_path, text),
        rf"byte 0xEB at position {position} \(line 3\) is not utf-8; say .* encoding = 'cp1252'",
    )


def test_wrong_encoding_far_into_a_large_file(tmp_path):
    row = "E0973N4514,é,5\n".encode()
    text = b"code,plaats,n\n" + row * (17_000_000 // len(row))
    bad = text + b"E0973N4514,\xff,5\n"
    refused(write(tmp_path, bad), rf"byte 0xFF at position {bad.index(bytes([255]))} ")


def test_encoding_marks_and_names(tmp_path):
    refused(
        write(tmp_path, "code,n\n".encode("utf-16")),
        "begins with the mark of utf-16; say encoding = 'utf-16'",
    )
    refused(
        write(tmp_path, lines("1")),
        "encoding is 'utf8ish', which is not known",
        UsageError,
        encoding="utf8ish",
    )


@pytest.mark.parametrize(
    "way", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_zip_with_flipped_bits_is_said_to_be_damaged(tmp_path, way):
    path = tmp_path / "squares.zip"
    with zipfile.ZipFile(path, "w", way) as archive:
        archive.writestr("squares.csv", "cell,n\n" + "".join(f"{i},{i * i}\n" for i in range(500)))
    data = bytearray(path.read_bytes())
    for place in range(100, 110):
        data[place] ^= 0xFF
    path.write_bytes(data)
    refused(path, r"squares.zip: cannot be read \(\d+ bytes\); it may be cut off or damaged")


def test_zip_faults(tmp_path):
    path = tmp_path / "squares.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", lines("1"))
        archive.writestr("b.csv", lines("2"))
    refused(path, r"holds 2 CSV files \(a.csv, b.csv\); name one with layer = '...'")
    assert read(path, layer="b.csv")["n"].values.tolist() == [2.0]
    refused(path, r"holds no 'c.csv'; it holds a.csv, b.csv", layer="c.csv")
    path.write_bytes(path.read_bytes()[:-30])
    refused(path, r"squares.zip: cannot be read \(\d+ bytes\); it may be cut off or damaged. BadZipFile")


def test_absent_and_unknown_files(tmp_path):
    refused(tmp_path / "none.csv", r"none.csv: there is no such file \(looked in ")
    refused(tmp_path, "is no file; name one file")
    refused(write(tmp_path, "x", "table.xlsx"), "a .xlsx cannot be read; known are .csv", UsageError)
    refused(write(tmp_path, gzip.compress(b"code,n\n"), "t.csv"), r"byte 0x8B at position 1 .*is not utf-8")
    refused([], "no file is named", UsageError)


def test_separator_must_be_one_character(tmp_path):
    refused(
        write(tmp_path, lines("1")), "separator is '::'; it must be one character", UsageError, separator="::"
    )


# --- missing codes ---------------------------------------------------------------------------------------

CBS = {"-99997": "suppressed", "-99995": "not available", "null": "missing"}


def test_codes_are_kept_apart_and_zero_is_a_value(tmp_path):
    data = read(write(tmp_path, lines("0", "-99997", "-99995", "")), missing=CBS, quality=True)
    np.testing.assert_array_equal(data["n"].values, [0, np.nan, np.nan, np.nan])
    assert data["n_quality"].values.tolist() == [0, 1, 2, 3]
    assert data["n_quality"].dtype == np.int8
    assert quality_table(data).loc["n"].to_dict() == {
        "values": 1,
        "suppressed": 1,
        "not_available": 1,
        "missing": 1,
    }


def test_words_may_be_codes(tmp_path):
    path = write(tmp_path, lines("0", "x", " . ", "0.5"))
    data = read(path, missing={"x": "suppressed", ".": "not available"}, quality=True)
    assert data["n_quality"].values.tolist() == [0, 1, 2, 0]
    assert data["n"].values[[0, 3]].tolist() == [0.0, 0.5]
    refused(path, r"'n' reads as text in 1 of 4 rows, first in row 3: '.'", missing={"x": "suppressed"})
    comma = write(tmp_path, "code;n\nE0973N4514;0,5\nE0974N4514;x\n")
    assert read(comma, missing={"x": "suppressed"}, decimal=",")["n"].values[0] == 0.5


def test_words_in_parquet(tmp_path):
    path = tmp_path / "s.parquet"
    pq.write_table(pa.table({"code": CODES[:3], "n": ["5", "geheim", None]}), path)
    data = read(path, missing={"geheim": "suppressed"}, quality=True)
    assert data["n_quality"].values.tolist() == [0, 1, 3]
    refused(path, "'n' holds text that is no missing code", missing={"x": "suppressed"})
    refused(path, "'n' reads as text where numbers are expected; first value '5'")


def test_null_may_mean_suppressed(tmp_path):
    path = tmp_path / "s.parquet"
    pq.write_table(pa.table({"code": CODES[:3], "n": [5, None, 0]}), path)
    data = read(path, missing={"null": "suppressed"})
    assert (data["n"].attrs["suppressed"], data["n"].attrs["missing"]) == (1, 0)


def test_a_cell_without_row_in_a_year_is_missing_not_suppressed(tmp_path):
    text = "code,n,jaar\nE0973N4514,5,2012\nE0973N4514,,2002\nE0974N4514,6,2012\nE0975N4514,7,2002\n"
    data = read(write(tmp_path, text), year="jaar", missing={"null": "suppressed"}, quality=True)
    assert data["year"].values.tolist() == [2002, 2012]
    assert data["n_quality"].values.tolist() == [[1, 3, 0], [0, 0, 3]]
    assert sum(quality_table(data).loc["n"]) == data["n"].size


@pytest.mark.parametrize("code", ["-99997", "-99995", "-1", "-9"])
def test_unmapped_negative_in_a_count_column(tmp_path, code):
    path = write(tmp_path, lines("5", code, code, "0"))
    said = refused(path, rf"column 'n', a column of counts, has 2 negative values .*: {code} \(2 times\)")
    assert f'missing = {{ "{code}" = "suppressed" }}' in said
    assert read(path, signed=["n"])["n"].values.tolist() == [5.0, float(code), float(code), 0.0]


def test_unmapped_code_among_fractions(tmp_path):
    refused(write(tmp_path, lines("2.1", "-99997", "1.5")), "a column of fractions, has 1 negative values")
    refused(
        write(tmp_path, lines("2.1", "-1", "1.5")), r"fractions, has 1 negative values .*: -1 \(1 times\)"
    )
    refused(
        write(tmp_path, lines("0.1", "-0.5", "-9")), r"fractions, has 1 negative values .*: -9 \(1 times\)"
    )
    refused(write(tmp_path, lines("1e6", "-0.5", "-99995")), r": -99995 \(1 times\)")
    assert read(write(tmp_path, lines("2.1", "-0.5", "-2"))).sizes == {"cell": 3}


def test_unknown_kind_of_missing(tmp_path):
    refused(
        write(tmp_path, lines("1")),
        "missing code '-1' is 'secret'; allowed are 'suppressed', 'not available', 'missing'",
        UsageError,
        missing={"-1": "secret"},
    )


def test_parse_accepts_underscores_and_capitals():
    assert MissingCodes.parse({"-99995": "Not_Available"}).numeric == {-99995.0: 2}


# --- years -----------------------------------------------------------------------------------------------


def test_years_with_gaps_unsorted(tmp_path):
    text = "code,n,jaar\n" + "".join(f"E0973N4514,{i},{year}\n" for i, year in enumerate([2024, 2002, 2015]))
    data = read(write(tmp_path, text), year="jaar")
    assert data["year"].values.tolist() == [2002, 2015, 2024]
    assert data["n"].values[:, 0].tolist() == [1.0, 2.0, 0.0]


@pytest.mark.parametrize(
    ("years", "message"),
    [
        (
            ("2024", "2024"),
            r"1 values of \(key, year\) occur more than once \(2 rows\), first: E0973N4514 2024",
        ),
        (("2024", "9024"), r"jaar 9024 lies in the future \(it is \d{4} now\); 1 of 2 rows, first in row 2"),
        (("2024", ""), r"1 of 2 rows lack a value in key column 'jaar', first in row 2"),
        (("2024", "20-24"), r"column 'jaar' holds '20-24', which is no year"),
    ],
)
def test_faults_of_years(tmp_path, years, message):
    text = "code,n,jaar\n" + "".join(f"E0973N4514,5,{year}\n" for year in years)
    refused(write(tmp_path, text), message, year="jaar")


def test_an_empty_year_or_column_is_kept_and_warned_about(tmp_path):
    path = write(tmp_path, "code,n,jaar\nE0973N4514,,2012\nE0974N4514,,2012\nE0973N4514,1,2024\n")
    with pytest.warns(LeefrasterWarning, match=r"squares.csv: column 'n' holds no value in 2012$"):
        data = read(path, year="jaar")
    np.testing.assert_array_equal(data["n"].values, [[np.nan, np.nan], [1, np.nan]])
    with pytest.warns(LeefrasterWarning, match=r"column 'n' holds no value$"):
        read(write(tmp_path, lines("", "")))


def test_a_fixed_year_in_the_future(tmp_path):
    refused(write(tmp_path, lines("1")), "year 9999 lies in the future", year=9999)


# --- several files, coordinates, resolutions ---------------------------------------------------------------


def test_several_files_are_put_together_and_duplicates_across_them_found(tmp_path):
    one = write(tmp_path, "code,n,jaar\nE0973N4514,5,2022\n", "2022.csv")
    two = write(tmp_path, "jaar;code;n\n2024;E0974N4514;6\n", "2024.csv")
    data = read([one, two], year="jaar")
    np.testing.assert_array_equal(data["n"].values, [[5, np.nan], [np.nan, 6]])
    assert read([two, one], year="jaar")["n"].identical(data["n"])
    refused([one, one], "occur more than once", year="jaar")
    refused([one, two], "can be stated for one file only", UsageError, rows=1)


def test_renaming(tmp_path):
    data = read(write(tmp_path, lines("7")), values={"dwellings": "N"})
    assert data["dwellings"].values.tolist() == [7.0]


def test_coordinates(tmp_path):
    text = "x,y,n\n97450,451450,1\n97550,451450,2\n"
    options = {"code": None, "x": "x", "y": "y"}
    data = read(write(tmp_path, text), **options)
    assert data["cell"].values.tolist() == GRID.cell_from_code(CODES[1:3]).tolist()
    refused(
        write(tmp_path, text),
        r"2 of 2 points are not the corner of a 100 m.*first \(97450, 451450\) is off by \(-50.0, -50.0\) m",
        position="corner",
        **options,
    )
    shifted = write(tmp_path, "x,y,n\n97400,451400,1\n")
    refused(shifted, r"1 of 1 points are not the centre.*position = 'corner'", **options)
    assert read(shifted, position="corner", **options).sizes == {"cell": 1}


def test_crs_of_coordinates(tmp_path):
    path = write(tmp_path, "x,y,n\n97450,451450,1\n")
    options = {"code": None, "x": "x", "y": "y"}
    assert read(path, crs="EPSG:28992", **options).sizes == {"cell": 1}
    for found in ("EPSG:4326", "EPSG:3035", "EPSG:31370"):
        refused(path, rf"is in {found} .*, wanted EPSG:28992 \(Amersfoort / RD New\)", crs=found, **options)


def test_neither_code_nor_coordinates(tmp_path):
    refused(write(tmp_path, lines("1")), "say which column holds the code", UsageError, code=None)


def test_500_m_codes_in_a_100_m_file(tmp_path):
    codes = [f"E{e:04d}N{n:04d}" for e in range(1000, 1030, 5) for n in range(4500, 4530, 5)]
    refused(
        write(tmp_path, "code,n\n" + "".join(f"{code},1\n" for code in codes)),
        "100% of 36 codes are corners of 500 m squares",
    )


def test_name_of_the_code_column_tells_the_resolution(tmp_path):
    path = write(tmp_path, lines("1", header="crs28992res500m,n"))
    refused(
        path, r"'crs28992res500m' holds codes of 500 m squares, the grid has 100 m", code="crs28992res500m"
    )
    path = write(tmp_path, lines("1", header="crs3035res100m,n"))
    refused(path, r"is in EPSG:3035.*wanted EPSG:28992", code="crs3035res100m")


def test_precision(tmp_path):
    path = write(tmp_path, lines("16777217"))
    with pytest.warns(PrecisionWarning, match=r"'n' has 1 whole numbers beyond 2\*\*24"):
        read(path)
    assert read(path, dtype="float64")["n"].values.tolist() == [16777217.0]


def test_where_keeps_rows(tmp_path):
    path = write(tmp_path, "code,water,n\nE0973N4514,NEE,1\nE0973N4514,JA,-99997\n")
    assert read(path, where={"water": "nee"})["n"].values.tolist() == [1.0]
    refused(path, "no row has 'B' in column 'water'", where={"water": "B"})


# --- Parquet and GeoPackage --------------------------------------------------------------------------------


def test_parquet_truncated_or_with_text(tmp_path):
    path = tmp_path / "s.parquet"
    pq.write_table(pa.table({"code": CODES, "n": ["1", "2", "3", "4"]}), path)
    refused(path, "'n' reads as text where numbers are expected")
    pq.write_table(pa.table({"code": CODES, "n": [1, 2, 3, 4]}), path)
    whole = path.read_bytes()
    assert read(path)["n"].values.tolist() == [1.0, 2.0, 3.0, 4.0]
    for end in (10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:end])
        refused(path, rf"s.parquet: cannot be read \({end} bytes\); it may be cut off")


def squares(crs="EPSG:28992", size=100.0, shrink=0.0):
    shapes = [
        shapely.box(
            97300 + i * size + shrink, 451400 + shrink, 97300 + (i + 1) * size - 2 * shrink, 451400 + size
        )
        for i in range(4)
    ]
    return gpd.GeoDataFrame({"n": [1.0, 2.0, np.nan, 4.0], "code": CODES}, geometry=shapes, crs=crs)


def gpkg(tmp_path, frame, layer="grid", name="grid.gpkg"):
    path = tmp_path / name
    frame.to_file(path, layer=layer, driver="GPKG", engine="pyogrio")
    return path


@pytest.mark.parametrize("shrink", [0.0, 20.0])
def test_polygons_clipped_to_buildings_are_snapped_down(tmp_path, shrink):
    path = gpkg(tmp_path, squares(shrink=shrink))
    by_shape = read(path, code=None)
    assert by_shape["cell"].values.tolist() == GRID.cell_from_code(CODES).tolist()
    assert by_shape["n"].identical(read(path)["n"])
    assert by_shape["n"].attrs["missing"] == 1
    assert table_columns(path) == ["n", "code"]


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3035", "EPSG:31370"])
def test_gpkg_in_another_crs(tmp_path, crs):
    path = gpkg(tmp_path, squares(crs=crs))
    refused(path, rf"grid.gpkg: is in {crs} \(.*\), wanted EPSG:28992 \(Amersfoort / RD New\)", code=None)


def test_gpkg_without_crs(tmp_path):
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        path = gpkg(tmp_path, squares(crs=None))
    refused(path, r"grid.gpkg: has no CRS, wanted EPSG:28992.* say crs = 'EPSG:28992'", code=None)
    assert read(path, code=None, crs="EPSG:28992").sizes == {"cell": 4}


def test_crs_equal_however_it_is_written():
    from pyproj import CRS

    wkt = CRS.from_epsg(28992).to_wkt()
    bare = wkt[: wkt.rindex("ID[")].rstrip().rstrip(",") + "]"
    assert "28992" not in bare
    for same in (wkt, bare, CRS.from_epsg(28992).to_wkt("WKT1_GDAL"), "EPSG:7415", 28992):
        require_crs(same, "EPSG:28992", "test")
        assert same_horizontal(same, "EPSG:28992")
    for other in ("EPSG:4326", "EPSG:3035", "EPSG:31370", "EPSG:28991", bare.replace("155000", "0")):
        with pytest.raises(InputError, match="wanted EPSG:28992"):
            require_crs(other, "EPSG:28992", "test")
    with pytest.raises(InputError, match="test: has no CRS, wanted EPSG:28992"):
        require_crs(None, "EPSG:28992", "test")
    with pytest.raises(UsageError, match="crs 'RD' is not known"):
        require_crs("RD", "EPSG:28992", "test")
    require_crs(None, None, "test")


def test_gpkg_truncated(tmp_path):
    whole = gpkg(tmp_path, squares()).read_bytes()
    for share in (0.05, 0.3, 0.6, 0.95):
        end = int(len(whole) * share)
        path = write(tmp_path, whole[:end], "cut.gpkg")
        refused(path, rf"cut.gpkg: cannot be read \({end} bytes\); it may be cut off", code=None)


def test_gpkg_of_another_resolution_or_shifted(tmp_path):
    refused(
        gpkg(tmp_path, squares(size=500.0)),
        r"4 of 4 geometries reach over several cells.*first in row 1, 500 x 500 m from \(97300, 451400\)",
        code=None,
    )
    moved = squares()
    moved["geometry"] = moved.translate(50.0, 50.0)
    refused(gpkg(tmp_path, moved, name="moved.gpkg"), "its grid is shifted", code=None)


def test_gpkg_layers_and_empty_geometry(tmp_path):
    path = gpkg(tmp_path, squares())
    squares().to_file(path, layer="other", driver="GPKG", mode="a")
    refused(path, r"holds 2 layers \(grid, other\); name one: layer = '...'")
    assert read(path, layer="other").sizes == {"cell": 4}
    refused(path, "there is no layer 'third'", layer="third")
    scaled = gpkg(tmp_path, squares(), layer="grid_schaalafhankelijk", name="scale.gpkg")
    refused(scaled, "changes with the scale of the map")
    empty = squares()
    empty.loc[1, "geometry"] = None
    refused(
        gpkg(tmp_path, empty, name="empty.gpkg"), "1 features have no geometry, first in row 2", code=None
    )


def test_order_of_rows_does_not_matter(tmp_path):
    frame = pd.DataFrame({"code": CODES, "n": [0.1, 0.2, 0.3, 0.4]})
    one = read(write(tmp_path, frame.to_csv(index=False)))
    two = read(write(tmp_path, frame[::-1].to_csv(index=False)))
    assert one["n"].values.tobytes() == two["n"].values.tobytes()
    assert one["cell"].values.tobytes() == two["cell"].values.tobytes()


@pytest.mark.real_data
def test_german_negative_codes_are_refused_until_mapped(shared_data):
    path = shared_data / "germany_1km" / "continuous_Einwohner.parquet"
    frame = pd.read_parquet(path)
    grid = lr.Grid.covering(frame["x"], frame["y"], cell=1000, crs="EPSG:3035")
    options = {"grid": grid, "code": None, "x": "x", "y": "y", "values": ["Einwohner"], "dtype": "float64"}
    refused(path, "'Einwohner', a column of counts, has .*-1 ", **options)
    data = read(path, missing={"-1": "not available", "-9": "suppressed"}, **options)
    counted = quality_table(data).loc["Einwohner"]
    assert counted["not_available"] == (frame["Einwohner"] == -1).sum()
    assert counted["suppressed"] == (frame["Einwohner"] == -9).sum()
    assert float(data["Einwohner"].sum()) == frame["Einwohner"].where(frame["Einwohner"] >= 0).sum()


@pytest.mark.real_data
def test_500_m_file_of_cbs_is_refused_in_a_100_m_grid(shared_data):
    path = shared_data / "cbs_100m_rijnmond_2024" / "grid_500m.parquet"
    options = {"code": "crs28992res500m", "values": ["stedelijkheid"]}
    refused(path, "codes of 500 m squares", **options)
    data = read(path, **(options | {"grid": lr.Grid.netherlands(500)}))
    assert data.sizes == {"cell": 1641}


@pytest.mark.real_data
def test_buurten_keep_their_codes_apart(shared_data):
    path = shared_data / "cbs_100m_rijnmond_2024" / "grid_100m.parquet"
    data = read(
        path,
        code="crs28992res100m",
        values={"dwellings": "aantal_woningen"},
        missing={"null": "suppressed"},
    )
    frame = pd.read_parquet(path).set_index("crs28992res100m")["aantal_woningen"]
    codes = GRID.code_from_cell(data["cell"].values)
    np.testing.assert_array_equal(data["dwellings"].values, frame.loc[codes].to_numpy(dtype="float32"))
    assert data["dwellings"].attrs["suppressed"] == frame.isna().sum() == 2091
