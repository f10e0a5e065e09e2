package httpapi

import (
	"net/http"
	"testing"
	"time"
)

func TestWaitOf(t *testing.T) {
	const none = -1
	tests := []struct {
		lines []string
		want  time.Duration // in seconds; none for no wait
	}{
		{nil, none},
		{[]string{""}, none},
		{[]string{"wait=10"}, 10},
		{[]string{"wait=0"}, 0},
		{[]string{"wait=007"}, 7},
		{[]string{"WAIT=10"}, 10},
		{[]string{"wait = 10"}, 10},
		{[]string{"\twait\t=\t10\t"}, 10},
		{[]string{`wait="10"`}, 10},
		{[]string{`wait="1\0"`}, 10},
		{[]string{"wait=60"}, 60},
		{[]string{"wait=61"}, 60},
		{[]string{"wait=99999999999999999999999999"}, 60},
		// The first counts, also over several headers.
		{[]string{"wait=10, wait=20"}, 10},
		{[]string{"wait=10", "wait=20"}, 10},
		{[]string{"wait=x, wait=20"}, none},
		// Others are passed over.
		{[]string{"respond-async, wait=10"}, 10},
		{[]string{"respond-async", "wait=10"}, 10},
		{[]string{"return=minimal,, ,wait=10,"}, 10},
		{[]string{`foo="a, wait=20", wait=10`}, 10},
		{[]string{`foo="a\", wait=20", wait=10`}, 10},
		{[]string{`foo="bar; wait=20"; x="1,2"; y, wait=10`}, 10},
		{[]string{"waiting=20, await=20, wait=10"}, 10},
		// Parameters.
		{[]string{"wait=10;a"}, 10},
		{[]string{"wait=10 ; a=b;; c = \"d\" ;"}, 10},
		{[]string{"wait=10; =b"}, none},
		{[]string{"wait=10; a=", "wait=20"}, 20},
		{[]string{"handling=lenient; wait=20"}, none},
		// What is malformed is as if it were not there.
		{[]string{"wait"}, none},
		{[]string{"wait="}, none},
		{[]string{`wait=""`}, none},
		{[]string{"wait=-1"}, none},
		{[]string{"wait=+1"}, none},
		{[]string{"wait=1.5"}, none},
		{[]string{"wait=10s"}, none},
		{[]string{"wait=1 0"}, none},
		{[]string{"wait:10"}, none},
		{[]string{`wait="10`}, none},
		{[]string{`wait="10\`}, none},
		{[]string{`wait="10"0`}, none},
		{[]string{"wait==10"}, none},
		{[]string{"=10"}, none},
		{[]string{"@, wait=10"}, 10},
		{[]string{"ẃait=10"}, none},
		{[]string{"wait=10 20, wait=30"}, 30},
	}
	for _, test := range tests {
		got, ok := waitOf(http.Header{"Prefer": test.lines})
		if want := test.want * time.Second; ok != (test.want != none) || ok && got != want {
			t.Errorf("%q: %v, %t, want %d s", test.lines, got, ok, test.want)
		}
	}
}
