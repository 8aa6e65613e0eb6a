//go:build unix

package models

import (
	"syscall"
	"testing"
)

func TestClose_letsTheNextProcessInWhileAChildIsStarted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := Open(t.Context(), "", dir)
	if err != nil {
		t.Fatal(err)
	}
	inherited, err := syscall.Dup(int(first.lock.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(inherited)
	first.Close()
	again, err := Open(t.Context(), "", dir)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}
