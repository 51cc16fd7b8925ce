package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sojourn-go/sojourn/client"
)

// Pages of the old build go on while all instances of it are replaced by new ones: nothing is lost, nothing happens twice.
func TestOldPageNewInstance(t *testing.T) {
	t.Parallel()
	d := startDiary(t, "1", "1")
	page := openPage(t, d)
	var writers []*writer
	for _, transport := range transports {
		w := newWriter(t, d.URL, "1", transport, "test", transport)
		close(w.answer)
		writers = append(writers, w)
	}
	pageWrites(page)
	enough := make(chan struct{})
	wrote := make([]int, len(writers))
	var writing sync.WaitGroup
	for i, w := range writers {
		writing.Go(func() { wrote[i] = w.writes(enough) })
	}
	for i, old := range slices.Clone(d.running) {
		writers[0].heardOf(len(writers[0].heardOf(0)) + 20)
		if d.add("2"); i == 0 {
			d.terminate(old)
		} else {
			d.kill(old)
		}
	}
	writers[0].heardOf(len(writers[0].heardOf(0)) + 20)
	close(enough)
	writing.Wait()

	want := map[string]int{"page": pageWrote(page), "mood": 1 + len(writers)}
	sum := want["page"] + want["mood"]
	for i, w := range writers {
		want[w.name] = wrote[i]
		sum += wrote[i]
	}
	all := writers[0].heardOf(sum)
	for name, n := range want {
		if said := by(name, lines(all)); name != "mood" && !slices.Equal(said, numbers(n)) {
			t.Errorf("%s wrote %q", name, said)
		}
	}
	for i, w := range writers {
		w.heard(lines(all)...)
		w.sees(func() string { return differ(w.name, w.noted, numbers(wrote[i])) })
		w.sees(func() string { return differ(w.name, w.counts, want) })
	}
	pageAgrees(page, lines(all), want)
	if builds := buildsOf(all); !slices.Equal(builds, []string{"1", "2"}) {
		t.Errorf("builds %q wrote entries down, want both", builds)
	}
}

// A timer and a question were made by the new build. While both run they are carried out by the new one; while only the old one runs they wait
// for the new one to come back. They run once.
func TestContinuationOnlyTheNewBuildKnows(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		away bool
	}{{"both builds run", false}, {"only the old build runs", true}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := startDiary(t, "2")
			w := newWriter(t, d.URL, "2", "ws", "test", "Ann")
			w.subscribe("strikes/test", &w.strikes)
			newer, old := d.running[0], d.add("1")
			defer chats(t, d)()
			for _, text := range []string{"1", "2", "3"} {
				if err := w.wait(w.Send("diary.plan", entry{Page: "test", By: w.name, Text: text}), nil); err != nil {
					t.Fatal(err)
				}
			}
			if test.away {
				d.kill(newer)
				until(t, func() string { // it has come across the timers
					if told := d.logs[old].String(); strings.Count(told, "left for later") < 3 {
						return "the old instance has left nothing for later:\n" + told
					}
					return ""
				})
				d.add("2")
			}
			close(w.answer)
			w.sees(func() string {
				struck := lines(w.strikes)
				slices.Sort(struck)
				return differ(w.name, struck, []string{"Ann: 1", "Ann: 1 fine, 1", "Ann: 2", "Ann: 2 fine, 2", "Ann: 3", "Ann: 3 fine, 3"})
			})
			for _, e := range w.strikes {
				if e.Build != "2" {
					t.Errorf("build %s has struck %s", e.Build, e.Text)
				}
			}
		})
	}
}

// A page of the newer build meets an instance of the old one, and calls what only the newer knows. The old one leaves it to the new one.
func TestNewPageOldInstance(t *testing.T) {
	t.Parallel()
	const n = 6
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			d := startDiary(t, "1")
			w, other := newWriter(t, d.URL, "2", transport, "test", "new"), newWriter(t, d.URL, "2", transport, "test", "other")
			d.add("2")
			defer chats(t, d)()
			other.subscribe("strikes/test", &other.strikes)
			var calls []*client.Pending
			var want, struck []string
			for i := range n {
				want = append(want, fmt.Sprintf("new: %d", 2*i+1), fmt.Sprintf("new: %d", 2*i+2))
				struck = append(struck, want[2*i+1])
				calls = append(calls, w.Send("diary.write", entry{Page: "test", By: w.name, Text: fmt.Sprint(2*i + 1)}))
				calls = append(calls, w.Send("diary.strike", entry{Page: "test", By: w.name, Text: fmt.Sprint(2*i + 2)}))
			}
			for i, call := range calls {
				number := 0
				if err := w.wait(call, &number); err != nil || number != i+1 {
					t.Errorf("call %d is answered with %d, %v", i+1, number, err)
				}
			}
			w.heard(want...)
			for i, e := range w.entries {
				switch {
				case i%2 == 1 && e.Build != "2":
					t.Errorf("build %s has struck entry %s", e.Build, e.Text)
				case i == 0 && e.Build != "1" && transport == "ws":
					t.Errorf("the connection was not one of build 1: it did not handle the first message, but build %s", e.Build)
				}
			}
			other.heard(want...)
			other.sees(func() string { return differ(other.name, lines(other.strikes), struck) })
		})
	}
}

// An old page knows nothing of the newer build, and what an instance of no newer build than the page does not know is not left to others.
func TestUnknownIsNotLeftToOthers(t *testing.T) {
	t.Parallel()
	d := startDiary(t, "1")
	for _, build := range []string{"1", ""} {
		w := newWriter(t, d.URL, build, "longpoll", "test", "old"+build)
		if err := w.wait(w.Send("diary.strike", entry{Page: "test", By: w.name}), nil); client.CodeOf(err) != "not_found" {
			t.Errorf("build %q: a method that nobody knows is answered with %v", build, err)
		}
	}
}

// chats has somebody talk of other things until the function that it returns is called, so that not every second request of a client reaches the same
// instance.
func chats(t *testing.T, d *diary) (hush func()) {
	t.Helper()
	w := newWriter(t, d.URL, "1", "longpoll", "chat", "Ann")
	close(w.answer)
	enough := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() { w.writes(enough) })
	return func() {
		close(enough)
		writing.Wait()
	}
}
