"""What customers write about: a line holds the domain, the kinds of problem it can have, and its names, the label's first.

Marks before a name: + plural, ~ no article ("some internet", not "an internet"), ^ "the", not "my".
"""

THINGS = """
online shops | deliver goods | parcel, package, box, order from your web shop
online shops | deliver | bouquet, +flowers, +roses, +tulips
furniture | deliver goods | sofa, couch, settee, three-seater
furniture | deliver goods | wardrobe, closet, clothes cupboard, cupboard for the bedroom
online shops | deliver | +groceries, weekly food shop, supermarket basket, +vegetables and milk
food delivery | deliver | takeaway, pizza, dinner, burger menu, curry
doctors and pharmacies | deliver | ~medicine, +pills, inhaler, cough syrup
pets | deliver goods | ~pet food, sack of dog kibble, +cat treats, ~kibble
schools and courses | deliver goods | +textbooks, +course books, study pack, set of readers
hardware | deliver goods | ~printer ink, +cartridges, ~toner, +toner bottles
events and tickets | deliver goods | tour shirt, band hoodie, +concert souvenirs, fan jumper
online shops | money | refund, ~money back, reimbursement, repayment for what I sent back
flights and trains | money | delay compensation, ^payment for the cancelled flight, ~^money for hours lost at the airport
insurance | money | claim payout, insurance settlement, ~^money for the burst pipe, ^sum for my stolen bike
car rental | money | rental deposit, ^security hold on the hire car, ^amount blocked for the car hire
landlords | money | flat deposit, tenancy bond, ~^money held for my old apartment
energy | money | energy rebate, discount on power, ~government help with heating costs
telecom and internet | money | referral bonus, reward for inviting a friend, friend reward
schools and courses | money | scholarship, study grant, bursary, student funding award
job applications | money | +travel expenses, +train costs for the interview, +costs of getting to the interview
telecom and internet | charge recurring | phone bill, mobile invoice, ^monthly charge for calls and data
energy | charge recurring | electricity bill, power invoice, energy statement
energy | charge recurring | gas bill, heating fuel invoice, heating charge
city services | charge recurring | water bill, sewage charge, ^invoice from the waterworks
gym and clubs | charge recurring | gym fee, fitness club charge, ^monthly price for training
streaming and games | charge recurring | streaming fee, film service charge, ^monthly price for series and films
schools and courses | charge recurring | tuition fee, college invoice, ^price of my degree
insurance | charge recurring | insurance premium, ^monthly cost of my cover, ^price of my policy
city services | charge | parking fine, ^penalty for stopping on the kerb, ticket on my windscreen
taxis | charge | taxi fare, cab price, ^price of my ride
hotels | charge | hotel bill, room invoice, ^charge for my stay
libraries | charge | overdue fine, ^penalty for late books, ^charge for a novel I kept too long
pets | charge | vet bill, animal clinic invoice, ^charge for treating my dog
landlords | charge recurring | rent, monthly apartment charge, ^price of the flat
laundry | charge | laundry bill, dry cleaning charge, ^invoice for my shirts
software | charge recurring | licence fee, yearly software charge, ^invoice for the program
hotels | booking group | hotel room, suite, twin with sea view, double at your inn
flights and trains | booking group | flight, plane trip, seat on the plane
flights and trains | booking group | train trip, rail journey, place on the express
car rental | booking group | rental car, hire van, estate for our holiday, hired vehicle
taxis | booking | taxi, cab, airport ride, lift to the station
events and tickets | booking group | concert, live show, gig, opera evening
schools and courses | booking group | language course, Spanish lesson, evening class, pottery workshop
doctors and pharmacies | booking | dentist appointment, check-up of my teeth, tooth cleaning
doctors and pharmacies | booking | blood test, lab visit, jab with the nurse
pets | booking | vet appointment, check-up for my cat, jab for my puppy
gym and clubs | booking group | yoga class, pilates session, spin session
job applications | booking | job interview, talk with the hiring team, recruiter call
furniture | booking | assembly visit, slot with the fitter, session for building up my shelves
city services | booking | town hall appointment, slot at the registry office, meeting with the city clerk
online shops | login | shop account, store profile, customer login
streaming and games | login | game account, player profile, gamer login
streaming and games | login | streaming account, film profile, series login
schools and courses | login | student portal, campus login, course site profile
doctors and pharmacies | login | patient portal, clinic login, health record page
software | login | software account, workspace, editor login
libraries | login | library account, reader profile, e-book login
job applications | login | jobs profile, applicant page, careers site login
taxis | login | taxi profile, ride profile, cab login
gym and clubs | plan | gym membership, fitness contract, training deal
telecom and internet | plan | phone contract, mobile plan, SIM-only deal
streaming and games | plan | streaming subscription, film package, series plan
software | plan | software licence, office suite plan, photo editor package
insurance | plan | home insurance, house cover, policy for my flat
insurance | plan | car insurance, motor policy, vehicle cover
insurance | plan | travel insurance, holiday cover, trip policy
energy | plan | energy contract, power tariff, gas and light deal
food delivery | plan | meal kit, recipe box plan, cook-at-home package
pets | plan | pet insurance, cover for my dog, policy for the cat
telecom and internet | supply strength home | ~internet, ~broadband, ~wi-fi, web connection
telecom and internet | supply strength | mobile signal, phone reception, phone network
energy | supply strength home | ~^electricity, ~^power, ~^current in our sockets
city services | supply strength home | ~^water, ~^tap water, ~^flow from our taps
energy | supply strength home | ~^gas, ~^fuel for my cooker, ~^flame on the hob
landlords | supply strength | ~^heating, ~^warmth from our radiators, ~^central heating
landlords | supply | ^lift, ^elevator
telecom and internet | device smart | router, wi-fi box, modem
telecom and internet | device pin portable smart | mobile phone, handset, cell, Android
hardware | device portable smart | laptop, notebook computer, portable PC
hardware | device | washing machine, washer, front loader
hardware | device smart | thermostat, heating controller, temperature dial
hardware | device portable smart | +headphones, +earbuds, headset
hardware | device smart | printer, inkjet, laser copier
streaming and games | device pin portable smart | games console, PlayStation, Xbox
hardware | device pin portable smart | smart watch, fitness tracker, wrist gadget
hardware | device smart | robot vacuum, hoover robot, floor cleaner
landlords | device | boiler, hot water unit, water heater
flights and trains | pass | travel pass, bus and tram season ticket, commuter ticket
telecom and internet | pass pin | SIM, chip for my phone, nano chip
gym and clubs | pass | gym fob, fitness club tag, plastic tag for the turnstile
schools and courses | pass | student badge, campus ID, college identity tag
city services | pass | parking permit, resident's sticker for the car, vignette for the street
events and tickets | pass | festival wristband, entry band, bracelet for the weekend show
hotels | pass | room key, fob for my suite, opener for door 214
online shops | pass | gift voucher, present code, coupon my aunt gave me
libraries | pass pin | library pass, reader's ticket, borrower ID
gym and clubs | pin | locker, cabinet in the changing room, box for my clothes
landlords | pin | alarm, burglar siren, security panel
streaming and games | pin | parental lock, kids' filter, child barrier on the TV
hotels | pin | room safe, strongbox, little vault in the cupboard
city services | doc dated | driving licence, permit to drive, driver's document
city services | doc | birth certificate, paper about my birth, extract from the birth register
doctors and pharmacies | doc dated | prescription, doctor's slip, script for my blood pressure
schools and courses | doc | transcript, list of my grades, record of my marks
city services | doc dated | residence permit, paper that lets me live here, right-to-stay document
pets | doc dated | pet passport, travel booklet for my dog, animal booklet
landlords | doc dated | lease, tenancy agreement, rental contract for the flat
insurance | doc dated | insurance certificate, proof of cover, paper showing that I am insured
job applications | doc | reference letter, recommendation, testimonial from my boss
online shops | staff | ^courier, ^delivery man, ^parcel driver
taxis | staff | ^taxi driver, ^cabbie, ^man at the wheel of the cab
landlords | staff | ^plumber, ^man for the pipes, ^pipe fitter
doctors and pharmacies | staff | ^doctor, ^physician, ^GP
schools and courses | staff | ^teacher, ^tutor, ^course instructor
laundry | staff | ^ironing service worker, ^lady who does the shirts, ^person at the dry cleaner's
gym and clubs | staff | ^trainer, ^fitness coach, ^personal instructor at the gym
hotels | staff | ^receptionist, ^woman at the front desk, ^clerk in the lobby
pets | staff | ^dog walker, ^pet sitter, ^girl who takes my dog out
job applications | staff | ^recruiter, ^hiring manager, ^lady from personnel
telecom and internet | info | ~roaming, ~phone use abroad, ~data abroad
hotels | info | ~parking, +spaces for cars, garage
online shops | info | ~gift wrapping, ~ribbon and nice paper, ~packing as a present
schools and courses | info | student discount, reduced price for learners, cheaper rate for under 26s
flights and trains | info | ~extra luggage, second suitcase, additional bag
hotels | info | ~breakfast, morning buffet, ~food in the morning
events and tickets | info | ~wheelchair access, ramp, step-free entrance
gym and clubs | info | ~childcare, kids' corner, ~babysitting
software | info | free trial, test month, month to try it
city services | info | ~recycling, ~collection of glass and paper, ~old paper pick-up
furniture | info | assembly service, ~someone to build it up, fitter who comes along
hotels | info | late checkout, ~leaving the room in the afternoon, ~staying until three
streaming and games | info | +subtitles, ~text under the picture, +captions
car rental | info | child seat, baby seat, booster for a toddler
pets | info | ~cat boarding, ~holiday care for my cat, cattery
laundry | info | ~dry cleaning, ~cleaning for suits, ~stain removal on silk
online shops | info | ~express shipping, ~next-day service, ~overnight dispatch
food delivery | info | ~vegan food, +dishes without meat or milk, plant-based menu
libraries | info | ~printing, copy machine, ~paper copies
car rental | info | satnav, navigation unit, GPS
"""
