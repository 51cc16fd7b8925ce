package repl

import (
	"slices"
	"strings"
	"unicode/utf8"
)

const keyTab = '\t'

// tab completes the word before the cursor as far as there is no choice, and prints what there is to choose from. It is a term.Terminal's
// AutoCompleteCallback.
func (s *session) tab(line string, pos int, key rune) (newLine string, newPos int, ok bool) {
	if key != keyTab {
		return "", 0, false
	}
	from, words := s.complete(line[:pos])
	if len(words) == 0 {
		return line, pos, true
	}
	word := beginning(words)
	if len(words) == 1 && !strings.HasSuffix(word, "/") {
		word += " "
	} else if len(word) == pos-from {
		s.out.say(strings.Join(words, "  "))
	}
	return line[:from] + word + line[pos:], from + len(word), true
}

// complete returns where the last word of a line begins, and what it may become.
func (s *session) complete(line string) (from int, words []string) {
	if len(s.in.typed) > 0 { // it is the middle of a payload
		return 0, nil
	}
	begun := strings.TrimLeft(line, " ")
	word, args, more := strings.Cut(begun, " ")
	if !more {
		for _, c := range commands() {
			words = append(words, c.name)
		}
		return matching(line, begun, append(words, s.methods()...))
	}
	for _, c := range commands() {
		if c.name == word && c.complete != nil {
			return matching(line, strings.TrimLeft(args, " "), c.complete(s))
		}
	}
	return 0, nil
}

// matching returns the words that go on from how a line ends.
func matching(line, end string, words []string) (from int, matches []string) {
	for _, word := range words {
		if strings.HasPrefix(word, end) && !strings.ContainsFunc(word, unprintable) {
			matches = append(matches, word)
		}
	}
	slices.Sort(matches)
	return len(line) - len(end), slices.Compact(matches)
}

// beginning returns what all words begin with.
func beginning(words []string) string {
	common := words[0]
	for _, word := range words {
		for !strings.HasPrefix(word, common) {
			_, last := utf8.DecodeLastRuneInString(common)
			common = common[:len(common)-last]
		}
	}
	return common
}
