package ui

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// lookout is a script that runs in each document before those of the page: it keeps what
// the policy forbade, and finds things as people do, by what they read.
//
//go:embed testdata/lookout.js
var lookout string

// allocator is the browser of all tests; nil if there is none.
var allocator context.Context

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if path := chromium(); path != "" {
			options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
				chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Headless, chromedp.NoFirstRun,
				chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
			ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
			defer cancel()
			browser, stop := chromedp.NewContext(ctx)
			defer stop()
			if err := chromedp.Do(browser, chromedp.Navigate("about:blank")); err != nil {
				fmt.Fprintln(os.Stderr, "start Chromium:", err)
				return 1
			}
			allocator = browser
		}
		return m.Run()
	}())
}

// chromium is where the browser is; empty if there is none.
func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// need skips a test, or fails it in CI, for want of something.
func need(t *testing.T, there bool, what string) {
	t.Helper()
	if there {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is needed and not there; hack/browser installs it on Debian as root", what)
	}
	t.Skipf("%s is not there; see hack/browser", what)
}

// tab is a page in a browser with a profile of its own.
type tab struct {
	t   *testing.T
	ctx context.Context
	url string

	provoked bool // the test itself does what no page should

	mu       sync.Mutex
	messages []string // that no page should bring about
}

// newPage opens a tab that has not logged in.
func newPage(t *testing.T, w *world) *tab {
	t.Helper()
	need(t, allocator != nil, "Chromium")
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx, url: w.url + "/ui/"}
	// Not with do: the tab ends with the context of what is done first.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.EmulateViewport(1440, 900)); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: lookout}); err != nil {
		t.Fatal(err)
	}
	p.watch()
	t.Cleanup(p.clean)
	return p
}

// watch keeps what the page writes to the console, and the dialogs it opens.
func (p *tab) watch() {
	keep := func(text string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.messages = append(p.messages, text)
	}
	console := chromedp.Console(p.ctx)
	go func() {
		for m, err := range console {
			if err != nil {
				return
			}
			// An answer that is a problem is one of the API's, which the page shows.
			if m.Source != "network" && (m.IsException() || m.Type == "error" || m.Type == "warning" || m.Source == "security") {
				keep(m.String())
			}
		}
	}()
	dialogs := chromedp.Events(p.ctx, page.JavascriptDialogOpening)
	go func() {
		for d, err := range dialogs {
			if err != nil {
				return
			}
			keep("a dialog: " + d.Message)
			_, _ = chromedp.Call(p.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: false})
		}
	}()
}

// clean fails the test if the page did what no page should.
func (p *tab) clean() {
	if p.provoked {
		return
	}
	if violations, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]string]("window.lookout ? lookout.violations : []")); err == nil && len(violations) > 0 {
		p.t.Errorf("the page did what its policy forbids: %q", violations)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.messages {
		p.t.Errorf("the page brought about: %s", m)
	}
}

// do performs steps that must succeed.
func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, timeout)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// evaluate is the value of an expression, whose arguments are written as JSON.
func evaluate[T any](p *tab, expression string, args ...any) T {
	p.t.Helper()
	for i, a := range args {
		text, err := json.Marshal(a)
		if err != nil {
			p.t.Fatal(err)
		}
		args[i] = string(text)
	}
	ctx, cancel := context.WithTimeout(p.ctx, timeout)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](fmt.Sprintf(expression, args...), chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// open shows a view, in a new document.
func (p *tab) open(view string) {
	p.t.Helper()
	p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.url+view))
}

// login logs in at the view that is open.
func (p *tab) login(with string) {
	p.t.Helper()
	p.see("Log in")
	p.fill("Token", with)
	p.click("Log in")
}

// newPageAt opens a tab, logs in, and shows a view.
func newPageAt(t *testing.T, w *world, view string) *tab {
	t.Helper()
	p := newPage(t, w)
	p.open(view)
	p.login(token)
	p.gone("How to get a token")
	return p
}

// see waits until all texts can be read on the page.
func (p *tab) see(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.until(fmt.Sprintf("the text %q", text), "lookout.text().includes(%s)", text)
	}
}

// gone waits until a text cannot be read any more.
func (p *tab) gone(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("the text %q to go", text), "!lookout.text().includes(%s)", text)
}

// click clicks a button, link or summary by its name, as soon as it is there.
func (p *tab) click(name string) {
	p.t.Helper()
	p.until(fmt.Sprintf("a button or link %q", name), "lookout.click(%s)", name)
}

// fill puts text into the field with that label, or chooses it.
func (p *tab) fill(label, text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("a field %q", label), "lookout.fill(%s, %s)", label, text)
}

// until waits until an expression is true.
func (p *tab) until(what, expression string, args ...any) {
	p.t.Helper()
	var text string
	done := false
	defer func() {
		if !done {
			p.t.Logf("the page reads:\n%s", text)
		}
	}()
	await(p.t, what, func() bool {
		if evaluate[bool](p, "!!("+expression+")", slices.Clone(args)...) {
			done = true
			return true
		}
		text = evaluate[string](p, "document.body.innerText")
		return false
	})
}

// size makes the window that large, and the colours light or dark.
func (p *tab) size(width, height int64, scheme string) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(width, height))
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	if err != nil {
		p.t.Fatal(err)
	}
}

// location is the view's address.
func (p *tab) location() string {
	p.t.Helper()
	return strings.TrimPrefix(evaluate[string](p, "location.href"), p.url)
}
