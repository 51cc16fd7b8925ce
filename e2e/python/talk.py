"""Keeps a page of the diary of e2e/builds: talk.py URL. The commands come on its standard input, one a line:

talk N  writes N entries, and more; prints a line of JSON for each that was answered
end     waits for what was asked and published, says goodbye, and prints what there was
"""

import json
import sys
import threading

from sojourn import Client, Error

WINDOW = 4  # entries that wait for their answers at once
PATIENCE = 20


class Writer:
    def __init__(self, url):
        self.changed = threading.Condition()
        self.top = {}  # what the page's newest entries say of the count
        self.seen = {"answers": [], "entries": [], "moods": [], "noted": [], "lost": [], "failed": []}
        self.client = Client(url, lost=self.lost)
        self.client.on("diary.noted", lambda text: self.saw("noted", text))
        self.client.on("diary.mood", lambda text: text + "!")
        self.client.subscribe("page/python", entry=self.entry, lost=lambda why: self.lost("page " + why))
        self.count = self.client.subscribe("count/python", state=lambda _: self.saw())
        self.n, self.moods = 0, 0  # said so far

    def saw(self, what=None, value=None):
        with self.changed:
            if what:
                self.seen[what].append(value)
            self.changed.notify_all()

    def lost(self, what):
        self.top = {}
        self.saw("lost", what)
        print(json.dumps(what), flush=True)

    def entry(self, entry):
        self.top[entry["by"]] = entry["n"]
        if entry["by"] == "mood":
            self.saw("moods", entry["text"])
        else:
            self.saw("entries", entry["text"])

    def talk(self, n):
        waiting = []
        for _ in range(n):
            self.n += 1
            waiting.append(self.client.call("diary.write", {"page": "python", "by": "python", "text": str(self.n)}))
            waiting.append(self.client.call("diary.note", str(self.n)))
            if self.n % 5 == 0:
                self.moods += 1
                waiting.append(self.client.call("diary.ask", {"page": "python", "by": "mood", "text": str(self.n)}))
            while len(waiting) > WINDOW:
                self.result(waiting.pop(0))
        for each in waiting:
            self.result(each)

    def result(self, future):
        try:
            answer = future.result(PATIENCE)
        except Error as error:
            self.saw("failed", error.code)
        else:
            if answer is not None:
                self.saw("answers", answer)
                print(json.dumps(answer), flush=True)

    def end(self):
        self.result(self.client.call("diary.nothing"))
        seen = self.seen

        def complete():
            there = len(seen["entries"]), len(seen["noted"]), len(seen["moods"])
            return there == (self.n, self.n, self.moods) and self.count.value == self.top

        with self.changed:
            self.changed.wait_for(complete, PATIENCE)
        seen["count"] = self.count.value
        seen["build"] = self.client.volatile("diary.build", {}).result(PATIENCE)
        self.client.close(PATIENCE)
        seen["end"] = str(self.client.error)
        print(json.dumps(seen), flush=True)


def main():
    writer = Writer(sys.argv[1])
    for command in sys.stdin:
        word, *rest = command.split()
        if word == "talk":
            writer.talk(int(*rest))
        else:
            writer.end()


if __name__ == "__main__":
    main()
