package echov4_test

import (
	"net"
	"testing"

	"github.com/sojourn-go/sojourn/framework/echov4"
)

// What is logged can be clicked on: an address that stands for all interfaces is nothing that a browser goes to.
func TestLocalURL(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0:8081":   "http://localhost:8081",
		"[::]:8081":      "http://localhost:8081",
		"127.0.0.1:8081": "http://127.0.0.1:8081",
		"[::1]:8081":     "http://[::1]:8081",
	} {
		at, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := echov4.LocalURL(at); got != want {
			t.Errorf("%s is %s, want %s", address, got, want)
		}
	}
}
