package main

import (
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
)

// What nobody can see is no name and no text; what has something to see keeps what belongs to it.
func TestTextsAreSeen(t *testing.T) {
	for _, text := range []string{"", " \t\n", "\u200b", "\u200b\u200d\ufeff", "\u00ad", "\u202e\u202c", "\u3164", "\u2800", "\ufe0f", "\u3000", "\x00\x1b"} {
		if got, err := checkLength(text, 10); err == nil {
			t.Errorf("%q is taken, as %q", text, got)
		}
	}
	for _, text := range []string{"x", "❤\ufe0f", "👩\u200d🚀", "שלום", "می\u200cخواهم", "!", "ä", "\u200bx"} {
		if got, err := checkLength(" "+text+"\n", 10); err != nil || got != text {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	if _, err := checkLength(strings.Repeat("ä", 10), 10); err != nil {
		t.Error(err)
	}
	if _, err := checkLength(strings.Repeat("ä", 11), 10); err == nil {
		t.Error("a text that is too long is taken")
	}
}

// Nothing can be called by an invisible name, wherever names and texts are given.
func TestInvisibleNamesAreRefused(t *testing.T) {
	_, ann, _ := begin(t)
	addAll(ann, "milk")
	const unseen = "\u200b"
	for method, in := range map[string]any{
		"lists.create": Creating{ListRef{"another-list"}, unseen},
		"lists.rename": Renaming{ListRef{"shopping"}, []string{"shopping"}, "rev-0001", unseen},
		"items.add":    Adding{Ref: ref("tea"), Text: unseen},
		"items.edit":   edited("milk", unseen, "rev-0001", ref("milk").ID),
	} {
		ann.Fails(method, in, framework.CodeInvalid)
	}
}
