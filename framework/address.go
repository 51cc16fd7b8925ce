package framework

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// directAddress is the default of Config.Address: who made the connection, if that is somebody on the internet. A private address is a proxy's or
// a neighbour's, and says nothing of a client.
func directAddress(r *http.Request) string {
	a, ok := remote(r)
	if !ok || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || sharedSpace.Contains(a) {
		return ""
	}
	return addressOf(a)
}

// sharedSpace is what providers number their own networks with (RFC 6598), balancers among them.
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// ClientAddress returns a function for Config.Address, for programs behind proxies: it looks for the client in the header X-Forwarded-For, from its end,
// where the nearest proxy writes, and passes over those that are trusted. What stands before the first that is not is whatever that one
// chose to say, and is not looked at. A request that does not come from a trusted proxy is its own client; one
// whose trusted proxies do not say whom they speak for is not counted.
//
//	framework.ClientAddress(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"))
func ClientAddress(trusted ...netip.Prefix) func(*http.Request) string {
	trusts := func(a netip.Addr) bool {
		return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	return func(r *http.Request) string {
		a, ok := remote(r)
		if !ok {
			return ""
		}
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for _, hop := range slices.Backward(hops) {
			if !trusts(a) {
				break
			}
			before, err := parseHop(strings.TrimSpace(hop))
			if err != nil {
				break
			}
			a = plain(before)
		}
		if trusts(a) { // a proxy that does not say whom it speaks for
			return ""
		}
		return addressOf(a)
	}
}

// parseHop parses an address, to which some proxies add a port.
func parseHop(hop string) (netip.Addr, error) {
	if a, err := netip.ParseAddrPort(hop); err == nil {
		return a.Addr(), nil
	}
	return netip.ParseAddr(hop)
}

func remote(r *http.Request) (netip.Addr, bool) {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	return plain(a.Addr()), err == nil
}

// plain returns an address as prefixes have it.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// addressOf names whom an address belongs to: one host has the whole of an IPv6 /64.
func addressOf(a netip.Addr) string {
	if a.Is6() {
		p, err := a.Prefix(64)
		if err == nil {
			return p.String()
		}
	}
	return a.String()
}
