package framework

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/sojourn-go/sojourn/framework/internal/jsontype"
	"github.com/sojourn-go/sojourn/protocol"
)

// ownService is the name of the framework's own service, which has discovery.
const ownService, describe = "sojourn", "describe"

// services returns the program's services, and the framework's own if there is one.
func (cfg Config) services() ([]Service, error) {
	for _, s := range cfg.Services {
		if s.Name == ownService {
			return cfg.Services, fmt.Errorf("framework: service %q: the name is that of the framework's own service", s.Name)
		}
	}
	if !cfg.Discover {
		return cfg.Services, nil
	}
	text, err := json.Marshal(Describe(cfg.Services))
	if err == nil && len(text) > cfg.Limits.withDefaults().EffectBytes {
		err = errors.New("framework: Config.Discover: the description is larger than Limits.EffectBytes")
	}
	tell := func(*Turn, struct{}) (Payload, error) { return protocol.JSONPayload(text), nil }
	own := Service{Name: ownService, Methods: Methods{describe: Call(tell)}, Private: true}
	return append(slices.Clip(cfg.Services), own), err
}

// Describe says what clients can do with services: their methods, topics and states, and what their pages' halves are told and asked, with types
// in TypeScript. Private services are left out, and topics that [Nobody] may subscribe to. It is what [Config.Discover] tells.
func Describe(services []Service) protocol.Description {
	var open []Service
	for _, s := range services {
		if !s.Private {
			open = append(open, s)
		}
	}
	payloads, states := typesOf(open)
	types := jsontype.Of(mainPackage(), payloads, states)
	d := protocol.Description{Services: []protocol.ServiceInfo{}}
	for _, s := range open {
		d.Services = append(d.Services, s.describe(types))
	}
	d.Types = types.Declared()
	return d
}

func (s Service) describe(types *jsontype.Types) protocol.ServiceInfo {
	payload := types.Payload
	if s.Codec != nil {
		payload = func(reflect.Type) string { return "any" } // what its other end in the page makes of it
	}
	info := protocol.ServiceInfo{Name: s.Name, Half: s.hasHalf()}
	for _, name := range slices.Sorted(maps.Keys(s.Methods)) {
		m := s.Methods[name]
		i := methodInfo(payload, name, m.in, m.out)
		i.Volatile = m.volatile
		info.Methods = append(info.Methods, i)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Client)) {
		info.Client = append(info.Client, methodInfo(payload, name, s.Client[name].in, s.Client[name].out))
	}
	for _, stream := range s.openStreams() {
		if stream.isState() {
			info.States = append(info.States, protocol.StreamInfo{Name: stream.name(), Type: types.State(stream.holds())})
		} else {
			info.Topics = append(info.Topics, protocol.StreamInfo{Name: stream.name(), Type: types.Payload(stream.holds())})
		}
	}
	return info
}

func (s Service) hasHalf() bool {
	if s.Files == nil {
		return false
	}
	_, err := fs.Stat(s.Files, "client.js")
	return err == nil
}

func methodInfo(payload func(reflect.Type) string, name string, in, out reflect.Type) protocol.MethodInfo {
	i := protocol.MethodInfo{Name: name, Answers: out != nil}
	if in != nil {
		i.In = payload(in)
	}
	if out != nil {
		i.Out = payload(out)
	}
	return i
}

// openStreams are those that somebody may subscribe to, by name.
func (s Service) openStreams() []Stream {
	var open []Stream
	for _, stream := range s.Topics {
		if !isNil(stream) && stream.open() {
			open = append(open, stream)
		}
	}
	slices.SortFunc(open, func(a, b Stream) int { return strings.Compare(a.name(), b.name()) })
	return open
}

// typesOf returns the types of all payloads that are JSON, and of all states, in the order in which they are told.
func typesOf(services []Service) (payloads, states []reflect.Type) {
	add := func(types ...reflect.Type) {
		payloads = append(payloads, slices.DeleteFunc(types, func(t reflect.Type) bool { return t == nil })...)
	}
	for _, s := range services {
		if s.Codec == nil {
			for _, name := range slices.Sorted(maps.Keys(s.Methods)) {
				add(s.Methods[name].in, s.Methods[name].out)
			}
			for _, name := range slices.Sorted(maps.Keys(s.Client)) {
				add(s.Client[name].in, s.Client[name].out)
			}
		}
		for _, stream := range s.openStreams() {
			if stream.isState() {
				states = append(states, stream.holds())
			} else {
				add(stream.holds())
			}
		}
	}
	return payloads, states
}

// mainPackage returns the path of the program's main package; "" if it is not known.
func mainPackage() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Path
	}
	return ""
}
