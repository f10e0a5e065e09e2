package monitoring

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// alert is one of config/monitoring.
type alert struct {
	Alert, Expr, For string
	Labels           map[string]string
	Annotations      map[string]string
}

// rules reads the alerts, and what Prometheus reads of them: the spec of the
// PrometheusRule.
func rules(t *testing.T) (alerts []alert, spec []byte) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config", "monitoring", "prometheusrule.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var object struct {
		Spec struct {
			Groups []struct{ Rules []alert }
		}
	}
	var whole struct{ Spec any }
	if err := yaml.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	if spec, err = yaml.Marshal(whole.Spec); err != nil {
		t.Fatal(err)
	}
	for _, group := range object.Spec.Groups {
		alerts = append(alerts, group.Rules...)
	}
	if len(alerts) == 0 {
		t.Fatal("there are no alerts")
	}
	return alerts, spec
}

// promtool runs it in a folder with files; it must succeed.
func promtool(t *testing.T, files map[string][]byte, args ...string) {
	t.Helper()
	program, err := filepath.Abs(filepath.Join(root, "bin", "promtool"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatal("there is no bin/promtool; run hack/build-tools promtool")
	}
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// TestAlerts: Prometheus takes them, and each fires when it should and not else.
func TestAlerts(t *testing.T) {
	_, spec := rules(t)
	tests, err := os.ReadFile(filepath.Join("testdata", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"rules.yaml": spec, "alerts.yaml": tests}
	promtool(t, files, "check", "rules", "--lint=all", "--lint-fatal", "rules.yaml")
	promtool(t, files, "test", "rules", "alerts.yaml")
}

// TestEveryAlertIsTested: one that never fires, or always, is worse than none.
func TestEveryAlertIsTested(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tests []struct {
			AlertRuleTest []struct {
				AlertName string `json:"alertname"`
				ExpAlerts []any  `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	fires, rests := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		for _, a := range test.AlertRuleTest {
			if len(a.ExpAlerts) > 0 {
				fires[a.AlertName] = true
			} else {
				rests[a.AlertName] = true
			}
		}
	}
	alerts, _ := rules(t)
	for _, a := range alerts {
		if !fires[a.Alert] || !rests[a.Alert] {
			t.Errorf("testdata/alerts.yaml has %s fire: %v, and not fire: %v; want both", a.Alert, fires[a.Alert], rests[a.Alert])
		}
	}
}

// TestEveryAlertSaysWhatToDo: to whom it comes, in words, and with a page.
func TestEveryAlertSaysWhatToDo(t *testing.T) {
	alerts, _ := rules(t)
	pages, err := filepath.Glob(filepath.Join(root, "docs", "runbooks", "Webhook*.md"))
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{}
	for _, page := range pages {
		left[strings.TrimSuffix(filepath.Base(page), ".md")] = true
	}
	index, err := os.ReadFile(filepath.Join(root, "docs", "runbooks", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range alerts {
		if !slices.Contains([]string{"critical", "warning", "info"}, a.Labels["severity"]) {
			t.Errorf("%s has the severity %q", a.Alert, a.Labels["severity"])
		}
		if a.Annotations["summary"] == "" || a.Annotations["description"] == "" {
			t.Errorf("%s says nothing", a.Alert)
		}
		if want := "https://github.com/maestra-io/webhook-operator/blob/main/docs/runbooks/" + a.Alert + ".md"; a.Annotations["runbook_url"] != want {
			t.Errorf("%s has the runbook %q, want %q", a.Alert, a.Annotations["runbook_url"], want)
		}
		page, err := os.ReadFile(filepath.Join(root, "docs", "runbooks", a.Alert+".md"))
		if err != nil {
			t.Errorf("%s has no page: %v", a.Alert, err)
			continue
		}
		delete(left, a.Alert)
		for _, part := range []string{"# " + a.Alert + "\n", "## Meaning\n", "## Impact\n", "## Diagnosis\n", "## Mitigation\n"} {
			if !strings.Contains(string(page), part) {
				t.Errorf("the page of %s has no %q", a.Alert, strings.TrimSpace(part))
			}
		}
		if !strings.Contains(string(index), "("+a.Alert+".md)") {
			t.Errorf("docs/runbooks/README.md does not lead to %s", a.Alert)
		}
	}
	for page := range left {
		t.Errorf("docs/runbooks/%s.md is about no alert", page)
	}
}
