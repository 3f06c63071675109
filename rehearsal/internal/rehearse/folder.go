//go:build unix

package rehearse

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slipway-eks/slipway/rehearsal/internal/filelock"
)

// Folder holds all rehearsals of a project, below its root.
const Folder = ".slipway"

// place is the folder of one rehearsal, held against others of the same stack.
type place struct {
	dir  string
	lock *filelock.Lock
}

// take returns the folder of the stack's kept rehearsal or, fresh, an empty one beside it.
func take(root, stack string, keep bool) (*place, error) {
	all := filepath.Join(root, Folder)
	if err := os.MkdirAll(all, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder for rehearsals: %w", err)
	}
	lock, err := filelock.Try(filepath.Join(all, stack+".lock"))
	if errors.Is(err, filelock.ErrHeld) {
		return nil, fmt.Errorf("another rehearsal of %s is running in %s; wait for it, or rehearse another stack", stack, all)
	}
	if err != nil {
		return nil, err
	}
	p := &place{dir: filepath.Join(all, stack), lock: lock}
	if !keep {
		p.dir += ".fresh"
		// One that was killed could not clean up; we hold the lock, so it is not running.
		err = os.RemoveAll(p.dir)
	}
	if err == nil {
		err = os.MkdirAll(p.dir, 0o700)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making the rehearsal's folder: %w", err), lock.Release())
	}
	return p, nil
}

// remove deletes the folder.
func (p *place) remove() error {
	if err := os.RemoveAll(p.dir); err != nil {
		return fmt.Errorf("removing the rehearsal's folder: %w", err)
	}
	return nil
}
