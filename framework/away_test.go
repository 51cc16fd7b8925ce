package framework_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

// inAwayBubble runs a test with a service that notes who was away.
func inAwayBubble(t *testing.T, f func(b *bubble, away chan string)) {
	synctest.Test(t, func(t *testing.T) {
		b, away := newBubble(t), make(chan string, 10)
		b.cfg.Services = append(b.cfg.Services, framework.Service{Name: "watcher", Away: func(t *framework.Turn) error {
			away <- t.Socket()
			return t.Send(t.Socket(), "watcher.away", nil)
		}})
		f(b, away)
	})
}

// A socket without a connection is away after 15 seconds, once, and is told so when it is back.
func TestAwayIsTold(t *testing.T) {
	inAwayBubble(t, func(b *bubble, away chan string) {
		rt := b.start()
		l := b.connect(rt, hello(1, ""))
		b.pull(l)
		l.Close()
		time.Sleep(14 * time.Second)
		if len(away) > 0 {
			t.Error("away before 15 s")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(away) != 1 {
			t.Fatalf("away %d times", len(away))
		}
		time.Sleep(30 * time.Second)
		l = b.connect(rt, helloAgain(1, 2))
		if got := b.pull(l); !strings.Contains(got, "watcher.away") || len(away) != 1 {
			t.Errorf("back after %d aways, it is told %q", len(away), got)
		}
	})
}

// Nobody is away who has a connection at another instance, or here again, or has said goodbye.
func TestAwayIsNotWhoIsElsewhere(t *testing.T) {
	inAwayBubble(t, func(b *bubble, away chan string) {
		one, two := b.start(), b.start()
		first, second, third := b.connect(one, hello(1, "")), b.connect(one, hello(2, "")), b.connect(one, hello(3, ""))
		for _, l := range []interface{ Close() }{first, second} {
			l.Close()
		}
		time.Sleep(5 * time.Second)
		b.connect(two, helloAgain(1, 2))
		b.connect(one, helloAgain(2, 2))
		b.push(third, "B1")
		third.Close()
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(away) > 0 {
			t.Errorf("%d are away", len(away))
		}
	})
}

// An instance that is closed waits for nobody.
func TestAwayEndsWithTheInstance(t *testing.T) {
	inAwayBubble(t, func(b *bubble, away chan string) {
		rt := b.start()
		l := b.connect(rt, hello(1, ""))
		l.Close()
		rt.Close()
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(away) > 0 {
			t.Error("a hook ran on an instance that is closed")
		}
	})
}
