package jsontype

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"
)

type (
	ref struct {
		List string `json:"list"`
	}
	Named struct {
		Name string `json:"name"`
	}
	own struct{ n int }
	all struct {
		ref
		*Named
		N       uint8           `json:"n"`
		F       *float64        `json:"f"`
		Yes     bool            `json:"yes"`
		Lines   []ref           `json:"lines"`
		By      map[string]*ref `json:"by"`
		Keys    map[int]string
		Addr    netip.Addr
		At      time.Time
		Bytes   []byte
		Own     own
		Nothing fmt.Stringer
	}
	itself []itself
)

// UnmarshalJSON reads what is not to be told.
func (o *own) UnmarshalJSON([]byte) error { return json.Unmarshal([]byte(`"secret"`), &o.n) }

// What does not fit is named by the names that JSON has, with what is wanted in its place; what else goes wrong is not told.
func TestMisfit(t *testing.T) {
	for text, want := range map[string]string{
		`"x"`:                        `want object, have string`,
		`[]`:                         `want object, have array`,
		`{"list":1}`:                 `want string in "list", have number`,
		`{"LIST":1}`:                 `want string in "list", have number`,
		`{"name":true}`:              `want string in "name", have bool`,
		`{"n":300}`:                  `want uint8 in "n", have number`,
		`{"f":"1"}`:                  `want number in "f", have string`,
		`{"yes":"1"}`:                `want bool in "yes", have string`,
		`{"lines":{}}`:               `want array in "lines", have object`,
		`{"lines":[{"list":"a"},3]}`: `want object in "lines", have number`,
		`{"lines":[{"list":[]}]}`:    `want string in "lines.list", have array`,
		`{"by":{"a":{"list":{}}}}`:   `want string in "by.list", have object`,
		`{"Addr":4}`:                 `want string in "Addr", have number`,
		`{"Bytes":4}`:                `want string in "Bytes", have number`,
		`{"Keys":{"x":"y"}}`:         "",
		`{"Addr":"x"}`:               "",
		`{"At":3}`:                   "",
		`{"At":"x"}`:                 "",
		`{"Bytes":"!"}`:              "",
		`{"Own":1}`:                  "",
		`{"Nothing":1}`:              "",
		`{`:                          "",
	} {
		err := json.Unmarshal([]byte(text), &all{})
		if err == nil {
			t.Errorf("%s fits", text)
		}
		if got := Misfit(reflect.TypeFor[all](), err); got != want {
			t.Errorf("%s: %q, want %q (%v)", text, got, want, err)
		}
	}
	if got, want := Misfit(reflect.TypeFor[itself](), json.Unmarshal([]byte("[[4]]"), &itself{})), "want array, have number"; got != want {
		t.Errorf("a list of itself: %q, want %q", got, want)
	}
	if got := Misfit(reflect.TypeFor[itself](), json.Unmarshal([]byte(`"x"`), new(int))); got != "" {
		t.Errorf("another type's error: %q", got)
	}
}
