package e2e

import (
	"fmt"
	"slices"
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
			chats(t, d)
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

// chats has somebody talk of other things until the test ends, so that not every second request of a client reaches the same instance.
func chats(t *testing.T, d *diary) {
	t.Helper()
	w := newWriter(t, d.URL, "1", "longpoll", "chat", "Ann")
	close(w.answer)
	enough := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() { w.writes(enough) })
	t.Cleanup(func() {
		close(enough)
		writing.Wait()
	})
}
