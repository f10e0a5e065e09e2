package access

import (
	"crypto/sha256"
	"strings"
	"testing"
)

// BenchmarkAllow is a remembered verdict for a token of 1 KiB, beside the SHA-256
// that is most of it.
func BenchmarkAllow(b *testing.B) {
	token := strings.Repeat("a", 1024)
	c := New(Options{Reviewer: &reviewer{answer: func(Review) (Verdict, error) { return yes, nil }}})
	if _, err := c.Allow(b.Context(), token, "create", "ns", "wh"); err != nil {
		b.Fatal(err)
	}
	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Allow(b.Context(), token, "create", "ns", "wh"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("hit, parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := c.Allow(b.Context(), token, "create", "ns", "wh"); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("sha256", func(b *testing.B) {
		for b.Loop() {
			_ = sha256.Sum256([]byte(token))
		}
	})
}
