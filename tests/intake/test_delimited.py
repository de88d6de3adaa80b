"""A bakery's CSV is read line by line; a bad line costs itself and nothing else."""

import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bakery_assets.intake.delimited import read_delimited
from bakery_assets.intake.faults import BadHeader, Unreadable
from bakery_assets.intake.text_encoding import file_encoding

HEADER = b"tenant_id,product_id,quantity\n"


def read(
    path: Path, content: bytes, batch_rows: int = 50_000
) -> tuple[list[tuple[object, ...]], list[tuple[int, str, dict[str, object]]]]:
    path.write_bytes(content)
    rows: list[tuple[object, ...]] = []
    faults: list[tuple[int, str, dict[str, object]]] = []
    for batch in read_delimited(path, batch_rows=batch_rows):
        rows += batch.rows.rows()
        faults += [
            (row["row_number"], row["reason"], json.loads(row["content"])) for row in batch.faults.rows(named=True)
        ]
    return rows, faults


@pytest.mark.parametrize(
    "content",
    [
        HEADER + b"b,rye,1\nb,spelt,2\n",
        b"\xef\xbb\xbf" + HEADER + b"b,rye,1\nb,spelt,2\n",
        HEADER.replace(b"\n", b"\r\n") + b"b,rye,1\r\nb,spelt,2\r\n",
        HEADER + b"b,rye,1\nb,spelt,2",
        b"tenant_id;product_id;quantity\nb;rye;1\nb;spelt;2\n",
        b"tenant_id\tproduct_id\tquantity\nb\trye\t1\nb\tspelt\t2\n",
        HEADER + b'b,"rye",1\n"b",spelt,"2"\n',
        HEADER + b"b,rye,1,,\nb,spelt,2\n",
    ],
)
def test_the_same_rows_are_read_however_the_file_is_written(home: Path, content: bytes) -> None:
    assert read(home / "sales.csv", content) == ([(2, "b", "rye", "1"), (3, "b", "spelt", "2")], [])


def test_lines_keep_their_numbers_past_blank_lines_and_line_breaks_in_names(home: Path) -> None:
    rows, faults = read(home / "sales.csv", HEADER + b'b,"rye\nbread",1\n\n,,\nb,spelt,2\n')
    assert rows == [(2, "b", "rye\nbread", "1"), (6, "b", "spelt", "2")]
    assert faults == []


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 50_000])
def test_a_quotation_mark_left_open_costs_its_own_line_only(home: Path, batch_rows: int) -> None:
    lines = [f"b,p{number},{number}".encode() for number in range(2, 60)]
    lines[3] = b'b,"p5,5'
    rows, faults = read(home / "sales.csv", HEADER + b"\n".join(lines) + b"\n", batch_rows)
    assert [row[0] for row in rows] == [number for number in range(2, 60) if number != 5]
    assert [(number, content) for number, _, content in faults] == [(5, {"line": 'b,"p5,5'})]
    assert "quotation mark is opened and not closed" in faults[0][1]


def test_two_stray_quotation_marks_do_not_hide_the_rows_between_them(home: Path) -> None:
    rows, faults = read(home / "sales.csv", HEADER + b'b,"rye,1\nb,spelt,2\nb,wheat",3\nb,oat,4\n')
    assert (3, "b", "spelt", "2") in rows
    assert (5, "b", "oat", "4") in rows
    assert {number for number, _, _ in faults} | {row[0] for row in rows} == {2, 3, 4, 5}


def test_a_row_with_too_few_or_too_many_fields_is_set_apart(home: Path) -> None:
    rows, faults = read(home / "sales.csv", HEADER + b"b,rye\nb,spelt,2\nb,oat,3,4\n")
    assert rows == [(3, "b", "spelt", "2")]
    assert [(number, content) for number, _, content in faults] == [
        (2, {"tenant_id": "b", "product_id": "rye"}),
        (4, {"tenant_id": "b", "product_id": "oat", "quantity": "3", "further fields": ["4"]}),
    ]
    assert "too few fields: 2, where the header names 3" in faults[0][1]
    assert "too many fields: 4" in faults[1][1]


@pytest.mark.parametrize("end", [b"b,oa", b'b,"oa'])
def test_a_last_line_cut_short_says_that_the_file_looks_truncated(home: Path, end: bytes) -> None:
    rows, faults = read(home / "sales.csv", HEADER + b"b,rye,1\n" + end)
    assert rows == [(2, "b", "rye", "1")]
    assert [number for number, _, _ in faults] == [3]
    assert "looks truncated" in faults[0][1]


def test_a_row_that_is_not_utf_8_is_set_apart_with_its_bytes_written_out(home: Path) -> None:
    rows, faults = read(home / "sales.csv", HEADER + b"b,p\xe2t\xe9,1\nb,p\xc3\xa2t\xc3\xa9,2\n")
    assert rows == [(3, "b", "pâté", "2")]
    assert faults[0][0] == 2
    assert "not UTF-8" in faults[0][1]
    assert faults[0][2] == {"line": "b,p\\xe2t\\xe9,1"}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"PAR1\0\0\1", "binary"),
        (b"tenant_id,\0,quantity\nb,rye,1\n", "line 1 holds binary"),
        (HEADER + b"\0\1\2\xff" * 1000 + b"\nb,rye,1\n" * 1000, "binary"),
        (HEADER + b"\0" * 200_000, "binary"),
        (b"x" * 200_000, "characters"),
        (b"tenant_id,__row,quantity\nb,rye,1\n", "column __row, a name that the loader keeps for itself"),
    ],
)
def test_what_is_no_table_is_refused_whole(home: Path, content: bytes, word: str) -> None:
    with pytest.raises(Unreadable, match=word):
        read(home / "sales.csv", content)


@pytest.mark.parametrize("batch_rows", [1, 2, 50_000])
@pytest.mark.parametrize(
    ("line", "word"),
    [(b"b,r\0e,1", "NUL"), (b'b,"\0', "NUL"), (b"b," + b"x" * 100_000 + b",1", "over 100,000 characters")],
)
def test_a_line_that_no_row_can_be_costs_itself_only(home: Path, line: bytes, word: str, batch_rows: int) -> None:
    content = HEADER + b"b,rye,1\n" * 20 + line + b"\nb,spelt,2\n"
    rows, faults = read(home / "sales.csv", content, batch_rows)
    assert [row[0] for row in rows] == [*range(2, 22), 23]
    assert rows[-1] == (23, "b", "spelt", "2")
    assert [number for number, _, _ in faults] == [22]
    assert word in faults[0][1]
    kept = line.decode()[:1000].replace("\0", "\\0")
    assert faults[0][2] == {"line": kept}


def test_a_nul_in_the_second_line_of_quoted_text_costs_that_row(home: Path) -> None:
    rows, faults = read(home / "sales.csv", HEADER + b'b,rye,1\nb,"rye\nbr\0ad",1\nb,spelt,2\n')
    assert rows == [(2, "b", "rye", "1"), (5, "b", "spelt", "2")]
    assert [(number, "NUL" in reason) for number, reason, _ in faults] == [(3, True)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("length", [99_997, 99_998, 99_999, 100_000, 199_999, 200_000])
def test_lines_after_an_overlong_one_keep_their_numbers(home: Path, length: int, end: bytes) -> None:
    content = HEADER.replace(b"\n", end) + b"x" * length + end + b"b,spelt,2" + end
    rows, faults = read(home / "sales.csv", content)
    assert rows == [(3, "b", "spelt", "2")]
    assert [number for number, _, _ in faults] == [2]


def test_bytes_of_another_encoding_are_no_binary_junk(home: Path) -> None:
    rows, faults = read(home / "sales.csv", HEADER + "b,хлеб,1\n".encode("cp1251") * 3 + b"b,rye,1\n")
    assert [row[0] for row in rows] == [5]
    assert len(faults) == 3


def test_a_damaged_archive_is_refused_and_a_whole_one_is_read(home: Path) -> None:
    packed = gzip.compress(HEADER + b"b,rye,1\n" * 1000)
    assert len(read(home / "sales.csv.gz", packed)[0]) == 1000
    with pytest.raises(Unreadable, match="decompressed"):
        read(home / "sales.csv.gz", packed[:-20])
    for place in range(12, 20):
        damaged = bytearray(packed)
        damaged[place] ^= 0xFF
        with pytest.raises(Unreadable, match=r"decompressed|binary|empty"):
            read(home / "sales.csv.gz", bytes(damaged))


def test_a_column_that_comes_twice_is_a_bad_header(home: Path) -> None:
    with pytest.raises(BadHeader, match="column quantity comes twice"):
        read(home / "sales.csv", b"quantity,product_id,quantity\n1,a,2\n")


def test_a_missing_file_and_a_folder_are_refused(home: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        list(read_delimited(home / "none.csv"))
    with pytest.raises(Unreadable, match="is a folder"):
        list(read_delimited(home))


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(st.text(st.sampled_from('ab,"\r é'), max_size=9), max_size=30), batch_rows=st.integers(1, 8))
@example(lines=[',,,"', "a,,", '"'], batch_rows=1)
def test_no_line_is_lost_or_read_twice(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], batch_rows: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "sales.csv"
    whole = HEADER + "".join(f"{line}\n" for line in lines).encode()
    rows, faults = read(path, whole, batch_rows)
    numbers = [int(str(row[0])) for row in rows] + [number for number, _, _ in faults]
    assert len(numbers) == len(set(numbers))
    again = read(path, whole)
    assert (rows, faults) == again
    clean = [
        number
        for number, line in enumerate(
            path.read_bytes().decode().replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1
        )
        if number > 1 and '"' not in line and line.count(",") == 2 and line.replace(",", "")
    ]
    # A quoted field may span lines; of a row at fault they are kept with it.
    spanned = {
        line
        for number, _, content in faults
        for line in range(number, number + json.dumps(content).replace("\\r\\n", "\\n").count("\\n") + 1)
    }
    assert set(clean) <= {int(str(row[0])) for row in rows} | spanned


def test_a_file_in_the_encoding_of_windows_is_read_as_a_whole(home: Path) -> None:
    rows, faults = read(home / "sales.csv", HEADER + "b,pâté,1\nb,Brötchen,2\n".encode("cp1252"))
    assert [row[2] for row in rows] == ["pâté", "Brötchen"]
    assert not faults
    assert [row[2] for row in read(home / "sales.csv", (HEADER.decode() + "b,pâté,1\n").encode("utf-16"))[0]] == [
        "pâté"
    ]
    assert file_encoding(home / "sales.csv").notes == ("sales.csv is not UTF-8; the whole file was read as UTF-16.",)


def test_a_pipe_is_not_opened(home: Path) -> None:
    os.mkfifo(home / "sales.csv")
    with pytest.raises(Unreadable, match="pipe or a device"):
        list(read_delimited(home / "sales.csv"))
