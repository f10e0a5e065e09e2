package httpapi

import (
	"encoding/json"
	"strconv"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tail"
)

// tailing is a live tail under way: server-sent events, or lines of JSON.
type tailing struct {
	*stream
	events bool
	text   []byte
}

// row writes a row. Its line has its end.
func (t *tailing) row(row tail.Row) error {
	if !t.events {
		_, err := t.Write(row.Line)
		return err
	}
	t.text = append(t.text[:0], "event: delivery\nid: "...)
	t.text = append(append(t.text, cursorOf(row.At)...), "\ndata: "...)
	t.text = append(append(t.text, row.Line...), '\n')
	_, err := t.Write(t.text)
	return err
}

// gap tells that rows were dropped.
func (t *tailing) gap(dropped int) error {
	text := `{"dropped":` + strconv.Itoa(dropped) + "}\n"
	if t.events {
		text = "event: gap\ndata: " + text + "\n"
	}
	_, err := t.Write([]byte(text))
	return err
}

// alive tells that nothing has come: by a comment, or an empty line.
func (t *tailing) alive() error {
	text := "\n"
	if t.events {
		text = ": alive\n\n"
	}
	_, err := t.Write([]byte(text))
	return err
}

// placeOfLine is the place of a row by its columns.
func placeOfLine(line []byte) (at store.LogPosition, err error) {
	var d client.Delivery
	if err := json.Unmarshal(line, &d); err != nil {
		return at, err
	}
	id, err := uuid.Parse(d.TransactionID)
	return store.LogPosition{Begun: d.StartDateTimeUTC, ID: id, Number: d.RetryNumber}, err
}
