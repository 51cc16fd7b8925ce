// Package protocol says what a Sojourn client and an instance write to each other: frames of one line each,
// cursors, the two hellos, and the close codes.
//
// It knows nothing of transports, stores or services. docs/protocol.md is its specification; the
// vectors in testdata are read by this package's tests and by those of the JavaScript client.
//
// Parsing never copies: the fields of a [Frame] are slices of the line it was parsed from. Appending
// functions append to the slice they are given and return it, as those of strconv do.
package protocol

// Version is the protocol's version, as said in the client's hello.
const Version = 1
