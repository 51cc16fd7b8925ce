// Package framework keeps a conversation with clients (calls, answers, events, topics, states) over any transport, while the
// instances that serve it come and go: scaled to zero, deployed over, killed. The conversation lives in a store; an instance holds nothing
// that must survive.
//
//	var rooms = &framework.Topic[Line]{Name: "room", History: 50, Subscribe: framework.Anyone}
//
//	func say(t *framework.Turn, in Line) error {
//		in.From = t.User().Name
//		return rooms.Publish(t, in.Room, in) // real together with the acknowledgement, or not at all
//	}
//
//	rt, err := framework.New(framework.Config{
//		Transports: []transports.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}},
//		Services: []framework.Service{
//			{Name: "chat", Methods: framework.Methods{"say": framework.Event(say)}, Topics: []framework.Stream{rooms}},
//		},
//	})
//
// # Guarantees
//
//   - Any instance: any request of any client may reach any instance that reaches the store. There are no sticky sessions.
//   - Once, in order: a client's message n takes effect at most once, and after n-1. A handler may run more than once, with the same
//     turn id; exactly one run commits.
//   - All or none: everything a turn does through the framework becomes real in one commit together with "n is handled", or not at all.
//     The acknowledgement follows the commit.
//   - No gap, no repeat, told: a client sees each of its streams in order without gap or repeat; where that cannot be, it is told (lost).
//   - One goodbye: for every socket whose connect committed, exactly one goodbye commits, after all its other turns.
//
// Not promised: effects outside of the store happen again when a handler runs again (the turn's id is the idempotency key); what a client has not
// sent dies with it.
package framework
