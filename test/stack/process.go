package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// stopTimeout is what a process gets to end after SIGTERM before it is killed.
const stopTimeout = 20 * time.Second

// process is a program that can be killed and started again.
type process struct {
	path   string
	args   []string
	env    []string
	output io.Writer

	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
}

// start starts the program, which must not be running.
func (p *process) start() error {
	cmd := exec.Command(p.path, p.args...)
	cmd.Stdout, cmd.Stderr = p.output, p.output
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir()}, p.env...)
	cmd.SysProcAttr = processAttributes()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", filepath.Base(p.path), err)
	}
	done := make(chan struct{})
	p.cmd, p.done = cmd, done
	go func() {
		_ = cmd.Wait() // how it ended is read from its state
		close(done)
	}()
	return nil
}

// kill ends the program at once, as kill -9 does, and waits until it has gone.
func (p *process) kill() error {
	if p.cmd == nil {
		return nil
	}
	err := p.cmd.Process.Kill()
	<-p.done
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// abort ends the program with a dump of its goroutines, and waits until it has gone.
func (p *process) abort() error {
	if err := p.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		return fmt.Errorf("abort %s: %w", filepath.Base(p.path), err)
	}
	select {
	case <-p.done:
		p.cmd = nil // it has ended as it should
		return nil
	case <-time.After(stopTimeout):
		return errors.Join(fmt.Errorf("%s did not end within %s of SIGQUIT", filepath.Base(p.path), stopTimeout), p.kill())
	}
}

// stop asks the program to end and waits until it has.
func (p *process) stop() error {
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
	case <-time.After(stopTimeout):
		return errors.Join(fmt.Errorf("%s did not end within %s of SIGTERM", filepath.Base(p.path), stopTimeout), p.kill())
	}
	if code := p.cmd.ProcessState.ExitCode(); code > 0 {
		return fmt.Errorf("%s ended with exit code %d", filepath.Base(p.path), code)
	}
	return nil
}

// ended is closed when the program has ended by itself or otherwise.
func (p *process) ended() <-chan struct{} { return p.done }

// Build compiles the manager and the dispatcher of the module at root into dir.
func Build(ctx context.Context, root, dir string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), "./cmd/manager", "./cmd/dispatcher")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the manager and the dispatcher: %w: %s", err, out)
	}
	return nil
}
