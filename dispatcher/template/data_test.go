package template

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseDataErrors(t *testing.T) {
	const (
		broken = " Data: the data is not valid JSON here"
		ends   = " Data: the data ends in the middle of the JSON object"
		object = " Data: the data must be a JSON object"
		twice  = " Data: the data holds this name twice in one object; names may not differ only in case"
		char   = " Data: the data has a control character in a string"
	)
	for _, c := range []struct{ json, want string }{
		{"", "1:1" + object},
		{" \n ", "2:2" + object},
		{"\ufeff{}", "1:1" + object},
		{"1", "1:1" + object},
		{"{", "1:2" + ends},
		{`{"a"`, "1:5" + ends},
		{`{"a":1`, "1:7" + ends},
		{`{"a":"b`, "1:8" + ends},
		{`{"a":"\`, "1:8" + ends},
		{`{"a":"\nb`, "1:10" + ends},
		{`{"a":"\u00`, "1:11" + ends},
		{`{"a":"\ud83d\u00`, "1:17" + ends},
		{`{"a":[1`, "1:8" + ends},
		{`{"a":tru`, "1:9" + ends},
		{`{"a":-`, "1:7" + ends},
		{`{"a":1e`, "1:8" + ends},
		{"{\x00}", "1:2" + broken},
		{"{}\x00", "1:3 Data: the data goes on after the JSON object"},
		{`{}x`, "1:3 Data: the data goes on after the JSON object"},
		{`{a:1}`, "1:2" + broken},
		{`{"a" 1}`, "1:6" + broken},
		{`{"a":}`, "1:6" + broken},
		{`{"a":1,}`, "1:8" + broken},
		{`{,}`, "1:2" + broken},
		{`{"a":1 "b":2}`, "1:8" + broken},
		{`{"a":[1,]}`, "1:9" + broken},
		{`{"a":[,1]}`, "1:7" + broken},
		{`{"a":[1 2]}`, "1:9" + broken},
		{`{"a":[1}`, "1:8" + broken},
		{`{"a":True}`, "1:6" + broken},
		{`{"a":trUe}`, "1:8" + broken},
		{`{"a":01}`, "1:7" + broken},
		{`{"a":-01}`, "1:8" + broken},
		{`{"a":+1}`, "1:6" + broken},
		{`{"a":.5}`, "1:6" + broken},
		{`{"a":1.}`, "1:8" + broken},
		{`{"a":1e}`, "1:8" + broken},
		{`{"a":1e+}`, "1:9" + broken},
		{`{"a":- 1}`, "1:7" + broken},
		{`{"a":0x1}`, "1:7" + broken},
		{`{"a":NaN}`, "1:6" + broken},
		{`{"a":'b'}`, "1:6" + broken},
		{`{"a":"\x"}`, "1:8" + broken},
		{`{"a":"\u12g4"}`, "1:11" + broken},
		{"{\"a\":\"\\u\x1111\x11\"}", "1:9" + broken},
		{"{\"a\":\"b\n\"}", "1:8" + char},
		{"{\"a\":\"\\n\t\"}", "1:9" + char},
		{`{"a":1,"a":1}`, "1:8" + twice},
		{`{"ab":1,"c":{"aB":1,"Ab":1}}`, "1:21" + twice},
		{`{"a":1,"\u0041":1}`, "1:8" + twice},
		{`{"ж":1,"Ж":1}`, "1:8" + twice},
		{`{"ⱥ":1,"Ⱥ":1}`, "1:8" + twice}, // of different length in UTF-8
	} {
		_, err := ParseData([]byte(c.json))
		if err == nil {
			t.Errorf("%q: no error, want %s", c.json, c.want)
		} else if got := errorLines(err); got != c.want {
			t.Errorf("%q: error %s, want %s", c.json, got, c.want)
		}
	}
}

// TestLargeObjects crosses the number of members where look-up changes.
func TestLargeObjects(t *testing.T) {
	for n := scanMax - 1; n <= scanMax+2; n++ {
		var members []string
		for i := range n {
			members = append(members, `"Name`+string(rune('a'+i))+`": `+strings.Repeat("1", i+1))
		}
		json := "{" + strings.Join(members, ", ")
		for i := range n {
			got, err := renderText("${ nAME"+string(rune('a'+i))+" }", json+"}")
			if diff := cmp.Diff(strings.Repeat("1", i+1), got); err != nil || diff != "" {
				t.Errorf("member %d of %d: %v %s", i, n, err, diff)
			}
			if _, err := ParseData([]byte(json + `, "NAME` + string(rune('A'+i)) + `": 0}`)); err == nil {
				t.Errorf("member %d of %d: repeated without error", i, n)
			}
		}
		if _, err := renderText("${ name }", json+"}"); err == nil {
			t.Errorf("among %d members one is found that is not there", n)
		}
	}
}

// TestDataIsCopied guards against keeping the caller's buffer.
func TestDataIsCopied(t *testing.T) {
	json := []byte(`{"a": "before"}`)
	data, err := ParseData(json)
	if err != nil {
		t.Fatal(err)
	}
	copy(json, strings.Repeat("x", len(json)))
	if got, err := compile(t, "${ a }").Render(data); err != nil || got != "before" {
		t.Errorf("Render gives %q, %v", got, err)
	}
}
