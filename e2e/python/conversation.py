"""What the Sojourn protocol asks a client to know and to remember. Nothing here does input or output, or knows of time.

It follows docs/protocol.md: frames, the table of close codes, merge patches, and "The client's side".
"""

import base64
import json
from concurrent.futures import Future

RESUME, BACK_OFF, ANEW, STOP = "resume", "back off", "anew", "stop"

# The table of close codes: name, what the client does, status of a response that ends with it. This client has one poll at a time: if that is
# stale or replaced, it is by somebody else.
CLOSE = {
    4000: ("move", RESUME, 200),
    4001: ("malformed", STOP, 400),
    4002: ("denied", STOP, 403),
    4003: ("stale", STOP, 200),
    4004: ("gone", ANEW, 200),
    4005: ("replaced", STOP, 200),
    4006: ("unavailable", BACK_OFF, 503),
    4007: ("too_big", STOP, 413),
    4008: ("full", RESUME, 200),
    4009: ("version", STOP, 400),
    4010: ("rewound", ANEW, 200),
    4011: ("ended", STOP, 200),
    4012: ("user_changed", ANEW, 200),
    4013: ("silent", RESUME, 408),
    4014: ("expired", RESUME, 401),
    4015: ("crowded", BACK_OFF, 429),
}
UNKNOWN = ("unknown", BACK_OFF, 200)


class Error(Exception):
    """A message that failed. The code is a lower-case word, such as denied, gone or timeout."""

    def __init__(self, code, message=""):
        super().__init__(f"{code}: {message}" if message else code)
        self.code, self.message = code, message


# Frames


def encode(payload):
    """The payload as the end of a line: bytes as base64, None as nothing, all else as JSON."""
    if payload is None:
        return ""
    if isinstance(payload, (bytes, bytearray)):
        return "*" + base64.b64encode(payload).decode()
    return "|" + json.dumps(payload, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def decode(line):
    """A line's kind, header fields and payload. A hello is its letter and JSON, nothing else."""
    kind, rest = line[:1], line[1:]
    if kind in "hH":
        return kind, [], json.loads(rest)
    at = min((i for i in (rest.find("|"), rest.find("*")) if i >= 0), default=len(rest))
    fields, form, text = rest[:at].split(","), rest[at : at + 1], rest[at + 1 :]
    if form == "|":
        return kind, fields, json.loads(text)
    return kind, fields, base64.b64decode(text, validate=True) if form == "*" else None


def offset(cursor):
    return int(cursor.partition(".")[0])


def merge_patch(target, patch):
    """RFC 7396. The target is left as it is: what the program was given does not change under it."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


# What is remembered


class Message:
    """One numbered message; done(value, error) is called once, when it is settled."""

    def __init__(self, kind, header, payload, done):
        self.kind, self.header, self.payload, self.done = kind, header, payload, done
        self.sent = False  # it may have arrived
        self.doubtful = False  # an answer to it may be among lost entries

    def line(self, n):
        return self.kind + ",".join([str(n), *self.header]) + encode(self.payload)


class Ledger:
    """The messages of one socket until they are settled, and the cursor in its own stream."""

    def __init__(self):
        self.cursor = None  # None before the first hello
        self.effective = 0  # messages up to this one took effect
        self.tries = 0  # how often the first one after that was sent without an answer
        self.heard = True  # by an instance, since that was last counted
        self.last = 0
        self.open = {}  # number: message, in order, until it is settled
        self.marks = []  # (n, offset): messages up to n are settled once the cursor reaches offset

    def add(self, message):
        self.last += 1
        self.open[self.last] = message

    def pending(self):
        return [(n, m) for n, m in self.open.items() if n > self.effective]

    def took_effect(self, n):
        if n > self.effective:
            self.effective, self.tries = n, 0

    def broke(self, n):
        """A request with message n as its first broke without an answer. Where nobody hears anything no message is to blame."""
        if n == self.effective + 1 and self.heard:
            self.tries, self.heard = self.tries + 1, False

    def acknowledged(self, n, at):
        self.took_effect(n)
        self.marks.append((n, at))
        self._settle()

    def answered(self, n, value, error=None):
        """Message n has its answer, which is the next entry of the own stream. Those before it have had theirs, or have none."""
        message = self.open.pop(n, None)
        if message:
            message.done(value, error)
        self.acknowledged(n, 0)

    def seen(self, cursor):
        return self.cursor is not None and offset(cursor) <= offset(self.cursor)

    def reached(self, cursor):
        self.cursor = cursor
        self._settle()

    def lost(self, cursor):
        for message in self.open.values():
            message.doubtful = message.doubtful or message.sent
        self.reached(cursor)

    def ended(self, n):
        """The socket is over, and n, if it is known, the last message that took effect. Gives the messages that never did."""
        left, self.open = self.open, {}
        never = []
        for number, message in left.items():
            if number <= max(n or 0, self.effective):
                message.done(None, Error("gone", "it took effect, but its answer is lost"))
            elif n is None and message.sent:
                message.done(None, Error("unknown", "nobody can tell whether it took effect"))
            else:
                never.append(message)
        return never

    def _settle(self):
        here = offset(self.cursor) if self.cursor else 0
        upto = max((n for n, at in self.marks if at <= here), default=0)
        self.marks = [mark for mark in self.marks if mark[1] > here]
        for n in [n for n in self.open if n <= upto]:
            message = self.open.pop(n)
            message.done(None, Error("gone", "it took effect, but its answer is lost") if message.doubtful else None)


class Topic:
    """A subscription. entry(payload), state(value) and lost(why) are called if given; value holds the topic's state."""

    def __init__(self, name, entry, state, lost):
        self.name, self.entry, self.state, self.lost = name, entry, state, lost
        self.ready = Future()  # done when first subscribed, or refused
        self.message = None  # the newest S
        self.forget()

    def forget(self):
        self.cursor, self.stateful, self.value = "0.", False, None
