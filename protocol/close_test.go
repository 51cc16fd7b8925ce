package protocol

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// what the table in docs/protocol.md calls an Action. Stopping one connection and stopping altogether
// are the same to it: the client does not connect again because of the code.
var actionNames = map[string]Action{
	"resumes": Resume, "resumes, backing off": Resume, "resume": Resume,
	"anew":  Anew,
	"stops": Stop, "stops this connection": Stop, "stop": Stop,
}

func TestCodesAreThoseOfTheDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "## Close codes\n")
	if !ok {
		t.Fatal("docs/protocol.md has no section on close codes")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	rows := regexp.MustCompile("(?m)^\\| (\\d+) \\| `(\\w+)` \\| ([^|]+) \\| (\\d+) \\|").FindAllStringSubmatch(section, -1)
	for _, row := range rows {
		number, _ := strconv.Atoi(row[1])
		status, _ := strconv.Atoi(row[4])
		action, known := actionNames[row[3]]
		if !known {
			t.Errorf("code %d: the docs say the client %q, which is not an action", number, row[3])
		}
		checkCode(t, Code(number), row[2], action, status)
	}
	if len(rows) != len(codes) {
		t.Errorf("the docs have %d codes, the code %d", len(rows), len(codes))
	}
}

func TestCodesAreThoseOfTheVectors(t *testing.T) {
	rows := readVectors(t).Codes
	for _, row := range rows {
		action, known := actionNames[row.Action]
		if !known {
			t.Errorf("code %d: unknown action %q", int(row.Code), row.Action)
		}
		checkCode(t, row.Code, row.Name, action, row.Status)
	}
	if len(rows) != len(codes) {
		t.Errorf("the vectors have %d codes, the code %d", len(rows), len(codes))
	}
}

func checkCode(t *testing.T, code Code, name string, action Action, status int) {
	t.Helper()
	if _, ok := codes[code]; !ok {
		t.Errorf("code %d is not in the code", int(code))
		return
	}
	if code.String() != name || code.Action() != action || code.Status() != status {
		t.Errorf("code %d is %s, action %d, status %d; want %s, %d, %d",
			int(code), code, code.Action(), code.Status(), name, action, status)
	}
}

func TestUnknownCodeResumes(t *testing.T) {
	c := Code(4999)
	if c.String() != "4999" || c.Action() != Resume || c.Status() != 200 {
		t.Errorf("unknown code: %s, action %d, status %d", c, c.Action(), c.Status())
	}
}

// A close's reason comes from a program or from an error: it must not be able to break out of its field.
func TestCloseWhyIsOneField(t *testing.T) {
	c := &Close{Code: CodeEnded, Why: "a,b|c*d\r\ne\x00f\x7fg\xff"}
	f, err := ParseFrame(c.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseClose(f)
	if err != nil || got.Why != "a b c d  e f g�" || f.Payload != nil || f.Field(3) != nil {
		t.Errorf("got %+v, %v from %q", got, err, c.Append(nil))
	}
}

func TestCloseOf(t *testing.T) {
	_, malformedErr := ParseFrame(nil)
	for _, test := range []struct {
		err  error
		want Code
	}{
		{&Close{Code: CodeGone}, CodeGone},
		{fmt.Errorf("attach: %w", &Close{Code: CodeFull}), CodeFull},
		{malformedErr, CodeMalformed},
		{io.ErrUnexpectedEOF, CodeUnavailable},
	} {
		if got := CloseOf(test.err); got.Code != test.want {
			t.Errorf("CloseOf(%v) is %v, want %v", test.err, got.Code, test.want)
		}
	}
	if why := CloseOf(errors.New("dial tcp 10.0.0.7: secret")).Why; why != "" {
		t.Errorf("an internal error's text reaches the client: %q", why)
	}
}
