package access

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// end is the token's own end, if it is a JWT that names one before latest (exp,
// RFC 7519 section 4.1.4), else latest. Nothing is verified, so this only ever
// shortens.
func end(token string, latest time.Time) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return latest
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return latest
	}
	var claims struct {
		Exp *float64 `json:"exp"` // may have a fraction
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Exp == nil || *claims.Exp >= float64(latest.Unix()) {
		return latest
	}
	return time.Unix(int64(max(*claims.Exp, 0)), 0)
}
