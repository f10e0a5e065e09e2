//go:build linux

package canary

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
)

// canary is a value that must not be found.
type canary struct {
	name  string
	value string
	// ofCaller says that the data of calls holds it too. Then the record of such a
	// call does, because it must be sent again.
	ofCaller bool
}

// canaries are all that are planted.
type canaries struct{ all []canary }

// plant makes a value of a kind and remembers it under a name.
func (c *canaries) plant(name string, kind func() string) string {
	value := kind()
	c.add(name, value)
	return value
}

// add remembers a value.
func (c *canaries) add(name, value string) { c.all = append(c.all, canary{name: name, value: value}) }

// Characters that JSON, percent and base64 encodings change. They stand between
// random ones, so that no piece of a value is there by chance.
const (
	specialASCII = `"\/+&=%'<>`
	specialUTF8  = specialASCII + "éß→"
)

// anyText is a text with characters of all kinds.
func anyText() string { return mixed(specialUTF8) }

// visible is visible ASCII, as access tokens are.
func visible() string { return mixed(specialASCII) }

// headerName is a value that could be the name of a header or of a host.
func headerName() string { return "Ab" + random(38) }

// mixed is random letters with one of the specials after every five.
func mixed(specials string) string {
	var b strings.Builder
	for _, special := range specials {
		b.WriteString(random(5))
		b.WriteRune(special)
	}
	b.WriteString(random(6))
	return b.String()
}

// random is n random letters and digits.
func random(n int) string {
	return rand.Text()[:min(n, 26)] + strings.ToLower(rand.Text()[:max(0, n-26)])
}

// randomBytes is n random bytes.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// signingSecret plants a key and returns the text of its signing secret.
func (c *canaries) signingSecret(name string, size int) string {
	key := randomBytes(size)
	c.add(name, string(key))
	text := base64.StdEncoding.EncodeToString(key)
	c.add(name+", its text", text)
	return "whsec_" + text
}
