//go:build !race

package outbound

import "time"

// hostileSlack is for many calls at one time on a slow machine.
const hostileSlack = 4 * time.Second
