package store

// EndRow is the row that the log has of a call that ends without an attempt, in the
// given state.
func EndRow(call *Call, now State) *LogRow {
	row := endRow(call, now)
	row.Outcome = now.Outcome
	return &LogRow{Attempt: row, Call: call}
}

// Wants reports whether the filter wants a row: what [Store.Log] would find with it.
func (f *LogFilter) Wants(row *LogRow) bool {
	if f.Namespace != row.Call.Webhook.Namespace {
		return false
	}
	e := entryOf(row.Call, row.Attempt, State{})
	return f.wants(&e) && matches(row, f.Text)
}
