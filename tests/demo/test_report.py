"""What is printed is compared, and what is sent fits the limits of a request."""

import os
import struct
import zlib
from pathlib import Path

import pytest

from deploy.demo import drive_money, run
from deploy.demo.photos import photo, sha256
from deploy.demo.report import Checks, grouped, percent
from deploy.dev import processes


def test_equal_totals_are_printed_with_thousands_apart_and_counted() -> None:
    checks = Checks()
    assert checks.same("purchases", "17079147.01", "17079147.01") == "17,079,147.01"
    assert checks.compared == 1
    assert not checks.differences


def test_a_cent_of_difference_is_shown_in_the_table_and_in_the_verdict() -> None:
    checks = Checks()
    checks.same("fees", "100.00", "100.00")
    assert checks.same("purchases", "10.00", "10.01") == "10.00 <> 10.01"
    assert checks.differences == ["purchases: the services say 10.00, the independent computation 10.01"]
    assert checks.verdict().startswith("1 of 2 printed totals DIFFER")


@pytest.mark.parametrize(
    ("number", "text"),
    [("0.00", "0.00"), ("-1234567.80", "-1,234,567.80"), ("999", "999"), ("not a number", "not a number"), ("", "")],
)
def test_thousands_are_set_apart_in_numbers_only(number: str, text: str) -> None:
    assert grouped(number) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [("0.014700", "1.4700 %"), ("1", "100.0000 %"), ("-0.250000", "-25.0000 %"), (None, "-"), ("1.5369", "153.6900 %")],
)
def test_a_rate_is_printed_as_a_percentage_without_rounding(rate: str | None, text: str) -> None:
    assert percent(rate) == text


def test_documents_are_packed_up_to_the_limits_and_none_is_lost() -> None:
    documents = [{"id": number, "lines": ["x" * 100] * 600} for number in range(20)]
    packed = list(drive_money.batches(documents))
    assert [document for batch in packed for document in batch] == documents
    assert max(sum(len(document["lines"]) for document in batch) for batch in packed) <= drive_money.BATCH_LINES
    assert len(packed) == 3


def test_a_generated_photo_is_a_png_that_says_what_it_is() -> None:
    content = photo("store 5, week 47, visit")
    assert content == photo("store 5, week 47, visit")
    assert sha256(content) != sha256(photo("store 5, week 48, visit"))
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    kinds, at = [], 8
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        chunk = content[at + 4 : at + 8 + length]
        assert struct.unpack_from(">I", content, at + 8 + length) == (zlib.crc32(chunk),)
        kinds.append(chunk[:4])
        at += 12 + length
    assert kinds == [b"IHDR", b"tEXt", b"IDAT", b"IEND"]
    assert b"Generated for the Gondola demo: store 5, week 47, visit" in content


def test_a_demo_beside_another_takes_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    assert run.free_folder(folder) == folder
    folder.mkdir()
    (folder / "runner.lock").write_text(f"{os.getpid()} {processes.started_at(os.getpid())}")
    assert run.free_folder(folder) == tmp_path / "demo-2"
    (folder / "runner.lock").write_text(f"{os.getpid()} 1")  # The number was given to another process meanwhile.
    assert run.free_folder(folder) == folder
