// Package redis keeps what must survive instances in a Redis server.
//
//	st, err := redis.Open(ctx, "redis://localhost:6379/0", redis.Options{})
//
// Every operation of [store.Store] is one Lua script and one round trip. A script reads everything and decides, then
// writes, then publishes its notices; nothing in it can fail after its first write, so that a turn is applied whole or not at all.
//
// # What Redis must be
//
//   - One server or a Redis Cluster; both are tested with version 7.0. Reads never go to replicas. In a cluster notices go through channels of the
//     cell's slot (sharded pub/sub). Where there are none, before version 7, they go over the cluster's bus, which may lose single ones; these come late.
//   - maxmemory-policy noeviction. A Redis that evicts keys forgets conversations; [Open] refuses it.
//   - What a Redis acknowledges it may still lose, in a failover or a power cut. That is always a suffix of what was committed, and
//     cursors' tags tell those who saw any of it. How long the suffix can be is Redis's configuration: appendonly, appendfsync,
//     min-replicas-to-write.
//
// # Cells
//
// All keys of a [Store] carry one hash tag, so that they lie in one slot and one script can touch them all: a cell. A cluster gives
// one cell failover, not more speed. A program that outgrows one Redis core opens several Stores with different cells, and decides which of
// its sockets and topics live in which. While a cell's slot is moved from one node to another most calls fail, and may be made
// again; nothing is done by halves. Notices that are lost then are made good by a Resync at the end.
//
// # Errors
//
// An error (a broken connection, a Redis that is loading, read-only or full) means that the outcome is unknown, and every call may be
// made again. Commit, Claim and Volatile are never sent twice behind the caller's back. Attach, Read and Keep, which come to the same the second
// time, are sent once more after a connection broke: as those that were idle while an instance was frozen have.
//
// A record that somebody has damaged, so that it lacks what is needed of it or has no number where one has to be, counts as lost: its socket is Gone, its topic
// Missing. Where only an entry is missing the calls that would return it fail. In no case is a turn applied by halves.
//
// # Keys
//
//	<prefix>:{<cell>}:s:<socket>  HASH    record, c its stream's place, o<offset> entries, b<topic> subscriptions, q<item> items
//	<prefix>:{<cell>}:t:<topic>   HASH    id, c its stream's place, o<offset> entries, v value or m<field> fields
//	<prefix>:{<cell>}:i:<item>    HASH    data, socket, tries, token of the claim
//	<prefix>:{<cell>}:k:<key>     STRING  when the key of a turn from outside is forgotten
//	<prefix>:{<cell>}:d           ZSET    s:<socket>, open ones, by their deadlines
//	<prefix>:{<cell>}:e           ZSET    i:<item> and s:<socket>, ended ones, by the time at which they are due
//	<prefix>:{<cell>}:g           ZSET    s:<group>, a NUL and a socket that is in it; i:<by>, a NUL and an item that is by it
//	<prefix>:{<cell>}:m           HASH    last claim, when something is due next, topic ids given out
//	<prefix>:{<cell>}:I:<inbox>   channel of a watch
//	<prefix>:{<cell>}:T:<topic>   channel of a topic
//
// A stream's place is its newest cursor, the one before its oldest entry, and its bytes; an entry is its tag followed by its data, a field the place at which it was set, a comma and its value. Topics, keys and tombstones expire when [store] says so. Sockets and items that are due
// stay for 7 days, for somebody to claim them; if nobody does, they are let go without a goodbye.
package redis
