package jsontype

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// field is a member of the object that a struct becomes.
type field struct {
	name      string
	typ       reflect.Type
	index     []int // of the fields that lead there
	tagged    bool  // the tag names it
	omitEmpty bool
	omitZero  bool
	quoted    bool // the option "string"
	absent    bool // when a pointer to what embeds it is nil
}

// embedded is a struct whose fields count as those of the one that embeds it.
type embedded struct {
	typ    reflect.Type
	index  []int
	absent bool
}

// fieldsOf returns the members that encoding/json makes of a struct, by the rules that its Marshal documents: of those that have the
// same name the least nested is taken, then the one that is tagged, and if there are several of these none.
func fieldsOf(t reflect.Type) []field {
	var all []field
	seen := map[reflect.Type]bool{}
	var count, nextCount map[reflect.Type]int
	for next := []embedded{{typ: t}}; len(next) > 0; {
		level := next
		next, count, nextCount = nil, nextCount, map[reflect.Type]int{}
		for _, e := range level {
			if seen[e.typ] {
				continue
			}
			seen[e.typ] = true
			for i := range e.typ.NumField() {
				f, inner, ok := fieldOf(e, i)
				switch {
				case !ok:
				case inner == nil:
					all = append(all, f)
					if count[e.typ] > 1 { // embedded twice: neither is taken
						all = append(all, f)
					}
				default:
					if nextCount[inner.typ]++; nextCount[inner.typ] == 1 {
						next = append(next, *inner)
					}
				}
			}
		}
	}
	return dominant(all)
}

// fieldOf returns a struct's field i; or, if it is embedded and its members are the struct's own, what it embeds.
func fieldOf(e embedded, i int) (f field, inner *embedded, ok bool) {
	sf := e.typ.Field(i)
	under := sf.Type
	if under.Kind() == reflect.Pointer && under.Name() == "" {
		under = under.Elem()
	}
	tag := sf.Tag.Get("json")
	if tag == "-" || !sf.IsExported() && (!sf.Anonymous || under.Kind() != reflect.Struct) {
		return f, nil, false
	}
	name, options, _ := strings.Cut(tag, ",")
	if !validName(name) {
		name = ""
	}
	index := append(slices.Clone(e.index), i)
	if name == "" && sf.Anonymous && under.Kind() == reflect.Struct {
		return f, &embedded{under, index, e.absent || sf.Type.Kind() == reflect.Pointer}, true
	}
	f = field{name: cmp.Or(name, sf.Name), typ: sf.Type, index: index, tagged: name != "", absent: e.absent}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty":
			f.omitEmpty = true
		case "omitzero":
			f.omitZero = true
		case "string":
			f.quoted = quotable(under)
		}
	}
	return f, nil, true
}

func quotable(t reflect.Type) bool {
	k := t.Kind()
	return reflect.Bool <= k && k <= reflect.Float64 || k == reflect.String
}

func validName(name string) bool {
	for _, c := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return false
		}
	}
	return name != ""
}

// dominant leaves one field of each name, or none, in the order of the sources.
func dominant(all []field) []field {
	depth := func(f field) int { return len(f.index) }
	rank := func(a, b field) int {
		if c := cmp.Compare(depth(a), depth(b)); c != 0 || a.tagged == b.tagged {
			return c
		}
		if a.tagged {
			return -1
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b field) int { return cmp.Or(strings.Compare(a.name, b.name), rank(a, b)) })
	var taken []field
	for i := 0; i < len(all); {
		end := i + 1
		for end < len(all) && all[end].name == all[i].name {
			end++
		}
		if end == i+1 || rank(all[i], all[i+1]) != 0 {
			taken = append(taken, all[i])
		}
		i = end
	}
	slices.SortFunc(taken, func(a, b field) int { return slices.Compare(a.index, b.index) })
	return taken
}
