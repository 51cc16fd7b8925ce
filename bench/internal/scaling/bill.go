package scaling

import "math"

// Prices are what a month is worked out from, in dollars. None was looked up: they are assumptions that the page states.
type Prices struct {
	CPU      float64 // a second of a processor
	Memory   float64 // a second of a GiB
	Requests float64 // a million requests
	Redis    float64 // a month of the smallest Redis that has a replica or not, as the reader likes
}

// Assumed are prices of the order of Cloud Run's where requests are billed.
var Assumed = Prices{CPU: 24e-6, Memory: 2.5e-6, Requests: .40, Redis: 36}

// What a plan leaves unused, and what platforms set.
const (
	month       = 730 * 3600. // seconds
	maxAge      = 295.        // seconds, after which a WebSocket is ended, and begun again by a request
	hold        = 20.         // seconds that a poll is held
	concurrency = 1000        // requests that an instance may have open
	fill        = .8          // of these, and of its memory
	busyCPU     = .6          // of a processor that is planned with
	busyStore   = .7          // of Redis' one processor
	gib         = 1 << 30
	mib         = 1 << 20
)

// Load is what clients do: they are in rooms of ten, and what one says all ten get.
type Load struct {
	Clients float64
	Says    float64 // how often each says something, a second
}

// Bill is what a load needs, and costs a month.
type Bill struct {
	Load
	CPU       float64 // processors that all instances use
	Store     float64 // processors of Redis that it uses
	Cells     int     // Redis, of which each has one
	Memory    float64 // MiB of each instance, of which fill is used
	Instances int
	Because   string  // what asks for so many
	Requests  float64 // million a month
	Dollars   float64 // for instances and requests, and Redis
	Polling   float64 // million requests a month, were they all long-pollers that nothing is told
}

// Of works a load out. An instance is billed as long as a connection to it is open, which is always.
func Of(f Figures, p Prices, l Load) Bill {
	b := Bill{Load: l}
	b.CPU = l.Clients * (l.Says*(f.Turn+f.Say) + f.Connection/maxAge) // of the two commits that this counts a turn makes one
	b.Store = l.Clients * l.Says * max(f.StoreTurn, f.StoreSay)
	b.Cells = max(1, int(math.Ceil(b.Store/busyStore)))
	byConnections, byCPU := math.Ceil(l.Clients/(concurrency*fill)), math.Ceil(b.CPU/busyCPU)
	b.Instances, b.Because = int(byConnections), "connections"
	if byCPU > byConnections {
		b.Instances, b.Because = int(byCPU), "processors"
	}
	n := float64(b.Instances)
	b.Memory = max(512, 128*math.Ceil((f.Base+l.Clients/n*f.Socket)/fill/mib/128))
	b.Requests = l.Clients * month / maxAge / 1e6
	b.Polling = l.Clients * month / hold / 1e6
	b.Dollars = n*month*(p.CPU+p.Memory*b.Memory*mib/gib) + b.Requests*p.Requests + float64(b.Cells)*p.Redis
	return b
}

// StoreTurns are the turns a second that one Redis carries: all of its processor.
func (f Figures) StoreTurns() float64 { return 1 / f.StoreTurn }

// PlannedTurns are those to plan with.
func (f Figures) PlannedTurns() float64 { return busyStore / f.StoreTurn }

// Turns are the turns a second that a processor of instances carries, if it does nothing else.
func (f Figures) Turns() float64 { return 1 / f.Turn }

// Deliveries are those that it carries.
func (f Figures) Deliveries() float64 { return 1 / f.Delivery }

// Connections are those that it opens a second.
func (f Figures) Connections() float64 { return 1 / f.Connection }

// Sockets are the idle WebSockets that an instance's GiB holds, beside the instance itself.
func (f Figures) Sockets() float64 { return (gib*fill - f.Base) / f.Socket }

// StoreSockets are the sockets that a GiB of Redis holds.
func (f Figures) StoreSockets() float64 { return gib * fill / f.StoreEntry }
