package stack

import "syscall"

// processAttributes makes the kernel end the process with the one that started
// it, and keeps a terminal's Ctrl-C from it: it is stopped in order instead.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
