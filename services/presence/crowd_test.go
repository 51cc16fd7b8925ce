package presence_test

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
	"github.com/sojourn-go/sojourn/services/presence"
	"github.com/sojourn-go/sojourn/store/memory"
)

// A thousand people come within two seconds, over two instances: who watches hears of them in a few frames, and a second after the last one of all. So it is when
// they go.
func TestThousandPeopleAreToldTogether(t *testing.T) {
	const (
		people = 1000
		within = 2 * time.Second
		most   = 2 + int(within/(time.Second/2)) // the first of them is told at once, the last half second later
	)
	synctest.Test(t, func(t *testing.T) {
		st := memory.New(memory.Options{})
		defer st.Close()
		var rts []*frameworktest.Program
		for range 2 {
			rts = append(rts, frameworktest.New(t, framework.Config{Services: []framework.Service{presence.New(anyone)}, Store: st}))
		}
		var watchers []*counter
		for n := range 20 {
			watchers = append(watchers, count(t, rts[n%2], "lobby"))
		}
		var crowd []*frameworktest.Client
		for n := range people {
			crowd = append(crowd, rts[n%2].Connect(framework.User{ID: fmt.Sprint(n)}))
		}
		for _, row := range []struct {
			what string
			do   func(c *frameworktest.Client) error
			want int
		}{
			{"come", func(c *frameworktest.Client) error { return c.Client.Call(t.Context(), "presence.enter", "lobby", nil) }, people},
			{"go", func(c *frameworktest.Client) error { return c.Close(t.Context()) }, 0},
		} {
			synctest.Wait()
			for _, w := range watchers {
				w.told()
			}
			var all sync.WaitGroup
			for n, c := range crowd {
				all.Go(func() {
					time.Sleep(time.Duration(n) * within / people)
					if err := row.do(c); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			time.Sleep(time.Second)
			synctest.Wait()
			for _, w := range watchers {
				if frames, there := w.told(); there != row.want || frames > most {
					t.Errorf("%d people %s: %d frames have told of them, want at most %d; %d are there", people, row.what, frames, most, there)
				}
			}
		}
	})
}

// counter is somebody who watches a room, and counts the frames in which he is told. He takes them as they come: a thousand times the whole room would take him long.
type counter struct {
	mu     sync.Mutex
	frames int
	people map[string]any
}

func count(t *testing.T, rt *frameworktest.Program, room string) *counter {
	c := &counter{people: map[string]any{}}
	_, err := rt.Connect(framework.User{}).Subscribe(t.Context(), "presence/"+room, func(e client.Entry) {
		var people map[string]any
		if err := e.JSON(&people); err != nil {
			t.Error(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.frames++
		if e.Snapshot {
			clear(c.people)
		}
		maps.Copy(c.people, people)
		maps.DeleteFunc(c.people, func(_ string, person any) bool { return person == nil }) // who has gone
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// told returns in how many frames he was told since he was last asked, and how many are there.
func (c *counter) told() (frames, people int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	frames, c.frames = c.frames, 0
	return frames, len(c.people)
}
