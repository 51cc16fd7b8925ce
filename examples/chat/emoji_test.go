package main

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEmojiAreFoundByTheirNames(t *testing.T) {
	for word, want := range map[string]string{
		"smi":   "😄 smile, 😏 smirk",
		"SMILE": "😄 smile",
		"star":  "⭐ star",
		"hea":   "😍 heart_eyes, ❤️ heart",
		"heart": "❤️ heart, 😍 heart_eyes", // of that very name
		"+1":    "👍 +1",
		"yes":   "👍 yes",
		"mile":  "",
		"😄":     "",
	} {
		found, err := findEmoji(t.Context(), word)
		var got []string
		for _, e := range found {
			got = append(got, e.Char+" "+e.Name)
		}
		if err != nil || strings.Join(got, ", ") != want {
			t.Errorf("%s: %q, %v, want %s", word, got, err, want)
		}
	}
	for _, word := range []string{"", "s"} {
		if found, err := findEmoji(t.Context(), word); err != nil || len(found) != maxFound {
			t.Errorf("%q: %d, %v, want %d", word, len(found), err, maxFound)
		}
	}
}

// A name is of one emoji, and can be typed.
func TestEmojiNames(t *testing.T) {
	var names []string
	for line := range strings.Lines(emojiNames) {
		fields := strings.Fields(line)
		if len(fields) < 2 || utf8.RuneCountInString(fields[0]) > 2 {
			t.Fatalf("%q is not an emoji and its names", line)
		}
		names = append(names, fields[1:]...)
	}
	for _, name := range names {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_+-0123456789") != "" || len(name) < 2 {
			t.Errorf("the page does not take %q for a name", name)
		}
	}
	if slices.Sort(names); len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("a name is there twice: %q", names)
	}
}

// It needs no room.
func TestEmojiAreFoundForThePage(t *testing.T) {
	ann := start(t, services...)()
	var found []Emoji
	if err := ann.Volatile(t.Context(), "emoji.find", "smile", &found); err != nil || len(found) != 1 || found[0] != (Emoji{"😄", "smile"}) {
		t.Errorf("found %v, %v", found, err)
	}
}
