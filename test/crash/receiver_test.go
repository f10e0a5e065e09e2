//go:build linux

package crash

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// line is a line of the ledger: a request that the receiver got. One that it
// answered before reading the body has a second line, with the same Request,
// once the body is there.
type line struct {
	Request int    // counts the requests in the order of their lines
	Webhook string // "with" or "without" the key
	N       int    // the call's number
	K       int    // the how many-th request of the call this is, from 1
	ID      string // the transaction id in X-Transaction, for a webhook with the key
	Whole   bool   // the body has been read to its end
	Sum     string // of the method, the target and the body, if Whole
}

// moment is a point in a request's life at which the receiver can be told to
// kill the dispatcher.
type moment string

const (
	onReceived moment = "received" // it is in the ledger and not answered
	onHalf     moment = "half"     // half of the answer is written
	onAnswered moment = "answered" // the whole answer is written
)

// receiver is the other process of the tests. It speaks HTTP/1.1 by hand, because
// net/http would not misbehave.
type receiver struct {
	bomb []byte

	mu       sync.Mutex
	ledger   *os.File
	requests int
	counts   map[int]int

	pid   int // of the dispatcher to be killed; 0 for none
	when  moment
	delay time.Duration
}

// receive is the whole of the receiver's process: it prints its two addresses,
// for requests and for orders, and serves them until it is killed.
func receive(path string) error {
	ledger, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	bomb, err := gzipBomb()
	if err != nil {
		return err
	}
	r := &receiver{ledger: ledger, counts: map[int]int{}, bomb: bomb}
	requests, err1 := net.Listen("tcp", "127.0.0.1:0")
	orders, err2 := net.Listen("tcp", "127.0.0.1:0")
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	go func() { _ = http.Serve(orders, http.HandlerFunc(r.order)) }()
	fmt.Println(requests.Addr(), orders.Addr())
	for {
		c, err := requests.Accept()
		if err != nil {
			return err
		}
		go r.serve(c)
	}
}

// gzipBomb is 256 MiB of zeros, as 256 members of one MiB each.
func gzipBomb() ([]byte, error) {
	var member bytes.Buffer
	w := gzip.NewWriter(&member)
	_, err := w.Write(make([]byte, 1<<20))
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	return bytes.Repeat(member.Bytes(), 256), nil
}

// order is the control endpoint: ?pid=…&when=…&delay=… asks to kill a process at
// the next such moment, pid 0 takes that back.
func (r *receiver) order(w http.ResponseWriter, req *http.Request) {
	pid, err1 := strconv.Atoi(req.FormValue("pid"))
	delay, err2 := time.ParseDuration(req.FormValue("delay"))
	if err := errors.Join(err1, err2); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pid, r.when, r.delay = pid, moment(req.FormValue("when")), delay
}

// at kills the dispatcher if this is the moment it was ordered for.
func (r *receiver) at(now moment) {
	r.mu.Lock()
	pid, delay := r.pid, r.delay
	if r.when != now {
		pid = 0
	}
	if pid != 0 {
		r.pid = 0
	}
	r.mu.Unlock()
	if pid == 0 {
		return
	}
	for begun := time.Now(); time.Since(begun) < delay; { // a timer is too coarse for this
	}
	_ = syscall.Kill(pid, syscall.SIGKILL) // it may have gone
}

// serve reads requests from a connection until one is not answered properly.
func (r *receiver) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		request, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if !r.handle(c, request) {
			return
		}
	}
}

// handle records a request and answers it in its call's manner. It reports
// whether the connection can be used again.
func (r *receiver) handle(c net.Conn, request *http.Request) bool {
	part := strings.Split(request.RequestURI, "/") // "", webhook, n
	if len(part) != 3 {
		return false
	}
	n, err := strconv.Atoi(part[2])
	if err != nil {
		return false
	}
	l := &line{Webhook: part[1], N: n, ID: request.Header.Get("X-Transaction")}
	how := mannerOf(n)
	if how == hastens {
		r.record(l)
		if !r.write(c, answer(200, "", []byte("early"))) {
			return false
		}
	}
	body, err := io.ReadAll(request.Body)
	if l.Whole = err == nil; l.Whole {
		l.Sum = sum(request.Method, request.RequestURI, body)
	}
	r.record(l)
	if err != nil {
		return false
	}
	if how == hastens {
		return true
	}
	r.at(onReceived)
	return r.react(c, how, l.K)
}

// sum is the checksum of what every attempt must send alike.
func sum(method, target string, body []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n", method, target)
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// record appends a request to the ledger.
func (r *receiver) record(l *line) {
	if err := r.append(l); err != nil { // without its ledger the receiver is worth nothing
		fmt.Fprintln(os.Stderr, "receiver:", err)
		os.Exit(1)
	}
}

func (r *receiver) append(l *line) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.Request == 0 {
		r.requests++
		r.counts[l.N]++
		l.Request, l.K = r.requests, r.counts[l.N]
	}
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = r.ledger.Write(append(text, '\n'))
	return err
}

// react answers the k-th request of a call, or does not.
func (r *receiver) react(c net.Conn, how manner, k int) bool {
	status := how.status(k)
	switch {
	case status == 0 && how == resets:
		_ = c.(*net.TCPConn).SetLinger(0)
		return false
	case status == 0 && how == stalls:
		drip(c, answer(200, "", nil), 2*timeoutSeconds*time.Second)
		return false
	case status == 0:
		return false
	case how == drips:
		drip(c, answer(200, "", []byte("slow")), timeoutSeconds*time.Second/5)
		r.at(onAnswered)
		return true
	case how == trickles:
		_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"))
		drip(c, make([]byte, 999), 2*timeoutSeconds*time.Second)
		return false
	case how == floods:
		return r.write(c, answer(200, "", make([]byte, 3<<20)))
	case how == bombs:
		return r.write(c, answer(200, "Content-Encoding: gzip\r\n", r.bomb))
	case status == 429:
		return r.write(c, answer(status, "Retry-After: 1\r\n", nil))
	case status == 302:
		return r.write(c, answer(status, "Location: /elsewhere/0\r\n", nil))
	}
	return r.write(c, answer(status, "", []byte("done")))
}

// answer is a whole answer.
func answer(status int, headers string, body []byte) []byte {
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\n%sContent-Length: %d\r\n\r\n", status, http.StatusText(status), headers, len(body))
	return append([]byte(head), body...)
}

// write writes an answer in two halves.
func (r *receiver) write(c net.Conn, answer []byte) bool {
	half := len(answer) / 2
	if _, err := c.Write(answer[:half]); err != nil {
		return false
	}
	r.at(onHalf)
	if _, err := c.Write(answer[half:]); err != nil {
		return false
	}
	r.at(onAnswered)
	return true
}

// drip writes an answer byte by byte, all of it within the given time.
func drip(c net.Conn, answer []byte, within time.Duration) {
	tick := time.NewTicker(within / time.Duration(len(answer)))
	defer tick.Stop()
	for i := range answer {
		<-tick.C
		if _, err := c.Write(answer[i : i+1]); err != nil {
			return
		}
	}
}
