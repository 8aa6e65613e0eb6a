//go:build !unix

package models

import (
	"fmt"
	"os"
)

// lockFile opens path exclusively. Without flock, only the operating system's own rules for open files keep a second
// process out.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the database in DATA_DIR cannot be locked: %w", err)
	}
	return file, nil
}

// unlockFile undoes lockFile.
func unlockFile(file *os.File) { file.Close() }
