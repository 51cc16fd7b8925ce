// Package client is the Go client of Sojourn: one conversation with services whose instances come and go.
//
//	c, err := client.Dial(ctx, "https://example.org/rt", &client.Options{
//		Auth: token, // func(context.Context) (string, error): asked whenever fresh credentials are needed
//		Handlers: map[string]client.Handler{
//			"chat.notice": client.Event(func(ctx context.Context, text string) { ... }),
//			"door.open":   client.Question(func(ctx context.Context, visitor string) (bool, error) { ... }),
//		},
//		OnStatus: func(s client.Status) { ... },           // open, reconnecting, reconnected, closed
//		OnLost:   func(stream, why string) { ... },        // what was missed, if ever
//	})
//	defer c.Close(ctx) // says goodbye
//
//	err = c.Call(ctx, "chat.enter", "lobby", &people)  // waits for the answer
//	c.Send("chat.say", Line{Text: "hello"})            // does not wait; takes effect after the call
//	err = c.Volatile(ctx, "chat.typing", true, nil)    // now or never
//	sub, err := c.Subscribe(ctx, "room/lobby", func(e client.Entry) { ... })
//	sub, err = c.State(ctx, "people/lobby", func(value json.RawMessage) { ... }) // all of it, after each change
//
// What holds while the [Client] lives, over every transport and across reconnects, changes of transport and deaths of instances:
//
//   - Calls take effect at most once, in the order in which they were made. A call that returned nil or an answer took effect.
//   - Events, questions, answers and the entries of each topic come in order, without gap or repeat. Where entries are lost
//     the program is told: [Options].OnLost and [Entry].Lost.
//   - An error of [Client.Call] whose code is "gone" means that the call took effect, or may have, and its answer cannot be had any more.
//   - A client that is told to move, or that tries a better transport, leaves its connection when another one has taken its place: nobody waits meanwhile.
//   - What waits is bounded: messages by [Options].MaxQueue, questions by [Options].Questions, and what waits for callbacks by 1,024 frames
//     and 16 MiB, beyond which nothing more is read. An instance that says more than 16 MiB at once, or 4 MiB in one event of sse, is left.
//
// Callbacks (handlers of events, subscribers, OnStatus, OnTransport, OnLost) are called from one goroutine, one after the other, in the order in which things
// happened. Handlers of questions begin in that order, each in a goroutine of its own: what comes after a question does not wait for its answer. A callback may
// make calls, and wait for them with a context that ends; it must not call Close or Abandon, which wait for it.
package client
