// Package rawjson knows at a glance JSON that encoding/json would not change.
package rawjson

// Plain tells that text is JSON that encoding/json leaves as it is, read into a json.RawMessage or written from one: it is well formed, compact, and has
// nothing in it that is written otherwise. That is what clients send, mostly. False says nothing: encoding/json is to be asked.
func Plain(text []byte) bool {
	rest, ok := value(text, 0)
	return ok && len(rest) == 0
}

const maxDepth = 100

// value, and what follows, return what is left after what they are named for.
func value(b []byte, depth int) (rest []byte, ok bool) {
	if len(b) == 0 || depth > maxDepth {
		return nil, false
	}
	switch b[0] {
	case '"':
		return quoted(b)
	case '{':
		return members(b[1:], '}', depth)
	case '[':
		return members(b[1:], ']', depth)
	case 't':
		return word(b, "true")
	case 'f':
		return word(b, "false")
	case 'n':
		return word(b, "null")
	}
	return number(b)
}

// members are those of an object or an array, with the end.
func members(b []byte, end byte, depth int) (rest []byte, ok bool) {
	if len(b) > 0 && b[0] == end {
		return b[1:], true
	}
	for {
		if end == '}' {
			if b, ok = quoted(b); !ok || len(b) == 0 || b[0] != ':' {
				return nil, false
			}
			b = b[1:]
		}
		if b, ok = value(b, depth+1); !ok || len(b) == 0 {
			return nil, false
		}
		after := b[0]
		b = b[1:]
		switch after {
		case end:
			return b, true
		case ',':
		default:
			return nil, false
		}
	}
}

// quoted is a string without \u.
func quoted(b []byte) (rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, false
	}
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case !special[c]:
		case c == '"':
			return b[i+1:], true
		case c == '\\' && i+1 < len(b) && escaped[b[i+1]]:
			i++
		default:
			return nil, false
		}
	}
	return nil, false
}

// special are the bytes that end a string, may not stand in one, or may have to be written otherwise: <, > and & do, as do U+2028 and U+2029,
// which begin with E2.
var special = set("\"\\<>&\xe2", ' ')

// escaped are the letters that may follow a backslash, but for u.
var escaped = set(`"\/bfnrt`, 0)

// set returns a set of bytes, with those below a bound.
func set(of string, below byte) (s [256]bool) {
	for _, c := range []byte(of) {
		s[c] = true
	}
	for c := range below {
		s[c] = true
	}
	return s
}

func number(b []byte) (rest []byte, ok bool) {
	if b[0] == '-' {
		b = b[1:]
	}
	if len(b) > 0 && b[0] == '0' {
		b = b[1:]
	} else if b, ok = digits(b); !ok {
		return nil, false
	}
	if len(b) > 0 && b[0] == '.' {
		if b, ok = digits(b[1:]); !ok {
			return nil, false
		}
	}
	if len(b) > 0 && b[0]|0x20 == 'e' {
		if b = b[1:]; len(b) > 0 && (b[0] == '+' || b[0] == '-') {
			b = b[1:]
		}
		if b, ok = digits(b); !ok {
			return nil, false
		}
	}
	return b, true
}

// digits are one or more.
func digits(b []byte) (rest []byte, ok bool) {
	i := 0
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return b[i:], i > 0
}

func word(b []byte, w string) (rest []byte, ok bool) {
	if len(b) < len(w) || string(b[:len(w)]) != w {
		return nil, false
	}
	return b[len(w):], true
}
