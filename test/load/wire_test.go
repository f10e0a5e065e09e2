//go:build linux

package load

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
)

// wire is one keep-alive connection of a caller. It writes requests that were
// formatted beforehand and reads of an answer what the load needs: the status,
// Retry-After and the body. net/http's client would spend as much of the two
// cores as the server under test does; this spends little beside the system
// calls, which any caller needs.
type wire struct {
	address string
	conn    net.Conn // nil if the server has closed it
	in      *bufio.Reader
	body    []byte // of the last answer
}

// answer is what is read of one. The body is overwritten by the next.
type answer struct {
	status     int
	retryAfter time.Duration
	body       []byte
}

// patience is what the benchmarks wait for something that should come at once.
const patience = 30 * time.Second

// newWire returns a caller's connection, which is dialled when it is used.
func newWire(address string) *wire {
	return &wire{address: address, in: bufio.NewReaderSize(nil, 64<<10)}
}

// dial connects, unless it is connected.
func (w *wire) dial() (err error) {
	if w.conn != nil {
		return nil
	}
	w.conn, err = net.Dial("tcp", w.address)
	w.in.Reset(w.conn)
	return err
}

// close closes the connection, if there is one.
func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

// do sends a request and reads its answer.
func (w *wire) do(request []byte) (answer, error) {
	if err := w.dial(); err != nil {
		return answer{}, err
	}
	if len(request) < 16<<10 { // it fits into the buffers of the socket
		if _, err := w.conn.Write(request); err != nil {
			return answer{}, err
		}
		return w.read()
	}
	// The answers to the first lines of a batch may come before its last line is
	// sent, and must be read then.
	conn, written := w.conn, make(chan error, 1)
	go func() {
		_, err := conn.Write(request)
		written <- err
	}()
	a, err := w.read()
	if err == nil && w.conn != nil { // else the server did not want the rest of it
		err = <-written
	}
	return a, err
}

// read reads an answer.
func (w *wire) read() (a answer, err error) {
	line, err := w.in.ReadSlice('\n')
	if err != nil {
		return a, fmt.Errorf("read the status line: %w", err)
	}
	if len(line) < 12 {
		return a, fmt.Errorf("the status line is %q", line)
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, fmt.Errorf("the status line is %q", line)
	}
	length, chunked, closing := 0, false, false
	for {
		if line, err = w.in.ReadSlice('\n'); err != nil {
			return a, fmt.Errorf("read the headers: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": ")) // as net/http writes them
		switch string(name) {
		case "Content-Length":
			length, err = strconv.Atoi(string(value))
		case "Transfer-Encoding":
			chunked = true
		case "Connection":
			closing = string(value) == "close"
		case "Retry-After":
			var seconds int
			seconds, err = strconv.Atoi(string(value))
			a.retryAfter = time.Duration(seconds) * time.Second
		}
		if err != nil {
			return a, fmt.Errorf("the header is %q", line)
		}
	}
	if a.body, err = w.readBody(length, chunked); err != nil {
		return a, fmt.Errorf("read the body: %w", err)
	}
	if closing {
		w.close()
	}
	return a, nil
}

// readBody reads a body into the buffer of the connection.
func (w *wire) readBody(length int, chunked bool) ([]byte, error) {
	if !chunked {
		if cap(w.body) < length {
			w.body = make([]byte, length)
		}
		w.body = w.body[:length]
		_, err := io.ReadFull(w.in, w.body)
		return w.body, err
	}
	into := bytes.NewBuffer(w.body[:0])
	if _, err := into.ReadFrom(httputil.NewChunkedReader(w.in)); err != nil {
		return nil, err
	}
	w.body = into.Bytes()
	_, err := w.in.ReadSlice('\n') // the end of the trailer, which has no lines
	return w.body, err
}

// The numbers of calls have all the same length, so that a formatted request is
// changed in place.
const (
	firstNumber = 1_000_000_000
	digits      = 10
)

// dataSize is the size of a call's data, and of the body rendered from it.
const dataSize = 1024

// callData is the data of call firstNumber. bodyTemplate renders it to the same
// bytes, so that the one size says all.
var callData = func() []byte {
	const head = `{"n":1000000000,"order":{"id":"019ab1f2-6c1e-7d3a-9a55-0d2f8f0c1e11","customer":{"name":"Zoë Ångström","email":"zoe@example.com"},"total":129.95,"note":"`
	const tail = `"}}`
	note := bytes.Repeat([]byte("ready "), dataSize)[:dataSize-len(head)-len(tail)]
	return append(append([]byte(head), note...), tail...)
}()

const bodyTemplate = `{"n":${n},"order":{"id":"${order.id}","customer":{"name":"${order.customer.name}",` +
	`"email":"${order.customer.email}"},"total":${order.total},"note":"${order.note}"}}`

// singleRequest is the request of a call with callData.
func singleRequest(webhook string) []byte {
	return request(webhook, "application/json", callData)
}

// renumber makes a request of singleRequest, or callData, that of another call.
func renumber(request []byte, number int) {
	at := bytes.Index(request, []byte(`{"n":`)) + len(`{"n":`)
	strconv.AppendInt(request[at:at:at+digits], int64(number), 10)
}

// batchLines is how many calls are in one NDJSON batch.
const batchLines = 1000

// batchRequest is the request of batchLines calls.
func batchRequest(webhook string) []byte {
	line := append(append([]byte(`{"data":`), callData...), "}\n"...)
	return request(webhook, "application/x-ndjson", bytes.Repeat(line, batchLines))
}

func request(webhook, contentType string, body []byte) []byte {
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: dispatcher\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		client.CallsPath(namespace, webhook), contentType, len(body))
	return append([]byte(head), body...)
}
