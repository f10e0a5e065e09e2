package httpapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// judge is an Access with one answer. It notes what it is asked.
type judge struct {
	user  string
	err   error
	asked []string
}

func (j *judge) Allow(_ context.Context, token, verb, namespace, name string) (string, error) {
	j.asked = append(j.asked, strings.Join([]string{token, verb, namespace, name}, " "))
	return j.user, j.err
}

func (j *judge) Identify(_ context.Context, token string) (string, error) {
	j.asked = append(j.asked, token+" identify")
	return j.user, j.err
}

// untouched is a backend that no request may reach. The methods without a body here
// would panic.
type untouched struct {
	*testing.T
	Intake
	Calls
}

func (u untouched) Accept(context.Context, plan.Key, intake.Request) intake.Result {
	u.Error("a refused request reached intake")
	return intake.Result{}
}

func (u untouched) AcceptAll(context.Context, plan.Key, []intake.Request) []intake.Result {
	u.Error("a refused request reached intake")
	return nil
}

func (u untouched) Admit(int64) (func(), error) {
	u.Error("a refused request reached admission")
	return func() {}, nil
}

func (u untouched) LoadDurable(uuid.UUID) (*store.Entry, error) {
	u.Error("a refused request reached the store")
	return nil, store.ErrNotFound
}

// unread is a body that nobody may read.
type unread struct{ *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.Error("the body of a refused request was read")
	return 0, io.EOF
}

// refusing is an API over a backend that no request may reach.
func refusing(t *testing.T, j *judge) http.Handler {
	u := untouched{T: t}
	return New(Options{Access: j, Intake: u, Admission: u, Calls: u, Logger: slog.New(slog.DiscardHandler)})
}

// routesFor are all guarded routes as method and path, for one webhook.
func routesFor(webhook string) (routes [][2]string) {
	for _, r := range (&api{}).routes() {
		if r.verb == open {
			continue
		}
		path := strings.NewReplacer("{namespace}", "ns", "{webhook}", webhook, "{transactionId}", "0197a5b0-0000-7000-8000-000000000000").Replace(r.pattern)
		routes = append(routes, [2]string{r.method, path})
		if r.method == http.MethodGet {
			routes = append(routes, [2]string{http.MethodHead, path})
		}
	}
	return routes
}

// TestRefusedCallersLearnNothing: on every route the answer is the same, byte for
// byte, whatever else is wrong with a request, and nothing behind is asked.
func TestRefusedCallersLearnNothing(t *testing.T) {
	for _, test := range []struct {
		err       error
		status    int
		challenge string
		retry     bool
	}{
		{access.ErrUnauthenticated, 401, `Bearer realm="webhook-dispatcher", error="invalid_token"`, false},
		{access.ErrForbidden, 403, "", false},
		{access.ErrUnavailable, 503, "", true},
	} {
		var first string
		for _, webhook := range []string{"wh", "missing"} {
			for _, route := range routesFor(webhook) {
				for i, media := range []string{"application/json", "application/x-ndjson", "text/strange", ""} {
					query := []string{"", "?webhook=" + webhook, "?webhook=a&webhook=b&limit=x", "?%zz"}[i]
					r := httptest.NewRequest(route[0], route[1]+query, unread{t})
					r.Header = http.Header{"Authorization": {"Bearer tok"}, "Content-Type": {media}, "Idempotency-Key": {"a", "b"}, "Prefer": {"wait=x"}}
					w := httptest.NewRecorder()
					refusing(t, &judge{err: fmt.Errorf("judge: %w", test.err)}).ServeHTTP(w, r)
					answer := fmt.Sprint(w.Code, w.Header(), w.Body)
					if first == "" {
						first = answer
					}
					if answer != first {
						t.Errorf("%s %s is answered %s, others %s", route[0], route[1], answer, first)
					}
					if w.Code != test.status || w.Header().Get("WWW-Authenticate") != test.challenge || (w.Header().Get("Retry-After") != "") != test.retry {
						t.Errorf("%v is answered %s", test.err, answer)
					}
				}
			}
		}
	}
}

// TestCredentials: what is no bearer token is nobody's, without a review.
func TestCredentials(t *testing.T) {
	const invalid = `Bearer realm="webhook-dispatcher", error="invalid_token"`
	long := strings.Repeat("a", maxToken)
	for _, test := range []struct {
		headers   []string
		token     string // that is reviewed
		challenge string
	}{
		{nil, "", `Bearer realm="webhook-dispatcher"`},
		{[]string{"Bearer abc"}, "abc", ""},
		{[]string{"bEARER  a-._~+/9Z=="}, "a-._~+/9Z==", ""},
		{[]string{"Bearer " + long}, long, ""},
		{[]string{"Bearer " + long + "a"}, "", invalid},
		{[]string{""}, "", invalid}, {[]string{"Bearer"}, "", invalid}, {[]string{"Bearer "}, "", invalid}, {[]string{"Bearer =="}, "", invalid},
		{[]string{"abc"}, "", invalid}, {[]string{"Basic abc"}, "", invalid}, {[]string{"BearerX abc"}, "", invalid},
		{[]string{"Bearer a b"}, "", invalid}, {[]string{"Bearer a=b"}, "", invalid}, {[]string{"Bearer a\tb"}, "", invalid},
		{[]string{"Bearer a\x10"}, "", invalid}, {[]string{"Bearer é"}, "", invalid}, {[]string{"Bearer a,b"}, "", invalid}, {[]string{`Bearer "a"`}, "", invalid},
		{[]string{"Bearer abc", "Bearer abc"}, "", invalid}, {[]string{"Bearer abc", ""}, "", invalid},
	} {
		j := &judge{err: access.ErrForbidden}
		r := httptest.NewRequest("POST", calls, unread{t})
		r.Header["Authorization"] = test.headers
		w := httptest.NewRecorder()
		refusing(t, j).ServeHTTP(w, r)
		if test.token != "" {
			if want := []string{test.token + " create ns wh"}; !cmp.Equal(j.asked, want) || w.Code != 403 {
				t.Errorf("%.40q: %d, asked %.40q", test.headers, w.Code, j.asked)
			}
		} else if w.Code != 401 || w.Header().Get("WWW-Authenticate") != test.challenge || len(j.asked) > 0 || !strings.Contains(w.Body.String(), "problems/unauthenticated") {
			t.Errorf("%.40q: %d %q %s, asked %.40q", test.headers, w.Code, w.Header(), w.Body, j.asked)
		}
	}
}

// TestNamesThatCannotBe are refused without a review, all with the same answer, and
// only to who has sent a token.
func TestNamesThatCannotBe(t *testing.T) {
	path := func(namespace, name string) string {
		return "/v1/namespaces/" + namespace + "/webhooks/" + name + "/calls"
	}
	var first string
	for _, p := range []string{
		path("NS", "wh"), path("n.s", "wh"), path("-ns", "wh"), path("ns-", "wh"), path("n%2Fs", "wh"), path("n%00s", "wh"), path("n%FFs", "wh"), path("%20", "wh"),
		path(strings.Repeat("n", 64), "wh"), path("ns", "Wh"), path("ns", "w_h"), path("ns", "w..h"), path("ns", ".wh"), path("ns", "wh."), path("ns", "w-.h"),
		path("ns", "w%2F..%2Fh"), path("ns", strings.Repeat("w", 254)), path("ns", "%E2%80%AE"),
	} {
		j := &judge{}
		r := httptest.NewRequest("POST", p, unread{t})
		w := httptest.NewRecorder()
		refusing(t, j).ServeHTTP(w, r)
		if w.Code != 401 {
			t.Errorf("%s without a token is answered %d", p, w.Code)
		}
		r.Header.Set("Authorization", "Bearer tok")
		w = httptest.NewRecorder()
		refusing(t, j).ServeHTTP(w, r)
		answer := fmt.Sprint(w.Code, w.Header(), w.Body)
		if first == "" {
			first = answer
		}
		if w.Code != 404 || answer != first || len(j.asked) > 0 {
			t.Errorf("%s is answered %s, asked %q", p, answer, j.asked)
		}
	}
	for _, p := range []string{path(strings.Repeat("n", 63), strings.Repeat("w", 253)), path("0-n", "a.b-c.0"), path("n", "1")} {
		j := &judge{err: access.ErrForbidden}
		r := httptest.NewRequest("POST", p, unread{t})
		r.Header.Set("Authorization", "Bearer tok")
		refusing(t, j).ServeHTTP(httptest.NewRecorder(), r)
		if len(j.asked) != 1 {
			t.Errorf("%s was not reviewed", p)
		}
	}
}

// TestEachRouteHasItsVerb, and what is no route needs none.
func TestEachRouteHasItsVerb(t *testing.T) {
	var got []string
	for _, route := range routesFor("wh") {
		j := &judge{err: access.ErrForbidden}
		r := httptest.NewRequest(route[0], route[1], nil)
		r.Header.Set("Authorization", "Bearer tok")
		refusing(t, j).ServeHTTP(httptest.NewRecorder(), r)
		got = append(got, route[0]+" "+strings.ReplaceAll(route[1], "0197a5b0-0000-7000-8000-000000000000", "ID")+": "+strings.Join(j.asked, ", "))
	}
	want := []string{
		"POST " + calls + ": tok create ns wh",
		"GET " + calls + "/ID: tok get ns wh",
		"HEAD " + calls + "/ID: tok get ns wh",
		"DELETE " + calls + "/ID: tok delete ns wh",
		"GET " + calls + "/ID/attempts: tok get ns wh",
		"HEAD " + calls + "/ID/attempts: tok get ns wh",
		"POST " + calls + "/ID/redeliver: tok create ns wh",
		"POST /v1/namespaces/ns/webhooks/wh/redeliver: tok create ns wh",
		"POST /v1/namespaces/ns/webhooks/wh/render: tok get ns wh",
		"POST /v1/namespaces/ns/events: tok create ns ",
		"GET /v1/namespaces: tok identify",
		"HEAD /v1/namespaces: tok identify",
		"GET /v1/namespaces/ns/webhooks: tok get ns ",
		"HEAD /v1/namespaces/ns/webhooks: tok get ns ",
		"GET /v1/namespaces/ns/webhooks/wh: tok get ns wh",
		"HEAD /v1/namespaces/ns/webhooks/wh: tok get ns wh",
		"GET /v1/namespaces/ns/webhooks/wh/manifest: tok get ns wh",
		"HEAD /v1/namespaces/ns/webhooks/wh/manifest: tok get ns wh",
		"GET /v1/namespaces/ns/integrations: tok get ns ",
		"HEAD /v1/namespaces/ns/integrations: tok get ns ",
		"GET /v1/namespaces/ns/deliveries: tok get ns ",
		"HEAD /v1/namespaces/ns/deliveries: tok get ns ",
		"GET /v1/namespaces/ns/deliveries/export: tok get ns ",
		"HEAD /v1/namespaces/ns/deliveries/export: tok get ns ",
		"GET /v1/namespaces/ns/deliveries/tail: tok get ns ",
		"HEAD /v1/namespaces/ns/deliveries/tail: tok get ns ",
		"GET /v1/namespaces/ns/statistics: tok get ns ",
		"HEAD /v1/namespaces/ns/statistics: tok get ns ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes and what they were judged by (-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		method, path string
		status       int
	}{{"GET", "/", 404}, {"GET", "/v1/namespaces/ns", 404}, {"PUT", "/v1/namespaces/ns/webhooks/wh", 405}, {"PUT", calls, 405}, {"PATCH", calls + "/x", 405}} {
		w := httptest.NewRecorder()
		refusing(t, &judge{err: errors.New("was asked")}).ServeHTTP(w, httptest.NewRequest(test.method, test.path, nil))
		if w.Code != test.status {
			t.Errorf("%s %s is answered %d, want %d", test.method, test.path, w.Code, test.status)
		}
	}
}

// TestAWebhookNamedByTheQueryIsJudged in place of all of the namespace, where a query can
// name one, and only if it names it in the one way in which it is read later.
func TestAWebhookNamedByTheQueryIsJudged(t *testing.T) {
	const ns = "/v1/namespaces/ns/"
	for path, want := range map[string]string{
		ns + "deliveries?webhook=wh":              "tok get ns wh",
		ns + "deliveries/export?webhook=wh":       "tok get ns wh",
		ns + "deliveries/tail?webhook=w.h&last=1": "tok get ns w.h",
		ns + "statistics?webhook=wh":              "tok get ns wh",
		ns + "deliveries?webhook=a&webhook=b":     "tok get ns ",
		ns + "deliveries?webhook=":                "tok get ns ",
		ns + "deliveries?webhook=wh&unknown=1":    "tok get ns ",
		ns + "deliveries?webhook=wh&%zz":          "tok get ns ",
		ns + "deliveries?Webhook=wh":              "tok get ns ",
		ns + "deliveries?webhook=W%00h":           "",
		ns + "webhooks?webhook=wh":                "tok get ns ",
		ns + "integrations?webhook=wh":            "tok get ns ",
		ns + "webhooks/other?webhook=wh":          "tok get ns other",
	} {
		j := &judge{err: access.ErrForbidden}
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer tok")
		refusing(t, j).ServeHTTP(httptest.NewRecorder(), r)
		if got := strings.Join(j.asked, ", "); got != want {
			t.Errorf("%s was judged by %q, want %q", path, got, want)
		}
	}
}

// TestASessionIsACredential where there is no Authorization, and not for what another site
// has sent.
func TestASessionIsACredential(t *testing.T) {
	for _, test := range []struct {
		name    string
		headers map[string]string
		method  string
		tls     bool
		status  int
		asked   string
	}{
		{"plain", map[string]string{"Cookie": "webhook-session=tok"}, "GET", false, 403, "tok get ns wh"},
		{"secure", map[string]string{"Cookie": "__Host-webhook-session=tok"}, "GET", true, 403, "tok get ns wh"},
		{"plain over TLS", map[string]string{"Cookie": "webhook-session=tok"}, "GET", true, 401, ""},
		{"secure without TLS", map[string]string{"Cookie": "__Host-webhook-session=tok"}, "GET", false, 401, ""},
		{"no token", map[string]string{"Cookie": "webhook-session=a b"}, "GET", false, 401, ""},
		{"two", map[string]string{"Cookie": "webhook-session=a; webhook-session=b"}, "GET", false, 401, ""},
		{"Authorization first", map[string]string{"Cookie": "webhook-session=tok", "Authorization": "Bearer other"}, "GET", false, 403, "other get ns wh"},
		{"bad Authorization", map[string]string{"Cookie": "webhook-session=tok", "Authorization": "Basic x"}, "GET", false, 401, ""},
		{"same origin", map[string]string{"Cookie": "webhook-session=tok", "Sec-Fetch-Site": "same-origin"}, "DELETE", false, 403, "tok delete ns wh"},
		{"other origin", map[string]string{"Cookie": "webhook-session=tok", "Sec-Fetch-Site": "cross-site"}, "DELETE", false, 403, ""},
		{"same site", map[string]string{"Cookie": "webhook-session=tok", "Sec-Fetch-Site": "same-site"}, "DELETE", false, 403, ""},
		{"older browser", map[string]string{"Cookie": "webhook-session=tok", "Origin": "https://evil.example"}, "DELETE", false, 403, ""},
		{"token from elsewhere", map[string]string{"Authorization": "Bearer tok", "Sec-Fetch-Site": "cross-site"}, "DELETE", false, 403, "tok delete ns wh"},
	} {
		j := &judge{err: access.ErrForbidden}
		r := httptest.NewRequest(test.method, calls+"/0197a5b0-0000-7000-8000-000000000000", nil)
		if test.tls {
			r.TLS = &tls.ConnectionState{}
		}
		for name, value := range test.headers {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		refusing(t, j).ServeHTTP(w, r)
		if got := strings.Join(j.asked, ", "); w.Code != test.status || got != test.asked {
			t.Errorf("%s: %d, judged by %q", test.name, w.Code, got)
		}
	}
}

// TestAllowedCallersComeThrough, with their name; and everybody does if callers are
// not authenticated.
func TestAllowedCallersComeThrough(t *testing.T) {
	for _, test := range []struct {
		access Access
		want   string
	}{{&judge{user: "system:serviceaccount:ns:shop"}, "system:serviceaccount:ns:shop"}, {nil, ""}} {
		a := &api{access: test.access}
		got := "not reached"
		handler := a.guard(route{verb: verbCreate}, func(_ http.ResponseWriter, r *http.Request) { got = callerOf(r.Context()) })
		r := httptest.NewRequest("POST", "/", bytes.NewReader(nil))
		r.SetPathValue("namespace", "ns")
		if test.access != nil {
			r.Header.Set("Authorization", "Bearer tok")
		}
		handler(httptest.NewRecorder(), r)
		if got != test.want {
			t.Errorf("the caller is %q, want %q", got, test.want)
		}
	}
}
