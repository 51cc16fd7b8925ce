package rawjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/framework/internal/rawjson"
)

func TestPlainIsWhatClientsSend(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `false`, `0`, `-1`, `12.5e-3`, `1E9`, `""`, `"näve \" \\ \/ \b\f\n\r\t"`, `[]`, `{}`, `[1,[2],{}]`, `{"text":"hello","to":["ann","bob"],"n":1.5}`,
	} {
		if !rawjson.Plain([]byte(text)) {
			t.Errorf("%s is not plain", text)
		}
	}
}

func TestPlainIsNothingElse(t *testing.T) {
	deep := strings.Repeat("[", 20_000)
	for _, text := range []string{
		``, ` `, `1 `, ` 1`, `[1, 2]`, `{"a": 1}`, `nul`, `nulll`, `truefalse`, `1 2`, `01`, `+1`, `1.`, `.5`, `1e`, `1e+`, `-`, `--1`, `0x1`, `NaN`,
		`"`, `"\x"`, `"\`, "\"\n\"", "\"\x00\"", `"a"b`, `'a'`, `[`, `]`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1}`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`,
		`{"a"}`, `{1:2}`, `{a:1}`, `{"a":1]`, `{,}`, `"<"`, `">"`, `"&"`, "\"\u2028\"", "\"\u2029\"", deep, deep + strings.Repeat("]", 20_000),
	} {
		if rawjson.Plain([]byte(text)) {
			t.Errorf("%.40q is plain", text)
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, text := range []string{
		`{"text":"hello","to":["ann","bob"],"n":-1.5e3}`, `["\u2028","<&>","\u00e4",null,true,false]`, "\"\u2028 \u2029 \xe2\x80\"", ` { "a" : [ 1 , 2 ] } `, `01`, `"\u12"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !rawjson.Plain(text) {
			return
		}
		var raw json.RawMessage
		if err := json.Unmarshal(text, &raw); err != nil || string(raw) != string(text) {
			t.Errorf("%q is plain, and read as %q (%v)", text, raw, err)
		}
		if again, err := json.Marshal(json.RawMessage(text)); err != nil || string(again) != string(text) {
			t.Errorf("%q is plain, and written as %q (%v)", text, again, err)
		}
	})
}
