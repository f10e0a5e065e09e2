package monitoring

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// ours finds names of our metrics, and those of controller-runtime, with a selector behind
// them if there is one.
var ours = regexp.MustCompile(`\b((?:webhook_dispatcher|webhook_manager|controller_runtime)_[a-z0-9_]*[a-z0-9])\b(?:\{([^}]*)\})?`)

// matcher finds the label of a matcher in a selector, grouping the labels of a by.
var (
	matcher  = regexp.MustCompile(`\b([a-z_]+)\s*(?:=~|!~|!=|=)`)
	grouping = regexp.MustCompile(`\bby\s*\(([^)]*)\)`)
)

// use is a use of a metric in a text, with the labels that are asked of it.
type use struct {
	name   string
	labels []string
}

// usesIn are the metrics in a text.
func usesIn(text string) (uses []use) {
	for _, found := range ours.FindAllStringSubmatch(text, -1) {
		u := use{name: found[1]}
		for _, label := range matcher.FindAllStringSubmatch(found[2], -1) {
			u.labels = append(u.labels, label[1])
		}
		uses = append(uses, u)
	}
	return uses
}

// shown finds the family that a name is of: histograms have three names.
func shown(all map[string]*dto.MetricFamily, name string) (family *dto.MetricFamily, suffix string) {
	if family := all[name]; family != nil {
		return family, ""
	}
	for _, suffix := range []string{"_bucket", "_count", "_sum"} {
		if base, ok := strings.CutSuffix(name, suffix); ok && all[base] != nil && all[base].GetType() == dto.MetricType_HISTOGRAM {
			return all[base], suffix
		}
	}
	return nil, ""
}

// checkExpression reports metrics and labels of an expression that do not exist.
func checkExpression(t *testing.T, all map[string]*dto.MetricFamily, where, expr string) {
	t.Helper()
	uses := usesIn(expr)
	if len(uses) == 0 {
		t.Errorf("%s names no metric: %s", where, expr)
	}
	known := map[string]bool{}
	for _, u := range uses {
		family, suffix := shown(all, u.name)
		if family == nil {
			t.Errorf("%s names %s, which neither process shows", where, u.name)
			continue
		}
		labels := labelsOf(family)
		if suffix == "_bucket" {
			labels = append(labels, "le")
		} else if suffix == "" && family.GetType() == dto.MetricType_HISTOGRAM {
			t.Errorf("%s names the histogram %s without _bucket, _count or _sum", where, u.name)
		}
		for _, label := range labels {
			known[label] = true
		}
		for _, label := range u.labels {
			if !slices.Contains(labels, label) {
				t.Errorf("%s asks for %s{%s}, which has the labels %v", where, u.name, label, labels)
			}
		}
	}
	for _, found := range grouping.FindAllStringSubmatch(expr, -1) {
		for label := range strings.SplitSeq(found[1], ",") {
			if label = strings.TrimSpace(label); !known[label] {
				t.Errorf("%s groups by %s, which none of its metrics has", where, label)
			}
		}
	}
}

// TestAlertsNameWhatThereIs: also by the labels in their words.
func TestAlertsNameWhatThereIs(t *testing.T) {
	all := families(t)
	alerts, _ := rules(t)
	word := regexp.MustCompile(`\$labels\.([a-z_]+)`)
	for _, a := range alerts {
		checkExpression(t, all, "alert "+a.Alert, a.Expr)
		kept := grouping.FindStringSubmatch(a.Expr)
		for _, text := range a.Annotations {
			for _, label := range word.FindAllStringSubmatch(text, -1) {
				if kept == nil || !strings.Contains(kept[1], label[1]) {
					t.Errorf("alert %s speaks of the label %s, which its expression does not keep", a.Alert, label[1])
				}
			}
		}
	}
}

// TestPagesNameWhatThereIs: the runbooks and the pages for people.
func TestPagesNameWhatThereIs(t *testing.T) {
	all := families(t)
	pages, err := filepath.Glob(filepath.Join(root, "docs", "runbooks", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	adrs, err := filepath.Glob(filepath.Join(root, "docs", "adr", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range slices.Concat(pages, more, adrs, []string{filepath.Join(root, "README.md")}) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range usesIn(string(text)) {
			family, _ := shown(all, u.name)
			if family == nil {
				t.Errorf("%s names %s, which neither process shows", page, u.name)
				continue
			}
			for _, label := range u.labels {
				if !slices.Contains(labelsOf(family), label) {
					t.Errorf("%s asks for %s{%s}, which has the labels %v", page, u.name, label, labelsOf(family))
				}
			}
		}
	}
}

// TestEveryMetricIsDescribed: docs/metrics.md has a row with type, labels and help for each
// of ours, and for no other.
func TestEveryMetricIsDescribed(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	described := map[string][3]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(webhook_[a-z0-9_]+)` \\| ([a-z]+) \\| ([^|]*) \\| ([^|]+) \\|$").FindAllStringSubmatch(string(text), -1) {
		described[row[1]] = [3]string{row[2], row[3], row[4]}
	}
	for name, family := range families(t) {
		if !strings.HasPrefix(name, "webhook_") {
			continue
		}
		labels := "–"
		if names := labelsOf(family); len(names) > 0 {
			labels = "`" + strings.Join(names, "`, `") + "`"
		}
		if got, want := described[name], [3]string{strings.ToLower(family.GetType().String()), labels, family.GetHelp()}; got != want {
			t.Errorf("docs/metrics.md says of %s %q, want %q: | `%s` | %s | %s | %s |", name, got, want, name, want[0], want[1], want[2])
		}
		delete(described, name)
	}
	for name := range described {
		t.Errorf("docs/metrics.md describes %s, which neither process shows", name)
	}
}
