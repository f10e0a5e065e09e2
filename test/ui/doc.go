// Package ui holds the tests of the web page: a headless Chromium looks at a real
// dispatcher, configured over a real control session, whose calls go to a real receiver.
//
// They need Chromium, and axe-core in bin/, which hack/browser sees to. Without, they are
// skipped; where CI is set they fail. With UI_SCREENSHOTS=FOLDER the views are kept as
// pictures; docs/images has some of them.
//
// Guarantees: each test has a dispatcher and a browser profile of its own, and fails when
// the page writes an error to the console, opens a dialog of the browser, or does what
// its Content-Security-Policy forbids. Non-goals: other browsers.
//
// Start at newWorld (the dispatcher) and newPage (the browser).
package ui
