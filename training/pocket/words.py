"""Words and names that the generators draw from, and made-up ones, so that no text can be learnt by heart."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random


def listed(text: str) -> list[str]:
    return text.split()


WORDS = listed("""
able acorn actor afternoon agree airport album alley almond amber anchor angle ankle answer apple apron arch arrow
artist aunt autumn avenue award bacon badge bakery balcony ball balloon bamboo banana barn basket beach bean bear beard
bed bee beetle bell belt bench berry bicycle bird biscuit blanket blossom blue board boat body bone book boot border
bottle bowl box branch brave bread breeze brick bridge bright broom brother brown brush bubble bucket building bus bush
butter button cabbage cabin cactus cake calm camel camera camp candle canoe canvas carpet carrot castle cat ceiling
cellar chair chalk cheese cherry chess chicken chimney circle circus city clay clean clever cliff clock cloth cloud
clover coach coast coat coffee cold collar comb copper coral corn corner cotton couch country cousin cow crab crane
cream creek crowd crown cup curtain cushion dance dark daughter dawn day deep deer desert desk dinner dish doctor dog
dolphin donkey door dragon drawer dream dress drum dry duck dust eagle early earth easy echo edge egg elbow elephant
empty engine envelope evening fabric family fan farm fast father feather fence fern field finger fire fish flag flame
flat flood floor flour flower flute fog forest fork fox frame fresh friend frog fruit garage garden garlic gate gentle
giant ginger glass glove goat gold goose grape grass gravel green grey guitar hammer hand happy harbour harp hat hay
heart heavy hedge helmet hen hill hollow honey hood horn horse hotel house ice ink iron island ivory jacket jam jar
jelly jewel jigsaw juice jungle kettle key kind kitchen kite kitten knee ladder lake lamb lamp lantern laugh leaf
leather lemon letter library light lily lion lizard loaf loud lunch magnet mango map maple marble market meadow melon
metal milk mill mint mirror mist monkey month moon morning moss mother motor mountain mouse mud museum mushroom music
nail narrow needle nest new night noisy north notebook nurse nut oak ocean office old olive onion orange orchard otter
oven owl paint palace panda paper park parrot path peach peanut pear pebble pencil penguin pepper piano picnic picture
pigeon pillow pilot pine pink pipe planet plant plate plum pocket poem pond pony potato prince pumpkin puppy purple
purse puzzle quick quiet quilt rabbit radio rain raven red ribbon rice ring river road robin robot rock roof room rope
rose rough round ruby rug runner sail salad salt sand sandal saucer scarf school scissors sea seat seed shadow sharp
sheep shell ship shirt shoe shop short shoulder shovel silk silver singer sister sky sleep sleeve slow small smoke
smooth snail snake snow soap sock sofa soft soil song soup south spade sparrow spider spoon spring square squirrel
stable stair stamp star station stone storm story stove straw street string strong sugar summer sun swan sweet swim
table tail tall tea teacher tent thin thread thumb thunder ticket tiger tiny toast tomato tooth towel tower town toy
tractor train tray tree truck tulip tunnel turtle uncle valley van vase velvet village violin voice wagon wall walnut
warm water wave west whale wheat wheel whistle white wide willow wind window wing winter wolf wood wool yard yellow
young zebra
""")

FIRST = listed("""
Aaron Abena Ada Adele Ahmed Aiko Alan Alba Alice Amara Amit Ana Andre Anil Anna Anton Arjun Astrid Aya Ben Bianca Boris
Bruno Callum Camila Carl Carmen Cecil Celia Chen Chloe Clara Colin Connor Daisy Dana Daniel Dara David Deepa Diego Dina
Dmitri Dora Edith Eduardo Elena Eli Elif Ella Emil Emma Enzo Erik Esme Ethan Eva Fatima Felix Fiona Frank Freya Gabriel
Gemma George Gina Goran Grace Greta Hana Harry Hassan Hazel Heidi Henry Hugo Ian Ibrahim Ida Igor Imani Ines Ingrid
Irene Isaac Ivan Ivy Jack Jada James Jana Jasper Jean Jing Joan Jonas Jorge Josef Joy Julia June Kamal Karen Kate Keiko
Kenji Kofi Kurt Lara Lars Laura Layla Leila Leo Liam Lina Liu Lola Lucas Lucy Luis Luna Magda Maja Marco Maria Mark
Marta Mateo Maya Mei Mia Mikko Mila Milo Mina Mohammed Mona Nadia Naomi Nell Nia Nico Nina Noah Nora Olga Oliver Olu
Omar Oscar Otto Pablo Paula Pedro Peter Petra Pia Priya Quinn Rachel Rafael Rahul Ravi Rita Robin Rosa Rory Ruth Sade
Salma Sam Sandra Sara Sean Selma Simon Sofia Sonja Stefan Sunil Susan Taro Tara Tess Theo Tim Tina Tobias Tom Uma Vera
Victor Vikram Wanda Wei Will Xavier Yara Yuki Yusuf Zara Zoe
""")

LAST = listed("""
Abbott Adeyemi Ahmed Allen Alvarez Andersen Araujo Baker Banerjee Barnes Bauer Becker Bell Bennett Berg Bianchi Bishop
Blake Bose Boyd Brooks Burns Byrne Campbell Carter Castro Chan Chavez Choi Chowdhury Clarke Cohen Collins Conti Costa
Cruz Dahl Davies Diaz Dixon Dubois Duarte Duncan Eriksen Evans Farrell Fernandez Ferrari Fischer Fleming Flores Fontaine
Foster Fraser Fujita Garcia Gibson Gomez Gordon Grant Greco Griffin Gupta Haddad Hall Hansen Harris Hayashi Hernandez
Hoffman Holm Hughes Hussain Ibsen Ito Ivanova Jackson Jansen Jensen Johnson Jones Joshi Kaplan Kaur Keller Kelly Khan
Kim Klein Kovac Kowalski Kruger Kumar Lambert Larsen Laurent Lee Lehmann Levy Lewis Lindgren Lopez Lund Marino Marsh
Martin Mbeki Mehta Meyer Miller Mishra Moore Morales Moreau Morgan Murphy Nakamura Nelson Nguyen Nielsen Novak O'Brien
O'Neill Okafor Olsen Ortega Osei Owen Palmer Park Parker Patel Pereira Petrov Pham Pratt Quigley Ramirez Rao Reid Reyes
Ricci Rivera Roberts Romano Rossi Russo Ryan Saito Sanchez Santos Sato Schmidt Schneider Sharma Shaw Silva Singh Smith
Sorensen Stewart Suzuki Svensson Tan Tanaka Taylor Thomas Thompson Torres Tran Turner Ueda Varga Vargas Vega Wagner
Walker Wang Ward Watanabe Weber White Wilson Wong Wood Wright Yamada Yilmaz Young Zhang Ziegler
""")

CITIES = listed("""
Aberdeen Accra Amsterdam Ankara Athens Austin Bath Bergen Berlin Bilbao Bologna Bordeaux Boston Brighton Brno Cairo
Cardiff Chester Chicago Cork Dallas Delhi Denver Dublin Durham Exeter Florence Galway Geneva Ghent Glasgow Graz Hamburg
Helsinki Jaipur Kyoto Lagos Leeds Lille Lima Lisbon Lyon Madrid Malmo Miami Milan Montreal Nairobi Naples Nice Norwich
Osaka Oslo Ottawa Oxford Padua Paris Perth Porto Prague Riga Rome Seattle Seoul Seville Sofia Split Sydney Tallinn
Toronto Tunis Turin Utrecht Vienna Vilnius Warsaw York Zagreb Zurich
""")

ONSETS = listed("""
b bl br c ch cl cr d dr f fl fr g gl gr h j k kl l m n p pl pr qu r s sh sk sl sn sp st t th tr v w y z
""")
VOWELS = listed("a e i o u a e i o u ai ea ee oa oo ou")
CODAS = [
    "",
    "",
    "",
    "b",
    "ck",
    "d",
    "f",
    "g",
    "ld",
    "lk",
    "m",
    "n",
    "nd",
    "nt",
    "p",
    "r",
    "rk",
    "rt",
    "sh",
    "sk",
    "st",
    "t",
    "x",
]


def pick(rng: Random, items: Sequence[str]) -> str:
    """One of the items; several times as fast as ``rng.choice``, and generating is mostly choosing."""
    return items[int(rng.random() * len(items))]


def made_up(rng: Random) -> str:
    """A pronounceable word that is hardly one of a language: 'ploan', 'vuskerd'."""
    word = pick(rng, ONSETS) + pick(rng, VOWELS)
    if rng.random() < 0.6:
        word += pick(rng, ONSETS) + pick(rng, VOWELS)
    return word + pick(rng, CODAS)


def word(rng: Random) -> str:
    return made_up(rng) if rng.random() < 0.2 else pick(rng, WORDS)


def words(rng: Random, low: int, high: int) -> list[str]:
    """Between ``low`` and ``high`` different words."""
    wanted, found = rng.randint(low, high), dict[str, None]()
    while len(found) < wanted:
        found[word(rng)] = None
    return list(found)


def first_name(rng: Random) -> str:
    return pick(rng, FIRST) if rng.random() < 0.8 else made_up(rng).capitalize()


def last_name(rng: Random) -> str:
    if rng.random() < 0.75:
        return pick(rng, LAST)
    return made_up(rng).capitalize() + pick(rng, ("", "", "son", "er", "man", "ov", "ini", "sen", "ez", "a"))
