// Package house has no code, only tests about the repository itself: who may import whom, that what is public is documented, that the
// README tells the truth.
package house
