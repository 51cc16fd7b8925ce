package presence_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
	"github.com/sojourn-go/sojourn/services/presence"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	ann = framework.User{ID: "ann", Name: "Ann", Data: map[string]string{"card": "4711"}}
	bob = framework.User{ID: "bob", Name: "Bob"}
	cid = framework.User{ID: "cid"}
)

var anyone = presence.Options{Enter: framework.Anyone}

func TestUserWithTwoTabsComesAndGoesOnce(t *testing.T) {
	inBubble(t, anyone, func(t *testing.T, rt *frameworktest.Program) {
		lobby := watch(t, rt, "lobby")
		one, two, other := rt.Connect(ann), rt.Connect(ann), rt.Connect(bob)
		enter(one, "lobby")
		lobby.want(t, "ann")
		enter(two, "lobby")
		enter(two, "lobby") // again, which is nothing
		enter(other, "lobby")
		lobby.want(t, "ann bob")
		leave(one, "lobby")
		leave(one, "lobby")
		lobby.want(t, "ann bob")
		goodbye(t, two)
		lobby.want(t, "bob")
		leave(other, "lobby")
		lobby.want(t, "")
		lobby.wantOnce(t, "ann bob", "ann bob")
	})
}

func TestKilledInstanceChangesNothing(t *testing.T) {
	inBubble(t, anyone, func(t *testing.T, rt *frameworktest.Program) {
		lobby := watch(t, rt, "lobby")
		one, two := rt.Connect(ann), rt.Connect(ann)
		enter(one, "lobby")
		rt.Restart()
		enter(two, "lobby")
		lobby.want(t, "ann")
		rt.Restart()
		time.Sleep(time.Hour)
		lobby.want(t, "ann")
		goodbye(t, one)
		rt.Restart()
		lobby.want(t, "ann")
		two.Abandon()
		rt.Restart() // nobody is left to notice
		time.Sleep(5 * time.Minute)
		lobby.want(t, "")
		lobby.wantOnce(t, "ann", "ann")
	})
}

// Who stays away without a goodbye is away after 15 seconds, and gone when his socket's time to live is over.
func TestAwayAndThenGone(t *testing.T) {
	inBubble(t, anyone, func(t *testing.T, rt *frameworktest.Program) {
		lobby := watch(t, rt, "lobby")
		one, two := rt.Connect(ann), rt.Connect(ann)
		enter(one, "lobby")
		enter(two, "lobby")
		one.Abandon()
		time.Sleep(20 * time.Second)
		lobby.want(t, "ann") // the other tab is here
		two.Abandon()
		time.Sleep(10 * time.Second)
		lobby.want(t, "ann")
		time.Sleep(10 * time.Second)
		lobby.want(t, "ann(away)")
		time.Sleep(3 * time.Minute)
		lobby.want(t, "")
		lobby.wantOnce(t, "ann", "ann")
	})
}

// A page that was away hears so when it is back, and is here again when it says so, or enters a room.
func TestAwayAndBack(t *testing.T) {
	for name, back := range map[string][2]string{"says so": {"back", ""}, "enters a room": {"enter", `|"attic"`}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, anyone, func(t *testing.T, rt *frameworktest.Program) {
				lobby, attic := watch(t, rt, "lobby"), watch(t, rt, "attic")
				p := newPage(t, rt, ann)
				p.call("enter", `|"lobby"`)
				p.call("enter", `|"attic"`)
				lobby.want(t, "ann")
				time.Sleep(time.Minute)
				lobby.want(t, "ann(away)")
				attic.want(t, "ann(away)")
				if got := p.poll(2); strings.Count(got, "presence.away") != 1 {
					t.Errorf("the page hears %q", got)
				}
				lobby.want(t, "ann(away)")
				p.call(back[0], back[1])
				lobby.want(t, "ann")
				attic.want(t, "ann")
				time.Sleep(3 * time.Minute)
				lobby.want(t, "")
				lobby.wantOnce(t, "ann", "ann")
				attic.wantOnce(t, "ann", "ann")
			})
		})
	}
}

// A room that is full takes nobody more, but another tab of who is there.
func TestFullRoom(t *testing.T) {
	inBubble(t, presence.Options{Enter: framework.Anyone, People: 2}, func(t *testing.T, rt *frameworktest.Program) {
		lobby := watch(t, rt, "lobby")
		one, two, other, third := rt.Connect(ann), rt.Connect(ann), rt.Connect(bob), rt.Connect(cid)
		enter(one, "lobby")
		enter(other, "lobby")
		third.Fails("presence.enter", "lobby", framework.CodeFull)
		lobby.want(t, "ann bob")
		enter(two, "lobby")
		enter(third, "attic")
		leave(other, "lobby")
		enter(third, "lobby")
		lobby.want(t, "ann cid")
		lobby.wantOnce(t, "ann bob cid", "bob")
	})
}

// A socket may be in twenty rooms, out of a thousand that it tries, and its goodbye leaves them all.
func TestTwentyRooms(t *testing.T) {
	inBubble(t, anyone, func(t *testing.T, rt *frameworktest.Program) {
		one, two := rt.Connect(ann), rt.Connect(ann)
		var rooms []*watcher
		for n := range 22 {
			rooms = append(rooms, watch(t, rt, fmt.Sprint(n)))
		}
		for n := range 1000 {
			if n < 20 {
				enter(one, fmt.Sprint(n))
			} else {
				one.Fails("presence.enter", fmt.Sprint(n), framework.CodeFull)
			}
		}
		enter(one, "7") // where it is
		leave(one, "7")
		enter(one, "20")
		enter(two, "21") // which is another socket
		goodbye(t, one)
		for n, room := range rooms {
			if n == 21 {
				room.want(t, "ann")
				continue
			}
			room.want(t, "")
			room.wantOnce(t, "ann", "ann")
		}
	})
}

func TestRoomsThatCannotBe(t *testing.T) {
	inBubble(t, anyone, func(t *testing.T, rt *frameworktest.Program) {
		one := rt.Connect(ann)
		for _, room := range []string{"a,b", "a|b", "a*b", "a\nb", "\x7f", "\uFFFD", strings.Repeat("x", 200), strings.Repeat("x", 60_000), strings.Repeat("\x01", 9000)} {
			err := one.Client.Call(t.Context(), "presence.enter", room, nil)
			if client.CodeOf(err) != framework.CodeInvalid || len(err.Error()) > 1000 {
				t.Errorf("entering %.20q...: %.1000v", room, err)
			}
			leave(one, room) // where nobody is
		}
		for _, room := range []string{"", "a b", "Zimmer 3/ä", strings.Repeat("x", 180)} {
			w := watch(t, rt, room)
			enter(one, room)
			w.want(t, "ann")
		}
	})
}

// Users without an ID are somebody else in each of their sockets, with the socket's id.
func TestUsersWithoutIDs(t *testing.T) {
	inBubble(t, anyone, func(t *testing.T, rt *frameworktest.Program) {
		lobby := watch(t, rt, "lobby")
		one, two := rt.Connect(framework.User{}), rt.Connect(framework.User{Name: "somebody"})
		enter(one, "lobby")
		enter(two, "lobby")
		ids := []string{one.ID(), two.ID()}
		slices.Sort(ids)
		lobby.want(t, strings.Join(ids, " "))
		goodbye(t, two)
		lobby.want(t, one.ID())
	})
}

func TestUserInTwoRooms(t *testing.T) {
	inBubble(t, anyone, func(t *testing.T, rt *frameworktest.Program) {
		lobby, attic := watch(t, rt, "lobby"), watch(t, rt, "attic")
		one, two := rt.Connect(ann), rt.Connect(ann)
		enter(one, "lobby")
		enter(one, "attic")
		enter(two, "attic")
		leave(one, "lobby")
		lobby.want(t, "")
		attic.want(t, "ann")
		goodbye(t, one)
		attic.want(t, "ann")
		goodbye(t, two)
		attic.want(t, "")
		lobby.wantOnce(t, "ann", "ann")
		attic.wantOnce(t, "ann", "ann")
	})
}

// What is told of a user is the ID, the name, since when, and nothing else.
func TestPerson(t *testing.T) {
	inBubble(t, anyone, func(t *testing.T, rt *frameworktest.Program) {
		since := time.Now().UnixMilli()
		one := rt.Connect(ann)
		enter(one, "lobby")
		time.Sleep(time.Minute)
		renamed := rt.Connect(framework.User{ID: "ann", Name: "Anna"})
		enter(renamed, "lobby")
		goodbye(t, one) // whose client said another name
		got := frameworktest.State[map[string]any](rt.Connect(bob), "presence/lobby").Next()
		want := map[string]any{"ann": map[string]any{"name": "Anna", "since": float64(since)}}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v is told, want %v", got, want)
		}
	})
}

func TestNamesOfAMegabyteAreNotShown(t *testing.T) {
	inBubble(t, anyone, func(t *testing.T, rt *frameworktest.Program) {
		rt.Connect(framework.User{ID: "ann", Name: strings.Repeat("x", 1<<20)}).Fails("presence.enter", "lobby", framework.CodeInvalid)
		watch(t, rt, "lobby").want(t, "")
	})
}

// Who may not enter may not watch.
func TestEnterRule(t *testing.T) {
	members := func(t *framework.Turn, room string) error {
		if t.User().ID != room {
			return framework.Errorf(framework.CodeDenied, "not a member")
		}
		return nil
	}
	inBubble(t, presence.Options{Name: "who", Enter: members}, func(t *testing.T, rt *frameworktest.Program) {
		one := rt.Connect(ann)
		one.Fails("who.enter", "bob", framework.CodeDenied)
		if _, err := one.State(t.Context(), "who/bob", func(json.RawMessage) {}); client.CodeOf(err) != framework.CodeDenied {
			t.Errorf("watching: %v", err)
		}
		if _, err := one.State(t.Context(), "who_tabs/00", func(json.RawMessage) {}); client.CodeOf(err) != framework.CodeDenied {
			t.Errorf("watching where users are: %v", err)
		}
		one.Call("who.enter", "ann", nil)
		frameworktest.State[map[string]presence.Person](one, "who/ann").Until(func(all map[string]presence.Person) bool { return len(all) == 1 })
	})
}

// Options without a rule are an error that names the service.
func TestEnterMustBeSet(t *testing.T) {
	_, err := framework.New(framework.Config{Services: []framework.Service{presence.New(presence.Options{Name: "who"})}})
	if err == nil || !strings.Contains(err.Error(), `service "who"`) || !strings.Contains(err.Error(), "nil") {
		t.Errorf("New: %v", err)
	}
	_, err = framework.New(framework.Config{Services: []framework.Service{presence.New(presence.Options{Name: "no name", Enter: framework.Anyone, People: -1})}})
	if err == nil || !strings.Contains(err.Error(), "no name") || !strings.Contains(err.Error(), "negative") {
		t.Errorf("New: %v", err)
	}
}

// Many tabs of one user, on two instances, enter at the same moment, as when a browser is started again; and leave.
func TestManyTabsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memory.New(memory.Options{})
		defer st.Close()
		var rts []*frameworktest.Program
		for range 2 {
			rts = append(rts, frameworktest.New(t, framework.Config{Services: []framework.Service{presence.New(anyone)}, Store: st}))
		}
		lobby := watch(t, rts[0], "lobby")
		var tabs []*frameworktest.Client
		for n := range 40 {
			tabs = append(tabs, rts[n%2].Connect(ann))
		}
		atOnce := func(f func(c *frameworktest.Client) error) {
			var all sync.WaitGroup
			for _, c := range tabs {
				all.Go(func() {
					if err := f(c); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		atOnce(func(c *frameworktest.Client) error { return c.Client.Call(t.Context(), "presence.enter", "lobby", nil) })
		lobby.want(t, "ann")
		atOnce(func(c *frameworktest.Client) error { return c.Close(t.Context()) })
		lobby.want(t, "")
		lobby.wantOnce(t, "ann", "ann")
	})
}

// Of users who have gone nothing stays in the store but the rooms' names.
func TestNothingStaysOfWhoIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memory.New(memory.Options{})
		defer st.Close()
		rt := frameworktest.New(t, framework.Config{Services: []framework.Service{presence.New(anyone)}, Store: st})
		kept := func() (n int) {
			for shard := range 256 {
				replies, err := st.Read(t.Context(), []store.Query{{Topic: fmt.Sprintf("presence_tabs/%02x", shard), Fields: true}})
				if err != nil {
					t.Fatal(err)
				}
				n += len(replies[0].Fields)
			}
			return n
		}
		for n := range 20 {
			c := rt.Connect(framework.User{ID: fmt.Sprint(n)})
			enter(c, "lobby")
			switch n % 3 {
			case 0:
				leave(c, "lobby")
			case 1:
				goodbye(t, c)
			default:
				c.Abandon()
			}
		}
		if n := kept(); n != 6 {
			t.Errorf("of %d users something is kept, want 6: those who are still there", n)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if n := kept(); n != 0 {
			t.Errorf("of %d users something is kept", n)
		}
	})
}

// Somebody who enters and leaves as fast as he can is told of twice a second.
func TestFastUserIsToldSeldom(t *testing.T) {
	inBubble(t, anyone, func(t *testing.T, rt *frameworktest.Program) {
		lobby := watch(t, rt, "lobby")
		one, other := rt.Connect(ann), rt.Connect(bob)
		begin := time.Now()
		for n := range 300 {
			enter(one, "lobby")
			if n == 150 {
				enter(other, "lobby")
			}
			leave(one, "lobby")
			time.Sleep(10 * time.Millisecond)
		}
		took := time.Since(begin)
		enter(one, "lobby")
		lobby.want(t, "ann bob")
		// A frame for what he is not any more, and one for what he is.
		if most := 1 + 2*(int(took/(time.Second/2))+2); lobby.frames > most {
			t.Errorf("%d frames in %v, want at most %d", lobby.frames, took, most)
		}
	})
}

// Whatever sockets do, and instances: who is in a room is who has a socket that has entered it.
func TestWhoIsWhereIsWhoEntered(t *testing.T) {
	inBubble(t, anyone, func(t *testing.T, rt *frameworktest.Program) {
		random := rand.New(rand.NewPCG(1, 2))
		rooms := map[string]*watcher{}
		for _, room := range []string{"lobby", "attic", "cellar"} {
			rooms[room] = watch(t, rt, room)
		}
		names := slices.Sorted(maps.Keys(rooms))
		users := []framework.User{ann, bob, cid}
		type socket struct {
			*frameworktest.Client
			user string
			in   map[string]bool
		}
		var sockets []*socket
		for step := range 150 {
			if len(sockets) < 6 {
				user := users[random.IntN(3)]
				sockets = append(sockets, &socket{rt.Connect(user), user.ID, map[string]bool{}})
			}
			i := random.IntN(len(sockets))
			s, room := sockets[i], names[random.IntN(3)]
			switch n := random.IntN(20); {
			case n < 9:
				enter(s.Client, room)
				s.in[room] = true
			case n < 15:
				leave(s.Client, room)
				delete(s.in, room)
			case n < 16:
				goodbye(t, s.Client)
				sockets = slices.Delete(sockets, i, i+1)
			case n < 17:
				s.Abandon()
				sockets = slices.Delete(sockets, i, i+1)
				time.Sleep(5 * time.Minute)
			default:
				rt.Restart()
			}
			for room, w := range rooms {
				want := map[string]bool{}
				for _, s := range sockets {
					if s.in[room] {
						want[s.user] = true
					}
				}
				if got := w.told(); got != strings.Join(slices.Sorted(maps.Keys(want)), " ") {
					t.Fatalf("step %d: in the %s there are %q, want %v", step, room, got, want)
				}
			}
		}
	})
}
