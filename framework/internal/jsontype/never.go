package jsontype

import (
	"encoding"
	"encoding/json"
	"reflect"
)

var (
	unmarshalerType     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// Never says what of a type encoding/json never encodes, however deep: "Order.Done is a chan int"; "" if there is nothing. What may be nil, or empty, does
// not excuse it, but for a member that is left out then.
func Never(t reflect.Type) string { return noJSON(t, t.String(), map[reflect.Type]bool{}) }

func noJSON(t reflect.Type, where string, seen map[reflect.Type]bool) string {
	if seen[t] || codesItself(t) {
		return ""
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		return is(where, t)
	case reflect.Map:
		if !isKey(t.Key()) {
			return is(where, t)
		}
		return noJSON(t.Elem(), where+"[]", seen)
	case reflect.Slice, reflect.Array:
		return noJSON(t.Elem(), where+"[]", seen)
	case reflect.Pointer:
		return noJSON(t.Elem(), where, seen)
	case reflect.Struct:
		for _, f := range fieldsOf(t) {
			if f.omitZero || f.omitEmpty && nils(f.typ) {
				continue
			}
			if what := noJSON(f.typ, where+"."+t.FieldByIndex(f.index).Name, seen); what != "" {
				return what
			}
		}
	}
	return ""
}

// nils tells whether omitempty leaves a nil out.
func nils(t reflect.Type) bool {
	k := t.Kind()
	return k == reflect.Slice || k == reflect.Map || k == reflect.Pointer
}

// is says what a place is, which may be the whole.
func is(where string, t reflect.Type) string {
	if where == t.String() {
		return "that is a " + t.Kind().String()
	}
	return where + " is a " + t.String()
}

// codesItself tells whether a type, or a pointer to it, makes its own JSON, or reads it.
func codesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return marshals(t) != "" || p.Implements(unmarshalerType) || p.Implements(textUnmarshalerType)
}
