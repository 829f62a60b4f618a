"""What customers say about passes, codes, papers, people and extras: one block a problem, in the language of support.py."""

REQUESTS = """
## pass
* @n_lost ; lost_@n ; i_lost_my_@n ; missing_@n
= The customer cannot find the @n any more.
I can't find @my [anywhere|any more], [what should I do|I looked all over]
@my must have [slipped|fallen] out of my [pocket|bag] [%day|on the bus]
I've [misplaced|mislaid] @my, [has someone handed it in|can you help]?
I [left|forgot] @my [on the tram|in a café], and when I went back it was gone
[no idea|I don't know] where I put @my, [my flat is upside down|I searched all day]
what happens if @my doesn't turn up again? I had it %day
@my [@is] [nowhere to be found|gone without a trace], I [last had it|used it last] %day
did anybody [find|hand in] @my? I dropped it somewhere
* @n_stolen ; stolen_@n ; theft_of_@n ; someone_took_my_@n
= A thief has taken the @n of the customer.
somebody [nicked|pinched|snatched] @my, [please block it|what now]?
a [pickpocket|burglar] has got @my
I was [robbed|mugged] %day and they [took|got] @my
my [bag was snatched|car was broken into] and @my was inside
I saw a man [grab|run off with] @my
please make @my useless, a [thief|pickpocket] has it
I've been to the police because [a gang|someone] took @my from me
[purse|backpack] gone, ripped from my shoulder, with @my in it
* @n_expired ; renew_@n ; expired_@n ; when_@does_@my_run_out
= The time of the @n is over or nearly over.
@my [was good|ran] until %past, [how do I get more time|can it be prolonged]?
till when can I use @my? There's a date [I can't read|rubbed off]
the date on @my [has passed|is over], [what do I do|do I need a new one]
I want [another year|more months] on @my, it [ends|is over] %future
how early can I [extend|prolong] @my? It [ends|is over] %future
I was told @my is [out of date|too old], [is there some grace|can I still use it]?
can I still use @my although the last day was %day?
will @my [go on|be prolonged] by itself, or must I [act|do something] at the end?
* @n_not_working ; @n_refused ; why_@does_@my_not_work ; faulty_@n
= The customer has a valid @n, but it is not accepted.
I held @my to the [reader|machine] and [nothing happened|it flashed red]
@my was [turned away|rejected] at the [door|entrance|desk], though it should be good
the [reader|machine] [won't read|spits out] @my [since %past|all the time]
it beeps and shows a cross when I use @my
@my did its job [last week|until %past], now [the light stays red|it's no use]
I'm standing here with @my and it won't let me [in|through]
[staff|a man at the entrance] said @my is no good, [but I just got it|why]?
is @my [faulty|defective]? I tried [%num readers|it %num times], always an error
* activate_@n ; @n_activation ; how_do_i_activate_@my ; start_using_@n
= The customer has a new @n and asks how to switch it on.
@my came [today|%day], how do I [switch it on|get it running]?
what must I do before I can use my [brand new|new] @n for the first time?
I have my new @n in my hands, [what's next|is it ready to use]?
do I have to [register|enable] my new @n somewhere?
the letter with my new @n says to [enable|register] it, but [the link is dead.|where?]
where do I type the number on my new @n so that it [wakes up|becomes usable]?
is my new @n [live|usable] at once or must I [call you|enable it]?
please [enable|switch on] my new @n, it arrived [today|%day]
* @n_not_received ; waiting_for_@n ; when_will_@my_arrive ; @n_still_not_here
= The customer applied for a @n and it has not come yet.
I [applied|asked] for @a %dur ago and [my letterbox is empty|got nothing]
how [many days|long] until @a is in my letterbox?
I'm still [waiting|looking out] for @my, [was it sent|is it on its way]?
you [posted|mailed] @my %day, but the postman [brings nothing|has nothing for me]
can I pick up @my [myself|at your desk] and not wait for the post?
I need @my by %date, will it [be here|come] by then?
[nothing in the mail|no envelope] yet with @my, I [paid|applied] %day
has @my been [made|printed|sent out] yet? I applied %day
* replacement_@n ; new_@n_needed ; order_another_@n ; damaged_@n
= The customer's @n is worn or damaged and a fresh one is needed.
@my [snapped in two|went through the wash|got bent], can I have a fresh one?
the print on @my has [rubbed off|faded], please make me [another one|a fresh one]
my dog chewed @my, how do I get [another|a fresh one]?
what does it cost if @my [is in pieces|has a crack] and you make another?
[coffee ran over|my son cut up] @my, I need [it new|another one]
[bent and cracked|torn in the middle]: @my is past saving, [please make a new one|who makes another]?
@my [looks awful|is falling apart] after years in my pocket, may I have it new?
where do I bring the [broken|torn] pieces of @my to get a fresh one?
* digital_@n ; @n_on_my_phone ; @n_in_app ; can_i_have_@my_as_an_app
= The customer wants the @n in electronic form.
can I carry @my in [electronic form|an app] and leave the plastic at home?
is there a way to [show|have] @my on [a screen|my handset]?
I don't want [plastic|something to carry], can @my be [electronic|virtual]?
how do I load @my into [the app|my wallet app]?
do you send @my as [a QR code|a PDF|an email]?
is a screenshot of @my [enough|fine]?
my app shows [an empty page|nothing] where @my should be
[less plastic please|I always forget things at home], is there a virtual kind of @n?
* where_can_i_use_@my ; @n_accepted_where ; @n_validity_area ; places_for_@n
= The customer asks at which places the @n is good.
does @my also count in [the next town|%place2]?
is @my good [on Sundays|in all your branches|in every place you run]?
which [doors|places|branches] does @my open for me?
am I allowed in at [other sites|your other branches] with @my?
do your partners in %place2 take @my?
[is there|do you have] a [list|map] of spots where @my is good?
can I use @my [everywhere|only in one place]? I'm often in %place2
someone said @my is [no good|not valid] in %place2, [is that true|really]?
* found_@n_again ; @n_found ; unblock_found_@n ; lost_@n_turned_up
= The customer reported the @n as gone but has it back now.
good news, @my [turned up|was under the seat], can I [use it again|go on using it]?
I told you @my was gone, but [it was in my coat|my son had it]
please [undo|take back] my report, @my [is here after all|is back]
a [kind stranger|neighbour] [handed in|brought back] @my, what now?
can you [free|switch on] @my again? It was [in the wash|behind the sofa] all the time
stop making a new one: I have @my back
I [came across|discovered] @my in [an old bag|the car] after I had reported it
no need for another one, @my [is back|turned up]
## pin
* forgot_@n_pin ; @n_pin_forgotten ; i_do_not_know_my_@n_pin
= The customer does not remember the PIN of the @n.
what were the four [digits|numbers] for @my? [My head is empty|They slipped my mind]
I can't remember the [code|digits|combination] for @my
the [numbers|digits] I always use for @my just won't come to mind
I wrote down the [code|combination] for @my and [lost the note|can't find it]
[is there|do you have] a way in if I no longer recall the [code|digits] of @my?
I haven't used @my for %dur and the [code|combination] is [gone from my memory|a blank]
was it 4 or 7 at the end? I don't recall the [code|digits] of @my
[can you tell me|please send me] the [code|combination] for @my, [I don't recall it|it's a blank]
* @n_pin_blocked ; blocked_@n_pin ; too_many_tries_on_@n ; unblock_@n_pin
= The PIN of the @n was typed wrong too often.
I got the [code|digits] wrong [%num times|too often] and now @my won't take any
@my [wants an unlock number|shuts me out] after my third wrong try
[my son|my toddler] typed nonsense and now @my says no more tries
it says "try again in 30 minutes" on @my after [%num|some] mistakes
no tries left on @my, [I know the right code now|how do I get it open]?
typed it wrong three times, @my is [shut|barred], [please reset it|help]
how do I open @my after too many [wrong codes|false tries]?
@my has shut itself off because I [mistyped|confused] the digits [again and again|%num times]
* change_@n_pin ; new_pin_for_@n ; how_do_i_change_@my_pin
= The customer knows the PIN of the @n and wants another one.
I'd like [other|different] digits for @my, the ones I have are [too easy|known to my kids]
where in the menu do I [pick|choose] a different [code|combination] for @my?
my flatmate saw my [code|digits] for @my, so I want [another|a different one]
can I have [six|five] digits in place of four for @my?
the [code|combination] you gave me for @my is hard to keep in mind, may I choose [my own|another]?
how often should I pick [fresh|other] digits for @my?
I know the old [code|digits] of @my but want [something safer|others]
please swap the [code|combination] on @my to one that I pick
## doc
* apply_for_@n ; how_do_i_get_@a ; @n_application ; first_@n
= The customer has no @n yet and asks how to obtain one.
what do I [need|have to bring] to [get|obtain] @a?
where do I [go|turn] to [obtain|ask for] my first @n?
I need @a, which [forms|papers] must I fill in?
can I [ask for|request] @a [online|by phone], or must I come in person?
who [issues|writes|makes out] @a for me?
I've never had @a, [how does it work|what are the steps]?
does it cost [much|anything] to be given @a?
which office is [in charge of|responsible for] giving out @a?
* lost_@n ; @n_lost ; copy_of_@n ; replace_@n
= The customer no longer has the @n and needs another copy.
I [can't find|have mislaid] @my since we [moved|tidied up], can I have another?
@my [burnt|got thrown away|is gone], [how do I get it again|what do I do]?
please print @my once more, [mine has vanished|I mislaid it]
somebody threw away @my, who can make me another?
what does a [second|fresh] print of @my cost when the first has vanished?
I left @my [in a taxi|on a plane] and it's gone, I need a duplicate
[the flood|a fire] took @my, can you look in your archive?
[my ex|my landlord] won't hand over @my, may I have a duplicate?
* @n_processing_time ; how_long_does_@my_take ; waiting_for_@n ; @n_delay
= The customer applied for the @n and asks when it is ready.
I handed in everything for @my %dur ago, [when can I have it|any news]?
when can I [pick up|fetch] @my? [I applied %day|I gave you everything]
is @my ready [yet|by now]? My number is %ref
you said %dur for @my, [that's over|and I hear nothing]
how many weeks does it usually need until @a is [finished|ready]?
can you [speed up|hurry] @my? I [travel|need it] %future
what's the [holdup|reason] for the wait with @my? [Others had theirs in a week|I applied %day]
could you [look up|check] how far you are with @my?
* mistake_in_@n ; wrong_name_on_@n ; correct_@n ; @n_error
= Something written in the @n is not right.
[my surname|my birthday|the date] in @my is [spelt wrong|not right]
you [mixed up|swapped] [two letters|day and month] in @my
please fix @my: [it should say %name|the year is off]
what do I do if @my shows [the wrong place|someone else's details]?
I just read @my and [the date|my middle name] is [off|missing]
how can I get @my [put right|fixed]? There's a typo
[one line|a number] in @my isn't true, who can fix it?
is @my still good with a typo in [my name|the date]?
* @n_rejected ; @n_refused ; why_was_my_@n_refused ; @n_denied
= The office said no to the customer's request for the @n.
you won't [give|grant] me @a, [why not|I want to object]
I got a letter that I don't get @a, [what can I do|how do I appeal]?
on what grounds did you [say no to|turn down] @my?
I was told I don't [qualify for|meet the rules for] @a, [which rules|that can't be right]
my request for @a was [turned down|sent back] [without a word|%day]
can I try again after a no to @my, or [must I wait|is that final]?
what was [missing|wrong] so that I didn't get @my?
I want to [fight|appeal] your no to @my
## staff
* rude_@n ; complaint_about_@n ; unfriendly_@n ; @n_behaviour
= The @n was not polite and the customer complains.
@the [shouted|swore|yelled] at me [%day|in front of everyone]
I was [treated like dirt|laughed at] by @the, [I want to complain|not acceptable]
what a [nasty|horrible|disrespectful] tone @the has
@the [rolled their eyes|insulted my mother|called me stupid] when I asked something
nobody should be spoken to the way @the spoke to me %day
please have a word with @the about [manners|tone], [I was in tears|I felt humiliated]
I've never met such an [arrogant|impolite] person as @the
@the hung up on me and was [very short|sneering] before that
* @n_did_not_come ; no_show_@n ; where_is_the_@n ; missed_visit_of_@n
= The @n was expected but never came.
I waited [all morning|two hours|the whole day] and @the never [turned up|showed up]
@the [stood me up|left me waiting] %day[, no call, no message|]
we had [a time|a day] fixed, but nobody [rang|appeared], where was @the?
@the should have been here %day, [nobody came|I took a day off for nothing]
why did @the not [turn up|appear]? I [sat|stood] there for an hour
[no sign of|not a word from] @the although it was fixed for %day
is @the still coming? It's been [two|three] hours
this is the second time that @the hasn't [shown up|appeared]
* praise_for_@n ; thank_the_@n ; great_@n ; compliment_@n
= The customer is happy with the @n and says so.
I just want to say how [kind|helpful|patient] @the was
@the did [a wonderful|an excellent|a fantastic] job %day
please [give my regards to|pass my thanks to] @the, [what a star|so patient]
best service ever, @the [went out of their way|made my day]
[five stars|ten out of ten] for @the, [keep it up|so friendly]
I'm [so pleased|delighted] with @the, please tell their boss
@the deserves a [raise|bonus], [always smiling|so good at the job]
how can I leave a [good|glowing] word about @the?
* ask_for_another_@n ; different_@n ; change_my_@n ; may_i_choose_@my
= The customer wants someone else as the @n, or to choose.
may I have someone else than @the I [had|saw] last time?
@the and I don't [get on|fit together], who else do you have?
I'd [prefer|feel better with] a woman as @a
can it be the same person again as @a?
is there @a who speaks [Polish|Turkish|Spanish]?
please don't send me the same @n as [%past|before], I want somebody else
can I pick %name as @a [next time|from now on]?
I'd like to [swap|switch] to a different @n [from %date|soon]
* damage_by_@n ; @n_broke_something ; @n_caused_damage
= The @n has broken or spoiled something of the customer's.
@the [smashed|knocked over|scratched] my [vase|table|glasses], who pays for that?
my [coat|jacket|bag] got [ruined|torn] because of @the
after @the was there I found [a scratch|a stain|a crack] on my [table|phone]
@the [spilt coffee|stepped] on my [laptop|bag], [it's useless now|I want a new one]
I hold @the responsible for my [cracked glasses|torn sleeve]
are you insured? @the [crushed|wrecked] my [glasses|umbrella] [%day|this morning]
@the was careless and now my [watch|table] is [in pieces|ruined]
I have photos of what @the did to my [coat|table], [please pay|who settles this]?
* how_do_i_contact_@my ; speak_to_@n ; message_for_@n ; phone_number_of_@n
= The customer wants to reach the @n.
how can I [reach|get hold of] @the [directly|today]?
is there a [mobile|direct line] for @the?
please ask @the to [ring|write to] me, [I have a question|it's about %date]
I need a word with @the before %date, who can put me through?
can I [leave|send] a note to @the?
at what hours can one [reach|ring] @the?
I can't get through to @the, it just rings [all day|and rings]
please tell @the that [the bell is broken|I'm at the back door|I'll ring on Monday]
## info
* @n ; @n ; @n_available ; do_you_offer_@n
= The customer asks if @n can be had, and how.
[@is there|do you have] @a at your place?
I'd like @a, [is that possible|do you do that]?
can [I|we|one] get @a [with you|from you]?
do you [do|provide] @a, or should I look elsewhere?
please tell me more about @a, [how does it work|who can have that]?
we [might|will] need @a %future, [is that something you do|can you arrange it]?
I didn't see anything about @a on your site, [does it exist|can you help]?
who do I ask [when|if] I want @a?
* @n_price ; @n_cost ; how_much_@is_@n ; @n_fee
= The customer asks what they must pay for @n.
how much [do you want|would I pay] for @a?
@is @a free, or [extra|do you ask for money]?
what do you [take|ask] for @a?
does [one|everybody] pay for @a? I have [%amt left|little money]
I want to know how much @a will [set me back|come to]
do [seniors|regulars|members] get @a for less?
is %amt right for @a? [That sounds a lot|I read something else]
[what's the rate|how much should I have ready] for @a?
* @n_missing ; no_@n ; promised_@n_not_given ; @n_not_provided
= The customer had been promised @n but did not get it.
I was promised @a but [there was nothing|nobody knew about it]
where @was @a that I had [asked for|reserved]? [I got nothing|Nobody knew of it]
you [forgot about|left out] @a, [I'm annoyed|and it was agreed]
it says @a in my papers, [but I had none|yet you didn't do it]
no @n for us [%day|last time], [in spite of your promise|although it was agreed]
I chose you because of @a and then [there was none|you said no on the spot]
why didn't I get @a? It was [agreed|in the deal|on your site]
[really disappointed|unbelievable]: I had asked for @a and you [forgot|had none]
## dated
* @n_expired ; renew_@n ; extend_@n ; expired_@n
= The @n is no longer valid, or soon, and must be renewed.
@my [ends|is good] only until %date, [how do I prolong it|what do I have to do]
the date on @my [has passed|is over], [am I in trouble|may I still use it]?
I want more [time|months] on @my, it [ends soon|was over %day]
how early may I [prolong|ask for more time on] @my?
do I need new [photos|papers] when the date on @my is over?
I noticed today that @my [was only good until %past|is out of date]
is there a fine if @my is out of date?
can you prolong @my [by post|online]? It [ends|is over] %future
"""
