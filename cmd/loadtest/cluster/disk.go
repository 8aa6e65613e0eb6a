package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// A Disk is a small file system of its own.
type Disk struct{ Folder string }

func newDisk(folder string, megabytes int) (*Disk, error) {
	if err := os.MkdirAll(folder, 0o711); err != nil {
		return nil, err
	}
	size := fmt.Sprintf("size=%dm,mode=711", megabytes)
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", size, "none", folder).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("a small disk needs root: %w: %s", err, out)
	}
	return &Disk{folder}, nil
}

// Fill writes until nothing fits.
func (d *Disk) Fill() error {
	file, err := os.Create(d.ballast())
	if err != nil {
		return err
	}
	defer file.Close()
	for size := 1 << 20; size > 0; {
		if _, err := file.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Free ends Fill.
func (d *Disk) Free() error { return os.Remove(d.ballast()) }

func (d *Disk) ballast() string { return filepath.Join(d.Folder, "ballast") }

func (d *Disk) remove() {
	if d != nil {
		exec.Command("umount", "-l", d.Folder).Run()
	}
}
