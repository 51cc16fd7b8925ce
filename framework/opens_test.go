package framework_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

// An address opens as many sockets at once as it may have, and then so many a second, though it leaves each again; it is not asked who it is
// meanwhile, and whoever has a socket goes on.
func TestI7OpensOfAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		b.cfg.Limits = framework.Limits{SocketsPerAddress: 10, OpensPerAddress: 2}
		address, asked := "one", 0
		b.cfg.Address = func(*http.Request) string { return address }
		b.cfg.Identify = func(*http.Request) (framework.User, error) { asked++; return framework.User{}, nil }
		rt := b.start()
		n := 0
		open := func() bool { // and leaves
			n++
			before := asked
			text := b.say(rt, "/lp", hello(n, ""))
			if strings.HasPrefix(text, "z4015,") && asked == before {
				return false
			}
			if text := b.say(rt, "/up", "K"+keyOf(n)+",,0\nB1"); text == "" {
				t.Errorf("socket %d: no answer", n)
			}
			return true
		}
		opened := func() (n int) {
			for n < 100 && open() {
				n++
			}
			return n
		}
		if n := opened(); n != 10 {
			t.Errorf("%d were opened at once, want 10", n)
		}
		if text := b.say(rt, "/lp", helloAgain(1, 2)); !strings.HasPrefix(text, "z4004,") {
			t.Errorf("a client that had a socket: %q", text)
		}
		time.Sleep(3 * time.Second)
		if n := opened(); n != 6 {
			t.Errorf("after 3 s %d more, want 6", n)
		}
		address = "another"
		if n := opened(); n != 10 {
			t.Errorf("of another address %d, want 10", n)
		}
		address = ""
		for range 100 {
			if !open() {
				t.Fatal("nobody's address is counted")
			}
		}
		time.Sleep(time.Hour)
		address = "one"
		if n := opened(); n != 10 {
			t.Errorf("after an hour %d, want 10", n)
		}
	})
}

// Addresses that have been quiet are forgotten.
func TestI7AddressesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		b.cfg.Services = nil
		n := 0
		b.cfg.Address = func(*http.Request) string { return strconv.Itoa(n) }
		rt := b.start()
		for range 5 {
			for range 2000 {
				n++
				b.say(rt, "/lp", hello(n, ""))
			}
			time.Sleep(time.Minute)
		}
		if known := framework.Addresses(rt); known > 4096 {
			t.Errorf("%d addresses are remembered, of which 2,000 at most are of any use", known)
		}
	})
}
