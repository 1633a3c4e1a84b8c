"""GTIN 商品条码: the check digit of GS1 General Specifications 7.9."""

LENGTHS = (8, 12, 13, 14)


def check_gtin(gtin: str) -> str:
    """Return ``gtin`` when it is 8, 12, 13 or 14 digits and its last digit fits the others.

    Raises:
        ValueError: the length is wrong, there is something other than a digit, or the check digit does not fit.
    """
    if len(gtin) not in LENGTHS or not (gtin.isascii() and gtin.isdigit()):
        raise ValueError("a GTIN has 8, 12, 13 or 14 digits")
    expected = check_digit(gtin[:-1])
    if int(gtin[-1]) != expected:
        raise ValueError(f"the check digit of GTIN {gtin} should be {expected}: read the barcode again")
    return gtin


def check_digit(body: str) -> int:
    """Return the digit that completes ``body``: weights 3 and 1 from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return -total % 10
