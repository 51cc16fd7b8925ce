package framework_test

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
)

// FuzzClientAddress: whatever a client puts in front, the address is the one from which it reached the outermost trusted proxy, as that proxy says
// it. Where that is no address, nobody is counted.
func FuzzClientAddress(f *testing.F) {
	for _, s := range []struct {
		made, from    string
		form, proxies byte
	}{
		{"", "203.0.113.7", 0, 0},
		{"198.51.100.1", "203.0.113.7", 0, 0},           // nobody asked it to forward
		{"198.51.100.1, 10.0.0.9", "203.0.113.7", 0, 1}, // a proxy of its own making
		{"10.0.0.9,", "203.0.113.7", 1, 2},
		{"198.51.100.1\n198.51.100.2", "203.0.113.7", 2, 3},
		{"198.51.100.1", "203.0.113.7", 3, 1},
		{"::ffff:10.0.0.9", "2001:db8:1:2:3::4", 0, 1},
		{"[2001:db8::1]:80", "2001:db8:1:2:3::4", 1, 3},
		{"198.51.100.1, [::ffff:192.0.2.1]:443 ,10.0.0.9", "10.1.1.1", 0, 1}, // a trusted neighbour
		{"fe80::1%eth0", "fd00::7", 1, 0},
		{" , ,,", "10.1.1.1", 0, 2},
	} {
		f.Add(s.made, netip.MustParseAddr(s.from).AsSlice(), s.form, s.proxies)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	address := framework.ClientAddress(trusted...)
	f.Fuzz(func(t *testing.T, made string, from []byte, form, proxies byte) {
		client, ok := netip.AddrFromSlice(from)
		if !ok {
			return
		}
		want := plainName(client)
		r := &http.Request{RemoteAddr: netip.AddrPortFrom(client, 4711).String(), Header: http.Header{}}
		r.Header["X-Forwarded-For"] = strings.Split(made, "\n")
		if proxies %= 4; proxies > 0 {
			said := saidByProxy(client, form)
			if said == "unknown" {
				want = ""
			}
			throughProxies(r, said, proxies)
		}
		got := address(r)
		if got != "" && !isPlainName(got) {
			t.Errorf("%q is no name of an address", got)
		}
		believed := slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(client.Unmap()) }) // what it put in front is, too
		if got != want && (!believed || want == "") {
			t.Errorf("%s behind %d proxies, and forwarding %q: %q, want %q", client, proxies, r.Header["X-Forwarded-For"], got, want)
		}
	})
}

// throughProxies takes a request through trusted proxies, the first of which says whom it is from.
func throughProxies(r *http.Request, said string, proxies byte) {
	lines := r.Header["X-Forwarded-For"]
	for _, hop := range []string{"10.0.0.1", "fd00::2", "::ffff:10.0.0.3"}[:proxies] {
		lines[len(lines)-1] += ", " + said
		said = hop
	}
	r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(said), 4711).String()
}

// saidByProxy is how a proxy says an address, or that it will not.
func saidByProxy(a netip.Addr, form byte) string {
	switch form % 4 {
	case 0:
		return a.String()
	case 1:
		return netip.AddrPortFrom(a, 4711).String()
	case 2:
		return netip.AddrFrom16(a.As16()).String()
	}
	return "unknown"
}

func plainName(a netip.Addr) string {
	if a = a.Unmap(); a.Is4() {
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}

// isPlainName says whether a name is an IPv4 address, or the /64 of an IPv6 one, as they are always written.
func isPlainName(name string) bool {
	if a, err := netip.ParseAddr(name); err == nil {
		return plainName(a) == name
	}
	p, err := netip.ParsePrefix(name)
	return err == nil && p.Bits() == 64 && plainName(p.Addr()) == name
}
