"""How numbers are written for a reader: the one place, for the page and for the terminal."""

from __future__ import annotations

import math

from crossover.types import Estimate

ABSENT = "—"
EXACT = 15  # significant digits of a number that is known
CLOSE = 6  # decimals of points: what is nearer to another number is that number
MINUS = "−"


def percent(value: float) -> str:
    """A share in [0, 1] as "84.2 %"."""
    return f"{_bare(value)} %"


def estimate(value: Estimate, *, unit: bool = True) -> str:
    """An estimate with its interval: "84.2 % (80.1–87.6)", or "84.2 (80.1–87.6)" without the unit."""
    return f"{_bare(value.value)}{' %' if unit else ''} ({_bare(value.low)}–{_bare(value.high)})"


def points(difference: float, *, unit: bool = True) -> str:
    """A difference of two shares: "+12.3 points"."""
    return signed(100 * difference) + (" points" if unit else "")


def span(distance: float, beside: float | None = None) -> str:
    """A distance of two shares, such as a margin: "1.0 points"; more exact where it would else read like another one that
    stands `beside` it."""
    shown = 1
    while beside is not None and shown < CLOSE and f"{100 * distance:.{shown}f}" == f"{100 * beside:.{shown}f}":
        shown += 1
    return f"{100 * distance:.{shown}f} points" if shown < CLOSE else span(distance)


def difference(value: float, low: float, high: float) -> str:
    """A difference with its interval, in points: "+12.3 (+8.1 to +16.2)"."""
    return f"{points(value, unit=False)} ({points(low, unit=False)} to {points(high, unit=False)})"


def signed(value: float) -> str:
    """One decimal with a sign; what rounds to zero has none."""
    text = f"{abs(value):.1f}"
    return text if text == "0.0" else ("+" if value > 0 else MINUS) + text


def p_value(p: float) -> str:
    """A p value: "0.012", "< 0.001"."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def money(amount: float, currency: str) -> str:
    """An amount of money: two significant digits below 0.1, whole units from 1,000. Never negative."""
    if amount == 0:
        text = "0"
    elif amount < 0.1:
        text = "< 0.0001" if amount < 0.0001 else f"{amount:.2g}"
    else:
        text = f"{amount:,.0f}" if amount >= 1000 else f"{amount:,.2f}"
    return f"{text} {currency}".rstrip()


def between(low: float, high: float, currency: str) -> str:
    """Two amounts of money, "60.00–179.00 EUR"; one where both are written alike."""
    one, other = money(low, ""), money(high, currency)
    return other if money(high, "") == one else f"{one}–{other}"


def ends(interval: tuple[float, float] | None, form: str) -> str:
    """The interval of an amount of money, in `form`; nothing where it is not known, or as narrow as it is written."""
    said = between(*interval, "") if interval else ""
    return form.format(said) if "–" in said else ""


def times(count: float, price: float | tuple[float, float], currency: str) -> str:
    """What so many cost at a price each, a number or a range."""
    return (
        between(count * price[0], count * price[1], currency)
        if isinstance(price, tuple)
        else money(count * price, currency)
    )


def money_step(amount: float) -> float:
    """The last digit that `money` writes."""
    if amount < 0.1:
        return significant_step(max(amount, 0.0001), 2)
    return 1.0 if amount >= 1000 else 0.01


def milliseconds(value: float) -> str:
    """A latency: "0.042 ms", "8.4 ms", "120 ms", "3.2 s"."""
    if 0 < value < 1:
        return "< 0.001 ms" if value < 0.001 else f"{value:.2g} ms"
    if value >= 1000:
        return f"{value / 1000:,.1f} s"
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"


def milliseconds_step(value: float) -> float:
    """The last digit that `milliseconds` writes."""
    if 0 < value < 1:
        return significant_step(max(value, 0.001), 2)
    return 100.0 if value >= 1000 else 0.1 if value < 10 else 1.0


def significant_step(value: float, digits: int) -> float:
    """The last of so many significant digits of a value above 0."""
    return float(10.0 ** (math.floor(math.log10(value)) - digits + 1))


def latency_ends(low: float, high: float | None) -> str:
    """The interval of a latency, whose upper end may be open: "95 ms–180 ms", "95 ms or more"."""
    return f"{milliseconds(low)}{' or more' if high is None else f'–{milliseconds(high)}'}"


def duration(seconds: float) -> str:
    """A time span: "12 s", "3 min 12 s", "2 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02d} min"


def count(value: float) -> str:
    """A whole number with thousands separators."""
    return f"{value:,.0f}"


def about(value: float, digits: int = 3) -> str:
    """A number that is only roughly known: a count with so many significant digits, "4,260,000"."""
    return count(float(f"{value:.{digits}g}"))


def digits(low: float | None, high: float | None, value: float = 0.0, beside: float | None = None) -> int:
    """The significant digits that an interval leaves a number: two, one more for each power of ten by which it is narrower
    than its upper end, and two where an end is open (None); more where `value` would else seem to lie on the other side of
    the number that stands `beside` it."""
    shown = 2
    if low is not None and high is not None:
        shown += max(0, math.floor(math.log10(high / (high - low)))) if high > low else EXACT - shown
    while beside is not None and shown < EXACT and (float(f"{value:.{shown}g}") <= beside) != (value <= beside):
        shown += 1
    return shown


def around(value: float, low: float | None, high: float | None, beside: float | None = None) -> str:
    """A number with its interval, all as exact as that leaves it: "4,300,000 (3,900,000–4,800,000)", "430 (390 or more)"
    where the upper end is open (None). `beside`: as for `digits`."""
    shown = digits(low, high, value, beside)
    if low is None:
        return about(value, shown)
    return f"{about(value, shown)} ({about(low, shown)}{' or more' if high is None else f'–{about(high, shown)}'})"


def onwards(requests: float, ends: tuple[float | None, float | None] | None = None, beside: float | None = None) -> str:
    """From how many requests on: "from 9,000 requests on", "from about 9,000 (7,000–12,000) requests on" where `ends` are
    its interval's, or "from the first request on" with `at_once`. `beside`: as for `digits`."""
    if round(requests) <= 1:
        return f"from the first request on{'' if ends is None else at_once(ends[1])}"
    return f"from {count(requests) if ends is None else f'about {around(requests, *ends, beside)}'} requests on"


def at_once(high: float | None) -> str:
    """Of a number of requests that is none, the upper end of its interval, where that is another one: open is None."""
    if high is None:
        return " (or from a later one or never, 95 %)"
    return f" (or at most from {about(high, 2)} on, 95 %)" if round(high) > 1 else ""


def four_digits(value: float) -> str:
    """Four significant digits, from 1,000 whole; never with an exponent: "0.2648", "264.8", "19,460"."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def plural(number: float, noun: str) -> str:
    """A counted noun: "1 item", "1,200 items"."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def _bare(share: float) -> str:
    return f"{100 * share:.1f}".replace("-0.0", "0.0").replace("-", MINUS)
