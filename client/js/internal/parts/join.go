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
	var names []string
	for _, s := range append([]Script{{"connect", core}}, transports...) {
		_, text := Cut(s.Text)
		b.Write(text)
		names = append(names, s.Name)
	}
	b.WriteString("export const connect=(u,o)=>sojourn_connect(u,o," + List(names[1:]) + ")\n")
	return b.Bytes()
}

// List returns the JavaScript array of what scripts of these names declare.
func List(names []string) string {
	var list []string
	for _, name := range names {
		list = append(list, "sojourn_"+identifier(name))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// Cut separates a script's stamp, if it has one, from its text, which ends with a line break. What is served does not need the stamp.
func Cut(script []byte) (stamp string, text []byte) {
	if line, rest, ok := bytes.Cut(script, []byte{'\n'}); ok && bytes.HasPrefix(line, []byte(mark)) {
		stamp, script = string(line), rest
	}
	if !bytes.HasSuffix(script, []byte{'\n'}) {
		script = append(bytes.Clone(script), '\n')
	}
	return stamp, script
}

func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
}
