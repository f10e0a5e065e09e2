package dispatcher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// errNoStoreDir is for a command without a store.
var errNoStoreDir = errors.New("no folder of a store is given; set --store-dir")

// ErrInconsistent is returned by [Check] for a store in which it has found
// problems.
var ErrInconsistent = errors.New("the store is not consistent")

// maxProblems is how many problems [Check] writes.
const maxProblems = 100

// Check looks whether what the store in a folder holds fits together, and writes
// the problems, a line each, and a summary to out. It writes nothing to the store.
// The error is [ErrInconsistent] if there are problems, and says otherwise why the
// store could not be checked: a dispatcher has it open, or it cannot be read.
func Check(storeDir string, out io.Writer, log *slog.Logger) error {
	if storeDir == "" {
		return errNoStoreDir
	}
	told := 0
	seen, err := store.Check(storeDir, store.Options{Logger: log}, func(problem string) {
		if told++; told <= maxProblems {
			_, _ = fmt.Fprintln(out, problem)
		}
	})
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("%s is in use by a dispatcher; make a backup with dispatcher backup and check that, or stop the dispatcher", storeDir)
	}
	if err != nil {
		return err
	}
	if told > maxProblems {
		_, _ = fmt.Fprintf(out, "and %s more\n", grouped(told-maxProblems))
	}
	if seen.SeqsLeftOut {
		_, _ = fmt.Fprintln(out, "not checked, for they are too scattered: whether a Seq was given out twice")
	}
	verdict := "consistent"
	if seen.Problems > 0 {
		verdict = counted(seen.Problems, "problem")
	}
	if _, err := fmt.Fprintf(out, "%s (%s waiting), %s, %s: %s\n", counted(seen.Calls, "call"), grouped(seen.Waiting),
		counted(seen.LogRows, "log row"), counted(seen.Webhooks, "webhook"), verdict); err != nil {
		return err
	}
	if seen.Problems > 0 {
		return ErrInconsistent
	}
	return nil
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return grouped(n) + " " + noun
}

// grouped is a number with a comma between thousands.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Backup copies the store in a folder, as it is at one moment, into the folder to,
// which must not exist. If a dispatcher has the store open it is asked to do so, so
// to is a path as that process sees it; else the store is opened as a dispatcher
// does. The copy is durable when Backup returns nil.
func Backup(ctx context.Context, storeDir, to string, log *slog.Logger) error {
	switch {
	case storeDir == "":
		return errNoStoreDir
	case to == "":
		return errors.New("no folder for the backup is given; set --to")
	}
	to, err := filepath.Abs(to)
	if err != nil {
		return fmt.Errorf("find the folder of the backup: %w", err)
	}
	s, err := store.OpenExisting(storeDir, store.Options{Logger: log})
	if errors.Is(err, store.ErrLocked) {
		return askForBackup(ctx, storeDir, to)
	}
	if err != nil {
		return err
	}
	return errors.Join(s.Backup(to), s.Close())
}

// askForBackup asks the dispatcher that has the store open.
func askForBackup(ctx context.Context, storeDir, to string) error {
	path, err := adminPath(storeDir)
	if err != nil {
		return fmt.Errorf("a dispatcher has the store open and cannot be asked for a backup: %w", err)
	}
	body, err := json.Marshal(map[string]string{"to": to})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://dispatcher/backup", bytes.NewReader(body))
	if err != nil {
		return err
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("a process has the store open and does not answer on %s: %w; if it is a dispatcher that starts or stops, try again", path, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	problem := client.Problem{Title: response.Status}
	_ = json.NewDecoder(io.LimitReader(response.Body, maxAdminBody)).Decode(&problem) // the status says enough without
	if problem.Detail == "" {
		problem.Detail = problem.Title
	}
	return fmt.Errorf("the dispatcher refused: %s", problem.Detail)
}
