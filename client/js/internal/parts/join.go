package parts

import (
	"bytes"
	"strings"
)

// Script is one built part: Text declares sojourn_<Name>.
type Script struct {
	Name string
	Text []byte
}

// Join makes one ES module of the core and the transports.
func Join(core []byte, transports []Script) []byte {
	var b bytes.Buffer
	b.Write(unstamped(core))
	var list []string
	for _, t := range transports {
		b.Write(unstamped(t.Text))
		if !bytes.HasSuffix(t.Text, []byte{'\n'}) {
			b.WriteByte('\n')
		}
		list = append(list, "sojourn_"+identifier(t.Name))
	}
	b.WriteString("export const connect=(u,o)=>sojourn_connect(u,o,[" + strings.Join(list, ",") + "])\n")
	return b.Bytes()
}

// unstamped drops a built part's first line: what is served does not need it.
func unstamped(script []byte) []byte {
	if stamp, rest, ok := bytes.Cut(script, []byte{'\n'}); ok && bytes.HasPrefix(stamp, []byte(mark)) {
		return rest
	}
	return script
}

func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
}
