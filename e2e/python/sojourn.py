"""A client of the Sojourn protocol in plain Python: long-polling down, POST up.

    client = Client("https://example.org/rt")
    client.on("chat.notice", print)
    client.subscribe("room/1", entry=print)
    print(client.call("chat.say", {"text": "hello"}).result())
    client.close()

It is written from docs/protocol.md and is meant to be read beside it, by those who write a client in another language.
What there is to remember is in conversation.py. A Client has two threads: one polls, the other posts what is said. Handlers run
on the polling thread, in order; one that waits for a call to be answered waits for ever. Questions are answered each in a
thread of its own.
"""

import functools
import http.client
import logging
import random
import secrets
import threading
import urllib.parse
from concurrent.futures import Future

from conversation import ANEW, BACK_OFF, CLOSE, STOP, UNKNOWN, Error, Ledger, Message, Topic, decode, encode, merge_patch, offset

POLL_SECONDS = 40  # a poll is answered within 20 s; one that takes twice that is dead
UP_SECONDS = 60
MOST_FRAMES, MOST_BYTES, MOST_PAYLOAD = 256, 1 << 20, 64 << 10  # of one POST /up, and of a message


class Client:
    """A conversation. All methods may be called from any thread.

    auth is a string, or a function that gives a fresh one; lost(why) is called when entries of the own stream, or the whole
    socket, were lost. A call's future fails with Error.
    """

    def __init__(self, url, auth=None, build=None, headers=None, lost=None):
        self.url = urllib.parse.urlsplit(url)
        self.auth = auth if callable(auth) else lambda: auth
        self.build, self.headers, self.lost = build, headers or {}, lost
        self.handlers, self.topics = {}, {}
        self.changed = threading.Condition()  # guards all below; and what Ledger and Topic hold
        self.error = None  # why the client stopped
        self.leaving = False
        self.volatiles = {}  # id: (line, future), not yet sent
        self.flying = {}  # id: future, sent
        self.volatile_id = 0
        self._open()
        for run in (self._poll, self._post):
            threading.Thread(target=run, daemon=True).start()

    def on(self, method, handler):
        """handler(payload) is called for events; for questions what it returns, or an Error that it raises, is the answer."""
        self.handlers[method] = handler

    def call(self, method, payload=None):
        """Calls a method exactly once. The future has the answer, None if the method has none."""
        future = Future()
        self._say("C", [method], payload, functools.partial(resolve, future))
        return future

    def volatile(self, method, payload=None):
        """Calls a method at most once, in no order."""
        with self.changed:
            future = Future()
            self.volatile_id += 1
            line = f"W{self.volatile_id},{method}{encode(payload)}"
            self.volatiles[str(self.volatile_id)] = (line, future)
            self.changed.notify_all()
            return future

    def subscribe(self, name, entry=None, state=None, lost=None):
        with self.changed:
            topic = self.topics[name] = Topic(name, entry, state, lost)
            self._subscribe(topic)
            return topic

    def unsubscribe(self, topic):
        with self.changed:
            if self.topics.pop(topic.name, None):
                self._say("U", [topic.name], None, ignore)

    def close(self, timeout=None):
        """Says goodbye, after what was said before is settled."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.error or not self.ledger.open, timeout):
                raise TimeoutError("messages are not settled yet")
            self.leaving = True
            self._say("B", [], None, ignore)
            self.changed.wait_for(lambda: self.error, timeout)

    # Numbered messages

    def _open(self):
        self.key = secrets.token_urlsafe(16)
        self.ledger, self.attach, self.ids = Ledger(), 0, {}

    def _say(self, kind, header, payload, done):
        with self.changed:
            message = Message(kind, header, payload, done)
            if len(message.line(self.ledger.last + 1).encode()) > MOST_PAYLOAD:
                raise Error("invalid", "the message is too big")
            if self.error:
                done(None, self.error)
            else:
                self.ledger.add(message)
            self.changed.notify_all()
            return message

    def _subscribe(self, topic):
        def done(value, error):
            if topic.message is not message or self.topics.get(topic.name) is not topic:
                return  # said anew since, or given up
            if error and error.code == "gone":
                self._subscribe(topic)
            elif not topic.ready.done():
                resolve(topic.ready, None, error)

        message = topic.message = self._say("S", [topic.name], None, done)

    def _anew(self, n, why):
        old = self.ledger
        self._open()
        told = [self.lost] if self.lost else []
        for topic in self.topics.values():
            if topic.message.sent and topic.lost:
                told.append(topic.lost)
            topic.forget()
            self._subscribe(topic)  # before the messages that follow: they may count on it
        for message in old.ended(n):
            if message.kind == "C":  # what it asked for and answered was the old socket's
                message.sent = message.doubtful = False
                self.ledger.add(message)
        self.changed.notify_all()
        return lambda: [tell(why) for tell in told]

    def _stop(self, error, n=0):
        """Ends the conversation, in which messages up to n took effect."""
        self.error = error
        for message in self.ledger.ended(n):
            message.done(None, error)
        for _, future in self.volatiles.values():
            resolve(future, None, error)
        self.volatiles = {}
        self.changed.notify_all()

    # Down

    def _poll(self):
        failures, now = 0, False
        while not self.error:
            try:
                key, body = self._hello(now)
                frames, retry_after = self._request("/lp", body, POLL_SECONDS)
                known = frames and frames[0][0] in "hz"  # else it is no instance's
                heard, code = self._take(key, frames if known else [])
            except (OSError, http.client.HTTPException, ValueError):
                heard, code, retry_after = False, None, 0
            now = not heard
            going = heard and (code is None or CLOSE.get(code, UNKNOWN)[1] != BACK_OFF)
            failures = 0 if going else failures + 1
            self._pause(failures, retry_after)

    def _hello(self, now):
        with self.changed:
            self.attach += 1
            hello = {"v": 1, "key": self.key, "c": self.attach, "in": self.ledger.effective, "cur": self.ledger.cursor}
            cursors = {topic.name: topic.cursor for topic in self.topics.values() if topic.cursor}
            hello |= {"topics": cursors, "tries": self.ledger.tries, "now": now, "auth": self._credentials(), "build": self.build}
            given = {name: value for name, value in hello.items() if value or name in ("v", "key", "c")}
            return self.key, "H" + encode(given)[1:]

    def _credentials(self):
        try:
            return self.auth()
        except Exception as error:  # a failed attempt, whatever it was
            raise OSError("no credentials") from error

    def _request(self, path, body, seconds, sending=lambda: None):
        """The frames of the response, and for how many seconds it asks to stay away. No response, or a part of one, raises."""
        kind = http.client.HTTPSConnection if self.url.scheme == "https" else http.client.HTTPConnection
        connection = kind(self.url.netloc, timeout=seconds)
        try:
            connection.connect()
            sending()
            headers = {"Content-Type": "text/plain", **self.headers}
            connection.request("POST", self.url.path + path, body.encode(), headers)
            response = connection.getresponse()
            # Not splitlines: it would also split at characters that JSON may hold.
            lines = response.read().decode().split("\n")
        finally:
            connection.close()
        frames = [decode(line) for line in lines if line and (response.status == 200 or line[0] == "z")]
        if response.status != 200:  # perhaps the page of something in between
            frames = [frame for frame in frames if CLOSE.get(int(frame[1][0]), UNKNOWN)[2] == response.status]
        return frames, float(response.headers.get("Retry-After") or 0)

    def _take(self, key, frames, kinds=None):
        """Takes the frames of a response; some kinds only, if kinds are given. Says if they are an instance's, and the code of a z."""
        heard, code = False, None
        for frame in frames:
            if kinds and frame[0] not in kinds:
                continue
            heard = heard or frame[0] in "hagvy"
            code = int(frame[1][0]) if frame[0] == "z" else code
            self._receive(key, frame)
        return heard, code

    def _receive(self, key, frame):
        kind, fields, payload = frame
        own = kind in "rxeqsu" and fields[0]
        with self.changed:
            if key != self.key or self.error or (own and self.ledger.seen(own)):
                return
            receive = getattr(self, "_on_" + kind, None)
            tell = receive(fields, payload) if receive else None
        if tell:
            try:
                tell()
            except Exception:
                logging.exception("sojourn: a handler of %s failed", kind)
        with self.changed:
            if own and key == self.key:
                self.ledger.reached(own)
            self.changed.notify_all()

    # Each of these takes a frame, with the lock held, and may give a function that is called without it.

    def _on_h(self, _, hello):
        self.ledger.heard = True
        self.ledger.cursor = self.ledger.cursor or "0."
        self.ledger.acknowledged(hello.get("in", 0), hello.get("at", 0))

    def _on_a(self, fields, _):
        self.ledger.acknowledged(int(fields[0]), int(fields[1]))

    def _on_g(self, fields, _):
        self.ledger.took_effect(int(fields[0]) - 1)

    def _on_r(self, fields, payload):
        self.ledger.answered(int(fields[1]), payload)

    def _on_x(self, fields, error):
        self.ledger.answered(int(fields[1]), None, Error(error["code"], error.get("message", "")))

    def _on_e(self, fields, payload):
        handler = self.handlers.get(fields[1])
        return handler and functools.partial(handler, payload)

    def _on_q(self, fields, payload):
        return threading.Thread(target=self._answer, args=(fields[1], fields[2], payload), daemon=True).start

    def _on_s(self, fields, _):
        if topic := self.topics.get(fields[1]):
            self.ids[fields[2]], topic.cursor = topic, fields[3]

    def _on_u(self, fields, _):
        topic = self.ids.pop(fields[1], None)
        if topic and self.topics.get(topic.name) is topic and topic.ready.done():
            del self.topics[topic.name]
            return topic.lost and functools.partial(topic.lost, "unsubscribed")

    def _on_t(self, fields, payload):
        topic, cursor = self.ids.get(fields[0]), fields[1]
        if not topic or (cursor and offset(cursor) <= offset(topic.cursor)):
            return None
        if not cursor or not topic.stateful:
            topic.cursor = cursor or topic.cursor
            return topic.entry and functools.partial(topic.entry, payload)
        return self._state(topic, cursor, merge_patch(topic.value, payload))

    def _on_j(self, fields, _):
        topic, cursor = self.ids.get(fields[0]), fields[1]
        if topic and offset(cursor) > offset(topic.cursor):
            topic.cursor = cursor or topic.cursor

    def _on_n(self, fields, payload):
        if topic := self.ids.get(fields[0]):
            return self._state(topic, fields[1], payload)

    def _on_l(self, fields, _):
        id, cursor, why = fields
        if not id and cursor != self.ledger.cursor:
            self.ledger.lost(cursor)
            return self.lost and functools.partial(self.lost, why)
        topic = self.ids.get(id)
        if topic and cursor != topic.cursor:
            topic.cursor = cursor or topic.cursor
            return topic.lost and functools.partial(topic.lost, why)

    def _on_v(self, fields, payload, error=None):
        if future := self.flying.pop(fields[0], None):
            resolve(future, payload, error)

    def _on_y(self, fields, error):
        self._on_v(fields, None, Error(error["code"], error.get("message", "")))

    def _on_z(self, fields, _):
        code, n, why = int(fields[0]), fields[1], ",".join(fields[2:])
        name, do, _ = CLOSE.get(code, UNKNOWN)
        if do == ANEW and self.leaving:
            self._stop(Error("closed"))
        elif do == STOP:
            self._stop(Error(name, why), int(n or 0))
        elif do == ANEW:
            return self._anew(int(n) if n else None, name)

    def _state(self, topic, cursor, value):
        topic.stateful, topic.value = True, value
        topic.cursor = cursor or topic.cursor
        return topic.state and functools.partial(topic.state, value)

    def _answer(self, ask, method, payload):
        try:
            if method not in self.handlers:
                raise Error("not_found", method)
            self._say("R", [ask], self.handlers[method](payload), ignore)
        except Error as error:
            self._say("X", [ask], {"code": error.code, "message": error.message}, ignore)
        except Exception as error:
            logging.exception("sojourn: the question %s failed", method)
            self._say("X", [ask], {"code": "internal", "message": ""}, ignore)

    # Up

    def _post(self):
        failures = 0
        while True:
            with self.changed:
                self.changed.wait_for(self._has_to_say)
                if self.error:
                    return
                key, ledger, before = self.key, self.ledger, self.ledger.effective
                try:
                    body, batch = self._batch()
                except OSError:
                    body, batch = None, []
            try:
                if body is None:
                    raise OSError("no credentials")
                frames, retry_after = self._request("/up", body, UP_SECONDS, lambda: self._sent(batch))
                heard, code = self._take(key, frames, "agvyz")
            except (OSError, http.client.HTTPException, ValueError):
                heard, code, retry_after = False, None, 0
            with self.changed:
                moved_on = ledger.effective > before or not batch
                if batch and batch[0].sent and not heard and code is None:
                    ledger.broke(before + 1)
                for id in list(self.flying):
                    self._on_v([id], None, Error("unavailable", "the connection broke"))
                ledger.heard |= heard
                if self.leaving and not self.ledger.pending():
                    self._stop(Error("closed"))
            failures = 0 if heard and moved_on else failures + 1
            self._pause(failures, retry_after)

    def _has_to_say(self):
        return self.error or (self.ledger.cursor and (self.volatiles or self.ledger.pending()))

    def _batch(self):
        """The body of the next POST /up, and the numbered messages in it."""
        auth = self._credentials()
        lines = [f"K{self.key},{self.ledger.cursor},{self.ledger.tries}{encode(auth)}"]
        size, batch = len(lines[0]), []
        said = [(id, None, line) for id, (line, _) in self.volatiles.items()]
        said += [(n, message, message.line(n)) for n, message in self.ledger.pending()]
        for id, message, line in said[:MOST_FRAMES]:
            size += len(line.encode()) + 1
            if size > MOST_BYTES:
                break
            lines.append(line)
            if message:
                batch.append(message)
            else:
                self.flying[id] = self.volatiles.pop(id)[1]
        return "\n".join(lines) + "\n", batch

    def _sent(self, batch):
        with self.changed:
            for message in batch:
                message.sent = True

    def _pause(self, failures, at_least):
        """Waits after some failures in a row; at random, so that not all clients come back at once."""
        delay = max(at_least, failures and random.uniform(0, min(0.25 * 2 ** (failures - 1), 10)))
        with self.changed:
            self.changed.wait_for(lambda: self.error, delay)


def resolve(future, value, error):
    if error:
        future.set_exception(error)
    else:
        future.set_result(value)


def ignore(value, error):
    """For messages whose fate nobody asks about."""
