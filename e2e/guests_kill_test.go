package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/internal/redistest"
)

// guestWays are what the libraries of other protocols can do in Node: the protocol, and the library's transports.
var guestWays = [][2]string{
	{"engineio", "polling"}, {"engineio", "websocket"}, {"engineio", "polling,websocket"},
	{"sockjs", "websocket"}, {"sockjs", "xhr-streaming"}, {"sockjs", "eventsource"}, {"sockjs", "xhr-polling"},
}

// startGuests starts a client of the diary for each way, with a page of its own.
func startGuests(t *testing.T, d *diary) (talks map[string]*talk) {
	t.Helper()
	talks = map[string]*talk{}
	for _, way := range guestWays {
		page := way[0] + "-" + strings.ReplaceAll(way[1], ",", "-")
		talks[page] = startTalk(t, guestClient(t, "talk.js", d.URL+"/rt", page, way[0], way[1]))
	}
	return talks
}

// Our client over Engine.IO and SockJS, by their own libraries, does not notice that instances are killed, nor that one is shut down.
func TestGuestsOutliveInstances(t *testing.T) {
	t.Parallel()
	const n = 60
	d := startDiary(t)
	// In Node sockjs-client does not notice that a stream has broken. The client over it does, when two heartbeats are missing.
	d.args = []string{"-heartbeat", "1s"}
	for range 3 {
		d.add("1")
	}
	talks := startGuests(t, d)
	for _, p := range talks {
		p.say("talk %d", n)
	}
	for i := range n {
		switch i {
		case 10, 40:
			d.kill(d.running[0])
			d.add("1")
		case 25:
			d.add("1")
			d.terminate(d.running[0])
		}
		for _, p := range talks {
			p.prints(fmt.Sprint(i + 1))
		}
	}
	for page, p := range talks {
		p.agrees(page, n)
	}
}

// More than a request may bring goes in several.
func TestGuestsSayMuchAtOnce(t *testing.T) {
	t.Parallel()
	d := startDiary(t, "1", "1", "1")
	for page, p := range startGuests(t, d) {
		p.say("talk 5")
		for i := range 5 {
			p.prints(fmt.Sprint(i + 1))
		}
		p.say("burst 60") // 3.6 MB
		p.prints("60")
		p.agrees(page, 5)
	}
}

// Clients of Engine.IO and SockJS as they are have sessions that end with an instance, as their protocols say, and then others. In each what they say comes back in order, and
// nothing comes twice.
func TestPlainGuestsComeAgain(t *testing.T) {
	t.Parallel()
	// Heartbeats that come soon after a death, and time for a machine that has others to run as well.
	c := startEchoes(t, 3, redistest.Start(t), nil, "-ping-interval", "2s", "-ping-timeout", "8s", "-disconnect-delay", "2s")
	talks := map[[2]string]*talk{}
	for _, way := range guestWays {
		if way[1] == "xhr-streaming" { // whose library does not notice in Node that a stream has broken
			continue
		}
		talks[way] = startTalk(t, guestClient(t, "plain.js", c.URL, way[0], way[1]))
	}
	for range 4 {
		for _, p := range talks {
			p.line()
		}
		c.kill(c.running[0])
		c.add()
	}
	for way, p := range talks {
		p.say("end")
		line := p.line()
		for line[0] != '{' {
			line = p.line()
		}
		var seen struct {
			Sessions int
			Wrong    [][]string
		}
		if err := json.Unmarshal(line, &seen); err != nil {
			t.Fatal(err)
		}
		if len(seen.Wrong) > 0 {
			t.Errorf("%s: of what was said this came back: %q", way, seen.Wrong)
		}
		t.Logf("%s: %d sessions", way, seen.Sessions)
	}
}
