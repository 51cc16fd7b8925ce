package framework

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/sojourn-go/sojourn/framework/internal/jsontype"
)

// unfit says which types of the service's payloads and values can never be written.
func (s Service) unfit() (whys []string) {
	look := func(what string, t reflect.Type) {
		if t == nil {
			return
		}
		if never := jsontype.Never(t); never != "" {
			whys = append(whys, fmt.Sprintf("%s is a %v, which cannot be JSON: %s", what, t, never))
		}
	}
	for _, stream := range s.Topics {
		if !isNil(stream) {
			look(fmt.Sprintf("what topic %q holds", stream.name()), stream.holds())
		}
	}
	if s.Codec != nil {
		return whys
	}
	for _, name := range slices.Sorted(maps.Keys(s.Methods)) {
		look(fmt.Sprintf("what method %q takes", name), s.Methods[name].in)
		look(fmt.Sprintf("what method %q answers", name), s.Methods[name].out)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Client)) {
		look(fmt.Sprintf("what client method %q takes", name), s.Client[name].in)
		look(fmt.Sprintf("what client method %q answers", name), s.Client[name].out)
	}
	return whys
}

// isNil tells whether there is nothing behind an interface, or a nil pointer or function.
func isNil[T any](v T) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func:
		return r.IsNil()
	}
	return false
}
