package cluster

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A process is a program that runs in the background and appends its output to a file.
type process struct {
	command *exec.Cmd
	ended   chan struct{}
}

func run(command *exec.Cmd, log string) (*process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	command.Stdout, command.Stderr = file, file
	// A group of its own: Ctrl+C must not reach it before we have ended the run.
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setpgid = true
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{command: command, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		command.Wait()
	}()
	return p, nil
}

func (p *process) pid() int { return p.command.Process.Pid }

func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// end sends a signal and waits until the process has ended. A process that does not end in time is killed, which is an
// error.
func (p *process) end(signal syscall.Signal, patience time.Duration) error {
	if !p.running() {
		return nil
	}
	p.command.Process.Signal(signal)
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
	}
	p.command.Process.Kill()
	<-p.ended
	return fmt.Errorf("the process did not end within %s of %s", patience, signal)
}

// family returns a process and its children.
func family(pid int) []int {
	members := []int{pid}
	folders, err := os.ReadDir("/proc")
	if err != nil {
		return members
	}
	for _, folder := range folders {
		child, err := strconv.Atoi(folder.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
		if err != nil {
			continue
		}
		// The name in parentheses may contain spaces. The parent is the second field after it.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			members = append(members, child)
		}
	}
	return members
}

// lastLines returns the end of a log, for an error.
func lastLines(log string) string {
	text, _ := os.ReadFile(log)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}
