"""What customers say about goods, money owed, charges and bookings: one block a problem, in the language of support.py."""

PROBLEMS = """
## deliver
* @n_late ; where_@is_@my ; late_@n ; delayed_@n
= The @n should have come by now, but nothing has arrived.
I [am still waiting for|have been waiting %dur for] @my[ and nobody tells me anything|]
@my @was supposed to [be here|get here|turn up] %day [and there is no sign of @them|but nothing so far]
[any idea|do you know] when @my will [finally|actually|] [get here|turn up|show up]? You promised %day
[it has been|it's been] %dur and @my still @hasnt [come|shown up|turned up|reached me]
[your site|the confirmation] said %dur at most, [yet|but] @my @is nowhere [to be seen|in sight]
how much longer [do I have to|must I] wait for @my? [The promised day has passed|It should have been here %day]
[nothing yet|still nothing]: @the I [bought|paid for] %day [@hasnt got here|@is overdue]
I [expected|was told to expect] @my %day, [so what is holding @them up|what is taking so long]?
* @n_marked_delivered_but_missing ; says_delivered_but_no_@n ; @n_not_received_though_delivered
= The tracker says the @n came, but the customer has nothing.
[the app|your site|the email] [says|claims] @my @was handed over %day, but I [got|received] nothing
according to [the app|your message] @the [@is|@was] on my doorstep, [but there is nothing there|yet I can't find @them]
I got a [note|message] that @my came, [but nobody rang and nothing is here|which is simply not true]
[it is signed for|there is a signature] but I never [got|saw] @the, [I was at home all day|and it isn't my signature]
you [show|list] @my as dropped off, [I checked with the neighbours and the porch and found nothing|but my hands are empty]
[who took|who accepted] @my? The status says done, [I have seen nothing|but I never had @them]
the driver's photo shows @the at [some other door|a house that isn't mine]
I think @my @was [taken|stolen] from my [doorstep|porch|hallway], since the app says the drop-off is done
* @n_damaged ; damaged_@n ; @n_arrived_broken ; @n_in_bad_condition
= The @n came, but something about it is spoiled or broken.
@my came [this morning|today|%day] and [half of @them is crushed|it looks like someone sat on @them|everything is ruined]
[I opened|we just unpacked] @the and [found everything smashed|there's a big tear in the side|it was in pieces]
@the [@was] in [terrible|awful|poor] shape when [the driver handed @them over|I opened the door]
what can I do about @a that got [wrecked|crushed|squashed] on the way?
[somebody|the driver] must have dropped @my, [the whole side is dented|there are cracks and stains everywhere]
I can't use @my [like this|in this state], [@it got soaked in the rain|parts of @them are shattered]
[not happy|very disappointed]: @the [@was] squashed and leaking when I [unpacked|opened] @them
[I have photos of|I can send pictures of] the [dents|cracks|mess] on @my
* wrong_@n_sent ; received_wrong_@n ; @n_not_what_i_ordered ; @n_mix_up
= What came is a different @n from the one ordered.
[this isn't|that is not] @the I [picked|chose|asked for], [you have mixed something up|it's another one entirely]
you sent me [somebody else's @n|@a for another customer]
I [picked|chose] one kind of @n and [got|was given] [a completely different one|something else]
there's [been a mix-up|a mistake] with @my: [the name on the label isn't mine|what I unpacked is not what I bought]
@the I got [@does] not match [the picture|my receipt|what I chose on the site]
how do I [swap|return] @my? [The colour and size are not those on my receipt|It's for someone called %name]
[strange|funny], I [bought|paid for] something else than @the that @was handed to me
the label says %name and @the inside [@isnt] [mine|the right one]
* @n_incomplete ; part_of_@n_missing ; incomplete_@n ; @n_with_items_missing
= Only some of the @n came; a piece was left out.
@my came but [something|one thing|part of it] was left out
I counted twice and [two pieces|%num things] from @my [aren't there|are not here]
[only half|just a bit] of @my @was [handed over|dropped off], where is the rest?
there should be more in @my, [the list says %num and I got fewer|some is not there]
you [forgot|left out] [a piece|something|one bit] when [putting together|packing] @my
when will the [rest|remainder|other half] of @my come? I only got [some|a part] of it
[I paid for %num but got one fewer|the bag was half empty], so @my @is not all here
I just unpacked @my and [it's short|there's a gap where something should be]
* change_@n_delivery_address ; send_@n_elsewhere ; deliver_@n_to_new_address
= The customer wants the @n brought to another place.
can you bring @my to [%place|%place] instead?
I [have moved|moved out] %day, please [send|bring] @my to [my new home|%place]
I typed [the wrong street|an old house number] for @my, [can it still be corrected|please fix that]
[is it possible|would it be possible] to [redirect|reroute] @my to %place?
@my should [go|be brought] to %place, not [where I live|my old flat]
how can I [edit|update] where @my [@is] [dropped off|going]? [I won't be at home|I am at %place this week]
[wrong street|old postcode] on @my, [could you fix it before the van leaves|what now]?
please don't bring @the to my flat, [drop @them at|take @them to] %place
* choose_@n_delivery_time ; reschedule_@n_delivery ; @n_delivery_slot
= The customer wants another day or hour for the @n to come.
I won't be [in|at home] %future, can @the come [a day later|in the evening|another day]?
[can I|may I|is there a way to] [pick|choose] the hour at which you bring @my?
[could you|please] bring @my [after six|before noon|at the weekend] because I [work|am out] during the day
@the [@is] due %future but [that doesn't suit me|I'm away then], what other [days|times] do you have?
I'd like a [later|different|earlier] time window for @my
can the driver with @my come [before eight|after five|on Saturday]? I'm [at work|out] otherwise
how do I [push back|bring forward] the day you [drop off|bring] @my?
[nobody will be in|we're on holiday] %future, please hold @my [for a few days|until we are back]
* cancel_@n_order ; stop_@n_order ; i_no_longer_want_@the
= The customer no longer wants the @n that was ordered.
I [changed my mind about|don't need] @the [I bought %day|any more], please [stop it|don't send @them]
how can I [call off|undo] my purchase of @the? It [hasn't left yet|isn't packed yet]
please [scrap|stop|drop] @my before [the van leaves|it leaves the building]
I [clicked by mistake|pressed buy twice] and do not want @the [at all|after all]
[is it too late|am I too late] to say no to @the I [bought|chose] [an hour ago|%day]?
can you [take @the off my list|undo the purchase of @the]? I found [something better|it cheaper elsewhere]
I [bought|got] @the by accident, [undo it|get rid of it] please before you [pack|send] anything
don't [send|bring] me @the, I [no longer need|can't use] @them
* track_@n ; @n_tracking ; follow_my_@n
= The customer wants to see where the @n is on its way.
where can I [see|check] how far @my @has got?
I'd like to [see on a map|know] where @my [@is] right now, [not urgent|just curious]
I have [no link|no number] to follow @my, [can you send one|where do I find that]?
the link for following @my [shows an error|shows nothing|hasn't changed since %past]
has @my left [the warehouse|your place] yet? I'd just like to [know|follow it]
can you [look up|tell me] which stop @my [@is] at? My number is %ref
[status|current position] of @my please, reference %ref
is there an app where I can watch @my on @its way to me?
## money
* @n_not_arrived ; missing_@n ; late_@n ; where_@is_@my
= The @n was promised but has still not been paid.
it has been %dur and I have not [seen a penny of|had] @my
you [approved|promised|agreed to] @my %day and [still nothing|I have got nothing so far]
where has @my gone? [I keep checking and find nothing|You said it was sent %day]
I [still don't have|never got] @my, [though you said it was sent|you told me %dur at most]
[you owe me|I am owed] %amt: @my should have been paid %day
the email said @my @was on @its way %day, [but I see nothing|yet I got nothing]
how come @my [@hasnt] reached me [after %dur|yet]? It was [agreed|approved] %day
[no trace|no sign] of @my[ yet|], and %dur have gone by since your letter
* @n_wrong_amount ; @n_too_low ; @n_less_than_expected ; why_@is_@my_so_low
= The @n came, but it is less than it should be.
@my came to only %amt, [it should be more|that isn't what we agreed]
I got %amt [less than|short of] what I [expected|was promised] for @my
[why did you|who decided to] take something off @my? I only [got|received] %amt
you [forgot part of|cut] @my, [there's %amt to go|I am %amt short]
@my [@is] [not the full sum|smaller than in your letter], [please check|can you explain]?
[there's a mistake in|I disagree with] how @my @was worked out, I count %amt more
just half of @my @was paid [out|], what about the rest?
the sum you paid as @my does not [match|add up to] what your letter says
* how_long_does_@n_take ; @n_time ; when_will_i_get_@my
= The customer asks how many days the @n normally takes.
how [many days|many weeks|soon] after I [ask|apply] do you usually pay @the?
[roughly|about] when can I [expect|count on] @my? I only applied [this morning|today]
what is the usual [wait|time] for @a [with you|at your company]?
do you pay @the [straight away|the same day] or does it [need|go on for] weeks?
I [filled in the form|sent everything] today, [how quick are you with|when do people normally get] @the?
is there a [fixed day|timetable|deadline] by which you must pay @my?
is it normal to wait %dur for @my, or are you [usually|normally] faster?
[what is the|could you tell me the] average number of days until @my @is paid?
* @n_pending ; @n_still_pending ; why_@is_@my_on_hold
= The status page shows the @n as open, not yet decided.
[my page|the portal|the app] shows @my as "[in review|processing|waiting]", [what does that mean|why]?
@my [@has] been stuck on ["in review"|"processing"|"under check"] for %dur
the status of @my [never changes|hasn't changed since %past], it [just says open|always says in review]
[what are you still checking about|who is looking at] @my? It says open [in the app|on the page]
[can someone|could a person] look at @my, it [won't move on from|is frozen at] step %num
is something [missing|unclear] since @my [@is] still [under review|being looked at]?
@my [@is] [being held|under review], [do you need anything else from me|what are you waiting for]?
has anyone made a decision about @my? [It still says waiting|The page shows a yellow clock]
* @n_rejected ; @n_refused ; why_was_i_refused_@the
= The company said no to the @n and the customer objects.
you [said no to|turned down] @my, [I don't accept that|on what grounds]?
I got a letter that I [won't get|am not entitled to] @my, [please explain|I disagree]
[what is the reason|why is it] that I [can't have|am not given] @the?
how do I [appeal|object] now that you have [turned down|said no to] @my?
it is [unfair|wrong] that I get no @n, [I meet every condition|my friend got it]
my request for @the came back as [not approved|turned down], [what did I do wrong|can I try again]
I want someone senior to [look again|rethink] your no to @my
the agent told me I do not [qualify for|meet the rules for] @the, [I want that in writing.|which rule is it?]
* how_do_i_claim_@n ; ask_for_@n ; @n_request ; apply_for_@n
= The customer wants to know how to get the @n.
where is the [form|page] for [getting|asking for] @the?
I think I [should get|am entitled to|have a right to] @a, what [steps|papers] are needed?
[could you|please] tell me whether I [qualify for|can have] @a [in my case|]
how does one go about [getting|obtaining] @the from you?
what do I have to [send|fill in] so that you pay me @the?
who do I [write to|speak to] about getting @a? [I have not asked for it before|It's my first time]
I'd like to [start|begin] the process for @a, [what comes first|which papers do you want]?
am I [eligible|entitled] at all to @a if [I have been with you %dur|I only joined %day]?
## charge
* @n_charged_twice ; why_was_i_charged_twice_for_@the ; double_payment_of_@n ; duplicate_@n
= The same @n was taken two times.
I [paid|have paid] @the once, [but you took the money again|yet it went out a second time]
[the same|an identical] %amt for @my went out [two times|double], [please give one back|on the same day]
there are [two identical lines|two entries] for @my on my statement
you [took|collected] %amt for @the on Monday and [the same sum|exactly as much] again on Tuesday
why do I see @my [two times|listed double]? Once is [enough|correct]
I [pressed pay|clicked] only once, but @the @was collected [again an hour later|two times]
[please return|I want back] the second %amt you took for @my, [one was right|I only owe one]
@the went out [again|a second time] although I had [settled|covered] @them %day
* @n_wrong_amount ; @n_too_high ; @n_incorrect ; mistake_in_@n
= The sum on the @n is not what was agreed or used.
@my says %amt, but we agreed on [%amt|less]
[there's an error|something is off] in @my: [I count %amt less|the numbers don't add up]
I was quoted %amt and now @my [@is] [far more|a lot higher]
please [recalculate|go over] @my, [it can't be right|I never used that much]
you put [extras|things] on @my that I [never had|did not ask for]
how did you get to %amt for @my? [It should be %amt|By my count it is less]
@my does not [match|fit] [the price you advertised|the price list|our deal]
I [refuse|don't want] to pay %amt as @my when [the deal was|you told me] %amt
* unknown_@n ; why_was_i_charged_@a ; @n_not_mine ; i_do_not_recognise_@the
= The customer does not know what this @n is for.
what is this %amt for @a? I [never signed up|have nothing to do with you]
I [got|received] @a although I [left you|quit] long ago
[someone|you] made me pay @a, but I [have never been|am not] a customer of yours
can you [tell me|explain] what I am paying @the for? I [didn't use anything|bought nothing]
I found @a on my statement and [have no idea|don't know] [where it comes from|what it is]
@a in my name? That must be [somebody else's|another person's], [I never used you|I don't even live there]
why do I owe @a at all? [Nobody told me about it|I was told it was free]
this [isn't my @n|@n belongs to somebody else], [the name on it is %name|wrong house]
* @n_payment_declined ; cannot_pay_@n ; @n_payment_failed ; payment_for_@n_declined
= Paying the @n does not work, the payment is refused.
I tried to settle @my %num times and [it keeps failing|I always get an error]
[your site|the app] won't let me pay @my, [it says try again|a red message appears]
my money was [refused|not accepted] when I wanted to [settle|cover] @the
each time I click to [settle|pay] @the the page [freezes|says something went wrong]
why did my attempt to settle @the [bounce|fail]? I have enough [funds|money]
I can't get rid of @my because [checkout crashes|your system says no] at the last step
it [says refused|came back as refused] when I send the money for @the
[what's wrong with|is there a problem with] your checkout? It rejects me when I pay @my
* @n_payment_pending ; payment_for_@n_not_booked ; @n_still_shows_unpaid ; already_paid_@n
= The customer paid the @n but it is not shown as paid.
I settled @my %day, [but your app still says open|and you still list @them as due]
got a reminder for @the, [but I sent the money %day|which I have paid long ago]
how long until [my money for @the shows up|you notice that I settled @the]?
@my [@is] shown as [open|waiting|in progress] even though I [sent|handed over] %amt %day
why do you say I owe you @the? The money [left me|went out] %day
I have proof that I paid @my, [please update my file|why does the page say otherwise]
the money for @the has been ["processing"|"on its way"] for %dur now
[please stop the reminders|no more letters please], @the @was settled %day
* pay_@n_in_instalments ; more_time_for_@n ; cannot_afford_@n ; @n_extension
= The customer cannot pay the @n at once and asks for time.
I'm short of money [this month|right now], can I pay @my [a bit later|in parts]?
could I split @my into [%num|a few] smaller [sums|monthly parts]?
[money is tight|I lost my job], is there any [help|way to spread] with @my?
can you give me [%dur|a few weeks] more to settle @my?
I can [only manage|spare] %amt now and the rest of @my [next month|later]
what happens if I am [a little late|a week behind] with @my? I [get paid|have wages] later
[is there|do you have] a plan to pay @the bit by bit?
please [wait|hold off] with @my until [payday|the end of the month]
* copy_of_@n ; receipt_for_@n ; @n_document ; i_need_@a_receipt
= The customer wants a paper or file that proves the @n.
[my tax office|my employer|my accountant] wants proof that I paid @the
where can I [download|print] [last month's paper|a PDF] for @my?
please [mail|send] me [something in writing|a PDF] that shows @the
I deleted your email with @the, [can you send it again|please resend it]
I need [a paper|something official] with my firm's name on it about @the
could you put @my [in an envelope|on paper]? I don't [use|like] email
how do I get [older ones|the papers for last year] of @my? I need them for [taxes|my records]
[I never got|you didn't give me] a slip for @the, and work [won't pay me back|wants one]
## booking
* cancel_@n ; @n_cancellation ; how_do_i_cancel_@my ; call_off_@n
= The customer cannot or will not come and gives up the @n.
I [can't make it|won't be coming] %future, so please [scrap|drop|give away] @my
something came up and I [no longer need|have to give up] @the [I reserved|I arranged with you]
how do I [call off|get out of] @the [I reserved %day|for %date]?
please take me off the list for @the %future, [I'm ill|my plans changed]
we're not coming any more, [free up|release] @the for someone else
do I [lose money|pay anything] if I [call off|drop] @the [now|at this late point]?
there's no button to [undo|drop] @my in the app, [can you do it|please do it for me]
I have [fallen ill|broken my leg], so I must give up @the %future
* reschedule_@n ; change_@n_date ; move_@n ; another_day_for_@n
= The customer still wants the @n, but at another time.
can I have @the on [another|a different] day? I fear %date [doesn't suit me|is bad for me]
I need @my [an hour later|two days earlier|a week later] than we [agreed|fixed]
please [push|shift] @my from Tuesday to [Thursday|Friday|the following week]
is there anything [sooner|earlier|later] for @my? I [work|am away] on that day
[would it be possible|is it possible] to [swap|shift] @the to [the weekend|the evening|next month]?
my [boss|school|train] makes %date impossible, what other [slots|times] are there for @the?
I picked the wrong [hour|day] for @my, it should be [the day after|in the afternoon]
can we [postpone|put off] @the [by a week|until next month]? I still want @them
* @n_not_confirmed ; no_@n_confirmation ; did_my_@n_go_through
= No message came, so the customer asks if the @n is fixed.
I [reserved|arranged] @the %day but got no [email|message], [did it work|am I on the list]?
can you [check|see] whether @my for %date [@is] really in your system?
[the page froze|my screen went blank] after I picked @the, [is it fixed|do I have a place]?
I'm not sure @the went through, [nothing is in my inbox|I have no number or anything]
please [send|resend] me something in writing that @my [@is] fixed
you took %amt for @the but I have nothing that says it's [settled|reserved]
[where is|how do I find] the reference for @my? The mail never came
do you have me down for @the %future? My name is %name
* @n_cancelled_by_you ; why_was_@my_cancelled ; provider_cancelled_@n
= The company itself called off the @n, to the customer's trouble.
you [wrote|told me] that @my %future will not happen, [why|what now]?
I just got a message that @my [@is] off, [I did not ask for that|who decided this]?
you called off @the [at the last minute|an hour before], [what do you offer me now|I was already there]
how can you [drop|scrap] @my without [asking|a reason]? I [planned everything around it|took a day off]
we were [outside the door|already on our way] when you [told us|wrote] that @the would not happen
what do I get now that you [took away|called off] @my? I want [a new one|something better]
my name has vanished from your list for @the, [I never asked for that|your clerk removed it]
[again|for the second time] you have called off @my, [this is not acceptable|what is going on]?
* book_@n ; how_do_i_book_@n ; @n_availability ; arrange_@n
= The customer has none yet and wants to arrange a @n.
do you have [anything|something] free %future for @a?
I'd like to [reserve|arrange|get] @a for %date
[how|where] can I [arrange|reserve] @a with you? I am new
what is the [earliest|next] [day|date] that I could get @a?
[any chance|is there any chance] of @a [at short notice|this week]?
I'm looking for @a [around|for about] %future, [what do you have|what does it cost]?
my friend told me to ask you about getting @a [this month|soon], [is that possible|do you have room]
please put me down for @a [in the morning|in the afternoon|this weekend], [any day is fine|name %name]
* late_or_missed_@n ; too_late_for_@n ; not_on_time_for_@n
= The customer comes too late or did not make the @n.
I'm stuck in traffic and [won't be on time|need twenty minutes more] for @my
[I overslept|my bus broke down], is @my [gone|lost] now?
we will only get there [around ten|after midnight|an hour behind], please keep @the for us
I didn't make it to @my %day, [I'm so sorry|what happens now]
what if I turn up [a quarter of an hour|thirty minutes] behind for @the?
please tell [them|the staff] I am [on my way|nearly there] for @my, [the road is blocked|ten minutes]
I [forgot|slept through] @my %day, can I still [come|use @them]?
I got the [hour|day] mixed up and so I was not there for @my
## goods
* return_@n ; how_do_i_return_@n ; send_back_@n ; @n_returns
= The customer has the @n and wants to give it back.
I [don't like|am not happy with] @the I got, [how do I give @them back|where can I drop @them off]?
[what's your policy|what are the rules] if I want to [hand|give] @the back after %dur?
I need a label to [post|mail] @my back to you
can I [bring|take] @my back to [a shop|your store|a drop-off point]? I've [unpacked|tried] @them
@the [@doesnt] suit me, I want to [give @them back|get my money for @them]
[who pays the postage|is it free] if I [mail|post] @my back?
I'd like someone to [collect|pick up] @the I don't want to keep
how many days do I have to [give back|bring back] @my? [It's opened but unused|I've had it %dur]
## recurring
* @n_increase ; why_did_@my_go_up ; @n_price_rise ; higher_@n
= The customer asks why the regular @n costs more than before.
since [January|spring|last month] @my [@is] %amt more, [what has changed|nobody warned me]
[how come|why is it that] I pay more for @the than [last year|a year ago]?
you [raised|put up] @the [without telling me|again], [I'm not pleased|why]?
@the used to be %amt, now [it costs|you want] %amt
every [year|few months] @my [gets dearer|creeps up], [can you justify that|what for]?
I read that @the will be dearer from %date, [by how much|why is that]?
compared with [last year|when I joined] I now pay [double|a fifth more] for @the
can I keep the old price for @my? [It was fine for years|The new one is too much]
* change_how_i_pay_@n ; @n_payment_settings ; pay_@n_differently
= The customer wants to pay the @n another way or day.
can @my be taken on [the 1st|the 15th|another day of the month] instead?
I would rather settle @my [by phone|in cash at your desk|online] from now on
[is there|do you offer] another way of paying @the? I don't like [the app|doing it online]
my wages come [on the 28th|late in the month], so please collect @the [after that|a bit later]
could you collect @the [every three months|once a year] and not [monthly|each month]?
how do I set it up so that @the go@es out by itself [on a fixed day|every month]?
from %date on [my wife|my husband|my company] will pay @my, [how do we arrange that|what do you need]?
which ways of paying @my do you [accept|allow]? I prefer [cash|cheque|an app]
## group
* @n_name_change ; change_name_for_@n ; name_on_@n
= The name on the @n is wrong or must become another person's.
I typed [my surname|a letter] wrong for @the, [please correct it|will that be a problem]?
can my [sister|friend|colleague] have @the in my place? [I can't come|I'd like to pass it on]
@the [@is] under %name but should be under [my married surname|%name]
you spelt me [wrongly|with two Ls] on @the, [can you fix it|does it matter]?
please put [%name|my brother] down for @the and take me off
how do I hand over @my to [someone else|a friend|my partner]?
my passport says something else than what you wrote on @the, [should I worry|can you match it]
first and last are [swapped|the wrong way round] on @my, [please fix|can you turn them]
* add_person_to_@n ; @n_for_more_people ; extra_guest_for_@n
= The customer wants to bring more people to the @n.
there will be %num of us [now|instead], [can we all use|is there room with] @the?
can my [daughter|mother|partner] join me for @the? I only [reserved|arranged] for myself
I need room for [one more|two more] at @the %future
we are a [party|group] of %num, [does that work for|can you fit us into] @the?
I'd like to bring [a friend|my two kids|my husband] along to @the
how much more is @the if [a child|someone else|my partner] comes too?
please put [another adult|my son] on @my [as well|too]
is it fine if [someone|a colleague] comes with me to @the? I said just me
"""
