package framework_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/transports"
)

// The room's speakers show what they say themselves: "tell" is for the others, "say" for all.
var (
	room    = &framework.Topic[int]{Name: "room", History: 1000, Subscribe: framework.Anyone}
	gesture = &framework.Topic[string]{Name: "gesture", Volatile: true, Subscribe: framework.Anyone}
)

func speakers() framework.Service {
	return framework.Service{Name: "room", Topics: []framework.Stream{room, gesture}, Methods: framework.Methods{
		"say":  framework.Event(func(t *framework.Turn, n int) error { return room.Publish(t, "all", n) }),
		"tell": framework.Event(func(t *framework.Turn, n int) error { return room.PublishOthers(t, "all", n) }),
		"wave": framework.Event(func(t *framework.Turn, who string) error {
			if who == "others" {
				return gesture.PublishOthers(t, "all", who)
			}
			return gesture.Publish(t, "all", who)
		}).Volatile(),
	}}
}

// What is published to the others reaches all subscribers but the sender, without gap or repeat, on whatever instance he is connected, also when connections are
// cut, transports change and instances die. He is told of no loss; as another socket he has all of it as history.
func TestI4AllButTheSender(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(3, ledger(), speakers())
		a := w.account(&client.Options{Transports: []string{w.transport, "ws", "sse", "longpoll"}})
		b := w.account(nil)
		a.follow(w, "room/all")
		b.follow(w, "room/all")
		const total = 60
		var all []int
		for n := 1; n <= total; n++ {
			if n%3 == 0 {
				all = append(all, n)
				call[any](w, a.Client, "room.say", n)
			} else {
				call[any](w, a.Client, "room.tell", n)
			}
			switch {
			case n%17 == 0:
				i := w.any()
				w.start()
				w.kill(i)
			case n%7 == 0:
				w.cut()
			case n%11 == 0:
				if err := a.Use([]string{"longpoll", "ws", "sse"}[n/11%3]); err != nil {
					w.Fatal(err)
				}
			}
		}
		b.expect(w, "the topic, at another client", &b.lines, upTo(total))
		a.expect(w, "the topic, at the sender", &a.lines, all)
		if len(a.lost)+len(b.lost) > 0 {
			w.Fatalf("told of losses that were none: %v, %v", a.lost, b.lost)
		}
		again := w.account(nil)
		again.follow(w, "room/all")
		again.expect(w, "the history, when the sender's page is loaded again", &again.lines, upTo(total))
	})
}

// The sender's turn and his connection have no instance in common.
func TestI8AllButTheSender(t *testing.T) {
	everywhere(t, func(w *world) {
		w.amnesia = true
		w.run(0, ledger(), speakers())
		a, b := w.account(nil), w.account(nil)
		a.follow(w, "room/all")
		b.follow(w, "room/all")
		for n := 1; n <= 9; n++ {
			call[any](w, a.Client, "room.tell", n)
			if n%4 == 0 {
				w.cut()
			}
		}
		call[any](w, a.Client, "room.say", 10)
		b.expect(w, "the topic, at another client", &b.lines, upTo(10))
		a.expect(w, "the topic, at the sender", &a.lines, []int{10})
	})
}

// So it is with what is volatile, and with publishers that are no socket, who except nobody.
func TestVolatileToTheOthers(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(2, ledger(), speakers())
		a, b := w.dial(nil), w.dial(nil)
		heard := map[*client.Client]chan string{a: make(chan string, 1000), b: make(chan string, 1000)}
		for c, ch := range heard {
			if _, err := c.Subscribe(w.wait(), "gesture/all", func(e client.Entry) {
				var who string
				_ = e.JSON(&who)
				ch <- who
			}); err != nil {
				t.Fatal(err)
			}
		}
		hears := func(c *client.Client, who string) { // it may be lost: a connection may just be between two polls
			for got := ""; got != who; {
				if err := a.Volatile(w.wait(), "room.wave", who, nil); err != nil {
					t.Fatal(err)
				}
				select {
				case got = <-heard[c]:
					if c == a && got == "others" {
						t.Fatal("the sender heard what was for the others")
					}
				case <-time.After(20 * time.Millisecond):
				case <-w.wait().Done():
					t.Fatal("a volatile event never came")
				}
			}
		}
		hears(b, "others")
		hears(a, "all")
		err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error { return room.PublishOthers(t, "all", 1) })
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*client.Client{a, b} {
			got := make(chan int, 1)
			if _, err := c.Subscribe(w.wait(), "room/all", func(e client.Entry) { got <- number(t, e.Payload) }); err != nil {
				t.Fatal(err)
			}
			if n := <-got; n != 1 {
				t.Errorf("history %d, want 1", n)
			}
		}
	})
}

// The sender is told where the topic goes on, so that he has lost nothing when more was published than is kept: by the instance that publishes, by one that
// reads, and by one that has the topic's latest entries in memory, but not those that he lacks.
func TestSenderGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hall := &framework.Topic[int]{Name: "hall", Subscribe: framework.Anyone}
		b := newBubble(t)
		b.cfg.Services = []framework.Service{{Name: "hall", Topics: []framework.Stream{hall}, Methods: framework.Methods{
			"tell": framework.Event(func(t *framework.Turn, n int) error { return hall.PublishOthers(t, "all", n) }),
		}}}
		one, two, three := b.start(), b.start(), b.start()
		expect := func(who string, l transports.Link, want string) {
			t.Helper()
			synctest.Wait()
			if got := kindsOf(b.pull(l)); got != want {
				t.Errorf("%s got frames %s, want %s", who, got, want)
			}
		}
		sender := b.connect(one, hello(1, ""))
		b.push(sender, "S1,hall/all")
		expect("the sender", sender, "hsa")
		b.push(sender, "C2,hall.tell|1")
		expect("the sender, where he sent it,", sender, "ja")

		other := b.connect(two, hello(2, "")) // begins after it
		b.push(other, "S1,hall/all")
		expect("another client", other, "hsa")

		sender = b.connect(three, helloAgain(1, 2)) // it says nothing of the topic: all comes again
		expect("the sender, elsewhere,", sender, "hsj")
		sender = b.connect(two, helloAgain(1, 3))
		expect("the sender, where others are further,", sender, "hsj")
		b.push(sender, "C3,hall.tell|2")
		expect("the sender", sender, "ja")
		expect("the other client", other, "t")
	})
}

// kindsOf returns the frames' letters.
func kindsOf(lines string) string {
	var kinds []byte
	for line := range strings.Lines(lines) {
		kinds = append(kinds, line[0])
	}
	return string(kinds)
}
