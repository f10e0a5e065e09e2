// Package ui is the web page: static files, built by hack/ui from src and vendor to
// dist, and the handler that serves them under /ui/.
//
// The page is a client of the HTTP API like any other: it gets no data here. Its address
// is /ui/ for every view; which view, and with which filters, is in the fragment, which
// browsers do not send, so that what people search for is in no access log.
//
// Guarantees: no file but those of dist is served; the browser runs no script and takes
// no style but these, connects to nothing but the dispatcher, and lets no other site
// frame the page; a file whose name has a hash never changes. Non-goals: sessions, which
// are package httpapi's.
//
// Start at [Handler]; the page itself starts at src/main.jsx.
package ui
