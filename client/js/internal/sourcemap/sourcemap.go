// Package sourcemap reads and writes source maps (ECMA-426), as far as the client's parts need them.
package sourcemap

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// Map is a source map, as JSON has it.
type Map struct {
	Version        int      `json:"version"`
	File           string   `json:"file,omitempty"`
	Sources        []string `json:"sources"`
	SourcesContent []string `json:"sourcesContent"`
	Names          []string `json:"names"`
	Mappings       string   `json:"mappings"`
}

// Index is a map whose sections each have a map of their own.
type Index struct {
	Version  int       `json:"version"`
	Sections []Section `json:"sections"`
}

// Section is the map of what comes from a place on.
type Section struct {
	Offset Place `json:"offset"`
	Map    Map   `json:"map"`
}

// Place is a place in a text, counted from 0; columns in UTF-16.
type Place struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Segment says where something comes from.
type Segment struct {
	At     Place
	Source int // -1: nowhere
	From   Place
	Name   int // -1: none
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// Lines returns the mappings of a text whose every line comes from the same line of the first source.
func Lines(text string) string {
	n := strings.Count(text, "\n")
	if n == 0 {
		return "AAAA"
	}
	return "AAAA" + strings.Repeat(";AACA", n)
}

// Parse reads mappings.
func Parse(mappings string) ([]Segment, error) {
	var all []Segment
	var source, name int
	var from Place
	for line, group := range strings.Split(mappings, ";") {
		column := 0
		for text := range strings.SplitSeq(group, ",") {
			if text == "" {
				continue
			}
			fields, err := numbers(text)
			if err != nil {
				return nil, err
			}
			s := Segment{Source: -1, Name: -1}
			column += fields[0]
			if len(fields) >= 4 {
				source, from.Line, from.Column = source+fields[1], from.Line+fields[2], from.Column+fields[3]
				s.Source, s.From = source, from
			}
			if len(fields) == 5 {
				name += fields[4]
				s.Name = name
			}
			s.At = Place{line, column}
			all = append(all, s)
		}
	}
	return all, nil
}

// numbers reads a segment: one, four or five numbers in base 64, least digit first, whose lowest bit is the sign.
func numbers(text string) (fields []int, err error) {
	value, shift := 0, 0
	for _, c := range []byte(text) {
		digit := strings.IndexByte(digits, c)
		if digit < 0 || shift > 30 {
			return nil, errors.New("sourcemap: malformed mappings")
		}
		value |= digit & 31 << shift
		shift += 5
		if digit&32 == 0 {
			if value&1 != 0 {
				value = -value
			}
			fields = append(fields, value/2)
			value, shift = 0, 0
		}
	}
	if n := len(fields); shift != 0 || n != 1 && n != 4 && n != 5 {
		return nil, errors.New("sourcemap: malformed mappings")
	}
	return fields, nil
}

// Format writes mappings.
func Format(all []Segment) string {
	slices.SortStableFunc(all, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column))
	})
	var b []byte
	var at, from Place
	var source, name int
	for i, s := range all {
		if s.At.Line == at.Line && i > 0 {
			b = append(b, ',')
		}
		for ; at.Line < s.At.Line; at = (Place{at.Line + 1, 0}) {
			b = append(b, ';')
		}
		b = number(b, s.At.Column-at.Column)
		at = s.At
		if s.Source < 0 {
			continue
		}
		b = number(number(number(b, s.Source-source), s.From.Line-from.Line), s.From.Column-from.Column)
		source, from = s.Source, s.From
		if s.Name >= 0 {
			b = number(b, s.Name-name)
			name = s.Name
		}
	}
	return string(b)
}

func number(b []byte, n int) []byte {
	n *= 2
	if n < 0 {
		n = -n | 1
	}
	for ; n > 31; n >>= 5 {
		b = append(b, digits[n&31|32])
	}
	return append(b, digits[n])
}
