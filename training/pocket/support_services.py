"""What customers say about log-ins, plans, supplies and devices: one block a problem, in the language of support.py."""

SERVICES = """
## login
* close_@n ; delete_my_@n ; how_do_i_leave_@my ; remove_@n
= The customer wants the @n and its data gone for good.
I want @my gone [for good|forever], [with everything in it|including what you know about me]
[please wipe|get rid of] @my, I [no longer use it|have found something better]
where is the button that [removes|wipes] @my [completely|once and for all]?
I'm leaving you, so [erase|wipe] @my and [all my data|every detail]
[is there a way|what do I have to do] to get rid of @my [altogether|for good]?
I [don't play along any more|won't be back], please [take down|erase] @my
can you [erase|wipe] everything that hangs on @my? I don't want it [any longer|any more]
my late father had @a with you, please [shut it down|erase it]
* @n_password_forgotten ; forgot_@n_password ; reset_password_of_@n
= The customer no longer knows the password of the @n.
I can't remember [the secret word|what I typed|the phrase] to get into @my
[no clue|I've no idea] which [passcode|code word] I chose for @my, [can I set a new one|please send a link]
my new computer lost the [passcode|sign-in details] for @my and I don't know them by heart
the link for choosing a new [passcode|code word] for @my [never comes|doesn't open]
how do I [set|choose] a fresh [passcode|code word] for @my? The old one [slipped my mind|is gone from my head]
it says wrong [passcode|code word] for @my and I [don't recall|can't think of] the right one
I wrote the [passcode|sign-in phrase] for @my on a note and threw it away
[been away for %dur|haven't been in for %dur] and I don't remember how to sign into @my
* @n_locked ; @n_blocked ; locked_out_of_@n ; why_@is_@my_suspended
= The provider has shut the customer out of the @n.
you have [frozen|barred|disabled] @my, [what did I do|for what reason]?
a message says @my has been [disabled|shut off] [for breaking the rules|by an administrator]
I [typed it wrong|tried] %num times and now @my won't let me in [for a day|any more]
why [have I been|am I] [banned|shut out] from @my? [I've done nothing wrong|I followed the rules]
please [open|free] @my again, it [has been|was] [barred|disabled] since %past
my details are right but @my says I have no [permission|right] to enter [any more|until further notice]
it says "[disabled|frozen]" when I want to use @my, [please let me back in|how do I get back]?
I got an email that you [barred|disabled] @my, [I object|can you undo it]
* change_email_or_phone_of_@n ; update_@n_contact ; @n_contact_details
= The @n should use another email address or phone number.
I [have|got] a new [mobile|inbox], how do I tell @my about it?
@my still sends everything to my [old work mail|former number]
please use [another inbox|my new mobile] for messages from @my
the code for @my goes to a [phone|mailbox] I no longer [have|use]
I made a [slip|mistake] in my mail when I made @my, [letters are swapped|it ends in .con]
how can I put a different [mail|number] in @my? The field is grey
I [changed|left] my job, so the mail in @my [must change|no longer works]
can @my be tied to a [different|new] [mobile|inbox]?
* prove_identity_for_@n ; @n_identity_check ; verify_@n ; @n_id_required
= The @n asks the customer to prove who they are.
why [must I|do I have to] show [my passport|my driver's papers] for @my?
which [papers|proof] do you [take|accept] to show that I am me in @my?
do I [really need|have] to send [a selfie|a picture of my face] to use @my?
@my wants to know who I am, [what do I send|how does that work]?
you [didn't accept|turned down] the photo of my passport in @my, [it's clear enough|why]?
I don't feel [safe|happy] sending my [papers|passport] just for @my
how long do you need to look at the [passport|papers] I uploaded to @my?
is there another way to [prove|show] who I am in @my? I have no passport
* @n_age_limit ; how_old_for_@n ; minimum_age_@n ; @n_for_children
= The customer asks how old a person must be for the @n.
my [son|daughter] is [eleven|twelve|14], may they have @a?
[from what birthday|at what point in life] [can one|may people] sign up for @a?
I'm only [fifteen|sixteen|17], am I allowed @a?
do I have to be [18|an adult|grown up] for @a?
is @a [all right|allowed] for [teenagers|kids|my ten-year-old]?
can [parents|I as a mother] set up @a for their [kid|little one]?
at school they said you take [nobody under 16|just adults] for @a, [is that so|true or not]?
are there [rules|limits] about how young one may be for @a?
* countries_for_@n ; @n_country_availability ; can_i_use_@my_abroad ; where_@is_@n_supported
= The customer asks in which lands the @n can be used.
I [live in|am moving to] %country, can I [have|keep] @a there?
does @a work [in|from] %country?
which parts of the world can [open|use] @a?
it says not offered [here|in %country] when I open @my [on holiday|on my trip]
are people [from|living in] %country able to [get|have] @a?
I travel to %country soon, will @my [work|be fine] there?
is @a just for people [in|from] %country, or [elsewhere too|for everyone]?
will I be able to get into @my [while I am in|from] %country?
* suspicious_activity_in_@n ; @n_hacked ; someone_used_my_@n ; unknown_sign_in_to_@n
= A stranger seems to have got into the @n.
somebody [in %country|I don't know] [got into|is using] @my
I see [things|changes] in @my that I [didn't do|never made], [I'm scared|what now]?
you wrote that [another machine|a new phone] opened @my, [that wasn't me|I own no such thing]
I think [a stranger|my ex|a thief] has got hold of @my, [please help quickly|secure it]
orders [appear|show up] in @my that [aren't mine|I know nothing of]
my name and picture in @my were changed [overnight|by someone else]
I [fell for|clicked on] a fake mail and now someone else [is in|controls] @my
how do I throw out [intruders|whoever is] in @my? I see [%num people|strange places] on the list
* open_@n ; create_@n ; sign_up_for_@n ; how_do_i_open_@a
= The customer has no @n yet and wants one.
I'm new here, how do I [get|make] @a?
what do I need [to start with|for setting up] @a?
I'd like to [join|register], where do I make @a?
[the form|the page] for new people [crashes|won't load], so I can't make @a
does it cost [anything|money] to [get|start] @a?
I want @a but [never had one|have not used you before], [where do I begin|guide me please]
the mail that should [finish|complete] my sign-up for @a [hasn't come|got lost]
how long does it take until a [new|fresh] @n is ready?
* duplicate_@n ; merge_@n ; second_@n ; @n_exists_twice
= The customer has the @n more than once and wants a single one.
I [seem to|somehow] have @a in each of my names, [can they become one|please join them]
can I put my [older|work] and my newer @n together?
I signed up [again|a second time] by mistake, so @my exists double
how do I [join|combine] what is in my old and my new @n?
one @n is under my work mail, the other under my private mail, [I want just one|make one of them]
my [points|old things] sit in another @n than the one I use now, [can you move them over|bring them together]
it says I have @a already, but I [see nothing in it|made a new one], [please join both|now there are two]
[am I allowed|is it fine] to have @a for work and another for home?
## plan
* cancel_@n ; end_@n ; quit_@n ; how_do_i_cancel_@my
= The customer wants to end the @n.
I want [out of|to get out of] @my [as soon as possible|at the end of the month]
[I'm done with|I've had enough of] @my, [what's the notice|how do I leave]?
please don't [renew|prolong] @my, [I'm leaving|I found something cheaper]
how much notice must I give if I [stop|leave] @my?
I'm moving to %country and won't need @my [any more|from %date]
I wrote %day that I want to [leave|stop] @my, [did you get it|no answer so far]
is there a penalty for [leaving|dropping] @my [early|before the year is over]?
no more @n for me, please [finish it|stop it] [today|on %future]
* pause_@n ; freeze_@n ; put_@my_on_hold
= The customer wants the @n to rest for a while, not to end.
I'm [abroad|in hospital|away] for %dur, can @my [rest|stop for that time]?
can I [take a break from|suspend] @my [until autumn|over the summer] and then go on?
I don't want to leave, just [skip a month|have a rest] with @my
would it be possible to [suspend|interrupt] @my for %dur?
[a baby is coming|I broke my leg], so please [suspend|interrupt] @my [for a while|until spring]
how long may one [suspend|interrupt] @my at most?
do I still pay while @my is [suspended|interrupted]? I will be back
please [restart|resume] @my now, the break I took is over
* upgrade_@n ; better_@n ; change_to_bigger_@n ; more_from_@my
= The customer wants a larger level of the @n.
@my is too [small|basic] for me now, what [else|more] do you have?
can I [move up|step up] to the [premium|top|next] level of @my?
I need more than @my [gives|allows], how much is the [next step|larger one]?
what [extra|more] do I get with the [gold|premium|larger] kind of @n?
please [switch|put] me on the [larger|top] version of @my
when I [go up|move up] a level with @my, from when do I pay more?
I'd pay [a bit more|%amt more] if @my covered [everything|more]
which [bigger|higher] levels of @n are there?
* downgrade_@n ; cheaper_@n ; smaller_@n ; reduce_@my
= The customer wants a smaller and less costly @n.
I hardly use @my, is there a [smaller|more basic] one?
@my is too [dear|pricey] for me, what is the [lowest|simplest] level?
can I [step down|go down] a level with @my?
please put me on the [basic|lowest|simplest] version of @my
I don't need all [extras|parts] of @my, can [some be dropped|we take some out]?
what do I lose if I [go|step] down to the basic kind of @n?
I want to keep @my but pay [less|%amt less] for [less|fewer things]
when could I [step down|go down] to a more modest kind of @n?
* share_@n ; @n_for_family ; family_@n ; add_someone_to_@n
= The customer wants other people to use the @n too.
can my [wife|husband|flatmate] use @my [as well|too]?
how many [people|persons] may be on [one|a single] @n?
I'd like my [kids|parents] to be [part of|in] @my
is there @a for [all of us|a household of %num|couples]?
please put [my son|%name] on @my next to me
my [partner|brother] moved in, can we both be on @my?
what does it cost to have [another|one more] person on @my?
may I let [a friend|my sister] use @my when I [am away|don't need it]?
* @n_start_date ; activate_@n ; when_does_@my_start ; @n_not_active_yet
= The customer asks when a new @n begins or why it has not.
I signed [the papers|everything] %day, from when [can I use|does] @my [count|go]?
@my should be [running|live] by now, but [it says inactive|nothing happens]
how do I get @my [going|up and running]? I [just signed|signed %day]
the first day of @my was to be %past, [yet it's not live|but nothing works]
I've paid for @my but cannot [use it|make use of it] yet
can @my begin [on the 1st|a week later|straight away]?
from which [day|hour] am I covered by @my? I just signed
there's [still no|not even a] welcome mail for @my, is it [live|on]?
## supply
* no_@n ; @n_outage ; @n_down ; why_@is_there_no_@n
= The @n has stopped working altogether at the customer's place.
[since|from] [this morning|last night|six o'clock] there has been no @n [at all|here|in our house]
@my [went off|gave out|stopped] %day and [hasn't come back|we have nothing]
is something wrong in [our street|the area]? @my [@is] [completely|totally] [dead|gone]
we're [without|sitting here without] @a and I have [a baby|elderly parents|work to do]
do my neighbours have @a? Mine [quit|died] [an hour ago|%day]
when will @my [return|be back]? Nothing at all [since|from] noon
our [whole building|entire house] has no @n
@my [cut out|went] completely %day and nobody [tells us anything|picks up at your office]
* @n_comes_and_goes ; unstable_@n ; @n_keeps_dropping ; intermittent_@n
= The @n works at times and then fails again, over and over.
@my [stop@s|cut@s out] for a minute [every hour|many times a day], then [it's fine again|all is well]
every [few minutes|half hour] @my disappear@s and return@s
[on, off, on, off|one moment yes, the next no]: that's @my [since %past|for %dur]
I [lose|lost] @my %num times [today|last night], each time just [briefly|for a bit]
@my [@is] not steady, [it breaks off and starts again|each break lasts seconds]
sometimes there's @a, sometimes not, [it's driving me mad|who can find the cause]
as soon as it [rains|gets late] @my break@s off now and then
[why do|how come] I have short breaks in @my [all the time|again and again]?
* planned_@n_work ; @n_maintenance_notice ; announced_@n_interruption
= You announced that the @n will be off for works; questions.
your [letter|note in the hall] says @my will be off %future, [for how long|at what time]?
how long will the [works|job] on @my last [%future|next week]?
is our street affected by the [works|digging] on @my [%future|this month]?
I work from home, can the [works|job] on @my be done [at night|another day]?
do I have to [be in|prepare anything] when you do the [works|checks] on @my [%future|next week]?
why do you do [works|repairs] on @my in the [middle of the day|coldest month]?
thanks for telling us about the [works|job] on @my, [which hours exactly|will it be all day]?
I need @my for [a medical device|my shop] during the [works|job] %future, [what can you offer|help]?
## device
* @n_not_turning_on ; dead_@n ; @n_will_not_start ; why_@does_@my_not_turn_on
= The @n does nothing when it is switched on.
@my [show@s no light|stay@s dark|do@es nothing] when I press the button
I [plugged in|charged] @my all night and there is [no sign of life|nothing]
no matter what I press, @my just [stay@s|remain@s] [black|silent]
[from one day to the next|since %past] @my won't wake up [at all|any more]
@my gave up [completely|altogether] [%day|after a thunderstorm], [no lamp|no sound]
what can I try if @my [@does] not react to [anything|the power button]?
I can't get @my [going|to boot], [even with another plug|the cable is fine]
brand new, and @my [@is] [lifeless|without a spark]
* @n_overheating ; hot_@n ; @n_gets_too_warm
= The @n grows so warm that the customer worries.
@my get@s so [warm|burning] that I can't [touch|hold] @them
is it [normal|dangerous] that @my feel@s like [an iron|a stove] after [ten minutes|an hour]?
I smell [something burnt|melting plastic] when @my [run@s|@is in use]
the [back|outside] of @my burnt my [hand|fingers]
after [ten minutes|half an hour] @my [boil@s|glow@s], I'm afraid of a fire
a warning about [temperature|heat] comes up on @my
how can I keep @my [cool|from cooking]? It's 60 degrees to the touch
I [unplug|put away] @my because [of the heat|I could fry an egg on @them]
* @n_noise ; noisy_@n ; strange_sound_from_@n ; why_@is_@my_so_loud
= The @n makes a sound that it should not make.
@my [rattle@s|buzz@es|hum@s|squeal@s] [all the time|whenever I use @them]
there's a [grinding|clicking|whistling] coming from @my
I can't sleep because @my [howl@s|buzz@es] [at night|day and night]
my neighbours complain that @my [bang@s|roar@s]
what does it mean when @my [beep@s|click@s] [every minute|%num times in a row]?
since %past @my [sound@s like a tractor|crackle@s and pop@s]
@my used to be quiet, now [it's like a helicopter|I need earplugs]
is a [buzzing|rattling] normal for @my, or is something broken inside?
* set_up_@n ; @n_setup ; how_do_i_install_@my ; first_use_of_@n
= The customer has a new @n and needs help to begin.
I just unpacked @my and [don't know where to begin|the booklet is in Chinese]
what's the first [step|thing to do] with @my? It's [brand new|straight out of the box]
could someone [walk me through|explain] the first steps with @my?
where do the cables go on @my? [I've only just bought @them|It's my first one]
I'm no expert, please help me get my brand new @n [ready|going]
do you have a [video|guide] for beginners with @a?
can you send [a person|someone] to get my new @n ready in my home?
which [language|options] do I choose when I use @my for the very first time?
* @n_warranty ; @n_guarantee ; @is_@my_under_warranty
= The customer asks if a fault of the @n is covered for free.
I bought @my [%dur|two years] ago, [do you still fix faults for free|am I covered]?
how many years do you [stand behind|cover] @a?
I've lost the receipt for @my, can I still have [faults|it] fixed free of charge?
will I have to pay for fixing @my, or is that [on you|included]?
what is [covered|not covered] for free if @my break@s?
can I buy [two more|extra] years of cover for @my?
@my failed after [13 months|a year and a day], [surely you pay for that|who pays]?
do scratches or drops end the free cover for @my?
* @n_repair ; repair_my_@n ; @n_repair_cost ; mend_@n
= The customer wants a broken @n mended, or asks the price.
I dropped @my and now there's a [crack|big dent], can you fix that?
what does it cost to have @my [fixed|mended]? A part [fell off|came loose]
where can I [bring|drop] @my to be mended?
[a part|a button|a hinge] of @my [came off|snapped], do you mend that?
my [toddler|dog] [bit|smashed] @my, is it worth fixing?
how long do you need to [fix|mend] @a?
I brought @my in %day to be mended, [is it ready|when can I fetch @them]?
can a technician come to [mend|fix] @my at home? Something snapped
* @n_trade_in ; old_@n ; hand_in_old_@n ; used_@n
= The customer wants to hand in a used @n.
what do I get for my [used|ten-year-old] @n if I buy a newer one?
do you take back my [used|worn out] @n?
how do I get rid of @a that I [no longer need|replaced]?
will you [pick up|fetch] my used @n when you bring the new one?
where @does @a go when [past repair|worn out]? Not in the bin, I guess
how much is my used @n worth [to you|today]?
I have a new one and would like to [give|hand in] my previous @n
can I get money off if I [hand in|give you] my used @n?
## strength
* weak_@n ; @n_too_weak ; poor_@n ; not_enough_@n
= The @n is there all the time, but not strong or fast enough.
@my [@is] there, but [hardly enough|far below what you promised]
all day long @my [@is] [feeble|very low], [never strong|not what I pay for]
can you [boost|improve] @my? It's [feeble|barely enough] in the evenings
I only get [a third|half] of what @my should give
upstairs @my [@is] hardly [there|usable], [downstairs it's fine|only enough on the ground floor]
compared with [my neighbour|last year] @my [@is] really [feeble|sluggish]
why [@is] @my so [feeble|sluggish]? It never stops but it is [no use|no fun]
I measured @my and got [a fraction|just 20 per cent] of the normal value
## home
* @n_when_moving_home ; move_@n ; take_@n_to_new_home ; @n_at_new_address
= The customer moves house and asks what happens with the @n.
we [leave|give up] our flat %future, [how do I take @my along|what about @my]?
I've [bought a house|found another flat], what must I do about @a there?
will there be @a in my new place from [day one|%date]?
who do I tell about @my when I [change flats|go to live elsewhere]?
my new [house|flat] is in %place2, can I have @a from you there?
the people before us had @a here, how do we get it in our name?
[packing boxes|new keys in hand]: please [arrange|sort out] @n for our next home
we're going to live in %place2, what about @n in [the old flat|both places]?
## portable
* @n_stolen ; stolen_@n ; theft_of_@n ; someone_took_my_@n
= A thief has taken the customer's @n.
[a thief|somebody] has [nicked|grabbed|taken] @my
there was a break-in [%day|at our place] and @my [@is] gone
I was [robbed|mugged] %day, they got @my, [can you block @them|what now]?
my [car window was smashed|bag was snatched] and @my [@was in there|went too]
the police want the serial number of @my after the [break-in|robbery]
can you [find|block] @my? A burglar has @them
someone [walked off|ran away] with @my [in the café|on the train]
I reported the [robbery|burglary] of @my to the police, [do you need the report|here is the number]
## smart
* @n_not_connecting ; connect_@n ; pairing_@n ; @n_connection_problem
= The @n works alone but does not link to other things.
@my [can't find|doesn't see] my [network|TV|tablet], though [it has power|everything else does]
how do I [link|join] @my to my [tablet|TV|home network]?
I can't get @my and my [tablet|TV] to [talk|work together]
[bluetooth|the link] between @my and my [tablet|TV] [breaks|fails] all the time
@my [@is] on, but [my app cannot find @them|it won't join the home network]
my app says "no [unit|thing] found" when I look for @my
every time I try to [link|pair up] @my it ends with [an error|a timeout]
my [new TV|tablet] sees everything in the house but not @my
* @n_update_failed ; update_@n ; @n_software_update ; @n_new_version
= A new software version on the @n fails or does harm.
the new [version|software] for @my stops at [%num0 per cent|the last step]
since the latest [version|software] @my [@is] [a mess|full of bugs]
how do I get the [latest|newest] [version|software] onto @my?
@my downloaded something overnight and now [the menus are gone|everything looks different]
can I [go back to|have back] the previous software on @my?
it says [failed|not enough space] when I load the new software onto @my
which [version|software] should @my have [now|today]?
do I really need the newest [version|software] on @my? I [hear|read] bad things
"""
