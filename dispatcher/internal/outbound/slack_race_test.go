//go:build race

package outbound

import "time"

// hostileSlack is for many calls at one time on a slow machine: decompressing takes
// ten times as long under the race detector.
const hostileSlack = 20 * time.Second
