package framework_test

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
)

func TestClientAddress(t *testing.T) {
	behind := framework.ClientAddress(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("fe80::/10"))
	for _, row := range []struct{ remote, forwarded, want string }{
		{"203.0.113.7:1234", "", "203.0.113.7"},
		{"203.0.113.7:1234", "198.51.100.1", "203.0.113.7"}, // nobody asked it to forward
		{"10.0.0.1:1234", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1234", "1.1.1.1, 198.51.100.1", "198.51.100.1"}, // the client made up the first
		{"10.0.0.1:1234", "198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"10.0.0.1:1234", "1.1.1.1, garbage, 10.0.0.2", ""},
		{"10.0.0.1:1234", "", ""},
		{"10.0.0.1:1234", "198.51.100.1:4711", "198.51.100.1"},
		{"10.0.0.1:1234", "unknown", ""},
		{"[fd00::1]:1234", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"},
		{"[::ffff:10.0.0.1]:1234", "::ffff:198.51.100.1", "198.51.100.1"},
		{"[fe80::1%eth0]:1234", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1234", "198.51.100.1, fe80::1%eth0", "198.51.100.1"},
		{"@", "198.51.100.1", ""}, // a Unix socket
	} {
		r := &http.Request{RemoteAddr: row.remote, Header: http.Header{}}
		if row.forwarded != "" {
			r.Header.Set("X-Forwarded-For", row.forwarded)
		}
		if got := behind(r); got != row.want {
			t.Errorf("%s forwarding %q: %q, want %q", row.remote, row.forwarded, got, row.want)
		}
	}
}

// Without Config.Address it is who made the connection that is counted, whatever a header says; not a proxy of the platform's own network.
func TestDefaultAddress(t *testing.T) {
	rt, err := framework.New(framework.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	for remote, want := range map[string]string{
		"203.0.113.7:1234":       "203.0.113.7",
		"[2001:db8:1:2:3::4]:99": "2001:db8:1:2::/64",
		"10.0.0.1:1234":          "",
		"192.168.1.1:1234":       "",
		"127.0.0.1:1234":         "",
		"[::1]:1234":             "",
		"169.254.1.1:1234":       "",
		"[fe80::1%eth0]:1234":    "",
		"[fd00::1]:1234":         "",
		"100.64.1.1:1234":        "",
		"[::ffff:10.0.0.1]:1234": "",
		"@":                      "",
	} {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {"198.51.100.1"}, "X-Real-Ip": {"198.51.100.1"}}}
		if got := rt.Address(r); got != want {
			t.Errorf("%s: %q, want %q", remote, got, want)
		}
	}
}
