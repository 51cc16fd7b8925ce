package sockjs_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/transports/sockjs"
)

// spoiled are the characters that must not leave as they are.
func spoiled() (all []rune) {
	for _, between := range [][2]rune{{0, 0x1f}, {0x200c, 0x200f}, {0x2028, 0x202f}, {0x2060, 0x206f}, {0xfff0, 0xffff}} {
		for r := between[0]; r <= between[1]; r++ {
			all = append(all, r)
		}
	}
	return all
}

func TestSection2_6_WhatBrowsersSpoilIsEscaped(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.poll("/000/one")
		text := string(spoiled()) + `"\/ é😀<`
		sent, err := json.Marshal([]string{text})
		w.must(err)
		w.send("/000/one", string(sent))
		want := `a["`
		for _, r := range spoiled() {
			switch r {
			case '\n':
				want += `\n`
			case '\r':
				want += `\r`
			case '\t':
				want += `\t`
			default:
				want += fmt.Sprintf(`\u%04x`, r)
			}
		}
		w.same("a poll", w.poll("/000/one"), want+`\"\\/ é😀<"]`+"\n")
		w.same("heard", w.heard, []string{text})
	})
}

func TestSection2_6_AnyEscapeIsRead(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.poll("/000/one")
		var escaped, want strings.Builder
		for r := range rune(0x10000) {
			if r < 0xd800 || r > 0xdfff { // surrogates are below
				fmt.Fprintf(&escaped, `\u%04x`, r)
				want.WriteRune(r)
			}
		}
		w.send("/000/one", `["`+escaped.String()+`","\ud83d","\ud83d\ude00","\ude00\ud83d"]`)
		w.same("heard", w.noted(&w.heard), []string{want.String(), "\ufffd", "😀", "\ufffd\ufffd"})
	})
}

// A heartbeat, an end or JSON in a message is a message.
func TestSection2_12_MessagesAreNoFrames(t *testing.T) {
	for way := range receivings {
		inWorld(t, sockjs.Options{}, func(w *world) {
			s := w.receive("/000/one", way)
			s.gives("o")
			if receivings[way].prelude == "" {
				s = nil
			}
			body := bodyOf("", `c[3000,"Go away!"]`, "o", `a["x"]`, "100%25", "</script>", "\ufeff")
			w.send("/000/one", body)
			if s == nil {
				s = w.receive("/000/one", way)
			}
			frame, err := s.next()
			w.must(err)
			got, err := messagesIn(frame)
			w.must(err)
			w.same("what came by "+way, got, []string{"", `c[3000,"Go away!"]`, "o", `a["x"]`, "100%25", "</script>", "\ufeff"})
		})
	}
}
