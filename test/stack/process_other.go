//go:build !linux

package stack

import "syscall"

// processAttributes keeps a terminal's Ctrl-C from the process: it is stopped in
// order instead.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
