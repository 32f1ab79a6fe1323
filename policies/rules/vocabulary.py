"""The field's words, each once: what an order, a run and a service can be, and how resellers are told."""

from enum import StrEnum


class Word(StrEnum):
    """A closed list of words, stored in the database by value."""

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """Pairs for a Django field: plain strings, so that migrations never name an enum member."""
        return [(word.value, word.value.replace("_", " ").capitalize()) for word in cls]


class Platform(Word):
    """Where the visibility is delivered. None of these is ours (R46)."""

    INSTAGRAM = "instagram"
    TIKTOK = "tiktok"
    YOUTUBE = "youtube"
    FACEBOOK = "facebook"
    X = "x"
    TELEGRAM = "telegram"
    SPOTIFY = "spotify"
    TWITCH = "twitch"


class LinkKind(Word):
    """What a link leads to, in the words that a message uses."""

    PROFILE = "profile"
    CHANNEL = "channel"
    GROUP = "group"
    POST = "post"
    VIDEO = "video"
    STORY = "story"
    LIVE = "live stream"
    CLIP = "clip"
    PLAYLIST = "playlist"
    TRACK = "track"
    ALBUM = "album"
    EPISODE = "episode"
    EVENT = "event"


class Metric(Word):
    """What is counted. Only visibility, never an outcome such as sales or engagement quality (R48)."""

    FOLLOWERS = "followers"
    LIKES = "likes"
    VIEWS = "views"
    COMMENTS = "comments"
    SHARES = "shares"
    SAVES = "saves"
    SUBSCRIBERS = "subscribers"
    MEMBERS = "members"
    PLAYS = "plays"
    REACTIONS = "reactions"
    VOTES = "votes"
    MENTIONS = "mentions"
    VISITS = "visits"


class ServiceType(Word):
    """The type names of API v2, spelled as the wire spells them (api-v2 b.3)."""

    DEFAULT = "Default"
    PACKAGE = "Package"
    SEO = "SEO"
    CUSTOM_COMMENTS = "Custom Comments"
    CUSTOM_COMMENTS_PACKAGE = "Custom Comments Package"
    MENTIONS = "Mentions"
    MENTIONS_WITH_HASHTAGS = "Mentions with Hashtags"
    MENTIONS_CUSTOM_LIST = "Mentions Custom List"
    MENTIONS_HASHTAG = "Mentions Hashtag"
    MENTIONS_USER_FOLLOWERS = "Mentions User Followers"
    MENTIONS_MEDIA_LIKERS = "Mentions Media Likers"
    COMMENT_LIKES = "Comment Likes"
    POLL = "Poll"
    INVITES_FROM_GROUPS = "Invites from Groups"
    WEB_TRAFFIC = "Web Traffic"
    SUBSCRIPTIONS = "Subscriptions"

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """The wire's spelling is also the label."""
        return [(word.value, word.value) for word in cls]

    @property
    def is_package(self) -> bool:
        """Sold whole at one price, refunded whole or not at all."""
        return self in (ServiceType.PACKAGE, ServiceType.CUSTOM_COMMENTS_PACKAGE)


class OrderStatus(Word):
    """Where an order stands. What may follow what: `delivery.TRANSITIONS`. What resellers are told: `public_word`."""

    QUEUED = "queued"  # paid for, waiting for its first run to be sent
    WAITING = "waiting"  # behind another live order on the same link
    HELD = "held"  # no provider can take it, a person is needed, or an incident holds it
    SUBMITTING = "submitting"  # claimed: a try may be on its way right now
    UNKNOWN = "unknown"  # sent, and nobody can say whether it arrived
    PROCESSING = "processing"  # accepted upstream, nothing delivered yet
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    CANCEL_REQUESTED = "cancel_requested"
    COMPLETED = "completed"
    PARTIAL = "partial"
    CANCELED = "canceled"
    STOPPED = "stopped"  # the customer's fault, no compensation
    FAILED = "failed"  # we could not deliver (the rest of) it

    @property
    def is_terminal(self) -> bool:
        """Terminal is final: nothing follows."""
        return self in TERMINAL

    def public_word(self, *, delivered: int) -> str:
        """The word of API v2: Pending, Processing, In progress, Completed, Partial or Canceled (api-v2 b.8)."""
        if self in (OrderStatus.STOPPED, OrderStatus.FAILED):
            return "Partial" if delivered > 0 else "Canceled"
        return _PUBLIC_WORD[self]


TERMINAL = frozenset(
    {OrderStatus.COMPLETED, OrderStatus.PARTIAL, OrderStatus.CANCELED, OrderStatus.STOPPED, OrderStatus.FAILED}
)

_PUBLIC_WORD = {
    OrderStatus.QUEUED: "Pending",
    OrderStatus.WAITING: "Pending",
    OrderStatus.HELD: "Pending",
    OrderStatus.SUBMITTING: "Pending",
    OrderStatus.UNKNOWN: "Pending",
    OrderStatus.PROCESSING: "Processing",
    OrderStatus.IN_PROGRESS: "In progress",
    OrderStatus.PAUSED: "In progress",
    OrderStatus.CANCEL_REQUESTED: "In progress",
    OrderStatus.COMPLETED: "Completed",
    OrderStatus.PARTIAL: "Partial",
    OrderStatus.CANCELED: "Canceled",
}


class Mover(Word):
    """Who may move an order. What an actor's name begins with: "system", "staff:3", "customer:7"."""

    SYSTEM = "system"
    STAFF = "staff"
    CUSTOMER = "customer"

    @classmethod
    def of(cls, actor: str) -> "Mover":
        """The kind of an actor. Raises ValueError for a name of no kind."""
        return cls(actor.partition(":")[0])


class RunKind(Word):
    """Why a run exists. Refunds, totals and the order's status look at first runs only."""

    FIRST = "first"
    REFILL = "refill"


class RefillState(Word):
    """How far a try to refill an order is. Terminal ones are what came of it, in the words of API v2 (b.6)."""

    ASKED = "asked"  # wanted, and its provider has not answered
    UNDER_WAY = "under_way"  # its provider took it
    COMPLETED = "completed"
    REJECTED = "rejected"  # its provider will not
    FAILED = "failed"  # its provider tried, or nobody can say

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more comes of it."""
        return self in (RefillState.COMPLETED, RefillState.REJECTED, RefillState.FAILED)


class RunState(Word):
    """Where one thing to be sent upstream stands. Claimable only when queued and due."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    LIVE = "live"
    PARKED = "parked"  # refused in words nobody mapped: a person decides
    ENDED = "ended"


class RunOutcome(Word):
    """How an ended run ended."""

    DELIVERED = "delivered"  # every unit of it
    SHORT = "short"  # the provider ended it with units missing
    CANCEL_CONFIRMED = "cancel_confirmed"
    WITHDRAWN = "withdrawn"  # never sent: canceled or stopped before its claim
    REFUSED = "refused"  # no route would take it
    STALLED = "stalled"  # no progress for the time the policy allows
    STOPPED = "stopped"  # the customer's fault


class Cause(Word):
    """Why an order ended. The refund rule decides on this and never on the status (decision 17)."""

    STILL_RUNNING = "still_running"
    ALL_DELIVERED = "all_delivered"
    PROVIDER_ENDED = "provider_ended"
    CANCELED_BEFORE_CLAIM = "canceled_before_claim"
    CANCEL_CONFIRMED = "cancel_confirmed"
    FAILED = "failed"  # every route refused, or no progress for too long
    CUSTOMERS_FAULT = "customers_fault"


class HeldReason(Word):
    """Why an order is held before anything of it was sent; the page says it in words."""

    NO_PROVIDER = "no_provider"  # nobody who could deliver it is switched on
    PROVIDER_PAUSED = "provider_paused"  # our money, key or account there is at fault: staff know
    PROVIDER_SILENT = "provider_silent"  # it does not answer
    PROVIDER_BUSY = "provider_busy"  # it asked us to wait


class Submission(Word):
    """What became of one try to submit a run (reliability 2). What may follow a definite no: NOT_TAKEN."""

    ACCEPTED = "accepted"
    NOT_SENT = "not_sent"  # provably never reached the provider
    NOT_ACCEPTED = "not_accepted"  # answered "later": HTTP 429, or a live order on the same link
    PROVIDER_CLOSED = "provider_closed"  # the provider's own funds or our key: pause it, keep the run
    REJECTED = "rejected"  # a definite no for this link or quantity
    UNMAPPED = "unmapped"  # a definite no in words we do not know: a person looks
    UNKNOWN = "unknown"  # anything that proves neither


NOT_TAKEN = frozenset(
    {
        Submission.NOT_SENT,
        Submission.NOT_ACCEPTED,
        Submission.PROVIDER_CLOSED,
        Submission.REJECTED,
        Submission.UNMAPPED,
    }
)
"""Answers that prove that the provider does not have the run: only after these may another one get it."""


class BalanceSays(Word):
    """What a provider's balance around a wave says of a submission without a clear answer."""

    TAKEN = "taken"  # only with it the sum comes out
    NOT_TAKEN = "not_taken"  # only without it
    NOTHING = "nothing"


class ReportFlag(Word):
    """What is odd about a provider's report; staff see it, money does not move for it."""

    UNKNOWN_WORD = "unknown_word"  # a status word in no table of ours
    IMPOSSIBLE_NUMBER = "impossible_number"  # remains not a whole number, negative or above the quantity
    REMAINS_MISSING = "remains_missing"  # ended, and nobody says how much is missing though the provider charged
    CONTRADICTED = "contradicted"  # ended, with less than it said before, or with all of it and nothing charged
    REGRESSED = "regressed"  # less delivered than it said before
    OVER_DELIVERED = "over_delivered"  # completed with more than was bought: never charged
    NOT_IN_ANSWER = "not_in_answer"  # the provider answered without this id
    UNSEEN = "unseen"  # no progress known for the policy's hours, and nobody can say whether it stands still


class DecisionOutcome(Word):
    """What a decision came to. `nothing_due` is never stored: an exact completion is no decision."""

    REFUND = "refund"
    REFUSE = "refuse"
    STOP = "stop"
    REFILL = "refill"
    WAIT = "wait"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"
    NOTHING_DUE = "nothing_due"


class Automation(Word):
    """How much of a decision a machine made."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"
