package outbound

import "sync/atomic"

// unused counts the connections with settings of their own that no request uses,
// over all pools. net/http bounds them for each pool, and there may be as many pools
// as integrations: a thousand bursts within [idleTimeout] would leave 64,000
// connections behind.
type unused struct {
	n       atomic.Int64
	most    int64
	close   func() // closes those of all pools
	closing atomic.Bool
}

// add counts one connection more or less, and closes all if there are too many. No
// lock of a connection may be held.
func (u *unused) add(d int64) {
	if u == nil || u.n.Add(d) <= u.most || d < 0 || !u.closing.CompareAndSwap(false, true) {
		return
	}
	defer u.closing.Store(false)
	u.close()
}
