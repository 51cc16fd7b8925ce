// Package jsontype says what encoding/json makes of Go types, as TypeScript expressions.
package jsontype
