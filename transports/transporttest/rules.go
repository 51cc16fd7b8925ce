package transporttest

import "testing"

// checks are the rules, each with what finds that it is broken. docs/transports.md has the same list.
var checks = []struct {
	name  string
	check func(*testing.T, *bench)
	of    func(Subject) bool // whether it applies; nil: to every transport
	rule  string
}{
	{"HelloFirst", helloFirst, nil, "Open is given the request, the client's first frame as it was sent, and a Carrier that says what the connection can do; the first frame that the client sees is the first that Pull returns."},
	{"DownInOrder", downInOrder, nil, "What Pull returns arrives in order, each frame once, whatever the number of frames and Pulls."},
	{"OneWrite", oneWrite, nil, "The frames of one Pull leave with one write, if they are not more than 64 KiB."},
	{"LargeBatch", largeBatch, nil, "A Pull may return more than is written at once, and more than the client's buffers hold."},
	{"UpInOrder", upInOrder, nil, "Frames come up in order, one or several in a message, and while the connection goes on."},
	{"Flood", flood, nil, "Who sends too fast waits: nothing is refused or lost."},
	{"TooBig", tooBig, nil, "A frame of 65 KiB passes; of a message with a longer one nothing reaches the switchboard, and the client is told (too_big)."},
	{"TooMany", tooMany, nil, "A message of 256 frames passes; of one with 100,000 lines nothing reaches the switchboard, and the client is told (too_big)."},
	{"HelloTooBig", helloTooBig, nil, "A hello over the limit opens nothing, and the client is told (too_big)."},
	{"NotUTF8", notUTF8, nil, "Nothing of a message that is not UTF-8 reaches the switchboard, and the client is told (malformed)."},
	{"OpenRefused", openRefused, nil, "If Open fails the client is told what protocol.CloseOf makes of the error, and nothing else: code, number and reason."},
	{"PullRefused", pullRefused, nil, "If Pull fails the client gets the frames that came with the error, and is then told in the same way."},
	{"PushRefused", pushRefused, nil, "If Push or Post fails the client is told in the same way."},
	{"EndOfFile", endOfFile, nil, "After io.EOF of Pull, and the frames that came with it, the connection ends in good order: not with an error that makes a client back off."},
	{"EndDuringPush", endDuringPush, nil, "A Push that is running does not keep a connection that is to end: its context ends."},
	{"Drain", drain, nil, "When all links end, all connections do within two seconds, though no client hangs up."},
	{"ClientLeaves", clientLeaves, nil, "When the client is gone, Pull's context ends and the link is closed, at once."},
	{"ServerTimeouts", serverTimeouts, nil, "The server's ReadTimeout and WriteTimeout do not end a connection."},
	{"ForeignOrigin", foreignOrigin, func(s Subject) bool { return len(s.Transport.Endpoints(newBoard(nil))) > 0 }, "A page of an origin that is not allowed is refused (denied) before the switchboard hears of it; its own origin is allowed."},
	{"SlowClient", slowClient, func(s Subject) bool { return s.WriteTimeout > 0 }, "A client that does not read is cut off when the write timeout is over. Meanwhile it holds up nobody, and is not pulled for."},
	{"SlowReader", slowReader, func(s Subject) bool { return s.WriteTimeout > 0 }, "A client that reads a byte each second is cut off as well: the timeout is of a write, not of a byte."},
	{"Heartbeat", heartbeat, func(s Subject) bool { return s.Heartbeat > 0 }, "While there is nothing to say a ping comes every heartbeat."},
	{"MaxAge", maxAge, func(s Subject) bool { return s.MaxAge > 0 }, "A connection is told to move (m0) when it reaches its age, or up to a tenth before, and ends in good order."},
}
