// Package other has types whose names other packages have too.
package other

// Base is not the tests' base.
type Base struct{ Name string }

// Blob is bytes.
type Blob []byte
