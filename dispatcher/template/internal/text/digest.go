package text

import (
	"crypto/fips140"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"strings"
)

// Base64 returns the bytes of s in base 64 with the standard alphabet and padding
// (RFC 4648, 4). The flag is false if that is longer than maxBytes.
func Base64(s string, maxBytes int) (string, bool) {
	if len(s) > maxBytes/4*3 {
		return "", false
	}
	var b strings.Builder
	b.Grow(base64.StdEncoding.EncodedLen(len(s)))
	// Whole groups of three bytes, so that only the last piece is padded.
	var piece [768]byte
	var encoded [1024]byte
	for s != "" {
		n := copy(piece[:], s)
		base64.StdEncoding.Encode(encoded[:], piece[:n])
		b.Write(encoded[:base64.StdEncoding.EncodedLen(n)])
		s = s[n:]
	}
	return b.String(), true
}

// Hex returns the bytes of s as hexadecimal digits in upper case. The flag is
// false if that is longer than maxBytes.
func Hex(s string, maxBytes int) (string, bool) {
	if len(s) > maxBytes/2 {
		return "", false
	}
	var b strings.Builder
	b.Grow(2 * len(s))
	for i := range len(s) {
		b.WriteByte(hexDigits[s[i]>>4])
		b.WriteByte(hexDigits[s[i]&15])
	}
	return b.String(), true
}

// MD5 returns the MD5 digest of s (RFC 1321) as hexadecimal digits in upper case.
// The flag is false if the process is allowed no MD5 (GODEBUG=fips140=only).
func MD5(s string) (string, bool) {
	if fips140.Enforced() {
		return "", false
	}
	return digest(md5.New(), s), true
}

// SHA1 returns the SHA-1 digest of s as hexadecimal digits in upper case. The flag
// is false if the process is allowed no SHA-1 (GODEBUG=fips140=only).
func SHA1(s string) (string, bool) {
	if fips140.Enforced() {
		return "", false
	}
	return digest(sha1.New(), s), true
}

// SHA256 returns the SHA-256 digest of s (FIPS 180-4) as hexadecimal digits in
// upper case.
func SHA256(s string) string { return digest(sha256.New(), s) }

// SHA512 returns the SHA-512 digest of s (FIPS 180-4) as hexadecimal digits in
// upper case.
func SHA512(s string) string { return digest(sha512.New(), s) }

// digest feeds s to h in pieces: s may be large, and h takes no strings.
func digest(h hash.Hash, s string) string {
	var piece [1024]byte
	for s != "" {
		n := copy(piece[:], s)
		h.Write(piece[:n])
		s = s[n:]
	}
	sum := h.Sum(piece[:0])
	digits := make([]byte, 0, 2*sha512.Size)
	for _, c := range sum {
		digits = append(digits, hexDigits[c>>4], hexDigits[c&15])
	}
	return string(digits)
}

const hexDigits = "0123456789ABCDEF"
