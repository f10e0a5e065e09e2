package monitoring

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// panel is one of a dashboard, or a row.
type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ H, W, X, Y int }
	Datasource               struct{ UID string }
	Targets                  []struct {
		Expr       string
		Datasource struct{ UID string }
	}
	Panels []panel
}

// dashboard is config/monitoring/dashboard.json.
type dashboard struct {
	UID, Title    string
	SchemaVersion int
	Panels        []panel
	Templating    struct {
		List []struct {
			Name, Type, Definition string
		}
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config", "monitoring", "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// variables stands in for what Grafana puts into an expression.
var variables = strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h", "$namespace", ".*", "$integration", ".*")

// TestDashboard: Grafana 11 opens it, with any data source, and each panel says what it
// shows.
func TestDashboard(t *testing.T) {
	d := readDashboard(t)
	if d.SchemaVersion < 39 || d.UID == "" || d.Title == "" {
		t.Errorf("schema %d, uid %q, title %q", d.SchemaVersion, d.UID, d.Title)
	}
	var names []string
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
	}
	if want := []string{"datasource", "namespace", "integration"}; !slices.Equal(names, want) {
		t.Errorf("variables %q, want %q", names, want)
	}
	rows, ids := 0, map[int]bool{}
	taken := map[string]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.ID == 0 || p.Title == "" {
			t.Errorf("panel %q has the id %d", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				cell := fmt.Sprint(x, " ", y)
				if x >= 24 || taken[cell] != "" {
					t.Fatalf("panel %q lies over %q, or out of the page", p.Title, taken[cell])
				}
				taken[cell] = p.Title
			}
		}
		if p.Type == "row" {
			rows++
			continue
		}
		if p.Description == "" || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
			t.Errorf("panel %q has the description %q, the data source %q and %d queries", p.Title, p.Description, p.Datasource.UID, len(p.Targets))
		}
	}
	if rows < 8 {
		t.Errorf("%d rows", rows)
	}
}

// TestDashboardNamesWhatThereIs: each query, and each list of values of a variable, and
// Prometheus takes them.
func TestDashboardNamesWhatThereIs(t *testing.T) {
	all, d := families(t), readDashboard(t)
	type record struct {
		Record string `json:"record"`
		Expr   string `json:"expr"`
	}
	var queries []record
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			expr := variables.Replace(target.Expr)
			if strings.Contains(expr, "$") || target.Datasource.UID != "${datasource}" {
				t.Errorf("panel %q has the query %s of the data source %q", p.Title, expr, target.Datasource.UID)
			}
			checkExpression(t, all, "panel "+p.Title, expr)
			queries = append(queries, record{Record: fmt.Sprintf("panel:%d", len(queries)), Expr: expr})
		}
	}
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			inner := strings.TrimSuffix(strings.TrimPrefix(v.Definition, "label_values("), ")")
			at := strings.LastIndex(inner, ",")
			checkExpression(t, all, "variable "+v.Name, fmt.Sprintf("max by (%s) (%s)", strings.TrimSpace(inner[at+1:]), variables.Replace(inner[:at])))
		}
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": queries}}})
	if err != nil {
		t.Fatal(err)
	}
	promtool(t, map[string][]byte{"dashboard.yaml": text}, "check", "rules", "dashboard.yaml")
}

// TestDashboardShowsEveryMetric: what is worth measuring is worth seeing.
func TestDashboardShowsEveryMetric(t *testing.T) {
	all := families(t)
	seen := map[string]bool{}
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			for _, u := range usesIn(target.Expr) {
				if family, _ := shown(all, u.name); family != nil {
					seen[family.GetName()] = true
				}
			}
		}
	}
	for name := range all {
		if strings.HasPrefix(name, "webhook_") && !seen[name] {
			t.Errorf("the dashboard shows %s nowhere", name)
		}
	}
}
