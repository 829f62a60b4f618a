"""The situations of the extraction episodes: who writes what, and which fields may be asked for."""

from __future__ import annotations

from typing import NamedTuple


class Domain(NamedTuple):
    about: str  # 'hotel booking', for the instruction
    fields: tuple[str, ...]  # keys of slots.FIELDS; 'who' stands for a name, whole or in two fields
    openers: tuple[str, ...]
    nothing: tuple[str, ...]  # messages that state no field


def domain(about: str, fields: str, openers: str, nothing: str) -> Domain:
    return Domain(about, tuple(fields.split()), tuple(openers.split("|")), tuple(nothing.split("|")))


DOMAINS = (
    domain(
        "hotel booking",
        "city date stay people who room price phone",
        "I'd like to book a hotel|Please reserve a hotel room|We need somewhere to sleep|Any rooms free"
        "|Hotel request|Looking for a hotel"
        "|Could you find us a place to stay",
        "Is breakfast included?|Do you allow pets?|Is there a pool?|We are planning a holiday.|Can we check in early?",
    ),
    domain(
        "train journey",
        "origin destination date time people class seat who",
        "I want a train ticket|Book a train|We need seats on the train|When is there a train"
        "|Train tickets please|Get me on a train",
        "Is there a dining car?|Can I take my bike along?|Trains are always late.|Is there wifi on board?",
    ),
    domain(
        "flight",
        "origin destination date time people class seat who email",
        "I need to fly|Please find a flight|Looking for flights|Could you book us a flight|Flight request|We'd like to fly",
        "How much luggage is allowed?|I hate flying.|Is there a vegetarian meal?|Are there direct flights?",
    ),
    domain(
        "parcel pick-up",
        "address date time weight code who phone item",
        "Please collect a parcel|I have a package to be picked up|Parcel pick-up|Can the courier come"
        "|Pick up my box|A parcel is ready",
        "Do you deliver abroad?|Where is the nearest depot?|The last courier was rude.|Do I need to be at home?",
    ),
    domain(
        "appointment at the doctor's",
        "date time service doctor who phone",
        "I need an appointment|Can I come in|Please book me in|I'd like to see someone|Could I get a slot"
        "|Appointment request",
        "Are you accepting new patients?|My back hurts.|Do I have to fast before?|Is the clinic easy to reach by bus?",
    ),
    domain(
        "salon appointment",
        "date time service doctor who people",
        "I'd like to come in|Can you fit me in|Hi, do you have a free chair|Booking for the salon|Any slot free"
        "|Put me down",
        "Do you sell shampoo?|My hair is a mess.|Do you also do weddings?|Is there parking behind the shop?",
    ),
    domain(
        "repair visit",
        "device fault date time address who phone",
        "Please send someone|I need a repair|Something is broken here|Can a technician come|Repair request|Help needed",
        "How long is the guarantee?|Is it worth repairing at all?|Do you repair old radios?|Nobody answers your phone.",
    ),
    domain(
        "meeting",
        "topic date time venue people who stay",
        "Let's meet|Can we get together|Please set up a meeting|Team meeting|I'd like to schedule a call"
        "|Put a meeting in the calendar",
        "Are there minutes of the last meeting?|Too many meetings lately.|Who else is coming?|Let me check my calendar.",
    ),
    domain(
        "order in a shop",
        "item quantity colour size price who address date",
        "I'd like to order|Please send me something|New order|Can I get this|I want to buy|Add to my order",
        "When do you open?|Do you ship to islands?|Where can I return things?|Your catalogue is lovely.",
    ),
    domain(
        "rental of a vehicle",
        "car city date time stay price who people",
        "We want to rent something|I need a vehicle|Rental request|Do you have anything to hire"
        "|Please reserve a car|Hiring for a trip",
        "Is the tank full?|Can my wife drive too?|What about child seats?|Do I need an international licence?",
    ),
    domain(
        "event tickets",
        "show date time venue people seat price who email",
        "I'd like tickets|Tickets please|Can you get us in|We want to go|Are there tickets left|Please put tickets aside",
        "Is there an interval?|Can children come along?|Where do we leave our coats?|The last show was great.",
    ),
    domain(
        "job advert",
        "job employer city pay hours date phone email",
        "Now hiring|We are looking for help|Vacancy|Join our team|Staff wanted|Open position",
        "We are a friendly team.|Apply now!|Great atmosphere and free fruit.|No experience needed.",
    ),
    domain(
        "lost and found report",
        "item colour venue date time who phone",
        "I lost something|I think I left something behind|Found|Lost|Someone handed something in|I'm missing something",
        "Has anything been handed in?|Where is your office?|I'm so upset.|Thank you for looking.",
    ),
    domain(
        "home to let or for sale",
        "home city rooms area rent date phone address",
        "To let|New on the market|For rent|Move in soon|Quiet location|Available now",
        "No pets please.|Viewing by arrangement.|Close to shops and schools.|Is it still available?",
    ),
    domain(
        "school trip",
        "sight date time pupils people venue stay price",
        "Dear parents, we are planning a trip|Our class goes out|School trip|Please note the outing|The trip is on",
        "Please bring a packed lunch.|Don't forget rain clothes.|Children should wear the school cap.|More details follow.",
    ),
    domain(
        "course",
        "subject level date time venue who price stay email",
        "I'd like to sign up|Please enrol me|Is there a place left|Registration|We offer lessons|New course",
        "Do I get a certificate?|Do I need my own tools?|I'm a slow learner.|Who is the teacher?",
    ),
    domain(
        "sports court or hall",
        "venue date time stay people who phone",
        "Can we have the court|I want to reserve a court|Booking of the hall|Is the pitch free|We'd like to play",
        "Do you lend rackets?|Are the showers warm?|Is it indoors?|We play every year.",
    ),
    domain(
        "delivery of an order",
        "code date time address who item quantity",
        "Where is my delivery|About my order|Please change the delivery|My order should come|Delivery note"
        "|Please drop it off",
        "The box was damaged.|Can you leave it with a neighbour?|I am still waiting.|Thanks for the quick delivery.",
    ),
    domain(
        "museum tour",
        "date time people who email city stay",
        "We would like a guided tour|Tour request|Can you show us round|I want to join a tour|Please book the tour",
        "Is the shop open?|Are photos allowed?|Is the tour in English?|Is there a lift?",
    ),
    domain(
        "taxi ride",
        "origin destination date time people who phone",
        "I need a taxi|Please send a cab|Can you pick us up|Cab needed|Taxi request|A ride",
        "Is the driver here yet?|Do you have child seats?|How much is it roughly?|The driver was very kind.",
    ),
)

CHATTER = (
    "Thanks!",
    "Thank you.",
    "Sorry for the short notice.",
    "It's a surprise.",
    "Please confirm.",
    "Let me know.",
    "No rush.",
    "We have been there before.",
    "I'm really looking forward to it.",
    "My sister recommended you.",
    "Hope that works.",
    "Cheers",
    "I have a dog, is that ok?",
    "Many thanks in advance.",
    "Is there parking?",
    "Last time it was very nice.",
    "Call me if not.",
    "It should be quiet.",
    "We don't mind waiting.",
    "As we said on the phone.",
    "Let me know if anything is missing.",
    "Best wishes",
    "Sorry, my English is not so good.",
    "I asked before but nobody replied.",
    "Nothing fancy.",
    "It is rather urgent.",
)
GREETINGS = (
    "Hi,",
    "Hello,",
    "Hi there,",
    "Good morning,",
    "Hey,",
    "Dear team,",
    "Good evening.",
    "Yes,",
    "Ok,",
    "Well,",
    "Um,",
    "So,",
    "Please,",
)
NOTHING = (
    "Hello?",
    "Thanks a lot!",
    "Is anyone there?",
    "Yes please.",
    "No, that's all.",
    "What are your opening hours?",
    "ok",
    "Great, thank you!",
    "Can you help me?",
    "Sorry, wrong number.",
    "I'll think about it.",
    "Could you repeat that?",
    "Never mind.",
    "That sounds good.",
)
QUESTIONS = {
    "time": ("What time?", "At what time?", "When exactly?"),
    "date": ("Which day?", "For what date?", "What day would suit you?"),
    "people": ("How many are you?", "For how many people?", "How many people will it be?"),
    "last_name": ("Your surname?", "And the last name?", "May I have your last name?"),
    "first_name": ("Your first name?", "And the first name?"),
    "name": ("Your name, please?", "What name is it under?", "Who is it for?"),
    "city": ("Which city?", "Where?"),
    "phone": ("Your number?", "Can we call you?"),
}
