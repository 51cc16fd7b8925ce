package store

import (
	"context"
	"errors"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// ErrClosed is returned by every method after Close.
var ErrClosed = errors.New("store: closed")

// Cursor is a place in a socket's or a topic's stream: offset and tag.
//
// The tag of the place after entry k is the first five characters of the lower-case hexadecimal SHA-1 of the tag of the place before it
// followed by the Attempt of the turn that wrote the entry; the tag of offset 0 is that of an empty tag and the Attempt of the turn that made the stream.
// So all implementations give the same tags, and equal cursors have equal histories.
type Cursor = protocol.Cursor

// Store is the only place that remembers.
type Store interface {
	// Attach makes a connection the one that receives a socket's stream, and returns what it has to
	// deliver. Every resume is an Attach, and every poll.
	Attach(ctx context.Context, a Attach) (Attached, error)

	// Commit makes a turn real: all of it, once, or nothing. The same turn may be sent again until
	// the outcome is known.
	Commit(ctx context.Context, t Turn) (Outcome, error)

	// Read answers queries, each by itself, in one round trip. len(replies) == len(queries).
	Read(ctx context.Context, queries []Query) ([]Reply, error)

	// Keep says that connections are still held: moves their sockets' deadlines, takes
	// acknowledgements, and tells what became of the sockets. len(kept) == len(held).
	Keep(ctx context.Context, held []Held) ([]Kept, error)

	// Claim takes up to max things that are due, of each kind the longest due first, and leases them to the caller: until the lease is over no other
	// claim returns them. The caller runs what they ask for and commits a turn with their token, which is
	// valid until another claim has taken the thing.
	//
	// A socket whose deadline has passed ends when it is claimed, and not before. Its items become due by that, and come out of the next claim.
	//
	// If nobody has claimed for 30 s (the store, or everybody, was away) sockets' deadlines mean nothing: the first claim then opens a
	// grace of 10 s, in which no socket's deadline passes and held connections are kept again. A grace opened less than
	// 2 minutes ago and now over counts, so that rare claims still get through. Items and sockets that were ended are claimed at any time, and first.
	Claim(ctx context.Context, max int, lease time.Duration) (Claimed, error)

	// Watch begins to deliver notices, for one instance. deliver is called from one goroutine at a time for
	// notices that come from elsewhere, must not block, and must not call the store.
	Watch(ctx context.Context, deliver func(Notice)) (Watch, error)

	// Close releases what the store holds in this process. What it remembers stays, if it is shared.
	Close() error
}

// Watch is one instance's subscription to notices.
type Watch interface {
	// Inbox names this watch; it goes into Attach.Inbox, Open.Inbox and Turn.From. It is not used again by anybody.
	Inbox() string
	// Topics changes the set of watched topics. When it returns nil the change is in force: every entry committed from now on to an added
	// topic is noticed.
	Topics(ctx context.Context, add, drop []string) error
	// Close ends the deliveries: when it returns, deliver is not running and will not be called. So deliver must not call it.
	Close() error
}

// Volatiler is implemented by stores that can pass a message on without remembering it. Found by type assertion.
type Volatiler interface {
	// Volatile sends data to whoever watches the topic (if topic is not empty), or to the
	// connection that is attached to the socket. It is lost if there is none.
	Volatile(ctx context.Context, topic, socket string, data []byte) error
}

// Checker is implemented by stores whose set-up may break the promise, such as a Redis that evicts keys. Found by type assertion.
type Checker interface {
	// Check returns an error if the store cannot be reached or is set up such that it may forget.
	Check(ctx context.Context) error
}

// Status is the certain answer of a store.
type Status int

const (
	Applied  Status = iota // done
	Repeated               // this message or key was applied before (Number says up to where)
	Gap                    // the message's number is too high; Number+1 is the one that can be applied
	Conflict               // a guard does not hold; Fresh has what stands there now
	Gone                   // the socket has ended or is not known; or the claim's token is not valid any more
	Full                   // the socket has not acknowledged half of what its stream may hold
	Stale                  // an attach number below the newest
	Replaced               // another attach is the newest
	Rewound                // the caller has seen what this store does not have
	Missing                // there is no such topic or item
	Lost                   // the cursor is not on the stream as it is kept; Entries begin at Reply.From
	Denied                 // wrong secret
	Exceeded               // an effect would exceed its Max; found out after what the cause and the guards say
	Busy                   // the newest attach is held, and must not be replaced by one that the store numbers
)

// Entry is one entry of a stream.
type Entry struct {
	Cursor
	Data []byte // immutable, may be shared
}

// Attach is a connection's claim to receive a socket's stream.
type Attach struct {
	Socket string            // its id
	Secret string            // as given by Open; another one: Denied
	Number uint64            // the client's attach number. Below the newest: Stale. Equal: the same attach repeated. 0, with Kept: the store numbers it, one above the newest; Busy while the newest has an inbox, unless that is this one: then it is the same attach repeated
	Inbox  string            // of the watch to be noticed; replaces that of the attach before, which gets a Moved notice (unless this is the same attach from the same inbox)
	TTL    time.Duration     // the socket's new deadline, from now
	Cursor Cursor            // the client has its stream up to here: entries are let go. Zero: it has nothing, and has lost what was let go. Not on the stream: Rewound
	In     uint64            // last message that the client knows to be applied; more than the store knows: Rewound
	Topics map[string]Cursor // how far the client has its subscriptions; those that are not subscribed are ignored
	Max    int               // entries to return at most; 0: 256

	// Kept is for a client that does not say what it has: Cursor is zero, and stands for the place up to which entries were acknowledged. It is Lost if
	// others were let go since, until something is acknowledged again. And nobody returns so after the socket's deadline, claimed or not: Gone, with a Socket
	// that has not Ended as long as nobody has claimed it.
	Kept bool
}

// Attached is what an attach found. If there is more than one reason to refuse it: Gone for a socket that is not known, Denied,
// Gone, Stale or Busy, Rewound. A refused attach changes nothing.
type Attached struct {
	Status  Status        // Applied, Lost (all of what is below holds), Stale, Gone, Rewound, Denied, Busy
	Socket  Socket        // on Applied, Lost and Busy; on Gone Number, Ended, Code and Why as far as they are known
	From    Cursor        // where Entries begin: the Attach's cursor; if that is zero or Lost, the oldest place that is kept
	Entries []Entry       // of its stream, from From on, in order; at most Max
	Subs    []Sub         // every subscription
	NextDue time.Duration // as Outcome.NextDue
}

// Socket is what a store knows of a socket.
type Socket struct {
	ID      string // names it in all turns and queries
	Secret  string // as given by Open
	Number  uint64 // last message applied
	Top     Cursor // of its stream
	Attach  uint64 // newest attach number
	User    []byte // as given by Open
	Session string // as given by Open
	Ended   bool   // closing or closed
	Code    int    // on Ended, with Why: as End or Bye said; 4004 and "expired" if the deadline passed
	Why     string // for people; see Code
}

// Sub is a socket's subscription to a topic.
type Sub struct {
	Topic  string // its name
	ID     string // short name of the topic, the same for all sockets while the topic lives, and of no other topic; stays with the subscription
	Cursor Cursor // as far as the client is known to have it; zero: it needs the state
	Begin  uint64 // the offset at which the subscription began: what was before is not for this client, whatever cursor it says
}

// Turn is everything that one cause makes real.
type Turn struct {
	Cause   Cause    // why it happens, and whether it may
	Attempt string   // names this run of the handler: at least 64 random bits. A repeated send has the same
	From    string   // the caller's inbox, which is not noticed of what it commits itself, but for AppendAll; may be empty
	Ack     Cursor   // the cause's socket has its own stream up to here; zero, or not on the stream: nothing new
	Guards  []Guard  // all must hold
	Effects []Effect // in the order in which they take place
}

// Cause is why a turn happens; it decides whether the turn is applied, before its guards do. One of:
//
//   - Socket and Number: the socket's message. Applied if Number is one more than the last applied and
//     the socket has not ended. A number that was applied is Repeated, also when the socket has ended since. Full if the socket's
//     stream holds, after Ack, more than half of MaxEntries or MaxBytes; but a turn with a [Bye] is not refused for that.
//     Number 0 is the open: the turn must contain an [Open] of the socket, and is Repeated if the socket was ever opened.
//   - Socket and Token: the goodbye of a socket that was claimed. Applied if the claim still holds; then the socket has ended for good.
//   - Item and Token: a due item that was claimed. Applied if the claim still holds; then the item is gone.
//   - Key: code outside of all sockets. Applied if no turn with this key was applied within KeepKey.
type Cause struct {
	Socket  string
	Number  uint64
	Item    string
	Token   string
	Key     string
	KeepKey time.Duration // 0: 24 hours
}

// Guard is something that must still be as it was read, or the turn is a Conflict.
type Guard struct {
	Topic string // its top must be At; a topic that does not exist has the zero Cursor
	Field string // not empty: Topic's field must have been set last At; a field that does not exist has the zero Cursor. Whatever else of Topic changes does not matter
	At    Cursor // as it was read
	Item  string // must exist (Topic is empty then)
}

// Effect is one of Open, Append, AppendAll, Publish, Subscribe, Unsubscribe, Put, Cancel, End and Bye. Effects take place in order, each on what
// those before it left, after the item whose turn it is has gone. So an effect that has a Max finds the room that others of its turn have made.
type Effect interface{ effect() }

type (
	// Open makes the socket of the turn's cause. Only in a turn with Number 0, and first.
	Open struct {
		Secret  string        // what an Attach must have
		User    []byte        // kept with the socket, for Socket.User
		Session string        // kept with the socket, for Socket.Session
		Attach  uint64        // as in Attach
		Inbox   string        // of the watch to be noticed, as in Attach
		TTL     time.Duration // the socket's deadline, from now
		Groups  []Group       // the socket is a member of them until it ends: by End, by Bye, or by the claim after its deadline
	}

	// Append adds an entry to a socket's stream. For a socket that has ended or is not known nothing happens, as for all effects on a
	// socket. If the stream would hold more than MaxEntries or MaxBytes all entries are let go first, and the client will find its cursor Lost.
	Append struct {
		Socket string // whose stream
		Data   []byte // the entry's
	}

	// AppendAll is an Append to each socket that is a member of a group by then: who joins it by a turn that is applied later gets nothing of
	// it. The caller does not know whom it reaches, so From is noticed as all others are.
	AppendAll struct {
		Group string // its name
		Data  []byte // the same entry for each
	}

	// Publish adds an entry to a topic, which it makes if need be, and lets go of entries beyond the topic's retention, but for the newest.
	// A topic has a value or fields, never both: where it has the one, a Publish of the other takes its place.
	Publish struct {
		Topic     string        // its name
		Data      []byte        // the entry's
		Value     []byte        // not nil: the topic's value from this entry on
		Fields    []Field       // set or removed by this entry, in order. All others stay as they are
		MaxFields int           // fields that the topic may have; beyond them the turn is Exceeded, but not for a Publish after which there are no more than before. 0: no limit
		MaxBytes  int           // the same of the bytes of all fields' names and values
		Keep      int           // entries kept; 0: 1,000
		KeepBytes int           // bytes of data kept; 0: 1 MiB
		TTL       time.Duration // the topic is forgotten so long after it was last published to or watched; 0: 24 hours
	}

	// Subscribe subscribes a socket to a topic, which it makes if need be, and appends an entry to the socket's stream:
	// Data followed by "<id>,<cursor>", the topic's short id and the cursor at which the subscription begins. Subscribing again
	// begins again, and is never one too many.
	Subscribe struct {
		Socket string        // who subscribes
		Topic  string        // to what
		Back   int           // begin so many entries before the top, as far as they are kept
		State  bool          // begin with the zero Cursor, written "0.": the state comes first
		TTL    time.Duration // as in Publish, for a topic that has no entry: the longest of its Subscribes. One that has keeps that of its last Publish
		Max    int           // subscriptions the socket may have, this one included; beyond them the turn is Exceeded. 0: no limit
		Data   []byte        // where the entry begins
	}

	// Unsubscribe ends a subscription and appends an entry to the socket's stream: Data followed by the topic's short id.
	// If there is no subscription nothing happens.
	Unsubscribe struct {
		Socket string // whose subscription
		Topic  string // to what
		Data   []byte // where the entry begins
	}

	// Put adds an item, due after a time; one of the same name is replaced, and a claim of that one holds no more. With a Socket it
	// belongs to it: when the socket ends (or if it has ended, or is not known) the item is due at once, with Gone set. With By it counts
	// as one of that name's items for as long as it exists, claimed or not.
	Put struct {
		Item   string        // its name
		Socket string        // whose it is; empty: nobody's
		By     string        // for whom it counts; empty: for nobody
		Max    int           // items that By may have, this one included; beyond them the turn is Exceeded, but not for one that replaces one of By's. 0: no limit
		After  time.Duration // from now; not positive: it is due at once
		Data   []byte        // for whoever claims it
	}

	// Cancel removes an item, Item, if it exists.
	Cancel struct{ Item string }

	// End ends a socket from outside: it takes no message any more, its connection is noticed, and it is due at once, so that its goodbye
	// runs. A socket that has ended stays as it is.
	End struct {
		Socket string // who ends
		Code   int    // a protocol.Code
		Why    string // for people
	}

	// Bye ends the cause's socket in this very turn, which is its last: a goodbye said by the client, or the turn of a claimed socket. A tombstone
	// with Number, Code and Why stays for a while.
	Bye struct {
		Code int           // a protocol.Code
		Why  string        // for people
		Keep time.Duration // the tombstone; 0: 24 hours, as for a claimed socket's turn without Bye
	}
)

func (Open) effect()        {}
func (Append) effect()      {}
func (AppendAll) effect()   {}
func (Publish) effect()     {}
func (Subscribe) effect()   {}
func (Unsubscribe) effect() {}
func (Put) effect()         {}
func (Cancel) effect()      {}
func (End) effect()         {}
func (Bye) effect()         {}

// Group is a set of sockets that have not ended: those of a user, of a session, of an address. It exists by its members alone.
type Group struct {
	Name string // any text: what it means the store does not know
	Max  int    // members it may have, the new one included; beyond them the open is Exceeded. 0: no limit
}

// Field is one of many values that a topic has, each with a name, and a place that guards it.
type Field struct {
	Name  string // unique in its topic
	Value []byte // nil: there is none; in a Publish: it is removed
	At    Cursor // of the entry that set it last. In a Publish it means nothing
}

// MaxEntries and MaxBytes bound what a socket's stream holds unacknowledged, unless a store's options say otherwise.
const (
	MaxEntries = 1000
	MaxBytes   = 1 << 20
)

// Outcome is what became of a turn.
type Outcome struct {
	Status  Status        // Applied, Repeated, Gap, Conflict, Gone, Full, Exceeded
	Number  uint64        // last message of the cause's socket that is applied, now
	Top     Cursor        // of the cause's socket, now
	At      []Cursor      // on Applied: one for each effect. Where an Append, Publish, Subscribe or Unsubscribe put its entry; zero for other effects and where nothing happened
	Fresh   []Fresh       // on Conflict: what the guarded topics and fields hold now, in the order of the guards on them
	Over    string        // on Exceeded: the name of the group, topic or item that is one too many, or of the topic that has no room for a field; the first in the order of the effects
	NextDue time.Duration // until something is due; negative: nothing is known to be. A hint for when to claim
}

// Fresh is a topic's value, or that of one of its fields, with the place that guards it. The fields of a topic that is guarded as a whole are not in
// it: read them.
type Fresh struct {
	Topic string // as the Guard says
	Field string // as the Guard says
	At    Cursor // the place that a guard must name now
	Value []byte // nil: there is none
}

// Query asks for one of: a topic's entries (Topic), a topic's value (Topic and Value), all of its fields (Topic and Fields) or one of them (Topic and Field), a
// socket (Socket), a socket's entries (Socket and Entries), an item (Item), a group's members (Group).
type Query struct {
	Group   string
	Topic   string
	Field   string
	Fields  bool
	Socket  string
	Item    string
	Value   bool
	Entries bool
	After   Cursor // entries after this place; zero: from the oldest that is kept
	Max     int    // entries at most; 0: 256
}

// Reply answers a Query. Reading a topic counts as watching it: its time to live begins anew.
type Reply struct {
	Status  Status   // Applied, Missing (Gone for a socket that has ended: Sock is set as far as known), Lost
	From    Cursor   // where Entries begin: Query.After; if that is zero or Lost, the oldest place that is kept
	Entries []Entry  // those that were asked for, in order
	Top     Cursor   // of the stream
	Value   []byte   // of a topic that was asked for its value; nil: it has none
	Fields  []Field  // those that were asked for and exist, in the order of their names' bytes; all as of Top
	Sock    Socket   // of a socket
	Item    Item     // of an item
	Members []string // of a group: sockets' ids in the order of their bytes, the first 10,000. A group without members is Applied
	Rewound bool     // with Lost: the cursor was never on this stream (else: it is older than what is kept)
}

// Held is a connection that is still there.
type Held struct {
	Socket string        // its id
	Attach uint64        // 0: no connection, only Ack is taken
	Inbox  string        // becomes the socket's, if the attach is the newest. Empty: the connection is let go, nobody is noticed any more, and the next attach that the store numbers is not Busy
	TTL    time.Duration // the socket's new deadline, from now
	Ack    Cursor        // zero, or older than what is kept: nothing new
}

// Kept tells what became of a held connection's socket. Only what is Applied changes anything.
type Kept struct {
	Status Status // Applied, Replaced (Attach is below the newest; above it, it becomes the newest), Gone, Rewound (the store does not have Ack)
	Socket Socket // Number and Top; on Gone Code and Why
}

// Claimed is what was due.
type Claimed struct {
	Due     []Due         // of each kind the longest due first
	NextDue time.Duration // as Outcome.NextDue, after this claim
}

// Due is one thing that is due: a socket's goodbye (Socket.ID is set) or an item.
type Due struct {
	Token  string // for Turn.Cause
	Socket Socket // whose goodbye it is
	Subs   []Sub  // of Socket
	Item   Item   // what is to be done, if it is no goodbye
}

// Item is something to be done later.
type Item struct {
	ID     string // as Put.Item
	Socket string // that it belongs to; may be empty
	Data   []byte // as given by Put
	Gone   bool   // it is due because its socket ended
	Tries  int    // how often it was claimed, this time included
}

// NoticeKind says what a notice is about.
type NoticeKind int

const (
	Added    NoticeKind = iota // Entry was added to Topic or to Socket's stream, after Prev
	Volatile                   // Entry.Data was sent to Topic or Socket without being kept
	Moved                      // Socket has a newer attach, Number; or it has ended: Number is 0
	Resync                     // notices may have been lost: everything held should be read again
)

// Notice is a hint that something happened. Entry.Data may be nil in an Added notice of a large entry: read it.
type Notice struct {
	Kind   NoticeKind // what it is about, and so what of the rest is set
	Topic  string     // its name; may be empty
	Socket string     // its id; may be empty
	Number uint64     // of the attach
	Prev   string     // tag of the place before Entry
	Entry  Entry      // what was added or sent
}
