"""The words by which a text promises what nobody can keep, as patterns over plain text, and what excuses them.

Plain text is that of `lettering`; a phrase ends at its BREAK. Every repetition is bounded, so that reading takes
time in proportion to the text.
"""

import re

from policies.rules import foreign_promises as foreign
from policies.rules.vocabulary import Platform


def words(*patterns: str) -> re.Pattern[str]:
    """Any of these, as whole words in group 1. "_" is a blank, "…2" up to two words in between."""
    told = "|".join(patterns).replace("_", " ")
    return re.compile(r" (" + re.sub(r"…(\d)", r"(?: (?!no )\\w+){0,\1}", told) + r")(?= )")


METRIC = (
    r"(?:followers?|likes?|views?|subscribers?|subs|members?|comments?|shares?|saves?|plays|streams|reactions?|votes?|"
    r"users?|accounts?|fans|friends)"
)
PLATFORM = (
    "(?:"
    + "|".join(platform.value for platform in Platform if platform is not Platform.X)
    + "|twitter|insta|meta|google)"
)
GUARANTEE = (
    r"(?:" + " ?".join(f"{letter}+" for letter in "guarante") + r"(?: ?e+)?(?: ?(?:d|s|ing))?"
    rf"|g(?:ua|au|a|u)r+[ae]n+t(?:y|e|i)[a-z]{{0,12}}|warrant(?:y|ies|ed)|{foreign.GUARANTEED})"
)
PROMISED = rf"(?:{GUARANTEE}|promise[sd]?|assured?|ensured?)"
_NUMBER = r"(?:\d[\d.,]*|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|half_an?|a_single)"
_UNIT = r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|h|days?|d|weeks?)"
_SPAN = rf"(?:{_NUMBER}_(?:(?:-|to|\|)_\d+_)?{_UNIT})"
_DONE = r"(?:deliver[a-z]*|complet[a-z]*|finish[a-z]*|fulfil[a-z]*|arriv[a-z]*|turnaround)"

NO = (
    r"(?:not|no|non|never|without|nor|neither|cannot|nobody|nothing|hardly|"
    r"(?:ca|do|does|did|is|are|was|were|wo|would|should|could|have|has)nt)"
)
_FILLERS = (
    r"(?:a|an|any|be|been|is|are|was|we|you|it|they|that|this|there|of|for|the|in|way|always|fully|100|%|offer|"
    r"give|provide|"
    r"make|makes|made|claim|say|imply|mean|state|ever|such|kind|can|will|do|and|or|its|their|your|results?|"
    r"specific|within|delivered|completed|"
    rf"particular|exact|refills?|refunds?|warranty|speed|delivery|times?|quality|anyone|anybody|{PROMISED})"
)
_NO_DOUBLE = "(?<!nothing is )"  # "nothing is not guaranteed" denies nothing
# What stands right before a promise and turns it into a denial: "not guaranteed", "no promise of real engagement".
NEGATED = re.compile(rf"(?<![^ ]){_NO_DOUBLE}(?:{NO}|{foreign.NO})(?: (?:{_FILLERS}|{foreign.FILLERS})){{0,6}} $")
# What ends a denial: "but", "except", or another guarantee, with its own denial where it has one.
_TURN = (
    rf"(?:but|we|only|instead|except|unless|ours|because|since|{GUARANTEE}|{NO}(?: {_FILLERS}){{0,6}} {GUARANTEE}|"
    r", (?:it|they|these|this|all|everything)) "
)
# A sentence that begins by refusing to promise: nothing after it is a promise, until something turns it. That none is
# needed refuses nothing.
DENIAL = re.compile(
    rf"(?<![^ ]){_NO_DOUBLE}(?:{NO}|no one)(?: (?:can|we|do|to|a|any|is|be|it|offer|give|make|there)){{0,4}} "
    rf"(?:{GUARANTEE}|promise[sd]?)(?! (?:needed|required|necessary) )(?: (?!{_TURN})[^ |]+){{1,60}}(?= )"
)
# After it: "Guarantee: no".
TAKEN_BACK = re.compile(
    r" (?:(?:period |time )?(?:is )?(?:no|none|not (?:included|given|offered|available|provided|possible)) [|,#]"
    rf"|{foreign.TAKEN_BACK.replace('_', ' ')} )"
)

_REFILL = rf"(?:refil[a-z]*|{foreign.REFILL})"
_TERMS = (
    r"(?:\d+|days?|d|months?|years?|auto|automatic|free|button|life|lifetime|time|with|by|for|of|is|a|the|full|period|"
    rf"in|only|on|covers?|-|{foreign.TERMS})"
)
# A guarantee that names a refill states its terms, which have a clause of their own (refund.8.1).
REFILL_BEFORE = re.compile(rf"(?<![^ ])(?:{_REFILL}|r \d+)(?: {_TERMS}){{0,4}} $")
# Unless it guarantees something else in the same breath: "refill guaranteed delivery in 1 h".
OF_DELIVERY = re.compile(rf" (?:results? |{_DONE} (?:in|within|by|on|before) )")
REFILL_AFTER = re.compile(rf" (?:{_TERMS} ){{0,5}}{_REFILL} ")

GUARANTEED = words(
    GUARANTEE,
    r"(?:we|i)_promise",
    r"promised",
    r"(?:results?|success|satisfaction|quality|delivery)_(?:is_|are_)?(?:assured|certain|ensured)",
)

_PERCENT = r"(?:%|percent|per_cent|pct)"
_WHOLE = rf"(?:(?:100(?:[.,]0+)?|1_0_0|hundred|1000|200|101)_{_PERCENT})"
_ALL = r"(?:fully|completely|totally|entirely|absolutely|purely|all)"
RESULT = words(
    rf"{_WHOLE}…2_(?:real|active|genuine|authentic|human|organic|permanent|"
    r"working|works|effective|"
    r"satisf[a-z]*|success[a-z]*|stable|quality|hq|original|legit|result[a-z]*|non_drop|no_drops?|trusted)",
    rf"(?:real|active|genuine|authentic|human|organic|stable)_{_WHOLE}",
    rf"success_(?:rate_)?(?:is_|of_)?(?:{_WHOLE}|99(?:[.,]9+)?_{_PERCENT})|99(?:[.,]9+)?_{_PERCENT}_success[a-z]*",
    rf"{_ALL}_(?:real|genuine|authentic|human)_(?:and_active_)?{METRIC}",
    rf"(?:all|every|each)_(?:the_|our_)?{METRIC}_(?:are|is)_(?:real|genuine|authentic|human)",
    rf"(?:real|genuine|authentic|human)_{METRIC}_only|only_(?:real|genuine|authentic|human)_{METRIC}",
    r"(?:fully|completely|totally|entirely)_(?:real|genuine|authentic)",
    rf"(?:never|not|wont|cant|cannot|dont)_(?:ever_)?los(?:e|ing)_(?:a_|any_|one_|a_single_|even_one_){METRIC}",
    rf"(?:never|wont|cant)_(?:ever_)?los(?:e|ing)_{METRIC}|(?:no|zero|0)_unfollow[a-z]*",
    r"(?:non|no|zero|without|0_%)_(?:any_)?drop(?:s|ping|ped)?(?!_(?:protection|refill|cover[a-z]*|yet|so_far|"
    r"until|seen|at_the_moment|currently|in_(?:the_)?last|since|today|reported|is|are|guarantee_no))",
    r"drop(?:s|_rate|_ratio)?_(?:is_)?(?:0|zero|no|none|never)(?:_%)?",
    r"(?:never|not|wont|cant|cannot|doesnt|dont)_(?:ever_)?(?:drops?|unfollow[a-z]*|lose_(?:any_)?followers|disappear)",
    r"drop_(?:free|proof)|anti_drop",
    rf"(?:permanent|everlasting|forever)…1_{METRIC}",
    rf"{METRIC}_(?:stays?_|remain_|are_|is_)?(?:forever|permanent|permanently)",
    r"(?:stays?|lasts?|remains?|keep_them|yours)_(?:forever|permanently|for_life)",
    *foreign.RESULT,
)

_MORE = (
    r"(?:increas[a-z]*|boost[a-z]*|grows?|growing|skyrockets?|doubles?|triples?|explodes?|multipl[a-z]*|"
    r"raises?|improves?|drives?|brings?|generates?|gets?|getting|gain|attracts?|maximi[sz]es?|more)"
)
_GOODS = (
    r"(?:sales|revenue|income|profits?|earnings|business(?!_account)|engagement|interaction|conversions?|customers?|"
    r"clients|leads|popularity|credibility|ranking|rankings|seo|brand(?!_new)|sponsors|audience|fame)"
)
OUTCOME = words(
    r"(?:go|goes|going|went|become|becomes|make_(?:you|your_\w+|it)|get|be)_viral",
    r"viral_(?:in|within|growth|promise|success)",
    r"(?:become|be|makes?_you|get)_(?:an?_|the_)?(?:famous|popular|influencer|star|superstar|celebrity)",
    rf"{_MORE}…3_{_GOODS}",
    r"(?:organic|natural|real|genuine|authentic|long_term|explosive|massive|sustainable)_growth",
    r"(?:real|organic|genuine|authentic|true|high|higher|more|better|active)…1_(?:engagement|interactions?|engagers)",
    rf"(?:highly|actively)_engaged|engaged_(?:audience|{METRIC})",
    r"(?:gets?|reach|reaches|lands?|hit|hits|push|pushes|appears?|enter|enters|be)…3_(?:on|onto|to|in|into|"
    r"the)_(?:the_)?(?:explore[a-z]*|fyp|for_you|trending|trends|top_posts?|first_page|top_of)",
    r"(?:rank|ranks|ranked|ranking)_(?:you_|your_\w+_)?(?:higher|first|top|no_1|number_(?:one|1)|1|in_the_top)",
    r"(?:earn|make|makes_you|making)_(?:more_|real_|easy_)?money",
    r"(?:get|gets|become|be|gets_you|get_your_channel)_monetized|monetization_(?:approved|eligible|ready|enabled|safe)",
    rf"(?:{METRIC}|people|they|customers|buyers|who)_will_(?:all_|also_|really_|actually_)?(?:buy|engage|"
    rf"interact|convert|purchase|comment|like|watch|share|stay)",
)

_SAFE = r"(?:safe|safest|safely|secure|risk_free|legal)"
SAFETY = words(
    rf"(?:100_%|100_percent|completely|totally|absolutely|fully|perfectly|always|entirely|very|super|ultra|"
    rf"most)…1_{_SAFE}",
    rf"safe_(?:(?:from|for|against)(?:_[a-z]+)?|to_use|{METRIC}|service|services|method|methods|delivery|growth|"
    rf"account)|safely_delivered",
    rf"(?:account|accounts|{PLATFORM}|tos|ban|bans|block)_(?:is_|are_|stays_|remains_)?(?:safe|friendly|compliant)",
    r"(?:no|zero|0|without|never_any)_(?:any_|ban_)?(?:risks?|danger)|risk_(?:free|less)|riskless|zero_ban",
    r"(?:no|zero|without|anti|never|non)_(?:any_|a_)?(?:shadow_?)?(?:bans?|blocks?|suspensions?|detections?|"
    r"account_bans?)",
    r"(?:shadow_?)?(?:ban|block|detection|suspension|algorithm)_(?:proof|free)|banproof|unbannable",
    r"(?:never|not|wont|cant|cannot|will_never|doesnt)_(?:be_|get_)?(?:your_account_)?(?:shadow_?)?(?:ban|"
    r"banned|banning|suspended|blocked|detected|detect|traced|flagged|penali[sz]ed)",
    r"(?:protects?|protected|secured|immune)…3_(?:from|against|to)_(?:any_)?(?:shadow_?)?(?:bans?|blocks?|"
    r"suspensions?|detection)",
    r"(?:shadow_?)?(?:bans?|blocks?|suspensions?|detection)_(?:is_|are_)?impossible",
    rf"{PLATFORM}_(?:(?:will|can|could|would|does)_(?:not|never)|never|wont|cant|cannot|doesnt)_(?:ever_)?"
    r"(?:notices?|knows?|suspects?|detects?|finds?_out)",
    r"undetect[a-z]*|un_detect[a-z]*|untraceable|invisible_to…1|(?:not|never|non|isnt|arent)_(?:ever_)?(?:detect|trace)able",
    rf"white_?listed_(?:by|with|on|at)_(?:the_)?(?:{PLATFORM}|platforms?)|{PLATFORM}_white_?listed",
    rf"(?:{PLATFORM})_(?:approved|endorsed|certified|authori[sz]ed|verified_partner|partner|official)",
    rf"(?:approved|endorsed|certified|authori[sz]ed|allowed|permitted|accepted)_by_{PLATFORM}",
    rf"official…1_(?:{PLATFORM})|(?:compl(?:y|ies|iant)|in_line|conform)_with…2_(?:terms|tos|rules|guidelines|"
    rf"{PLATFORM})",
    *foreign.SAFETY,
)
SAFE_ALONE = re.compile(
    r"\| (safe|secure|(?:safe|secure|fast|quick|easy|reliable) (?:and|,) (?:safe|secure|fast|quick|reliable))(?= \|)"
)

_GENUINE = r"(?:organic|natural|real|genuine|authentic|human|legit|normal)"
DISGUISE = words(
    rf"(?:looks?|looking|appears?|seems?|feels?)_(?:like_|as_|so_|very_|completely_|100_%_|totally_|all_|"
    rf"more_)?(?:a_)?{_GENUINE}(?:ly)?",
    rf"{_GENUINE}_looking",
    rf"(?:mimics?|mimick?ing|imitates?|imitating|simulates?|simulating|copies|emulates?)_(?:the_)?{_GENUINE}",
    r"(?:human|organic)_like|humanlike|human_behaviou?r",
    r"(?:natural|organic|human)_(?:patterns?|delivery|pace|drip|behaviou?r)",
    r"(?:indistinguishable|cannot_be_(?:told|distinguished))_from",
    r"(?:nobody|no_one|noone|none)_(?:will|can|could|would)_(?:ever_)?(?:know|tell|notice|find_out|suspect|see|detect)",
    r"without_(?:anyone|anybody|people|instagram)_(?:ever_)?(?:knowing|noticing|suspecting)",
    r"(?:fools?|tricks?|deceives?|bypass(?:es)?|evades?|beats?|outsmarts?|cheats?|hacks?|avoids?|"
    r"escapes?)_(?:the_|all_|any_|every_)?"
    rf"(?:algorithms?|filters?|detection|spam|platforms?|{PLATFORM}|checks|moderation|bans?)",
)

TIME = words(
    rf"(?:exact|exactly|precisely|sharp)_(?:in_|at_|within_)?{_SPAN}",
    rf"{_SPAN}_(?:exactly|precisely|sharp)",
    r"by_(?:tomorrow|tonight|today|noon|midnight|(?:mon|tues|wednes|thurs|fri|satur|sun)day|\d+_(?:am|pm)|"
    r"the_end_of_the_day)",
    rf"{_DONE}…2_(?:today|tonight|tomorrow|overnight)|(?:same|next)_day_{_DONE}|overnight_{_DONE}",
    r"(?:always|guaranteed|delivered)_on_time|never_late|(?:no|zero|without)_(?:any_)?delays?",
)
# A stated time. `claims` asks what it is the time of, and whether it is only a forecast.
STATED_TIME = words(
    rf"(?:in|within|inside|under|less_than|max|maximum|at_most)_(?:under_|less_than_|only_|just_|max_|the_next_|"
    rf"the_)?{_SPAN}",
    r"(?:in|within)_(?:just_|mere_|only_)?(?:seconds|minutes|hours)",
    rf"{_DONE}_(?:(?:time|speed)_(?:is_|of_)?)?{_NUMBER}_{_UNIT}",
    rf"(?<!\d - )(?<!\d to )(?<!\d \| ){_NUMBER}_{_UNIT}_{_DONE}",
    rf"takes?_(?:only_|just_|exactly_)?{_SPAN}",
)
WHAT_IS_TIMED = re.compile(
    rf" (?:{_DONE}|takes?|done|receiv[a-z]*|gets?|full|ready|{METRIC}|orders?|package|everything|k) "
)
# It is the time of something else, which may be stated: what stands since the last comma or "and".
OTHER_TIMES = re.compile(
    rf" (?:start[a-z]*|begin[a-z]*|{_REFILL}|drop[a-z]*|cancel[a-z]*|support|contact|report[a-z]*|appeal|ticket|"
    r"refund[a-z]*|answer[a-z]*|repl[a-z]*|active|posted|online|old|published|created|updated|watch[a-z]*|"
    r"expire[a-z]*|chang[a-z]*|delet[a-z]*|payments?|top up|transfer[a-z]*) "
)
FORECAST = re.compile(
    r" (?:about|around|usual[a-z]*|approx[a-z]*|average[a-z]*|avg|typical[a-z]*|normal[a-z]*|estimate[a-z]*|est|"
    r"expect[a-z]*|forecast[a-z]*|mostly|most|often|general[a-z]*|roughly|maybe|may|might|could|aim|aims|try|up to|"
    r"sometimes|var(?:y|ies)|circa|ca|if|unless|when|until|in case|allow|wait|please|goal|depend[a-z]*|few|"
    rf"{NO}) "
)
INSTANT = words(
    rf"instant_(?:full_)?{_DONE}",
    rf"{_DONE}_(?:\w+_)?(?:instantly|immediately|at_once)",
    rf"immediate_(?:full_)?{_DONE}",
)
