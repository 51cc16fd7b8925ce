package jsontype

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// Types are all the types that one description speaks of: what has a name is declared once.
type Types struct {
	declared []reflect.Type // in the order in which they were met
	merged   map[reflect.Type]bool
	names    map[reflect.Type]string
	main     string
}

// Of returns the types of payloads and of states, and of everything in them. Main is the path of the program's main package, which reflection
// calls main.
func Of(main string, payloads, states []reflect.Type) *Types {
	ts := &Types{merged: map[reflect.Type]bool{}, main: main}
	for _, t := range payloads {
		ts.meet(t, false)
	}
	for _, t := range states {
		ts.meet(t, true)
	}
	ts.names = ts.namesOf(ts.declared)
	return ts
}

// Payload returns the expression for a message's payload or a topic's entry; "" for a struct without fields, in which there is nothing to say.
func (ts *Types) Payload(t reflect.Type) string {
	switch t {
	case bytesType:
		return "Uint8Array"
	case payloadType: // is passed on as it is
		return unknown
	}
	if isNothing(t) {
		return ""
	}
	return ts.whole(t, false)
}

// State returns the expression for a state's value, which changes by merge patches: what is null in it may be absent.
func (ts *Types) State(t reflect.Type) string { return ts.whole(t, true) }

// Declared returns the types that expressions name.
func (ts *Types) Declared() []protocol.TypeInfo {
	var list []protocol.TypeInfo
	for _, t := range ts.declared {
		list = append(list, protocol.TypeInfo{Name: ts.names[t], Type: ts.body(t, ts.merged[t], "\n"), Go: ts.path(t) + "." + t.Name()})
	}
	return list
}

func (ts *Types) path(t reflect.Type) string {
	if t.PkgPath() == "main" && ts.main != "" {
		return ts.main
	}
	return t.PkgPath()
}

const (
	unknown = "unknown"
	never   = "never" // cannot be encoded: channels, functions, complex numbers
)

var (
	marshalerType     = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
	timeType          = reflect.TypeFor[time.Time]()
	numberType        = reflect.TypeFor[json.Number]()
	bytesType         = reflect.TypeFor[[]byte]()
	payloadType       = reflect.TypeFor[protocol.Payload]()
	zeroerType        = reflect.TypeFor[interface{ IsZero() bool }]()
)

// meet notes the types that writing t would name. In a state null means absent: merged tells that t is part of one.
func (ts *Types) meet(t reflect.Type, merged bool) {
	if !isDeclared(t) {
		ts.body(t, merged, "; ")
		return
	}
	known, ok := ts.merged[t]
	if !ok {
		ts.declared = append(ts.declared, t)
	}
	if !ok || merged && !known {
		ts.merged[t] = merged
		ts.body(t, merged, "\n")
	}
}

func isNothing(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.NumField() == 0 && marshals(t) == ""
}

// isDeclared tells whether a type gets a name: strings too, since they may have constants.
func isDeclared(t reflect.Type) bool {
	if t.Name() == "" || t.PkgPath() == "" || marshals(t) != "" || isBase64(t) || isNothing(t) {
		return false
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array, reflect.String:
		return true
	}
	return false
}

// marshals returns what becomes of a type that encodes itself; "" if it does not.
func marshals(t reflect.Type) string {
	switch {
	case t == timeType:
		return "string"
	case t == numberType:
		return "number"
	case t.Implements(marshalerType):
		return unknown
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(marshalerType): // where it has an address
		return unknown
	case t.Implements(textMarshalerType):
		return "string"
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(textMarshalerType):
		return unknown
	}
	return ""
}

func isBase64(t reflect.Type) bool {
	if t.Kind() != reflect.Slice || t.Elem().Kind() != reflect.Uint8 {
		return false
	}
	p := reflect.PointerTo(t.Elem())
	return !p.Implements(marshalerType) && !p.Implements(textMarshalerType)
}

// isNull tells whether a value of the type may become null.
func isNull(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface:
		return true
	case reflect.Slice, reflect.Map:
		return marshals(t) == ""
	}
	return false
}

func orNull(expr string, null bool) string {
	if !null || expr == unknown {
		return expr
	}
	return expr + " | null"
}

// whole returns the expression for a type, null included.
func (ts *Types) whole(t reflect.Type, merged bool) string {
	return orNull(ts.core(t, merged), isNull(t))
}

// core returns the expression for a type, without the null of nil.
func (ts *Types) core(t reflect.Type, merged bool) string {
	for range 10 { // a type may be a pointer to itself
		if t.Kind() != reflect.Pointer || t.Elem() != timeType && marshals(t) != "" {
			break
		}
		t = t.Elem()
	}
	if isDeclared(t) {
		if ts.names == nil {
			ts.meet(t, merged)
		}
		return ts.names[t]
	}
	return ts.body(t, merged, "; ")
}

// body returns what a type consists of, an object's members separated by sep.
func (ts *Types) body(t reflect.Type, merged bool, sep string) string {
	if own := marshals(t); own != "" {
		return own
	}
	switch k := t.Kind(); k {
	case reflect.Bool:
		return "boolean"
	case reflect.Int64, reflect.Uint64:
		return "number /* " + k.String() + " */"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uintptr,
		reflect.Float32, reflect.Float64:
		return "number"
	case reflect.String:
		return "string"
	case reflect.Interface, reflect.Pointer: // a pointer: to a pointer, and so on
		return unknown
	case reflect.Struct:
		return ts.object(t, merged, sep)
	case reflect.Map:
		if !isKey(t.Key()) {
			return never
		}
		return "{ [key: string]: " + ts.whole(t.Elem(), merged) + " }"
	case reflect.Slice:
		if isBase64(t) {
			return "string /* base64 */"
		}
		return ts.list(t.Elem())
	case reflect.Array:
		return ts.array(t)
	}
	return never
}

// isKey tells whether a map with such keys can be encoded.
func isKey(t reflect.Type) bool {
	k := t.Kind()
	return k == reflect.String || reflect.Int <= k && k <= reflect.Uintptr || t.Implements(textMarshalerType)
}

// list returns the expression for an array of any length. Merge patches replace arrays as a whole: null is null in them.
func (ts *Types) list(elem reflect.Type) string {
	expr := ts.whole(elem, false)
	if strings.Contains(expr, " ") && !strings.HasSuffix(expr, "}") {
		expr = "(" + expr + ")"
	}
	return expr + "[]"
}

// longestTuple is how many elements an array may have to be written as one by one.
const longestTuple = 8

func (ts *Types) array(t reflect.Type) string {
	if t.Len() > longestTuple {
		return ts.list(t.Elem())
	}
	expr := ts.whole(t.Elem(), false)
	return "[" + strings.TrimSuffix(strings.Repeat(expr+", ", t.Len()), ", ") + "]"
}

func (ts *Types) object(t reflect.Type, merged bool, sep string) string {
	var members []string
	for _, f := range fieldsOf(t) {
		members = append(members, ts.member(f, merged))
	}
	switch {
	case len(members) == 0:
		return "{ [key: string]: never }"
	case sep == "\n":
		return "{\n  " + strings.Join(members, "\n  ") + "\n}"
	}
	return "{ " + strings.Join(members, sep) + " }"
}

var identifier = regexp.MustCompile(`^[\pL_$][\pL\pN_$]*$`)

func (ts *Types) member(f field, merged bool) string {
	expr, null := ts.core(f.typ, merged), isNull(f.typ)
	if f.quoted && (marshals(f.typ) == "" || f.typ == numberType) {
		expr = "string"
	}
	optional := f.absent
	if f.omitEmpty && canBeEmpty(f.typ) || f.omitZero {
		optional = true
		null = null && (f.omitZero && !f.omitEmpty && saysZero(f.typ) || f.typ.Kind() == reflect.Pointer && isNull(f.typ.Elem()))
	}
	if null && merged {
		optional = true
	}
	name := f.name
	if !identifier.MatchString(name) {
		name = fmt.Sprintf("%q", name)
	}
	if optional {
		name += "?"
	}
	return name + ": " + orNull(expr, null)
}

// canBeEmpty tells whether omitempty means something.
func canBeEmpty(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		return false
	case reflect.Array:
		return t.Len() == 0
	}
	return true
}

// saysZero tells whether the type decides itself what omitzero leaves out, so that a nil may stay. Not so nil pointers.
func saysZero(t reflect.Type) bool {
	return (t.Kind() == reflect.Slice || t.Kind() == reflect.Map) && reflect.PointerTo(t).Implements(zeroerType)
}
