"""Times, dates, places, things: values as people write them, for the extraction episodes."""

from __future__ import annotations

from random import Random

from training.pocket.texts import table
from training.pocket.words import CITIES, listed, made_up, pick, words

HOURS = listed("one two three four five six seven eight nine ten eleven twelve")
DAYS = listed("Monday Tuesday Wednesday Thursday Friday Saturday Sunday Mon Tue Wed Thu Fri Sat Sun")
MONTHS = listed("""
January February March April May June July August September October November December Jan Feb Mar Apr Jun Jul Aug Sept
Oct Nov Dec
""")
ORDINALS = ["", "1st", "2nd", "3rd", *(f"{n}th" for n in range(4, 21)), "21st", "22nd", "23rd"]
ORDINALS += [*(f"{n}th" for n in range(24, 31)), "31st"]
RELATIVE = (
    "tomorrow",
    "tomorrow",
    "today",
    "the day after tomorrow",
    "this weekend",
    "next week",
    "in two weeks",
    "in ten days",
    "a week from Monday",
    "next month",
    "the day before yesterday",
    "in 3 days",
    "tomorrow week",
    "end of the month",
)
BARE = ("tomorrow", "today", "the day", "this", "next", "in ", "a week", "end of", "yesterday", "every")
PLAIN = {*HOURS, *map(str, range(1, 13))}  # hours that could as well be numbers of people
COLOURS = listed("black white red blue green grey brown yellow purple silver orange pink beige navy turquoise")
THINGS: dict[str, list[str]] = table("things.yaml")  # of every kind that a field may hold
STREETS = listed("Street Road Lane Avenue Square Drive Way Hill Close Court")
UNITS = ("day", "week", "month", "hour", "night")


def clock(rng: Random) -> str:
    """A time of day in one of some twenty forms; each reads well after 'at'."""
    hour, minute = 1 + int(rng.random() * 12), 5 * int(rng.random() * 12)
    if rng.random() < 0.15:
        minute = int(rng.random() * 60)
    half = pick(rng, ("am", "pm", "pm", " am", " pm", " pm", " p.m.", " a.m.", "PM", " PM", " AM", "p.m."))
    roll = rng.random()
    if roll < 0.30:
        return f"{hour}:{minute:02}{half}"
    if roll < 0.45:
        return f"{hour}{half}"
    if roll < 0.55:
        return f"{(hour + 12 * (rng.random() < 0.7)) % 24:02}{pick(rng, (':', ':', '.'))}{minute:02}"
    if roll < 0.62:
        return f"{hour}:{minute:02}"
    if roll < 0.67:
        return str(hour)
    name = pick(rng, HOURS) if rng.random() < 0.6 else str(hour)
    if roll < 0.80:
        return (
            pick(rng, ("half past ", "quarter past ", "quarter to ", "ten past ", "twenty to ", "a quarter past ", "half "))
            + name
        )
    if roll < 0.88:
        return name + pick(
            rng, (" o'clock", " o'clock", " in the morning", " in the evening", " in the afternoon", " at night")
        )
    if roll < 0.94:
        return pick(rng, HOURS) + pick(rng, (" thirty", " fifteen", " forty five", " twenty", "", " pm", " am"))
    if roll < 0.97:
        return pick(rng, ("noon", "midday", "midnight", "lunchtime", "sunset", "dawn"))
    return f"{12 + hour % 12}{minute:02} hours" if rng.random() < 0.5 else f"{hour}{half} sharp"


def date(rng: Random) -> str:
    """A date in one of some twenty forms."""
    day, month, roll = 1 + int(rng.random() * 28), pick(rng, MONTHS), rng.random()
    if roll < 0.16:
        return pick(rng, RELATIVE)
    if roll < 0.40:
        return pick(rng, ("", "next ", "next ", "this ", "this coming ")) + pick(rng, DAYS)
    if roll < 0.48:
        return f"{month} {day}"
    if roll < 0.55:
        return f"{day} {month}"
    if roll < 0.62:
        return f"{month} {ORDINALS[day]}" + (f", {rng.randint(2015, 2039)}" if rng.random() < 0.4 else "")
    if roll < 0.70:
        return f"the {ORDINALS[day]}" + (f" of {month}" if rng.random() < 0.6 else "")
    if roll < 0.77:
        return f"{pick(rng, DAYS)}{pick(rng, (', ', ' ', ' the '))}{ORDINALS[day]}" + (
            f" {month}" if rng.random() < 0.4 else ""
        )
    if roll < 0.87:
        mark = pick(rng, ("/", "/", ".", "-"))
        return f"{day:02}{mark}{1 + int(rng.random() * 12):02}" + (
            f"{mark}{rng.randint(2015, 2039)}" if rng.random() < 0.6 else ""
        )
    if roll < 0.92:
        return f"{rng.randint(2015, 2039)}-{1 + int(rng.random() * 12):02}-{day:02}"
    if roll < 0.96:
        return f"{day} {month} {rng.randint(2015, 2039)}"
    return pick(
        rng,
        ("Christmas Eve", "New Year's Day", "Easter Sunday", "Halloween", "Midsummer", "Saturday night", "Friday evening"),
    )


def count(rng: Random) -> str:
    """A small number, in digits or as a word."""
    number = 2 + int(rng.random() ** 2 * 11)
    return HOURS[number - 1] if rng.random() < 0.3 else str(number)


def size(rng: Random) -> str:
    """A larger number: pupils, square metres, guests of a hall."""
    return str(5 * rng.randint(3, 40)) if rng.random() < 0.5 else str(rng.randint(11, 140))


def stretch(rng: Random) -> str:
    """How long: '3 weeks', 'two hours', 'an hour'."""
    return (
        f"{count(rng)} {pick(rng, UNITS)}s"
        if rng.random() < 0.85
        else pick(rng, ("an hour", "a week", "half an hour", "a month"))
    )


def city(rng: Random) -> str:
    return (
        pick(rng, CITIES)
        if rng.random() < 0.75
        else made_up(rng).capitalize() + pick(rng, ("", "ton", "ville", "burg", "ham", " Bay"))
    )


def thing(rng: Random) -> str:
    if rng.random() < 0.85:
        return pick(rng, THINGS["bought"])
    return f"{words(rng, 1, 1)[0]} {pick(rng, ('lamp', 'bag', 'poster', 'mug', 'puzzle'))}"


def colour(rng: Random) -> str:
    return pick(rng, ("", "", "dark ", "light ")) + pick(rng, COLOURS)


def price(rng: Random) -> str:
    amount = str(rng.randint(3, 99)) if rng.random() < 0.6 else f"{rng.randint(1, 30)}.{rng.randint(10, 99)}"
    return pick(rng, ("${}", "£{}", "€{}", "{} euros", "{} dollars", "{} EUR")).format(amount)


def pay(rng: Random) -> str:
    amount = pick(rng, ("${}", "£{}", "€{}", "{} euros"))
    if rng.random() < 0.5:
        return amount.format(rng.randint(11, 48)) + pick(rng, (" an hour", "/hour", " per hour"))
    return amount.format(f"{rng.randint(20, 95)},000") + pick(rng, ("", " a year", " per year"))


def rent(rng: Random) -> str:
    return pick(rng, ("${}", "£{}", "€{}", "{} euros")).format(50 * rng.randint(8, 60)) + pick(
        rng, ("", " a month", " per month")
    )


def code(rng: Random) -> str:
    """A reference such as 'KX-4821'."""
    letters = "".join(pick(rng, "ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(rng.randint(1, 3)))
    return f"{letters}{pick(rng, ('-', '', '/'))}{rng.randint(100, 99999)}"


def phone(rng: Random) -> str:
    a, b, c = rng.randint(100, 999), rng.randint(100, 999), rng.randint(1000, 9999)
    return pick(rng, ("{}-{}-{}", "{} {} {}", "0{}{}{}", "({}) {}-{}", "+44 {} {} {}", "{}.{}.{}")).format(a, b, c)


def mail(rng: Random) -> str:
    name = pick(rng, ("{}", "{}.{}", "{}_{}")).format(made_up(rng), made_up(rng))
    return f"{name}@{made_up(rng)}.{pick(rng, ('com', 'org', 'net', 'co.uk', 'de'))}"


def address(rng: Random) -> str:
    return f"{rng.randint(1, 199)} {pick(rng, words(rng, 1, 1)).capitalize()} {pick(rng, STREETS)}"


def place(rng: Random) -> str:
    """A venue with a name of its own: 'the Willow Hall', 'Room 12'."""
    if rng.random() < 0.25:
        return f"{pick(rng, ('Room', 'Hall', 'Platform', 'Gate', 'Studio', 'Lab'))} {rng.randint(1, 40)}"
    kind = pick(rng, ("Hall", "Theatre", "Library", "Park", "Centre", "Arena", "Museum", "House", "Station", "Institute"))
    return f"{pick(rng, ('', 'the '))}{pick(rng, words(rng, 1, 1)).capitalize()} {kind}"
