package jsontype

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Misfit says what of some JSON does not fit a type, as decoding it told: `want string in "lines.text", have number`; "" if that is not known. It
// names members of the type, and what JSON has; any other error may be of the program's own decoding, and say what nobody is to hear.
func Misfit(t reflect.Type, err error) string {
	e, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return ""
	}
	path, ok := find(t, e.Field, e.Type)
	want := wanted(e.Type)
	if !ok || want == "" {
		return ""
	}
	have, _, _ := strings.Cut(e.Value, " ") // a number stands behind its kind
	if path == "" {
		return fmt.Sprintf("want %s, have %s", want, have)
	}
	return fmt.Sprintf("want %s in %q, have %s", want, path, have)
}

// find follows encoding/json's path into a type, to where there is one of type leaf, and returns the path without the names of embedded structs, which
// JSON does not have.
func find(t reflect.Type, path string, leaf reflect.Type) (members string, ok bool) {
	var found []string
	for name := range strings.SplitSeq(path, ".") {
		in := inside(t, func(t reflect.Type) bool { return t.Kind() == reflect.Struct })
		if in.Kind() != reflect.Struct {
			break
		}
		fields := fieldsOf(in)
		if i := slices.IndexFunc(fields, func(f field) bool { return f.name == name }); i >= 0 {
			t, found = fields[i].typ, append(found, name)
		}
	}
	t = inside(t, func(t reflect.Type) bool { return t == leaf })
	return strings.Join(found, "."), t == leaf
}

// inside returns the first type that is looked for among a type, its elements, their elements ..., or where they end.
func inside(t reflect.Type, is func(reflect.Type) bool) reflect.Type {
	for range 10 { // a type may be a list of itself
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			if !is(t) {
				t = t.Elem()
			}
		}
	}
	return t
}

// wanted says what JSON a type is read from; "" if only the type knows.
func wanted(t reflect.Type) string {
	switch p := reflect.PointerTo(t); {
	case p.Implements(unmarshalerType):
		return ""
	case p.Implements(textUnmarshalerType), isBase64(t):
		return "string"
	}
	switch k := t.Kind(); k {
	case reflect.Struct, reflect.Map:
		return "object"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Interface:
		return ""
	default:
		return k.String()
	}
}
