// Package store is the seam between the framework and what remembers: the only place where anything that
// must survive an instance is kept. store/memory and store/redis implement it; store/storetest is its executable
// specification and runs against both.
//
// A store holds sockets, topics and items.
//
//   - A socket is a client's conversation: the number of its last message that took effect, and a stream of
//     entries that the client has not acknowledged yet.
//   - A topic is a named stream with retention, and perhaps a state that each entry brings up to date: a value, or many fields, of which an entry changes some.
//   - An item is something to be done later: a timer, or a question's deadline.
//
// Everything that one handled message causes is one [Turn], and [Store.Commit] makes all of it real at once, or none.
//
// # Guarantees every implementation gives
//
//   - One turn per message number: of all turns of a socket with number n exactly one is ever applied, after n-1's.
//   - All or none: a turn that is not [Applied] leaves nothing behind.
//   - Contiguous streams: offsets of a stream count 1, 2, 3 ...; an entry that was read once is read the same again, until
//     it is let go. A cursor that does not lie on the stream's history is found out by its tag.
//   - One clock: all times are durations relative to the store's clock; callers' clocks never matter.
//   - One goodbye: a socket whose deadline has passed, or that was closed, comes out of [Store.Claim] until a turn with
//     that claim's token is applied. Nothing of that socket is applied afterwards.
//   - An error is not an answer: it means that the outcome is unknown, and the same call may be made again. A Status is certain.
//   - Notices are hints: they may be lost, repeated or late. Nothing depends on them but latency.
//
// All methods may be called at once from any number of goroutines. Names of sockets, topics, fields, items and groups are
// non-empty strings without control characters; data is opaque, never changed and never kept by reference to the caller's memory after
// a call returns, unless stated.
package store
