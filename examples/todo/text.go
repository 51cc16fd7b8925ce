package main

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sojourn-go/sojourn/framework"
)

// checkLength returns a text without the spaces around it, if it has something to see and at most so many characters.
func checkLength(text string, most int) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case !strings.ContainsFunc(text, visible):
		return "", framework.Errorf(framework.CodeInvalid, "there is nothing to see in it")
	case utf8.RuneCountInString(text) > most:
		return "", framework.Errorf(framework.CodeInvalid, "it has more than %d characters", most)
	}
	return text, nil
}

// visible tells whether a character leaves ink. Those that join others, or turn them round, do not.
func visible(r rune) bool {
	const blank = '\u2800' // the pattern of Braille without a dot
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && r != blank && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// quoted is a text among other words: whichever way it is written, it does not turn them round (Unicode's annex 9: first strong isolate).
func quoted(text string) string { return "“" + isolated(text) + "”" }

func isolated(text string) string { return "\u2068" + text + "\u2069" }
