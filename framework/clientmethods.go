package framework

import (
	"fmt"
	"reflect"
	"strings"
)

// ClientMethods are what the page's half of a service may be told and asked, by name:
//
//	framework.ClientMethods{
//		"notice":  framework.Notice[string](),
//		"confirm": framework.Question[Order, bool](),
//	}
//
// With them [Turn.Send] and [Turn.Ask] refuse what is not there, or of another type, and pages are typed.
type ClientMethods map[string]ClientMethod

// ClientMethod is something that instances may tell or ask. Make it with [Notice] or [Question].
type ClientMethod struct {
	in, out reflect.Type // out: of a question
}

// Notice is an event that the page's half is told, with a value of type E.
func Notice[E any]() ClientMethod { return ClientMethod{in: reflect.TypeFor[E]()} }

// Question is asked with a value of type Q and answered with one of type A.
func Question[Q, A any]() ClientMethod {
	return ClientMethod{in: reflect.TypeFor[Q](), out: reflect.TypeFor[A]()}
}

// wrong tells what is wrong with a method of a name; "" if nothing is.
func (m ClientMethod) wrong(name string) string {
	switch {
	case !namePattern.MatchString(name):
		return "is not " + nameForm
	case m.in == nil:
		return "has no type: make it with framework.Notice or framework.Question"
	}
	return ""
}

// fits tells whether a client may be told a value, or asked it if there is a continuation, as far as the method's service declares anything.
func (r *registry) fits(method string, v any, then *Bound) error {
	service, name, _ := strings.Cut(method, ".")
	declared := r.client[service]
	if declared == nil {
		return nil
	}
	m, ok := declared[name]
	switch {
	case !ok:
		return fmt.Errorf("framework: service %q declares no client method %q: add it to Service.Client", service, name)
	case then == nil && m.out != nil:
		return fmt.Errorf("framework: %s is a question: use Turn.Ask", method)
	case then != nil && m.out == nil:
		return fmt.Errorf("framework: %s is a notice: use Turn.Send", method)
	case !holds(m.in, v):
		return fmt.Errorf("framework: %s takes a %v, not a %T", method, m.in, v)
	}
	if then != nil {
		if takes := r.continuations[then.name].answer; takes != nil && takes != m.out {
			return fmt.Errorf("framework: %s is answered with a %v, continuation %q takes a %v", method, m.out, then.name, takes)
		}
	}
	return nil
}

// holds tells whether v is a value of type t. Nil, which is no payload, is also that of a type without anything in it.
func holds(t reflect.Type, v any) bool {
	if v != nil {
		return reflect.TypeOf(v).AssignableTo(t)
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return true
	case reflect.Struct:
		return t.NumField() == 0
	}
	return false
}
