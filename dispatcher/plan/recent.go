package plan

import "time"

// hoursKept is how many hours [Report.Count] keeps: those that a day touches.
const hoursKept = 25

// hourOf is the hour of a time, in hours since 1970.
func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

// Count adds a call that ended at the given time to Hours, which becomes another slice,
// so that earlier copies of the report stay as they are. A clock that went back adds to
// the newest hour.
func (r *Report) Count(ended time.Time, success bool) {
	hour := hourOf(ended)
	kept := make([]Hour, 0, len(r.Hours)+1)
	for _, h := range r.Hours {
		if h.Since > hour-hoursKept {
			kept = append(kept, h)
		}
	}
	if n := len(kept); n == 0 || kept[n-1].Since < hour {
		kept = append(kept, Hour{Since: hour})
	}
	last := &kept[len(kept)-1]
	last.Calls++
	if !success {
		last.Failed++
	}
	r.Hours = kept
}

// Recent returns how many calls ended within the 24 hours before now, to the hour, and
// how many of them did not succeed. Cancelled calls are not among them.
func (r *Report) Recent(now time.Time) (calls, failed int) {
	for _, h := range r.Hours {
		if h.Since > hourOf(now)-hoursKept {
			calls += h.Calls
			failed += h.Failed
		}
	}
	return calls, failed
}

// Healthy judges the outcomes of a day: it is false for a webhook of 11 to 50 calls if
// at least half of them failed, up to 2,500 calls if a fifth did, beyond that if a tenth
// did. Fewer calls say too little, so it is true then.
func Healthy(calls, failed int) bool {
	switch {
	case calls <= 10:
		return true
	case calls <= 50:
		return failed*2 < calls
	case calls <= 2500:
		return failed*5 < calls
	}
	return failed*10 < calls
}
