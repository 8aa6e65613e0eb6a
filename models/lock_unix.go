//go:build unix

package models

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockFile locks path until unlockFile or the end of the process. SQLite would let a second process write, but that
// process would not know the sockets, presence and limits of the first.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("the database in DATA_DIR is in use by another Parley process: stop it first, or use " +
			"PostgreSQL (DATABASE_URL)")
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

// unlockFile lets the next process in. Closing alone would not while this process starts another one, which has every
// open file until it runs its program.
func unlockFile(file *os.File) {
	_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
	file.Close()
}
