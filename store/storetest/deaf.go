package storetest

import "github.com/sojourn-go/sojourn/store"

// Deaf returns a store that delivers each notice of s as many times as times says: 0 loses it, 1 delivers it, 2 delivers it twice in a row.
// Notices are hints, so nothing may depend on any of them but how quickly it happens. A Resync notice stands for what was lost: times that
// loses it as well shows a loss that nobody has noticed.
//
// times is called as a watch's deliver is: by one goroutine at a time for each watch, and it must not block.
func Deaf(s store.Store, times func(store.Notice) int) store.Store {
	w := &wrapper{Store: s}
	w.deliver = func(deliver func(store.Notice)) func(store.Notice) {
		return func(n store.Notice) {
			for range times(n) {
				deliver(n)
			}
		}
	}
	return w.outside()
}
