package transports

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/sojourn-go/sojourn/protocol"
)

// origins decides which pages may connect. A WebSocket is not held back by the browser's same-origin policy, and neither are
// plain POSTs, so that the check is ours on every transport (CWE-1385, CWE-352).
type origins struct {
	listed map[string]bool
	any    bool
}

func parseOrigins(o Options) (origins, error) {
	parsed := origins{listed: map[string]bool{}, any: o.InsecureAnyOrigin}
	for _, text := range o.Origins {
		u, ok := parseOrigin(text)
		if !ok {
			return origins{}, fmt.Errorf("transports: %q is not an origin such as https://app.example", text)
		}
		parsed.listed[u.String()] = true
	}
	return parsed, nil
}

// check returns the request's origin if it is a foreign one that may connect, and "" if it is the own one or none.
func (o origins) check(r *http.Request) (foreign string, err error) {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return "", nil
	}
	u, ok := parseOrigin(values[0])
	switch {
	case len(values) > 1:
	case ok && isOwn(u, r):
		return "", nil
	case o.any, ok && o.listed[u.String()]:
		return values[0], nil
	}
	return "", &protocol.Close{Code: protocol.CodeDenied, Why: "this origin may not connect"}
}

// isOwn tells whether u is the origin that the request itself was sent to, as far as that can be known.
func isOwn(u *url.URL, r *http.Request) bool {
	if u.Scheme != "https" && (u.Scheme != "http" || OverTLS(r)) {
		return false
	}
	return isASCII(r.Host) && u.Host == withoutDefaultPort(u.Scheme, r.Host)
}

// OverTLS tells whether a request left its client by TLS: it came here so, or X-Forwarded-Proto says so. Of several values the first counts: it is of the
// proxy that the client spoke to.
func OverTLS(r *http.Request) bool {
	proto, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	return r.TLS != nil || strings.EqualFold(strings.TrimSpace(proto), "https")
}

// parseOrigin parses a serialized origin (RFC 6454, section 6.2) into its canonical form. It is ASCII, and nothing but scheme, host and port.
func parseOrigin(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return nil, false
	}
	if !isASCII(text) || !strings.EqualFold(text, u.Scheme+"://"+u.Host) || strings.ContainsAny(u.Host, "*,") {
		return nil, false
	}
	u.Host = withoutDefaultPort(u.Scheme, u.Host)
	return u, true
}

// isASCII is asked before letter case is made equal: the Kelvin sign is a k then.
func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

func withoutDefaultPort(scheme, host string) string {
	switch host = strings.ToLower(host); scheme {
	case "https":
		return strings.TrimSuffix(host, ":443")
	case "http":
		return strings.TrimSuffix(host, ":80")
	}
	return host
}
