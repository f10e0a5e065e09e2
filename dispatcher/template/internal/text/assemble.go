package text

import "strings"

// Replace returns s with every occurrence of old, from left to right and without
// overlaps, replaced by its replacement. Case matters. The flag is false if old is
// empty, or if the result is longer than maxBytes.
func Replace(s, old, replacement string, maxBytes int) (string, bool) {
	if old == "" {
		return "", false
	}
	// At most len(s) occurrences: neither product can overflow an int64.
	size := int64(len(s)) + int64(strings.Count(s, old))*int64(len(replacement)-len(old))
	if size > int64(maxBytes) {
		return "", false
	}
	return strings.ReplaceAll(s, old, replacement), true
}

// Join returns the parts with sep between them. The flag is false if that is
// longer than maxBytes.
func Join(parts []string, sep string, maxBytes int) (string, bool) {
	left := maxBytes
	for i, part := range parts {
		if i > 0 {
			left -= len(sep)
		}
		if left -= len(part); left < 0 {
			return "", false
		}
	}
	return strings.Join(parts, sep), left >= 0
}
