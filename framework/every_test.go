package framework_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// crowd is a state of a room that people enter, which is told every second.
var crowd = &framework.State[map[string]int]{Name: "crowd", Every: time.Second, Subscribe: framework.Anyone}

// crowded is a service with it.
var crowded = framework.Service{Name: "crowded", Topics: []framework.Stream{crowd}}

// enter has the nth person enter.
func enter(n int) func(*framework.Turn) error {
	return func(t *framework.Turn) error {
		return crowd.Update(t, "room", func(all *map[string]int) error { return count(all, fmt.Sprint(n)) })
	}
}

// A watcher counts what a subscriber is told, in a bubble.
type watcher struct {
	mu    sync.Mutex
	told  told
	value any
}

type told struct {
	frames int
	whole  int // of them all of the state
	state  map[string]int
}

func watch(t *testing.T, rt *frameworktest.Program, transport string) *watcher {
	c, err := rt.Dial(client.Options{Transports: []string{transport}})
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{}
	if _, err := c.Subscribe(t.Context(), "crowd/room", func(e client.Entry) {
		if err := w.take(e); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *watcher) take(e client.Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var patch any
	if err := e.JSON(&patch); err != nil {
		return err
	}
	if e.Snapshot {
		w.value = nil
		w.told.whole++
	}
	w.value = applyPatch(w.value, patch)
	text, err := json.Marshal(w.value)
	if err != nil {
		return err
	}
	w.told.frames++
	w.told.state = nil
	return json.Unmarshal(text, &w.told.state)
}

// now returns what has been told, when all has that is under way.
func (w *watcher) now() told {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.told
}

// people is how often somebody has entered, as was told.
func (t told) people() (n int) {
	for _, times := range t.state {
		n += times
	}
	return n
}

// everyway runs a test in a bubble with a crowd, and a watcher over each transport.
func everyway(t *testing.T, test func(t *testing.T, rt *frameworktest.Program, w *watcher, transport string)) {
	for _, transport := range []transports.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}} {
		t.Run(transport.Name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := frameworktest.New(t, framework.Config{
					Services: []framework.Service{crowded}, Transports: []transports.Transport{transport},
				})
				w := watch(t, rt, transport.Name())
				if got := w.now(); got.frames != 1 || got.whole != 1 {
					t.Fatalf("a subscriber is told %+v, want the whole state", got)
				}
				test(t, rt, w, transport.Name())
			})
		})
	}
}

// A crowd that comes in three seconds is told in four frames, at most: what there is then is what the server has.
func TestEveryCrowdIsToldTogether(t *testing.T) {
	everyway(t, func(t *testing.T, rt *frameworktest.Program, w *watcher, _ string) {
		const people = 150
		want := map[string]int{}
		for n := range people {
			rt.Do(enter(n))
			want[fmt.Sprint(n)] = 1
			time.Sleep(3 * time.Second / people)
		}
		time.Sleep(time.Second)
		if got := w.now(); got.frames > 1+4 || got.whole > 1 || !maps.Equal(got.state, want) {
			t.Errorf("a subscriber is told %+v", got)
		}
	})
}

// After a quiet time a change is told at once; the next ones wait.
func TestEveryFirstChangeIsToldAtOnce(t *testing.T) {
	everyway(t, func(t *testing.T, rt *frameworktest.Program, w *watcher, _ string) {
		for round := range 3 {
			before := w.now().frames
			rt.Do(enter(0))
			if got := w.now(); got.frames != before+1 {
				t.Errorf("round %d: told at once: %+v", round, got)
			}
			for n := range 5 {
				time.Sleep(time.Second / 8)
				rt.Do(enter(n))
			}
			if got := w.now(); got.frames != before+1 {
				t.Errorf("round %d: told too early: %+v", round, got)
			}
			time.Sleep(10 * time.Second)
			if got := w.now(); got.frames != before+2 || got.people() != 6*(round+1) {
				t.Errorf("round %d: told in the end: %+v", round, got)
			}
		}
	})
}

// Whoever comes is told all there is at once, and then what the others are told.
func TestEverySnapshotIsNotHeldBack(t *testing.T) {
	everyway(t, func(t *testing.T, rt *frameworktest.Program, w *watcher, transport string) {
		rt.Do(enter(0))
		synctest.Wait()
		rt.Do(enter(1))
		late := watch(t, rt, transport)
		if first, other := w.now(), late.now(); first.people() != 1 || other.frames != 1 || other.people() != 2 {
			t.Errorf("who was there is told %+v, who comes late %+v", first, other)
		}
		rt.Do(enter(2))
		time.Sleep(2 * time.Second)
		if first, other := w.now(), late.now(); first.frames != 3 || other.frames != 2 || first.people() != 3 || !maps.Equal(first.state, other.state) {
			t.Errorf("in the end who was there is told %+v, who came late %+v", first, other)
		}
	})
}

// What was missed while the instance was killed comes as one frame, and no more often than else.
func TestEveryAfterReconnect(t *testing.T) {
	everyway(t, func(t *testing.T, rt *frameworktest.Program, w *watcher, _ string) {
		const restarts = 5
		for range restarts {
			rt.Restart()
			for n := range 20 {
				rt.Do(enter(n))
			}
			time.Sleep(time.Second / 4)
		}
		time.Sleep(20 * time.Second)
		if got := w.now(); got.frames > 1+2*restarts+1 || got.whole > 1 || got.people() != 20*restarts {
			t.Errorf("a subscriber is told %+v", got)
		}
	})
}

// A subscriber who has missed more than the instance holds is told it as one entry.
func TestEveryBeyondTheTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		b.cfg.Services = []framework.Service{crowded}
		one, two := b.start(), b.start()
		var told [2]*recorder
		for n := range told {
			b.say(one, "/lp", hello(n, ""))
			b.say(one, "/up", "K"+keyOf(n)+",,0\nS1,crowd/room")
			told[n] = b.stream(one, helloAgain(n, 2))
		}
		b.do(one, enter(0))
		time.Sleep(time.Second)
		early := cursorIn(told[1], "[nt]1")
		for n := range 50 {
			b.do(one, enter(n+1))
		}
		time.Sleep(time.Second)
		poll := func(n int, at string) string {
			return b.say(two, "/lp", fmt.Sprintf(`H{"v":1,"key":"%s","c":3,"cur":%q,"now":true,"topics":{"crowd/room":%q}}`,
				keyOf(n), cursorIn(told[n], "s"), at))
		}
		poll(0, cursorIn(told[0], "[nt]1")) // from here on the other instance follows
		if got := poll(1, early); strings.Count(got, "\nt1,51.") != 1 || strings.Count(got, "\n") != 2 || !strings.Contains(got, `|{"1":1,"10":1,`) {
			t.Errorf("who was at %s is told %q", early, got)
		}
	})
}

// cursorIn is that of the last frame in a stream that begins so.
func cursorIn(r *recorder, begin string) string {
	all := regexp.MustCompile(`data: `+begin+`,?([^|,\s]+)`).FindAllStringSubmatch(r.String(), -1)
	return all[len(all)-1][1]
}

// What waits is bounded: a flood is told earlier, and nothing of it is lost.
func TestEveryFlood(t *testing.T) {
	everyway(t, func(t *testing.T, rt *frameworktest.Program, w *watcher, _ string) {
		for n := range 600 {
			rt.Do(enter(n % 10))
			synctest.Wait()
		}
		if got := w.now(); got.frames != 1+3 || got.people() != 1+2*256 {
			t.Errorf("of a flood a subscriber is told at once %+v", got)
		}
		time.Sleep(2 * time.Second)
		if got := w.now(); got.frames != 1+4 || got.whole > 1 || got.people() != 600 {
			t.Errorf("of a flood a subscriber is told in the end %+v", got)
		}
	})
}

// A store that has lost everything begins anew, and so does what is held back.
func TestEveryAfterTheStoreForgot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memory.New(memory.Options{})
		defer st.Close()
		rt := frameworktest.New(t, framework.Config{Services: []framework.Service{crowded}, Store: st})
		w := watch(t, rt, "ws")
		for n := range 20 {
			rt.Do(enter(n))
		}
		time.Sleep(time.Second)
		st.Wipe()
		time.Sleep(time.Minute) // its client is told, and comes anew
		for n := range 3 {
			rt.Do(enter(100 + n))
			time.Sleep(time.Second)
		}
		if want := map[string]int{"100": 1, "101": 1, "102": 1}; !maps.Equal(w.now().state, want) {
			t.Errorf("a subscriber is told %+v, want %v", w.now(), want)
		}
	})
}

// What was told is let go as that of other topics is.
func TestI7EveryHoldsWhatTheTailHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := frameworktest.New(t, framework.Config{Services: []framework.Service{crowded}})
		watch(t, rt, "ws")
		for n := range 600 {
			rt.Do(enter(n % 10))
			time.Sleep(time.Second)
		}
		if n := framework.Released(rt.Server(), "crowd/room"); n < 256 || n > 512 {
			t.Errorf("%d entries are held", n)
		}
	})
}
