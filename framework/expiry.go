package framework

import (
	"net/http"
	"strconv"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// renewBefore is how long before its credentials run out a client is asked for fresh ones; but not before half of their time is over.
const renewBefore = 30 * time.Second

// credentials are what is known of who a connection's client is.
type credentials struct {
	request *http.Request // that began it: Identify may be asked again
	user    User          // as it said last
	expires time.Time     // when they run out; zero: never
	ask     time.Time     // when to ask for fresh ones; zero: not
	alarm   *time.Timer   // of a link that is not pulled
}

func (l *link) userLocked() User {
	if l.said == nil {
		return User{}
	}
	return l.said.user
}

// expire sets until when the connection's credentials last. Zero: for ever.
func (l *link) expire(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expireLocked(until)
}

func (l *link) expireLocked(until time.Time) {
	l.said.expires, l.said.ask = until, time.Time{}
	if !until.IsZero() && !l.carrier.Once { // a poll says its credentials in the next one
		l.said.ask = until.Add(-min(renewBefore, time.Until(until)/2))
	}
	if !until.IsZero() && l.carrier.Ready != nil {
		l.alarmLocked(0)
		return
	}
	l.wake()
}

// alarmLocked has expiring called after a time, for a link that nobody waits for.
func (l *link) alarmLocked(after time.Duration) {
	switch {
	case l.closed:
	case l.said.alarm != nil:
		l.said.alarm.Reset(after)
	default:
		l.said.alarm = time.AfterFunc(after, func() { l.expiring() })
	}
}

// expiring asks the client for fresh credentials, or ends the connection, when it is time for that. It returns after how long it is to be called again; 0: it
// is not.
func (l *link) expiring() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.said == nil || l.said.expires.IsZero() || l.ending != nil {
		return 0
	}
	left := time.Until(l.said.expires)
	if left <= 0 {
		l.endLocked(errExpired)
		return 0
	}
	if !l.said.ask.IsZero() {
		if wait := time.Until(l.said.ask); wait > 0 {
			left = wait
		} else {
			l.said.ask = time.Time{}
			frame := []byte{byte(protocol.Expiring)}
			l.controlLocked(protocol.AppendNumber(frame, uint64(left.Milliseconds())))
		}
	}
	if l.carrier.Ready != nil {
		l.alarmLocked(left)
	}
	return left
}

// A renewal tells the instance that holds a socket's connection that its credentials last longer. It travels as volatile message to the socket.
const renewalKind = byte(protocol.Expiring)

func renewal(until time.Time) []byte {
	return strconv.AppendInt([]byte{renewalKind}, until.UnixMilli(), 10)
}

func (l *link) renewLocked(data []byte) {
	ms, err := strconv.ParseInt(string(data[1:]), 10, 64)
	if until := time.UnixMilli(ms); err == nil && l.said != nil && !l.said.expires.IsZero() && until.After(l.said.expires) {
		l.expireLocked(until)
	}
}
