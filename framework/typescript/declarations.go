package typescript

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/sojourn-go/sojourn/client/js"
	"github.com/sojourn-go/sojourn/protocol"
)

// app is what is the same for all services.
//
//go:embed app.d.ts
var app string

// Declarations writes a description as one TypeScript module (.d.ts) that needs no other: what app.js exports, a typed App, and for each service what
// its client half is given. It is an error if a name is none.
func Declarations(d protocol.Description) ([]byte, error) {
	w := &writer{}
	w.line("// What the page can call, and hear of. Written by sojourn; do not edit.")
	w.line("")
	for _, t := range d.Types {
		w.declare(t)
	}
	w.line("/** What the services offer, by name. */")
	w.line("export interface Services {")
	for _, s := range d.Services {
		w.service(s)
	}
	w.line("}")
	w.line("")
	w.b.WriteString(app)
	w.line("")
	w.line("/** The client: what the package sojourn-client declares. */")
	w.line("export declare namespace sojourn {")
	for line := range strings.Lines(js.Declarations()) {
		w.line(strings.TrimRight("  "+line, " \n"))
	}
	w.line("}")
	return []byte(w.b.String()), w.err
}

// writer keeps the first error.
type writer struct {
	b   strings.Builder
	err error
}

func (w *writer) line(text string) { w.b.WriteString(text + "\n") }

func (w *writer) linef(format string, args ...any) { w.line(fmt.Sprintf(format, args...)) }

var identifier = regexp.MustCompile(`^[\pL_][\pL\pN_]*$`)

// name returns a name that is one: a description comes from a server.
func (w *writer) name(name string) string {
	if !identifier.MatchString(name) && w.err == nil {
		w.err = fmt.Errorf("typescript: %q is no name", name)
	}
	return name
}

func (w *writer) declare(t protocol.TypeInfo) {
	if strings.HasPrefix(t.Type, "{") {
		w.linef("export interface %s %s", w.name(t.Name), t.Type)
	} else {
		w.linef("export type %s = %s", w.name(t.Name), t.Type)
	}
	w.line("")
}

func (w *writer) service(s protocol.ServiceInfo) {
	w.linef("  %s: {", w.name(s.Name))
	if s.Half {
		w.line("    half: true")
	}
	var volatile []string
	var methods []string
	for _, m := range s.Methods {
		signature := fmt.Sprintf("%s(%soptions?: sojourn.CallOptions): Promise<%s>", w.name(m.Name), input(m.In, ", "), output(m))
		methods = append(methods, signature)
		if m.Volatile {
			volatile = append(volatile, signature)
		}
	}
	w.members("methods", methods)
	w.members("volatile", volatile)
	w.members("topics", w.streams(s.Topics, ""))
	w.members("states", w.streams(s.States, " | undefined"))
	w.client(s.Client)
	w.line("  }")
}

// input returns the parameter for what a method is given. What may be null, or anything, may be left out.
func input(in, then string) string {
	switch {
	case in == "" && then == "": // nothing is given, and nothing follows
		return ""
	case in == "":
		return "nothing?: undefined" + then
	case in == "unknown", in == "any", strings.HasSuffix(in, "| null"):
		return "value?: " + in + then
	}
	return "value: " + in + then
}

func output(m protocol.MethodInfo) string {
	if m.Out == "" {
		return "void"
	}
	return m.Out
}

// streams writes what listeners hear: of a state that was never set, undefined.
func (w *writer) streams(list []protocol.StreamInfo, unset string) (members []string) {
	for _, s := range list {
		members = append(members, w.name(s.Name)+": "+s.Type+unset)
	}
	return members
}

// client writes what the page's half is told and asked. A service that declares nothing may say anything.
func (w *writer) client(list []protocol.MethodInfo) {
	if len(list) == 0 {
		w.line("    client: { [method: string]: (value: any) => any }")
		return
	}
	var members []string
	for _, m := range list {
		out := "void"
		if m.Answers {
			out = fmt.Sprintf("%s | Promise<%[1]s>", output(m))
		}
		members = append(members, fmt.Sprintf("%s(%s): %s", w.name(m.Name), input(m.In, ""), out))
	}
	w.members("client", members)
}

func (w *writer) members(of string, members []string) {
	if len(members) == 0 {
		w.linef("    %s: {}", of)
		return
	}
	w.linef("    %s: {", of)
	for _, m := range members {
		w.linef("      %s", m)
	}
	w.line("    }")
}
