// Package client is the Go client of Sojourn: one conversation with a service whose instances come and go.
//
//	c, err := client.Dial(ctx, "https://example.org/rt", nil)
//	if err != nil {
//		return err
//	}
//	defer c.Close(ctx)
//
//	sub, err := c.Subscribe(ctx, "room/lobby", func(e client.Entry) { ... })
//	err = c.Call(ctx, "chat.say", Line{Room: "lobby", Text: "hello"}, nil)
//
// What holds while the [Client] lives, over every transport and across reconnects, changes of transport and deaths of instances:
//
//   - Calls take effect at most once, in the order in which they were made. A call that returned nil or an answer took effect.
//   - Events, questions, answers and the entries of each topic come in order, without gap or repeat. Where entries are lost
//     the program is told: [Options].OnLost and [Entry].Lost.
//   - An error of [Client.Call] whose code is "gone" means that the call took effect, or may have, and its answer cannot be had any more.
//
// All callbacks (handlers, subscribers, OnStatus, OnLost) are called from one goroutine, one after the other; while 1,024 wait to be
// called nothing more is read. A callback may make calls, and wait for them with a context that ends; it must not call Close or
// Abandon, which wait for it.
package client
