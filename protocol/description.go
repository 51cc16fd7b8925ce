package protocol

// Describe is the method that tells a [Description], on a server with discovery: a call without input, of the framework's own service.
const Describe = "sojourn.describe"

// Description is what discovery tells of a server's services: all but the private ones. Types in it are TypeScript expressions
// for what the payloads decode to. Fields are only added.
type Description struct {
	// Services are in the order of the program.
	Services []ServiceInfo `json:"services"`
	// Types are those that expressions name, in the order in which they first do.
	Types []TypeInfo `json:"types,omitempty"`
}

// ServiceInfo is what there is of one service.
type ServiceInfo struct {
	// Name is what methods begin with: "chat" of chat.say.
	Name string `json:"name"`
	// Half tells that the service has a client half: what apps have of it is what that returns.
	Half bool `json:"half,omitempty"`
	// Methods are what clients may call, by name.
	Methods []MethodInfo `json:"methods,omitempty"`
	// Client is what instances may tell and ask the page's half, by name. A service that declares nothing has none.
	Client []MethodInfo `json:"client,omitempty"`
	// Topics and States are what clients may subscribe to: "room" for room/lobby.
	Topics []StreamInfo `json:"topics,omitempty"`
	States []StreamInfo `json:"states,omitempty"`
}

// MethodInfo is one method, of either side.
type MethodInfo struct {
	// Name is without the service's: "say" of chat.say.
	Name string `json:"name"`
	// In is the payload's type; empty: there is none. One that ends in "| null" may be left out.
	In string `json:"in,omitempty"`
	// Out is the answer's type; empty: there is none, or nothing in it.
	Out string `json:"out,omitempty"`
	// Answers tells a call from an event, and a question from a notice.
	Answers bool `json:"answers,omitempty"`
	// Volatile methods may be called so.
	Volatile bool `json:"volatile,omitempty"`
}

// StreamInfo is one topic or state.
type StreamInfo struct {
	// Name is without the key: "room" of room/lobby.
	Name string `json:"name"`
	// Type is an entry's, or the state's value's, once it is set.
	Type string `json:"type"`
}

// TypeInfo is a type with a name.
type TypeInfo struct {
	// Name is an identifier of TypeScript, unique in the description.
	Name string `json:"name"`
	// Type is what it stands for; one that begins with a brace is an object's.
	Type string `json:"type"`
	// Go is the Go type's name behind its package's path: "example.org/shop/orders.Status".
	Go string `json:"go"`
}
