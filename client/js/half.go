package js

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/tdewolff/parse/v2"
	parser "github.com/tdewolff/parse/v2/js"
)

// MaxHalf is how many bytes a client half may have: 256 KiB.
const MaxHalf = 256 << 10

// Half is the client half of a service: an ES module in one file, that exports a function as default, and perhaps its codec.
type Half struct {
	// Service is the service's name, a JavaScript identifier.
	Service string
	// Text is the module; nil: the service has none, and pages get what the instance has. It imports nothing, and its one "export default" begins a
	// line, or its last statement is a list "export{x as default}", as bundlers write it. It is JavaScript up to ES2025, without await at the top: a bundler lowers what is newer.
	Text []byte
}

var (
	imports      = regexp.MustCompile(`(?m)^[ \t]*import\b[ \t]*["'{*\w$]|^export[ \t]*(?:\*|\{[^}\n]*\})[^\n;]*\bfrom[ \t]*["']`)
	exports      = regexp.MustCompile(`(?m)^export\b[^\n]*`)
	exportsThis  = regexp.MustCompile(`^export[ \t]+default\b`)
	exportsNamed = regexp.MustCompile(`^export[ \t]+default[ \t]+(?:async[ \t]+)?(?:function\b[ \t]*\*?|class\b)[ \t]*([\w$]+)`)
	declares     = regexp.MustCompile(`^export[ \t]+(?:async[ \t]+)?(?:const|let|var|class|function)\b[ \t]*\*?[ \t]*([\w$]+)`)
	lastList     = regexp.MustCompile(`(?:^|[^\w$.])(export\s*\{([^{}]*)\})[\s;]*(?://[^\n]*\s*)*$`)
	listed       = regexp.MustCompile(`([\w$]+)(?:\s+as\s+([\w$]+))?`)
)

// wrap makes the half an expression: a call of a function that holds the module, each character where it was but for the exports. It stands on lines of its own.
func (h Half) wrap() (string, error) {
	if err := h.check(); err != nil {
		return "", err
	}
	text := bytes.Clone(h.Text)
	var defaults []string
	codec := "undefined"
	if at := lastList.FindSubmatchIndex(text); at != nil {
		for _, m := range listed.FindAllSubmatch(text[at[4]:at[5]], -1) {
			switch local := string(m[1]); {
			case string(m[2]) == "default":
				defaults = append(defaults, local)
			case string(m[2]) == "codec", local == "codec" && m[2] == nil:
				codec = local
			}
		}
		blank(text[at[2]:at[3]])
	}
	for _, at := range exports.FindAllIndex(text, -1) {
		line := text[at[0]:at[1]]
		if m := exportsNamed.FindSubmatch(line); m != nil {
			defaults = append(defaults, string(m[1]))
			blank(exportsThis.Find(line))
		} else if this := exportsThis.Find(line); this != nil {
			defaults = append(defaults, "sojourn_half")
			blank(this)
			copy(this, "sojourn_half =") // no longer than the shortest way to write what it replaces
		} else if m := declares.FindSubmatch(line); m != nil {
			if string(m[1]) == "codec" {
				codec = "codec"
			}
			blank(line[:len("export")])
		} else {
			return "", fmt.Errorf("line %d: an export that is not understood: write \"export default\" and \"export const codec\"", lineOf(text, at[0]))
		}
	}
	if len(defaults) != 1 {
		return "", fmt.Errorf("%d default exports, not one: \"export default\" at the beginning of a line", len(defaults))
	}
	wrapped := fmt.Sprintf("(()=>{let sojourn_half;\n%s\nreturn{default:%s,codec:%s}})()\n", text, defaults[0], codec)
	return wrapped, parses("\n"+string(h.Text), wrapped)
}

// parses finds what a browser could not read: because of one half, the whole app would not work. The texts begin with a line that is not the half's.
func parses(texts ...string) error {
	for _, text := range texts {
		_, err := parser.Parse(parse.NewInputString(text), parser.Options{})
		if e, ok := errors.AsType[*parse.Error](err); ok {
			return fmt.Errorf("line %d, column %d: %s", e.Line-1, e.Column, e.Message)
		}
	}
	return nil
}

func (h Half) check() error {
	switch {
	case h.Service == "rt":
		return errors.New("app.rt is the client: a service of this name can have no client half")
	case len(h.Text) > MaxHalf:
		return fmt.Errorf("%d bytes, more than %d", len(h.Text), MaxHalf)
	case !utf8.Valid(h.Text):
		return errors.New("not UTF-8")
	}
	if at := imports.FindIndex(h.Text); at != nil {
		return fmt.Errorf("line %d: it imports, but a client half is one file: bundle it", lineOf(h.Text, at[0]))
	}
	return nil
}

func lineOf(text []byte, at int) int { return 1 + bytes.Count(text[:at], []byte{'\n'}) }

// blank keeps lines and columns.
func blank(text []byte) {
	for i, c := range text {
		if c != '\n' && c != '\r' {
			text[i] = ' '
		}
	}
}
