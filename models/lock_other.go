//go:build !unix

package models

import (
	"fmt"
	"os"
)

// lockFile takes path by making it exclusively open; where the system has no flock, a second process is told so only by
// the operating system's own rules for open files.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the database in DATA_DIR cannot be locked: %w", err)
	}
	return file, nil
}
