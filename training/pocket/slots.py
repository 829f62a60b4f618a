"""The fields of the extraction episodes: what they may be called, their values, and the phrases that state them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from training.pocket import values as v
from training.pocket.words import first_name, last_name, pick


class Field(NamedTuple):
    """``phrases`` hold the value as ``{}``; brackets mark the wider value ('[{} adults]') that some episodes ask for."""

    keys: tuple[str, ...]
    about: str
    make: Callable[[Random], str]
    phrases: tuple[str, ...]
    bare: tuple[str, ...] = ()  # in fragments such as 'Tomorrow at 6'; without any, the field is not in fragments


def field(keys: str, about: str, make: Callable[[Random], str], phrases: str, bare: str = "") -> Field:
    return Field(tuple(keys.split()), about, make, tuple(phrases.split("|")), tuple(bare.split("|")) if bare else ())


def choice(things: str) -> Callable[[Random], str]:
    """One of a list of `texts/things.yaml`, by its name, or of such as are given with bars between."""
    listed = v.THINGS.get(things) or things.split("|")
    return lambda rng: pick(rng, listed)


def full_name(rng: Random) -> str:
    return f"{first_name(rng)} {last_name(rng)}"


FIELDS = {
    "time": field(
        "time hour start_time when_time at clock_time",
        "time of day",
        v.clock,
        "at {}|at {}|around {}|about {}|for {}|by {}|from {}|{} if possible|{} would be best|say {}"
        "|starting at {}|the time is {}",
        "at {}|{}|around {}",
    ),
    "date": field(
        "date day on_date when day_of_visit the_date",
        "date or day",
        v.date,
        "on {}|on {}|on {}|for {}|for {}|{}|preferably on {}|the date is {}|it has to be {}",
        "{}|on {}|for {}",
    ),
    "people": field(
        "people guests party_size num_people persons group_size",
        "number of people",
        v.count,
        "|".join(f"for [{{}} {head}]" for head in v.THINGS["heads"])
        + "|there are [{} of us]|we are [{} people]|a group of [{}]|[{} people]|we will be [{}]"
        "|party of [{}]",
        "[{} adults]|[{} people]|[{} of us]|for [{}]|for [{} people]|[{} persons]|[{} guests]",
    ),
    "first_name": field(
        "first_name given_name forename firstname",
        "first name",
        first_name,
        "my first name is {}|this is {}|I'm {}|first name {}|{} here|call me {}|given name {}|please ask for {}",
        "first name {}|I'm {}|this is {}|first name is {}",
    ),
    "last_name": field(
        "last_name surname family_name lastname",
        "last name",
        last_name,
        "under {}|my last name is {}|last name {}|surname {}|the family name is {}|in the name of {}"
        "|under the name {}|for Mr {}"
        "|for Mrs {}|for the {} family|name of {}",
        "{}|under {}|surname {}|last name {}|Mr {}|it's {}, my surname",
    ),
    "name": field(
        "name person customer full_name contact client",
        "name of the person",
        full_name,
        "my name is {}|for {}|under {}|in the name of {}|I'm {}|this is {}|the name is {}|name: {}|{} here|signed {}",
        "{}|under {}|name is {}|it's {}",
    ),
    "phone": field(
        "phone phone_number tel contact_number",
        "phone number",
        v.phone,
        "my number is {}|call me on {}|phone {}|tel. {}|reach me at {}|you can ring {}",
        "{}|tel {}",
    ),
    "email": field(
        "email mail e_mail email_address",
        "e-mail address",
        v.mail,
        "my e-mail is {}|write to {}|send it to {}|email {}|mail me at {}|confirm to {}",
        "{}|mail {}",
    ),
    "city": field(
        "city place town location destination_city",
        "city",
        v.city,
        "in {}|in {}|somewhere in {}|in the centre of {}|near {}|in the {} area",
        "in {}",
    ),
    "origin": field(
        "origin from from_city departure start leaving_from",
        "where it starts",
        v.city,
        "from {}|leaving from {}|departing {}|starting in {}|out of {}",
        "from {}",
    ),
    "destination": field(
        "destination to to_city arrival goal going_to",
        "where it goes",
        v.city,
        "to {}|going to {}|to {}|with {} as the destination|heading for {}",
        "to {}",
    ),
    "address": field(
        "address street where deliver_to",
        "address",
        v.address,
        "at {}|the address is {}|from {}|we are at {}|address: {}|it's {}",
        "{}|at {}",
    ),
    "venue": field(
        "venue place where location room_name",
        "place",
        v.place,
        "at {}|in {}|let's use {}|the place is {}|held at {}|near {}",
        "at {}|in {}",
    ),
    "stay": field(
        "nights length duration how_long stay",
        "how long",
        v.stretch,
        "for {}|staying {}|{} in total|it takes {}|a total of {}|lasting {}",
        "for {}|{}",
    ),
    "room": field(
        "room room_type kind_of_room category",
        "kind of room",
        choice("hotels"),
        "a {}|a {}, please|{} preferred|we want a {}",
        "a {}|{}",
    ),
    "price": field(
        "price cost budget amount max_price",
        "price",
        v.price,
        "for {}|costs {}|up to {}|at most {}|the price is {}|priced at {}|{} at the most",
        "{}|max {}",
    ),
    "pay": field(
        "pay salary wage compensation", "pay", v.pay, "pay {}|we offer {}|the salary is {}|wage: {}|you earn {}|at {}", "{}"
    ),
    "rent": field("rent price monthly_rent cost", "rent", v.rent, "rent {}|for {}|the rent is {}|asking {}|at {}", "{}"),
    "area": field(
        "area size square_metres space",
        "size in square metres",
        v.size,
        "[{} square metres]|[{} m2]|[{} sqm]|about [{} square metres]|with [{} m2] of space",
        "[{} sqm]|[{} m2]",
    ),
    "rooms": field(
        "rooms bedrooms num_rooms room_count",
        "number of rooms",
        v.count,
        "with [{} rooms]|[{} bedrooms]|has [{} bedrooms]|[{} rooms]|comes with [{} rooms]",
        "[{} rooms]|[{} bedrooms]",
    ),
    "item": field(
        "item product article object thing",
        "the thing",
        v.thing,
        "a {}|one {}|the item is a {}|it is a {}|the {} please",
        "{}|a {}",
    ),
    "quantity": field(
        "quantity amount number count how_many pieces",
        "how many",
        v.count,
        "[{} pieces]|[{} of them]|quantity {}|make it [{} pieces]|I need [{} units]|times {}",
        "[{} pieces]|x {}",
    ),
    "colour": field(
        "colour color shade", "colour", v.colour, "in {}|colour {}|{} if you have it|it's {}|the {} version", "in {}|{}"
    ),
    "size": field("size fit measure", "size", choice("shapes"), "in {}|the {} one|I take {}|make it {}", "{}"),
    "code": field(
        "code reference order_number ref tracking id",
        "reference code",
        v.code,
        "reference {}|number {}|the code is {}|ref. {}|(ref {})|quote {}",
        "{}|ref {}",
    ),
    "weight": field(
        "weight kilos mass",
        "weight",
        lambda rng: f"{rng.randint(1, 30)} {pick(rng, ('kg', 'kilos', 'pounds'))}",
        "it weighs {}|about {}|weight {}|{} heavy",
        "{}",
    ),
    "class": field(
        "class travel_class cabin section",
        "class",
        choice("first class|second class|economy|business class|premium economy"),
        "in {}|{} please|travelling {}|{} only",
        "{}",
    ),
    "seat": field(
        "seat seat_wish place_wish",
        "seat",
        choice("window seat|aisle seat|table seat|seat by the door|front row|balcony seat"),
        "a {}|with a {}|{} if free|preferably a {}",
        "{}",
    ),
    "service": field(
        "service treatment reason purpose",
        "what is to be done",
        choice("care"),
        "a {}|it's a {}|I need a {}|a {}, please",
        "{}|a {}",
    ),
    "doctor": field(
        "doctor with_whom staff practitioner",
        "who does it",
        lambda rng: f"Dr {last_name(rng)}" if rng.random() < 0.6 else first_name(rng),
        "with {}|I'd like to see {}|seeing {}|ideally with {}",
        "with {}",
    ),
    "device": field(
        "device appliance item what",
        "what is broken",
        choice("broken"),
        "my {}|the {}|it's the {}|about our {}",
        "the {}|{}",
    ),
    "fault": field(
        "fault problem issue defect",
        "what is wrong",
        choice("faults"),
        "it {}|the thing {}|since Easter it {}|apparently it {}",
        "it {}",
    ),
    "topic": field(
        "topic subject agenda about",
        "topic",
        choice("topics"),
        "about {}|to discuss {}|on the subject of {}|the topic is {}|re: {}",
        "about {}",
    ),
    "car": field(
        "car vehicle car_type model",
        "kind of vehicle",
        choice("cars"),
        "a {}|we need a {}|preferably a {}|{} if possible",
        "a {}|{}",
    ),
    "show": field("show event performance what", "event", choice("shows"), "for {}|to see {}|it's for {}|to {}", "{}"),
    "job": field(
        "job position role title", "job", choice("jobs"), "as a {}|for the post of {}|position: {}|we seek a {}", "{}"
    ),
    "hours": field(
        "hours weekly_hours workload",
        "hours a week",
        v.count,
        "[{} hours a week]|working [{} hours] weekly|[{} hours per week]",
        "[{} hours a week]",
    ),
    "employer": field(
        "employer company firm",
        "employer",
        lambda rng: f"{last_name(rng)} {pick(rng, ('Ltd', '& Sons', 'Inc', 'Group', 'Works', 'Brothers'))}",
        "at {}|{} is hiring|with {}|company: {}|apply to {}",
        "{}",
    ),
    "subject": field(
        "course subject class_name topic",
        "course",
        choice("subjects"),
        "a {} course|the {} class|lessons in {}|for {}|to learn {}",
        "{}",
    ),
    "level": field(
        "level stage experience",
        "level",
        choice("beginner|beginners|advanced|intermediate|A1|B2|expert"),
        "level {}|at {} level|{} level",
        "{}",
    ),
    "sight": field(
        "destination target visit excursion",
        "what they visit",
        choice("sights"),
        "to {}|visiting {}|a trip to {}|we go to {}",
        "to {}",
    ),
    "pupils": field(
        "pupils students children class_size",
        "number of pupils",
        v.size,
        "with [{} pupils]|[{} children]|for [{} kids]|[{} students] in all",
        "[{} pupils]",
    ),
    "home": field(
        "type property home kind", "kind of home", choice("homes"), "a {}|charming {}|{} for rent|sunny {}|lovely {}", "{}"
    ),
}
