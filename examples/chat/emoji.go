package main

import (
	"context"
	_ "embed"
	"slices"
	"strings"

	"github.com/sojourn-go/sojourn/services/rpc"
)

//go:embed emoji.txt
var emojiNames string // a line for each: the emoji, and its names

// Emoji is a character and the name that it was found by.
type Emoji struct {
	Char string `json:"char"`
	Name string `json:"name"`
}

const maxFound = 5

// findEmoji returns the emoji that have a name that begins with a word: first the one of that very name, then the others in the order of the file, 5 at most. It
// is a plain Go function, which knows nothing of sockets and turns.
func findEmoji(_ context.Context, word string) ([]Emoji, error) {
	word = strings.ToLower(word)
	found := []Emoji{}
	for line := range strings.Lines(emojiNames) {
		char, names, _ := strings.Cut(strings.TrimSpace(line), " ")
		for name := range strings.FieldsSeq(names) {
			if strings.HasPrefix(name, word) {
				found = append(found, Emoji{char, name})
				break
			}
		}
	}
	if i := slices.IndexFunc(found, func(e Emoji) bool { return e.Name == word }); i > 0 {
		exact := found[i]
		found = slices.Insert(slices.Delete(found, i, i+1), 0, exact)
	}
	return found[:min(len(found), maxFound)], nil
}

// emoji finds emoji for the page, while somebody types. What is lost with a connection is asked again with the next letter, so nothing of it goes to the store.
var emoji = rpc.New("emoji", rpc.Funcs{"find": rpc.Func(findEmoji).Volatile()})
