//go:build unix

// Package filelock keeps two processes from working in one folder at the same time.
//
// The lock is the kernel's and dies with its holder, so an interrupted process leaves none behind.
package filelock

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrHeld says that another process holds the lock.
var ErrHeld = errors.New("held by another process")

// Lock is a held lock.
type Lock struct {
	file *os.File
}

// Try takes the lock on path, which is made if absent, or returns ErrHeld at once.
func Try(path string) (*Lock, error) {
	return take(path, syscall.LOCK_EX|syscall.LOCK_NB)
}

// Wait takes the lock on path, which is made if absent, when its holder lets go.
func Wait(path string) (*Lock, error) {
	return take(path, syscall.LOCK_EX)
}

// Release gives the lock up. The file stays: removing it would let two others lock two files of one name.
func (l *Lock) Release() error {
	return l.file.Close()
}

func take(path string, how int) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening lock: %w", err)
	}
	for {
		err = syscall.Flock(int(file.Fd()), how)
		// The runtime's own signals interrupt a blocking call; it is simply asked again.
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		return &Lock{file: file}, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, ErrHeld
	}
	return nil, fmt.Errorf("locking %s: %w", path, err)
}
